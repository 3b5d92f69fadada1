"""`--set parameters.cfg=5`: values of the command line as the topmost layer.

Owns which file a dotted key belongs to and the tree a flag becomes. Reading the
value as YAML is the caller's, because only adapters read YAML.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from darkroom.core.config import shapes
from darkroom.core.config.faults import near_name
from darkroom.core.config.scalars import control_character
from darkroom.core.config.shapes import Model
from darkroom.core.config.tree import Branch, Leaf, Node, Origin, Path, merge
from darkroom.core.errors import Problem
from darkroom.core.text import shortened

FLAG = "--set"
ReadValue = Callable[[str], Node | Problem]


@dataclass(frozen=True)
class Overrides:
    """What the flags set, by the name of the file they stand above."""

    trees: Mapping[str, Node]
    problems: tuple[Problem, ...] = ()


def read_overrides(
    flags: Sequence[str], models: Mapping[str, Model], read_value: ReadValue
) -> Overrides:
    """Sort the flags to the files they belong to; later flags win."""
    trees: dict[str, Node] = {}
    problems: list[Problem] = []
    for flag in flags:
        found = _override(flag, models, read_value)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            file, tree = found
            trees[file] = merge(trees[file], tree) if file in trees else tree
    return Overrides(trees, tuple(problems))


def _override(
    flag: str, models: Mapping[str, Model], read_value: ReadValue
) -> tuple[str, Node] | Problem:
    key, equals, text = flag.partition("=")
    key = key.strip()
    if not equals or not key:
        return Problem(FLAG, None, shortened(key, 80), "expected KEY=VALUE, e.g. parameters.cfg=5")
    placed = _placed(key, models)
    if placed is None:
        return _unknown(key, models)
    file, path = placed
    kind = shapes.kind_at(models[file], path)
    if shapes.holds_secret(kind):
        return Problem(FLAG, None, key, "is a secret: set it in the environment, not on a flag")
    if unusable := control_character(text):
        return Problem(FLAG, None, key, f"holds the control character {unusable}")
    if shapes.holds_text(kind):
        return file, _nested(path, Leaf(text, Origin(FLAG)))
    value = read_value(text)
    return value if isinstance(value, Problem) else (file, _nested(path, value))


def _placed(key: str, models: Mapping[str, Model]) -> tuple[str, Path] | None:
    """The file and path of a key; a leading file name, as in `AIVis.model`, decides."""
    steps = tuple(key.split("."))
    if len(steps) > 1 and steps[0] in models and _can_be_set(models[steps[0]], steps[1:]):
        return steps[0], steps[1:]
    return next(
        ((file, steps) for file, model in models.items() if _can_be_set(model, steps)), None
    )


def _can_be_set(model: Model, path: Path) -> bool:
    """Whether a flag may set this place: a value or a list, but no whole section."""
    is_list = shapes.kind_at(model, (*path, 0)) is not None
    is_section = bool(shapes.fields_at(model, path)) and not is_list
    return shapes.kind_at(model, path) is not None and not is_section


def _unknown(key: str, models: Mapping[str, Model]) -> Problem:
    known = [name for model in models.values() for name in shapes.keys_of(model)]
    ending = [name for name in known if name.split(".")[-1] == key.split(".")[-1]]
    near = ending[0] if ending else near_name(key, known)
    return Problem(FLAG, None, shortened(key, 80), "no file has this key", near)


def _nested(path: Path, value: Node) -> Node:
    tree = value
    for step in reversed(path):
        tree = Branch({str(step): tree}, Origin(FLAG))
    return tree
