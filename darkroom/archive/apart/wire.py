"""What a question and the process that answers it say to each other, line by line.

Owns the form: the question is a line of JSON; the answer is a line that says it is coming, a
stream of Arrow, and a line that says it is whole. An error takes the place of either line.
"""

import json
from typing import Any, Final

from darkroom.core import errors
from darkroom.core.errors import DarkroomError

WELL: Final = b"{}\n"
"""The line before an answer and the line after it."""


def line_of(value: object) -> bytes:
    """Anything JSON can say, as one line."""
    return json.dumps(value).encode() + b"\n"


def told(error: DarkroomError) -> bytes:
    """An error as a line."""
    return line_of({"kind": type(error).__name__, **error.as_dict()})


def told_fault(error: Exception) -> bytes:
    """A fault of Darkroom itself as a line."""
    return line_of({"kind": None, "message": f"{type(error).__name__}: {error}"})


def heard(line: bytes) -> None:
    """Raise what a line tells, where it tells of an error; ValueError where it tells nothing."""
    if line == WELL:
        return
    said: dict[str, Any] = json.loads(line)
    if said["kind"] is None:
        raise RuntimeError(said["message"])
    kind: type[DarkroomError] = getattr(errors, said["kind"])
    raise kind(said["code"], said["message"], where=said["where"], hint=said["hint"])
