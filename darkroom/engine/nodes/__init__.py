"""The standard nodes: what they take, what they give, what they do."""
