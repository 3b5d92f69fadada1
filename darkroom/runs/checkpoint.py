"""Which run of a project is open, and how far it is: working/checkpoint.json.

Owns that one small file. It is a pointer: what the run did is read from the store,
so a lost checkpoint loses no image, and a torn one counts as none.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, cast

from darkroom.core.keys import is_run_id
from darkroom.runs.local_files import read_object, remove_file, replace_file

FILE = "working/checkpoint.json"
VERSION = 1
State = Literal["open", "accepted", "given-up"]


@dataclass(frozen=True)
class Checkpoint:
    """S2's checkpoint: the run, its last and its best iteration."""

    run_id: str
    state: State = "open"
    last_iteration: int = 0
    best_iteration: int | None = None
    left_out: tuple[int, ...] = ()
    """Iterations that `--resume-from` set aside: kept, but no longer counted."""
    updated_at: str = ""

    @property
    def is_open(self) -> bool:
        """Whether a plain re-run continues it."""
        return self.state == "open"


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The project's checkpoint, or None."""
    found = read_object(folder / FILE)
    run = found.get("run_id") if found else None
    if found is None or not isinstance(run, str) or not is_run_id(run):
        return None
    state = found.get("state")
    left = found.get("left_out")
    numbers = cast("list[object]", left) if isinstance(left, list) else []
    return Checkpoint(
        run,
        state if state in ("accepted", "given-up") else "open",
        _number(found.get("last_iteration")) or 0,
        _number(found.get("best_iteration")),
        tuple(number for item in numbers if (number := _number(item))),
        str(found.get("updated_at", "")),
    )


def write_checkpoint(folder: Path, checkpoint: Checkpoint, now: str) -> None:
    """Write it in place of the one before."""
    document = {"version": VERSION, **asdict(replace(checkpoint, updated_at=now))}
    replace_file(folder, FILE, json.dumps(document, indent=2).encode() + b"\n")


def advanced(checkpoint: Checkpoint, last: int, best: int | None) -> Checkpoint:
    """The checkpoint after one more iteration."""
    return replace(checkpoint, last_iteration=last, best_iteration=best)


def set_aside(folder: Path, checkpoint: Checkpoint) -> None:
    """Move the checkpoint and the live AIGen.yaml into the folder of their run."""
    for name in ("checkpoint.json", "AIGen.yaml"):
        path = folder / "working" / name
        if path.is_file() and not path.is_symlink():
            replace_file(folder, f"working/{checkpoint.run_id}/{name}", path.read_bytes())
            remove_file(path)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
