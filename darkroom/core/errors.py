"""Everything that can go wrong in a way a person should read about.

Owns the tree below and nothing else. The codes, their meanings and their usual
hints are the table in `darkroom.core.error_codes`; how an error looks on a
terminal belongs to `darkroom.apps.console`.

    DarkroomError
    |-- UsageError                2  asked for something that cannot be
    |   |-- ConfigError           2  a file of ours is wrong; carries every mistake
    |   |-- WorkflowError         2  a graph cannot be understood or patched
    |   `-- PreflightError        2  a host cannot run this graph as it stands
    |-- OutsideError              3  something outside did not answer or refused
    |   |-- StoreError            3
    |   |   |-- KeyNotFound       3  (usually caught: absence is an answer)
    |   |   |-- StoreUnavailable  3  worth another try later
    |   |   |-- StoreDenied       3  credentials refused
    |   |   |-- StoreSkewed       3  clocks differ
    |   |   `-- StoreFull         3
    |   |-- ComfyError            3
    |   |   |-- ComfyUnreachable  3
    |   |   |   `-- ServerAway    3  waited for in vain
    |   |   |-- JobRejected       3  the server refused the graph
    |   |   |-- JobFailed         3  the server ran it and failed
    |   |   `-- JobLost           3  neither queue nor history knows it
    |   `-- VisionError           3
    |-- DataError                 4  bytes we hold are not what they should be
    |   |-- SidecarDamaged        4
    |   |-- ImageRefused          4
    |   `-- StoreCorrupt          4
    |-- NotAccepted               1  ran to the end; no image met the criteria
    |-- Interrupted             130  Ctrl-C or SIGTERM; state is resumable
    `-- OurMistake               70  a fault in Darkroom itself
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from darkroom.core.error_codes import CODES


class DarkroomError(Exception):
    """The root: a stable code, what happened, where, and what to do instead."""

    exit_code: ClassVar[int] = 2

    def __init__(self, code: str, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self._hint = hint

    @property
    def hint(self) -> str:
        """What to do instead: the one given, else the registry's."""
        return self._hint or CODES[self.code].hint

    def extend(self, more: str) -> Self:
        """Say more about what happened, and return the error."""
        self.message += more
        self.args = (self.message,)
        return self

    def as_dict(self) -> dict[str, object]:
        """The form that `--json` prints on stderr."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


class UsageError(DarkroomError):
    """Asked for something that cannot be: a flag, a name, a combination."""


_MOST_SHOWN = 5


@dataclass(frozen=True)
class Problem:
    """One mistake in one file: where it is, what was expected, the nearest valid name."""

    file: str
    line: int | None
    key: str
    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        subject = f" {self.key}:" if self.key else ""
        suggestion = f" (did you mean {self.nearest!r}?)" if self.nearest else ""
        return f"{place}:{subject} {self.message}{suggestion}"


class ConfigError(UsageError):
    """Files of ours are wrong; carries every mistake of every file at once."""

    def __init__(self, code: str, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        count = len(problems)
        super().__init__(code, f"{count} mistake{'s' * (count != 1)} in the files", hint=hint)
        self.problems = problems

    def __str__(self) -> str:
        # where only this is shown, as in Prefect's pages, a number of mistakes helps nobody
        told = "; ".join(map(str, self.problems[:_MOST_SHOWN]))
        more = len(self.problems) - _MOST_SHOWN
        return f"{self.message}: {told}" + (f"; and {more} more" if more > 0 else "")

    def as_dict(self) -> dict[str, object]:
        """The form that `--json` prints on stderr, with one entry per mistake."""
        rows = [
            {
                "file": p.file,
                "line": p.line,
                "key": p.key,
                "message": p.message,
                "nearest": p.nearest,
            }
            for p in self.problems
        ]
        return super().as_dict() | {"problems": rows}


class WorkflowError(UsageError):
    """A graph cannot be understood, converted or patched as asked."""


class PreflightError(UsageError):
    """A host cannot run this graph as it stands; nothing was submitted."""


class OutsideError(DarkroomError):
    """Something outside this process did not answer, or refused."""

    exit_code = 3


class StoreError(OutsideError):
    """The artefact store failed."""


class KeyNotFound(StoreError):
    """No such key. Usually caught: absence is an answer."""


class StoreUnavailable(StoreError):
    """The store did not answer in time; worth another try later."""


class StoreDenied(StoreError):
    """The store refused these credentials; trying again will not help."""


class StoreSkewed(StoreError):
    """This machine's clock and the store's differ too much for signed requests."""


class StoreFull(StoreError):
    """No room left where the bytes should go."""


class ComfyError(OutsideError):
    """A ComfyUI server failed."""


class ComfyUnreachable(ComfyError):
    """The server did not answer."""


class ServerAway(ComfyUnreachable):
    """The server was waited for as long as it may be; asking at once again will not help."""


class JobRejected(ComfyError):
    """The server refused the graph; trying again unchanged will not help."""


class JobFailed(ComfyError):
    """The server ran the graph and failed."""


class JobLost(ComfyError):
    """Neither queue nor history knows the job; it is not done."""


class VisionError(OutsideError):
    """A vision provider failed."""


class DataError(DarkroomError):
    """Bytes we hold are not what they should be."""

    exit_code = 4


class SidecarDamaged(DataError):
    """A sidecar cannot be read; the image beside it is left as it is."""


class ImageRefused(DataError):
    """Bytes that claim to be an image are not one we accept."""


class StoreCorrupt(DataError):
    """What the store returned is not what was written."""


class NotAccepted(DarkroomError):
    """Ran to the end; no image met the criteria."""

    exit_code = 1


class Interrupted(DarkroomError):
    """Stopped by the person; what was done so far can be resumed."""

    exit_code = 130


class OurMistake(DarkroomError):
    """A fault in Darkroom itself, which only the console owns up to."""

    exit_code = 70
