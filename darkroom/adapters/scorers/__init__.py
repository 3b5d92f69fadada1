"""Metrics that measure an image, in three tiers behind one protocol."""
