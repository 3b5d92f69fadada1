"""Prefect blocks: connections an operator edits in the UI; each gives back an adapter."""
