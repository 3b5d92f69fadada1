"""How every shipped weight was made; the only part of the house that may import torch."""
