"""Prompt adherence inside the shape world, by the pair of encoders made for it.

Owns the border of that world: a prompt with words from outside has no adherence
there, and the pair would give a number all the same.
"""

import hashlib

from darkroom.adapters.embeddings import shapeworld
from darkroom.adapters.scorers.protocol import Pixels
from darkroom.core.world.parsing import read_prompt

ADHERENCE = "shapeworld-pair"
"""The model's name in defaults/metrics.yaml."""
_SHOWN = 5


def unread(prompt: str) -> str | None:
    """Why a prompt cannot be held against a picture of the shape world, or None."""
    reading = read_prompt(prompt)
    if reading.unknown_words:
        words = ", ".join(reading.unknown_words[:_SHOWN])
        return f"the prompt has words from outside the shape world: {words}"
    return None if reading.understood else "the prompt names nothing of the shape world"


def adherence(rgb: Pixels, prompt: str) -> float:
    """How well the picture shows what the prompt says: a cosine from -1 to 1."""
    cosine = shapeworld.adherence(rgb, prompt)
    return min(1.0, max(-1.0, cosine))


def world_sha256() -> str:
    """Changes when either encoder does; there is no single file to take the digest of."""
    return hashlib.sha256(shapeworld.identity().encode()).hexdigest()
