"""Experiments as they are declared: cells, axes, prompts, constraints, and what they scored.

Owns the meaning of `projects/<name>/experiments/*.yaml`. Draws nothing, reads no file.
"""
