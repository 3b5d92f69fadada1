"""What a node is: its inputs and their ranges, its outputs, what it does.

Owns the shape of `/object_info`, which is also what a submitted graph is checked
against. Knows no particular node.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from darkroom.engine.diffusers import Array, Diffusion
from darkroom.engine.files import Folders
from darkroom.engine.settings import Limits

Values = dict[str, Any]
COMBO = "COMBO"


@dataclass(frozen=True)
class Around:
    """What a node may see of the world."""

    folders: Folders
    diffusion: Diffusion
    limits: Limits


class Call(Protocol):
    """One execution of one node."""

    @property
    def values(self) -> Values:
        """Its inputs; links are replaced by what they brought."""
        ...

    @property
    def around(self) -> Around:
        """Folders, model and limits."""
        ...

    @property
    def texts(self) -> Values:
        """What a saved image carries: the graph, and what the client sent for it."""
        ...

    def step(self, done: int, total: int, preview: Array) -> None:
        """Report progress; raises where the prompt was interrupted."""
        ...

    def warn(self, message: str, unknown_words: Sequence[str]) -> None:
        """Say in the history that something did not act as asked."""
        ...


@dataclass(frozen=True)
class Result:
    """What a node gives: values for links, and what its `executed` message shows."""

    outputs: tuple[Any, ...]
    ui: Values | None = None


Choices = Callable[[Around], Sequence[str]]


@dataclass(frozen=True)
class Input:
    """One input: a type, or a list of names to choose from."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    choices: Choices | None = None
    closed: bool = True
    """Whether a name outside the list is refused; LoadImage's list is only a suggestion."""

    def listed(self, around: Around) -> list[str]:
        """The names to choose from, now."""
        return list(self.choices(around)) if self.choices else []

    def config(self, around: Around) -> list[Any]:
        """The pair that errors quote: type or list, then options."""
        return [self.listed(around) if self.choices else self.kind, dict(self.options)]


def choice(name: str, choices: Choices, *, closed: bool = True, **options: Any) -> Input:
    """An input that takes one of several names."""
    return Input(name, COMBO, options, choices, closed)


def link(name: str, kind: str, **options: Any) -> Input:
    """An input that takes another node's output."""
    return Input(name, kind, options)


def number(name: str, kind: str, **options: Any) -> Input:
    """An INT or a FLOAT with its range."""
    return Input(name, kind, options)


Check = Callable[[Values, Around], dict[str, str]]
Fingerprint = Callable[[Values, Around], str]


@dataclass(frozen=True)
class NodeType:
    """One class of nodes."""

    name: str
    title: str
    category: str
    inputs: tuple[Input, ...]
    outputs: tuple[tuple[str, str], ...]
    """Type and name of each."""
    run: Callable[[Call], Result]
    description: str = ""
    is_output: bool = False
    check: Check | None = None
    """Complaints by input, beyond types and ranges."""
    fingerprint: Fingerprint | None = None
    """Tells when the same inputs mean something else, such as a file with other content."""

    @property
    def output_types(self) -> tuple[str, ...]:
        """The type of each output, by slot."""
        return tuple(kind for kind, _name in self.outputs)

    def info(self, around: Around) -> Values:
        """Its entry in /object_info."""
        required = {entry.name: _shown(entry.config(around)) for entry in self.inputs}
        declared: Values = {"required": required}
        order: Values = {"required": list(required)}
        if self.is_output:
            declared["hidden"] = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
            order["hidden"] = ["prompt", "extra_pnginfo"]
        return {
            "input": declared,
            "input_order": order,
            "is_input_list": False,
            "output": list(self.output_types),
            "output_is_list": [False] * len(self.outputs),
            "output_name": [name for _kind, name in self.outputs],
            "name": self.name,
            "display_name": self.title,
            "description": self.description,
            "python_module": "nodes",
            "category": self.category,
            "output_node": self.is_output,
            "has_intermediate_output": False,
            "search_aliases": [],
        }


def _shown(config: list[Any]) -> list[Any]:
    return config if config[1] else config[:1]
