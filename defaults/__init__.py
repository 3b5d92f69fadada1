"""Shipped YAML and JSON; a package only so that a wheel carries the files."""
