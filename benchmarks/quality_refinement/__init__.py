"""What trying again by scores gains over plain reseeding with the same budget."""
