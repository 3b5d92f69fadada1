"""Failure patterns over all images of the warehouse, and trials with fresh seeds."""
