"""What is to run: the parts, in the order in which they are started.

Owns the file `plan.json`, readable by its owner alone, because environments may hold
a password. Decides nothing.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

PLAN_FILE = "plan.json"


@dataclass(frozen=True)
class Part:
    """One process that is to be there."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to what the keeper lets everybody know."""
    is_trusted: bool = False
    """Whether it may know all that the keeper knows, keys to stores and models included."""
    health_url: str | None = None
    """Answers 2xx once it works; without one, running is enough."""
    address: str | None = None
    """Where people find it."""
    once: bool = False
    """Runs to its end before the parts after it start."""
    starts_within_s: float = 120.0
    is_outlived: bool = False
    """What it started in sessions of their own goes on without it, and it would end that if asked
    to end: where it is only replaced, it is not asked."""


@dataclass(frozen=True)
class Plan:
    """All parts."""

    parts: tuple[Part, ...]

    def write(self, folder: Path) -> None:
        """Replace the file as a whole."""
        staged = folder / f"{PLAN_FILE}.part"
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_PLANS.dump_json(self))
        staged.replace(folder / PLAN_FILE)

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        """As it was written."""
        return _PLANS.validate_json((folder / PLAN_FILE).read_bytes())


_PLANS = TypeAdapter(Plan)
