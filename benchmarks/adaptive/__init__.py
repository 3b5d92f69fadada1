"""How much better an adaptive experiment searches than chance with the same budget."""
