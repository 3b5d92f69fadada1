"""A laboratory whose parts are killed again and again, and what is true afterwards."""
