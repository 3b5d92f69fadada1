"""The identity of a combination of varied axes, for grouping images.

Owns one hash: the same axes with the same values give it whatever their order.
"""

import hashlib
from collections.abc import Mapping

from darkroom.core.canonical import canonical_json


def combination_hash(variations: Mapping[str, object]) -> str | None:
    """Return sha256 over the canonical JSON of {axis: value}; None when nothing varied."""
    if not variations:
        return None
    return hashlib.sha256(canonical_json(dict(variations))).hexdigest()
