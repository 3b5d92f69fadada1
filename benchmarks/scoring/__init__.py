"""Measurements of the scorers: resident against one process per image, time and memory."""
