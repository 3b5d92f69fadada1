"""From bytes to a picture that can be scored, or the reason why not.

Owns the one entrance of every tier: decoding happens here and nowhere in a scorer,
so that 16-bit values, transparency, orientation and broken files mean the same to
all of them. Metrics see the pixels at their own size; scaling is the scorers'.
"""

import hashlib

from darkroom.adapters.images import decode as decode_image
from darkroom.adapters.scorers.protocol import Picture, Unscorable
from darkroom.core.errors import ImageRefused


def decode(data: bytes, prompt: str | None = None) -> Picture | Unscorable:
    """Decode a PNG, JPEG or WebP; a file that is refused is a reason, never an exception."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        image = decode_image(data)
    except ImageRefused as refusal:
        return Unscorable(f"{refusal.code}: {refusal.message}", sha256)
    return Picture(image.rgb(), sha256, prompt, image.notes)
