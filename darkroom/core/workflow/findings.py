"""What preflight has to say about one input of one node.

Owns the record and its one-line form. Severity "error" means that the host would
refuse or fail; "warning" that it would run, but not as written.
"""

from dataclasses import dataclass
from typing import Literal

from darkroom.core.text import shortened
from darkroom.core.workflow.graph import Node

Severity = Literal["error", "warning"]

_MOST_SHOWN = 8
_LONGEST_VALUE = 60


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the host wants it."""

    severity: Severity
    code: str
    message: str
    node: str = ""
    class_type: str = ""
    title: str = ""
    input: str = ""
    value: object = None
    allowed: tuple[object, ...] = ()
    """What the host takes, as far as it is shown."""
    allowed_more: int = 0
    """How many further values it takes."""
    nearest: str | None = None

    @property
    def place(self) -> str:
        """The address of the input, or of the node."""
        return f"{self.node}.{self.input}" if self.input else self.node

    def __str__(self) -> str:
        named = f"{self.place} ({self.class_type}): " if self.node else ""
        meant = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        takes = f"; allowed: {self.allowed_text}" if self.allowed and not self.nearest else ""
        return f"{self.severity}: {named}{self.message}{meant}{takes}"

    @property
    def allowed_text(self) -> str:
        """The allowed values on one line, saying how many are left out."""
        shown = ", ".join(str(value) for value in self.allowed)
        return f"{shown}, ... and {self.allowed_more} more" if self.allowed_more else shown


def about(node: Node, severity: Severity, code: str, message: str) -> Finding:
    """A finding about a whole node."""
    return Finding(severity, code, message, node.id, node.class_type, node.title)


def first_few(values: tuple[object, ...]) -> tuple[tuple[object, ...], int]:
    """The values to show, and how many more there are."""
    return values[:_MOST_SHOWN], max(0, len(values) - _MOST_SHOWN)


def shown(value: object) -> str:
    """A value as messages quote it."""
    return shortened(repr(value), _LONGEST_VALUE)
