"""Metrics, normalisation, composites, grades and calibrations as pure functions."""
