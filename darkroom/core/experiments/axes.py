"""Axes: what an experiment changes, and the values each takes.

Owns how an axis is written, be it a list, a range or several inputs that change together,
and what is wrong with one. Whether a graph has a place for a value is asked when it is
opened.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from darkroom.core.config.faults import Fault, near_name
from darkroom.core.config.tree import Path
from darkroom.core.errors import WorkflowError
from darkroom.core.experiments.cells import Scalar
from darkroom.core.experiments.space import Range
from darkroom.core.text import shortened
from darkroom.core.workflow.bindings import role_named
from darkroom.core.workflow.roles import Role
from darkroom.core.workflow.values import check_value

LORA = "lora:"
MOST_VALUES = 10_000
_STRONGEST_LORA = 100
_KEYS = ("target", "targets", "values", "from", "to", "step", "count", "log")
_FIXED_ELSEWHERE: Mapping[Role, str] = {
    Role.SEED: "the seeds are shared by all cells; write them under seeds:",
    Role.IMAGE: "the input image is the project's and cannot be an axis",
    Role.MASK: "the mask is the project's and cannot be an axis",
    Role.FILENAME_PREFIX: "the name of the server's own copy changes nothing",
    Role.CLIP: "write the loader's inputs as axes, for example 11.clip_name1",
}


@dataclass(frozen=True)
class Value:
    """One value of an axis: as people see it, and what it sets."""

    label: Scalar
    sets: Mapping[str, Scalar]
    """By target."""


@dataclass(frozen=True)
class Axis:
    """One thing an experiment changes."""

    name: str
    targets: tuple[str, ...]
    """Roles, `node.input`, `lora:NAME`; several change together."""
    values: tuple[Value, ...]
    """Empty only for an open range, which an adaptive experiment searches."""
    span: Range | None = None
    """Where it was written as a range."""

    def value_at(self, label: Scalar) -> Value:
        """The value of this label; of an open range, one that is made for it."""
        known = next((value for value in self.values if _same(value.label, label)), None)
        return known or Value(label, dict.fromkeys(self.targets, label))


@dataclass
class Read:
    """An axis as far as it could be read, and what is wrong with it."""

    axis: Axis | None = None
    faults: list[Fault] = field(default_factory=list[Fault])


def read_axis(name: str, raw: object) -> Read:
    """Understand one entry of `axes:`."""
    if isinstance(raw, list):
        written: Mapping[str, object] = {"values": cast("object", raw)}
        return _Reader(name, written, ("axes", name), is_list=True).read()
    if isinstance(raw, Mapping):
        return _Reader(name, cast("Mapping[str, object]", raw), ("axes", name)).read()
    message = "expected a list of values, or a mapping with values, or with from and to"
    return Read(faults=[Fault(("axes", name), message)])


def canonical(target: str) -> str:
    """The target in its one spelling; ValueError where it is none, or no axis can be made of it."""
    if target.startswith(LORA):
        if not target.removeprefix(LORA):
            raise ValueError("names no LoRA; write lora:NAME")
        return target
    if "." in target:
        node, _, name = target.partition(".")
        if not (node and name):
            raise ValueError("is not of the form node.input")
        return target
    try:
        role = role_named(target)
    except WorkflowError as error:
        message = f"{error.message}; a single input is written node.input, a LoRA lora:NAME"
        raise ValueError(message) from None
    if role in _FIXED_ELSEWHERE:
        raise ValueError(_FIXED_ELSEWHERE[role])
    return role.value


def check_setting(target: str, value: object) -> Scalar:
    """The value, if it can be set there; ValueError otherwise."""
    if not isinstance(value, str | int | float) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise ValueError("must be a single text, number, true or false")
    if target.startswith(LORA):
        is_number = not isinstance(value, bool | str)
        if not is_number or abs(value) > _STRONGEST_LORA:
            raise ValueError(f"a LoRA's strength must be a number from -100 to 100, not {value!r}")
        return float(value)
    if "." not in target:
        try:
            check_value(Role(target), value)
        except WorkflowError as error:
            raise ValueError(error.message) from None
    return value


_Written: TypeAlias = Mapping[str, object]


@dataclass
class _Reader:
    """Reads one axis and collects what is wrong with it."""

    name: str
    written: _Written
    path: Path
    is_list: bool = False
    faults: list[Fault] = field(default_factory=list[Fault])

    def read(self) -> Read:
        for key in self.written:
            if key not in _KEYS:
                message = f"unknown key; expected one of {', '.join(_KEYS)}"
                self._complain((key,), message, near_name(key, _KEYS))
        targets = self._targets()
        is_range = "from" in self.written or "to" in self.written
        if is_range is ("values" in self.written):
            self._complain((), "expected either values, or from and to")
            return Read(faults=self.faults)
        if is_range:
            span, labels = self._range()
            values = self._settled(targets, [((), label) for label in labels])
        else:
            span, values = None, self._settled(targets, self._listed())
        return self._finished(targets, values, span)

    def _finished(
        self, targets: tuple[str, ...], values: tuple[Value, ...], span: Range | None
    ) -> Read:
        if self.faults:
            return Read(faults=self.faults)
        return Read(Axis(self.name, targets, values, span))

    def _targets(self) -> tuple[str, ...]:
        if "target" in self.written and "targets" in self.written:
            self._complain(("target",), "stands beside targets; write one of both")
        key = "targets" if "targets" in self.written else "target"
        raw = self.written.get(key, self.name)
        named = cast("list[object]", raw) if isinstance(raw, list) else [raw]
        found: list[str] = []
        for index, target in enumerate(named):
            place = () if key not in self.written else (key, index) if len(named) > 1 else (key,)
            try:
                found.append(canonical(target if isinstance(target, str) else ""))
            except ValueError as error:
                self._complain(place, str(error))
        if len(set(found)) < len(found):
            self._complain((key,), "names a target twice")
        if not named:
            self._complain((key,), "names nothing to change")
        return tuple(found)

    def _listed(self) -> list[tuple[Path, object]]:
        raw = self.written["values"]
        above: Path = () if self.is_list else ("values",)
        if not isinstance(raw, list) or not raw:
            self._complain(above, "expected a list of one or more values")
            return []
        values = cast("list[object]", raw)
        return [((*above, index), value) for index, value in enumerate(values)]

    def _settled(
        self, targets: Sequence[str], written: Sequence[tuple[Path, object]]
    ) -> tuple[Value, ...]:
        found: list[Value] = []
        for place, raw in written:
            try:
                value = _value(targets, raw)
            except ValueError as error:
                self._complain(place, str(error))
                continue
            if targets and any(_same(value.label, other.label) for other in found):
                self._complain(place, f"{value.label!r} stands here twice")
            found.append(value)
        return tuple(found)

    def _range(self) -> tuple[Range | None, list[Scalar]]:
        low, high = self._number("from"), self._number("to")
        step, count = self._number("step"), self._number("count")
        if low is None or high is None:
            return None, []
        problem = self._range_problem(low, high, step, count)
        if problem:
            self._complain((), problem)
            return None, []
        whole = all(isinstance(number, int) for number in (low, high, step or 1))
        is_log = self.written.get("log") is True
        span = Range(self.name, low, high, step, is_log and step is None, whole)
        if count is not None:
            return None, [
                _spaced(low, high, place, int(count), is_log) for place in range(int(count))
            ]
        return span, list(span.values or ()) if step is not None else []

    def _number(self, key: str) -> int | float | None:
        raw = self.written.get(key)
        if raw is None:
            if key in ("from", "to"):
                self._complain((), f"{key} is missing")
            return None
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
            self._complain((key,), f"expected a number, got {shortened(repr(raw), 40)}")
            return None
        return raw

    def _range_problem(
        self, low: float, high: float, step: float | None, count: float | None
    ) -> str | None:
        is_log = self.written.get("log", False)
        tests = (
            (low >= high, f"from {low:g} is not below to {high:g}"),
            (step is not None and count is not None, "write step or count, not both"),
            (step is not None and step <= 0, "the step must be above 0"),
            (count is not None and not _is_count(count), "count must be a whole number from 2"),
            (not isinstance(is_log, bool), "log must be true or false"),
            (is_log is True and low <= 0, "with log, from must be above 0"),
            (is_log is True and step is not None, "log goes with count, not with step"),
            (_steps(low, high, step) > MOST_VALUES, f"more than {MOST_VALUES} values"),
        )
        return next((text for is_wrong, text in tests if is_wrong), None)

    def _complain(self, place: Path, message: str, nearest: str | None = None) -> None:
        self.faults.append(Fault((*self.path, *place), message, nearest))


def _is_count(count: float) -> bool:
    return isinstance(count, int) and 1 < count <= MOST_VALUES


def _steps(low: float, high: float, step: float | None) -> float:
    return (high - low) / step if step is not None and step > 0 else 0


def _spaced(low: float, high: float, place: int, count: int, is_log: bool) -> Scalar:
    """One of `count` numbers from low to high; whole where both ends are and it falls so."""
    share = place / (count - 1)
    found = low * (high / low) ** share if is_log else low + (high - low) * share
    found = round(found, 10) if place not in (0, count - 1) else (low, high)[place > 0]
    is_whole = isinstance(low, int) and isinstance(high, int) and float(found).is_integer()
    return int(found) if is_whole else float(found)


def _value(targets: Sequence[str], raw: object) -> Value:
    if not isinstance(raw, list):
        sets = {target: check_setting(target, raw) for target in targets}
        return Value(next(iter(sets.values()), ""), sets)
    parts = cast("list[object]", raw)
    if len(parts) != len(targets):
        many = "s" * (len(targets) != 1)
        raise ValueError(f"holds {len(parts)} values for {len(targets)} target{many}")
    sets = {t: check_setting(t, part) for t, part in zip(targets, parts, strict=True)}
    if len(sets) == 1:
        return Value(next(iter(sets.values())), sets)
    return Value(_joined(sets.values()), sets)


def _joined(values: Iterable[Scalar]) -> str:
    listed = list(values)
    are_sides = all(isinstance(value, int) and not isinstance(value, bool) for value in listed)
    return ("x" if are_sides else ", ").join(map(str, listed))


def _same(one: Scalar, other: Scalar) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)
