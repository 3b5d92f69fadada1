"""What one check found, and what that means for the shell."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from darkroom.core.errors import DarkroomError

Status = Literal["ok", "warning", "failed"]
_DONE, _USAGE, _OUTSIDE = 0, 2, 3


@dataclass(frozen=True)
class Check:
    """One line of the table."""

    name: str
    status: Status
    said: str
    remedy: str = ""
    is_outside: bool = False
    """Whether a failure lies with something that does not answer, not with our own files."""


def passed(name: str, said: str) -> Check:
    """All is well."""
    return Check(name, "ok", said)


def doubtful(name: str, said: str, remedy: str) -> Check:
    """It works, but not as it should."""
    return Check(name, "warning", said, remedy)


def failed(name: str, said: str, remedy: str) -> Check:
    """Our own files or this machine have to be mended."""
    return Check(name, "failed", said, remedy)


def away(name: str, error: DarkroomError) -> Check:
    """Something raised one of our errors."""
    is_outside = error.exit_code == _OUTSIDE
    place = f"{error.where}: " if error.where else ""
    return Check(name, "failed", f"{place}{error.message}", error.hint, is_outside)


def exit_code(checks: Iterable[Check]) -> int:
    """0 when nothing failed; 2 where files have to be mended; else 3, something is away."""
    wrong = [check for check in checks if check.status == "failed"]
    if not wrong:
        return _DONE
    return _OUTSIDE if all(check.is_outside for check in wrong) else _USAGE
