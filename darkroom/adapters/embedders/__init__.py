"""The models that make vectors of pictures and texts, behind one protocol."""
