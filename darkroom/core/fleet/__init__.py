"""Decisions over several servers: their health, who draws what next, what a loss leads to."""
