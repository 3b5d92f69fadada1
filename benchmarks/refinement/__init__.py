"""Whether the predicate strategy beats plain reseeding at an equal image budget."""
