"""What a store that several machines share costs each of them."""
