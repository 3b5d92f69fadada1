"""How the coefficients of the lite scorers were made; see docs/models/lite.md."""
