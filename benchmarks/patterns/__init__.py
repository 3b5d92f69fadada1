"""Failure patterns: how many planted ones are found, how many are not there, how long it takes."""
