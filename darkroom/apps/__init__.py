"""The doors: each parses, calls one function below, and renders what comes back."""
