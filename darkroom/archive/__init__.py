"""Everything already made: synchronise, search, annotate, export, import, find patterns."""
