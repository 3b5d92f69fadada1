"""One JSON text per value: sorted keys, no blanks, UTF-8, no NaN.

Owns the byte form that hashes and sidecars are made of. Floats are written as
Python's shortest round-trip form, so the same value gives the same bytes
everywhere; an integer-valued float keeps its point and so stays a float.
"""

import json


def canonical_json(value: object) -> bytes:
    """Serialise for hashing; raises ValueError for NaN and infinities."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8", errors="strict")
