"""What runs now: the keeper and each part, as the keeper last wrote it down.

Owns the file `state.json`. A process named there counts only while it is the very
same process: a number alone may have been given to another one since.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from darkroom.adapters.processes import members, started_at

STATE_FILE = "state.json"
Condition = Literal["waiting", "starting", "healthy", "restarting", "done", "stopped", "left"]


@dataclass(frozen=True)
class Process:
    """A process that can be known again."""

    pid: int
    began: str

    @property
    def lives(self) -> bool:
        """Whether it is still there."""
        return started_at(self.pid) == self.began

    @property
    def group(self) -> list[int]:
        """What lives of it and of what it started, even when it has ended itself."""
        return members(self.pid, self.began)


@dataclass(frozen=True)
class PartState:
    """One part as the keeper sees it."""

    name: str
    condition: Condition = "waiting"
    process: Process | None = None
    restarts: int = 0
    address: str | None = None
    log: str = ""
    message: str = ""
    """Why it is not healthy."""
    began_at: float | None = None
    """When its process was started, in seconds since the epoch."""


@dataclass(frozen=True)
class State:
    """The keeper and all parts."""

    keeper: Process
    parts: Mapping[str, PartState] = field(default_factory=dict[str, PartState])

    @property
    def lives(self) -> bool:
        """Whether somebody keeps the parts."""
        return self.keeper.lives

    @property
    def is_up(self) -> bool:
        """Whether every part works."""
        good = {"healthy", "done"}
        return self.lives and all(part.condition in good for part in self.parts.values())

    def with_part(self, part: PartState) -> "State":
        """The same with one part changed."""
        return replace(self, parts={**self.parts, part.name: part})

    def write(self, folder: Path) -> None:
        """Replace the file as a whole."""
        staged = folder / f"{STATE_FILE}.part"
        staged.write_bytes(_STATES.dump_json(self))
        staged.replace(folder / STATE_FILE)

    def write_first(self, folder: Path) -> None:
        """Write the file where there is none: what the keeper itself has said is newer."""
        with suppress(FileExistsError), (folder / STATE_FILE).open("xb") as file:
            file.write(_STATES.dump_json(self))


def read_state(folder: Path) -> State | None:
    """The last state written; None where nothing readable lies there."""
    with suppress(OSError, ValueError):
        return _STATES.validate_json((folder / STATE_FILE).read_bytes())
    return None


_STATES = TypeAdapter(State)
