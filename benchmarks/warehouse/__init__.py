"""The warehouse against its bars, a floor and two peers, on the same images."""
