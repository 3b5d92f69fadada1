"""Measurements of the embedded engine, its judge and its encoders."""
