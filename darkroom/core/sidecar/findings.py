"""What a reader noticed: where in the document, and what is wrong there.

Owns JSON pointers (RFC 6901), the one way places in a document are named.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One place in a document and what was noticed there."""

    field: str
    """A JSON pointer such as `/parameters/seed`; empty for the whole document."""
    message: str

    def __str__(self) -> str:
        return f"{self.field or '(document)'}: {self.message}"


def pointer(path: Iterable[str | int]) -> str:
    """Write a path as a JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
