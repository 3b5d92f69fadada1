"""How busy servers are kept, and what an image costs around its prompt."""
