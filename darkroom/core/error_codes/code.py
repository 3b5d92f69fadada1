"""One row of the registry of error codes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorCode:
    """A stable code, what it means, and what usually helps."""

    code: str
    meaning: str
    hint: str
