"""What a client asks scores for: encoded images and decoded pictures, in one form.

Owns when bytes are read: only once a score of theirs is not known yet.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from darkroom.adapters.scorers.protocol import Picture

Payload = tuple[bytes | memoryview, tuple[int, int] | None]


@dataclass(frozen=True)
class ImageToScore:
    """An image known by its digest; its bytes are read only when a score is not known yet."""

    sha256: str
    read: Callable[[], bytes] = field(repr=False)
    """Gives the bytes (from a store, a file); an error of its own passes on to the caller."""
    prompt: str | None = None


@dataclass(frozen=True)
class Asked:
    """Either of the two, on its way to the process."""

    sha256: str
    prompt: str | None
    read: Callable[[], Payload] = field(repr=False)


def image_of(data: bytes, prompt: str | None = None) -> ImageToScore:
    """An image whose bytes are at hand."""
    return ImageToScore(hashlib.sha256(data).hexdigest(), lambda: data, prompt)


def encoded(image: ImageToScore) -> Asked:
    """An image file, to be decoded over there."""
    return Asked(image.sha256, image.prompt, lambda: (image.read(), None))


def pixels(picture: Picture) -> Asked:
    """A picture that is decoded already."""
    height, width = picture.rgb.shape[:2]
    return Asked(picture.sha256, picture.prompt, lambda: (picture.rgb.tobytes(), (height, width)))
