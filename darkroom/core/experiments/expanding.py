"""From an experiment to its cells: every combination of prompts and axis values.

Owns the order of the combinations, the conditions that rule some out, and how one is put
together, whether it was enumerated or proposed by an optimiser.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from darkroom.core.errors import UsageError
from darkroom.core.experiments.axes import LORA, Axis, Value
from darkroom.core.experiments.cells import Cell, Scalar, cell_id
from darkroom.core.experiments.declaration import MOST_CELLS, PROMPT, Experiment
from darkroom.core.experiments.phrases import Variant, plain_template
from darkroom.core.experiments.space import Choice, Dimension, Point
from darkroom.core.sidecar.variations import combination_hash

_MOST_PROBED = 100


@dataclass(frozen=True)
class Start:
    """What a cell is where the experiment says nothing: the project's."""

    prompt: str = ""
    negative: str = ""
    base: str = ""
    """Identifies the workflow with everything in it that no cell sets."""


@dataclass(frozen=True)
class Wording:
    """One prompt an experiment means, with the labels it brings."""

    variant: Variant
    labels: Mapping[str, Scalar]


def wordings(experiment: Experiment, start: Start) -> tuple[Wording, ...]:
    """Every prompt the experiment means."""
    templates = experiment.templates or ((PROMPT, plain_template(start.prompt)),)
    many = len(templates) > 1
    return tuple(
        Wording(variant, ({PROMPT: label} if many else {}) | dict(variant.words))
        for label, template in templates
        for variant in template.variants()
    )


def combinations(experiment: Experiment) -> int:
    """How many combinations there are before any condition rules some out."""
    prompts = sum(template.count for _, template in experiment.templates) or 1
    return prompts * math.prod(len(axis.values) for axis in experiment.axes)


def cells_of(experiment: Experiment, start: Start) -> tuple[Cell, ...]:
    """Every cell of the experiment, the first axis changing slowest."""
    count = combinations(experiment)
    if count > MOST_CELLS:
        raise UsageError("experiment-size", _too_many(experiment, count))
    found: dict[str, Cell] = {}
    for wording in wordings(experiment, start):
        for values in product(*(axis.values for axis in experiment.axes)):
            cell = _cell(experiment, start, wording, values)
            if allowed(experiment, cell):
                found.setdefault(cell.id, cell)
    if not found:
        message = f"the constraints rule out all {count} combinations"
        raise UsageError("experiment-size", message, hint="loosen them, or widen the axes")
    return tuple(found.values())


def allowed(experiment: Experiment, cell: Cell) -> bool:
    """Whether a cell meets every condition."""
    values = {PROMPT: cell.prompt, **cell.settings, **cell.labels}
    for constraint in experiment.constraints:
        try:
            if not constraint.holds(values):
                return False
        except ValueError as error:
            shown = ", ".join(f"{name}={value}" for name, value in cell.labels.items())
            message = f"{constraint.text!r} cannot be tested for {shown}: {error}"
            raise UsageError("experiment-constraint", message) from None
        except KeyError:
            continue  # it speaks of a choice that this prompt does not have
    return True


def dimensions(experiment: Experiment, start: Start) -> tuple[Dimension, ...]:
    """What an optimiser may choose from: an entry per axis, and one for the prompts."""
    prompts = tuple(each.variant.text for each in wordings(experiment, start))
    found: list[Dimension] = [Choice(PROMPT, prompts)] if len(prompts) > 1 else []
    for axis in experiment.axes:
        labels = tuple(value.label for value in axis.values)
        found.append(axis.span or Choice(axis.name, labels))
    return tuple(found)


def cell_finder(experiment: Experiment, start: Start) -> Callable[[Point], Cell]:
    """Make the cells of proposed points; a dimension one leaves out has its first value.

    What the prompts mean is worked out once, however many points are looked at.
    """
    every = wordings(experiment, start)
    by_text: dict[Scalar | None, Wording] = {each.variant.text: each for each in reversed(every)}

    def found(point: Point) -> Cell:
        wording = by_text.get(point.get(PROMPT), every[0])
        values = [_chosen(axis, point) for axis in experiment.axes]
        return _cell(experiment, start, wording, values)

    return found


def probes(experiment: Experiment, start: Start) -> tuple[Cell, ...]:
    """A few cells that hold every value an optimiser may choose, of a range its ends and middle.

    What they cannot be is known, and what they cost guessed, before anything is chosen.
    """
    every = [_choices(axis) for axis in experiment.axes]
    first, *_ = wordings(experiment, start)
    if not every:
        return (_cell(experiment, start, first, ()),)
    found: dict[str, Cell] = {}
    for place, values in enumerate(every):
        for value in values[:_MOST_PROBED]:
            for others in (_middle, _first, _last):
                point = [value if n == place else others(own) for n, own in enumerate(every)]
                cell = _cell(experiment, start, first, point)
                if allowed(experiment, cell):
                    found.setdefault(cell.id, cell)
                    break
    return tuple(found.values())


def _choices(axis: Axis) -> Sequence[Value]:
    if axis.values or axis.span is None:
        return axis.values
    low, high = axis.span.low, axis.span.high
    ends = dict.fromkeys(axis.span.settle(each) for each in (low, (low + high) / 2, high))
    return [axis.value_at(label) for label in ends]


def _middle(values: Sequence[Value]) -> Value:
    return values[len(values) // 2]


def _first(values: Sequence[Value]) -> Value:
    return values[0]


def _last(values: Sequence[Value]) -> Value:
    return values[-1]


def _chosen(axis: Axis, point: Point) -> Value:
    if axis.name in point:
        return axis.value_at(point[axis.name])
    if axis.values:
        return axis.values[0]
    assert axis.span is not None  # an axis has values or a range
    return axis.value_at(axis.span.settle(axis.span.low))


def _cell(experiment: Experiment, start: Start, wording: Wording, values: Sequence[Value]) -> Cell:
    labels = dict(wording.labels)
    sets: dict[str, Scalar] = dict(experiment.settings)
    for axis, value in zip(experiment.axes, values, strict=True):
        labels[axis.name] = value.label
        sets |= value.sets
    loras: dict[str, float] = {**experiment.loras}
    loras |= {
        target.removeprefix(LORA): float(strength)
        for target, strength in sets.items()
        if target.startswith(LORA)
    }
    settings = {name: value for name, value in sets.items() if not name.startswith(LORA)}
    declared = experiment.declared.negative
    negative = str(settings.pop("negative", start.negative if declared is None else declared))
    words = wording.variant.words
    used = tuple(loras.items())
    return Cell(
        id=cell_id(settings, wording.variant.text, negative, used, start.base),
        labels=labels,
        settings=settings,
        prompt=wording.variant.text,
        negative=negative,
        loras=used,
        variations=tuple(words),
        combination_hash=combination_hash(words),
    )


def _too_many(experiment: Experiment, count: int) -> str:
    prompts = sum(template.count for _, template in experiment.templates)
    sizes = {PROMPT: prompts} if prompts > 1 else {}
    sizes |= {axis.name: len(axis.values) for axis in experiment.axes}
    largest = sorted(sizes.items(), key=lambda item: -item[1])
    shown = " x ".join(f"{size} {name}" for name, size in largest)
    return f"{shown} are {count} combinations; an experiment has no more than {MOST_CELLS}"
