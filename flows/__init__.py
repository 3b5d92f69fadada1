"""The order of steps, and nothing else. Every flow of this package can be deployed."""
