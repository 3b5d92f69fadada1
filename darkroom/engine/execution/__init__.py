"""From a submitted graph to its outputs: checking, order, cache, queue, history."""
