"""What `darkroom score`, `refine` and `rescore` do, as plain Python over the scorers."""
