"""From an experiment's file to an understood experiment, or to all that is wrong with it.

Owns what the shape of single keys cannot show: prompts, axes and conditions in their own
small languages, and what two keys must not say together. Skips what is malformed, so that
all mistakes are told at once.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, cast

from darkroom.core.config.checking import checked
from darkroom.core.config.faults import Fault, near_name
from darkroom.core.config.parameters import MAX_SEED
from darkroom.core.config.tree import Node, Path
from darkroom.core.errors import Problem
from darkroom.core.experiments.axes import Axis, canonical, check_setting, read_axis
from darkroom.core.experiments.cells import Scalar
from darkroom.core.experiments.constraints import Constraint, read_constraint
from darkroom.core.experiments.declaration import (
    MOST_SEEDS,
    PROMPT,
    SCALES,
    Declaration,
    Experiment,
)
from darkroom.core.experiments.phrases import Template, read_template


def read_experiment(name: str, tree: Node) -> tuple[Experiment | None, tuple[Problem, ...]]:
    """The experiment in a file, and every mistake in it; the experiment only without any."""
    reading: list[_Parts] = []

    def contradictions(values: object) -> Iterator[Fault]:
        parts = _Parts(_mapping(values))
        reading.append(parts)
        yield from parts.faults

    found, problems = checked(Declaration, tree, contradictions)
    if found is None:
        return None, problems
    parts = reading[0]
    experiment = Experiment(
        name,
        found,
        parts.templates,
        parts.axes,
        parts.constraints,
        parts.settings,
        parts.loras,
        parts.seeds,
    )
    return experiment, ()


_Name: TypeAlias = Callable[[str], str]
_Check: TypeAlias = Callable[[str, object], Scalar]


class _Parts:
    """The parts of a file that the records leave open; what is malformed is left out."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self.faults: list[Fault] = []
        self.settings = self._settings("settings", canonical, check_setting)
        read_loras = self._settings("loras", str, lambda name, v: check_setting(f"lora:{name}", v))
        self.loras = {name: float(value) for name, value in read_loras.items()}
        self.templates = self._templates()
        self.axes = self._axes()
        self.constraints = tuple(self._constraints())
        self.seeds = self._seeds()
        self._check_modes()

    def _complain(self, path: Path, message: str, nearest: str | None = None) -> None:
        self.faults.append(Fault(path, message, nearest))

    def _settings(self, key: str, name_of: _Name, check: _Check) -> dict[str, Scalar]:
        found: dict[str, Scalar] = {}
        for name, raw in _mapping(self._values.get(key)).items():
            try:
                target = name_of(name)
                found[target] = check(target, raw)
            except ValueError as error:
                self._complain((key, name), str(error))
        if PROMPT in found:
            self._complain((key, PROMPT), "write the prompt under prompts:")
        if "negative" in found:
            self._complain((key, "negative"), "write it as negative: of the file itself")
        return found

    def _templates(self) -> tuple[tuple[str, Template], ...]:
        in_axes = _mapping(self._values.get("axes")).get(PROMPT)
        key: Path = ("prompts",)
        raw = self._values.get("prompts")
        if in_axes is not None:
            if raw is not None:
                self._complain(key, "stands beside axes.prompt; write one of both")
            raw, key = in_axes, ("axes", PROMPT)
        if raw is None:
            return ()
        found: list[tuple[str, Template]] = []
        for label, place, text in self._written(raw, key):
            try:
                found.append((label, read_template(text)))
            except ValueError as error:
                self._complain(place, str(error))
        return tuple(found)

    def _written(self, raw: object, key: Path) -> Iterator[tuple[str, Path, str]]:
        """Each prompt with its label and its place."""
        if isinstance(raw, list):
            listed = cast("list[object]", raw)
            entries = [("", (*key, index), text) for index, text in enumerate(listed)]
        elif isinstance(raw, Mapping):
            named = cast("Mapping[str, object]", raw)
            entries = [(name, (*key, name), text) for name, text in named.items()]
        else:
            entries = [("", key, raw)]
        if not entries:
            self._complain(key, "holds no prompt")
        seen: set[str] = set()
        for label, place, text in entries:
            if not isinstance(text, str) or not text.strip():
                self._complain(place, "expected a prompt in words")
            elif text in seen:
                self._complain(place, "stands here twice")
            else:
                seen.add(text)
                yield label or text, place, text

    def _axes(self) -> tuple[Axis, ...]:
        found: list[Axis] = []
        taken: dict[str, str] = {}
        for name, raw in _mapping(self._values.get("axes")).items():
            if name == PROMPT:
                continue  # read with the prompts
            read = read_axis(name, raw)
            self.faults += read.faults
            if read.axis is None:
                continue
            found.append(read.axis)
            for target in read.axis.targets:
                self._check_target(read.axis, target, taken)
        return tuple(found)

    def _check_target(self, axis: Axis, target: str, taken: dict[str, str]) -> None:
        place: Path = ("axes", axis.name)
        if target == PROMPT:
            self._complain(place, "write prompts under prompts:, or as axes.prompt")
        if target in taken:
            self._complain(place, f"changes {target}, and so does axis {taken[target]!r}")
        taken.setdefault(target, axis.name)
        lora = target.removeprefix("lora:")
        if target in self.settings or (lora != target and lora in self.loras):
            self._complain(place, f"changes {target}, which the file also fixes for every cell")
        if target == "negative" and self._values.get("negative") is not None:
            self._complain(place, "changes the negative prompt, which the file also fixes")
        if axis.name in self._words():
            self._complain(place, "has the name of a choice in the prompt")
        if not axis.values and self._values.get("adaptive") is None:
            self._complain(place, "needs step or count; only with adaptive: may a range be open")

    def _words(self) -> set[str]:
        return {name for _, template in self.templates for name in template.names}

    def _constraints(self) -> Iterator[Constraint]:
        raw = self._values.get("constraints")
        written = _mapping(self._values.get("axes"))  # a wrong axis is told once, not here again
        known = {PROMPT, *self._words(), *self.settings, *written}
        for axis in self.axes:
            known |= {axis.name, *axis.targets}
        for index, text in enumerate(cast("list[object]", raw) if isinstance(raw, list) else []):
            if not isinstance(text, str):
                continue  # told as a mistake of shape
            place = ("constraints", index)
            try:
                constraint = read_constraint(text)
            except ValueError as error:
                self._complain(place, str(error))
                continue
            for name in constraint.names:
                if name not in known:
                    there = ", ".join(sorted(n for n in known if n.isidentifier()))
                    message = f"no axis is called {name!r}; there are {there}"
                    self._complain(place, message, near_name(name, known))
            yield constraint

    def _seeds(self) -> int | tuple[int, ...]:
        raw = self._values.get("seeds", 3)
        if isinstance(raw, list):
            return self._listed_seeds(cast("list[object]", raw))
        if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= MOST_SEEDS:
            message = f"expected how many, 1 to {MOST_SEEDS}, or a list of seeds"
            self._complain(("seeds",), message)
            return 1
        return raw

    def _listed_seeds(self, raw: list[object]) -> tuple[int, ...]:
        found: list[int] = []
        for index, seed in enumerate(raw):
            if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
                self._complain(("seeds", index), "expected a seed from 0 to 2^64-1")
            elif seed in found:
                self._complain(("seeds", index), f"{seed} stands here twice")
            else:
                found.append(seed)
        if not raw or len(raw) > MOST_SEEDS:
            self._complain(("seeds",), f"must hold 1 to {MOST_SEEDS} seeds")
        return tuple(found)

    def _check_modes(self) -> None:
        judge = self._values.get("judge", "rules")
        if self._values.get("stop") is not None and judge == "none":
            self._complain(("stop",), "needs a score; judge: none gives none")
        else:
            self._check_stop(SCALES.get(judge) if isinstance(judge, str) else None)
        if isinstance(self._values.get("refine"), Mapping) and judge != "scores":
            self._complain(("refine",), "goes by the quality score; write judge: scores")
        adaptive = self._values.get("adaptive")
        if adaptive is not None and judge == "none":
            self._complain(("adaptive",), "needs a score; judge: none gives none")
        if adaptive is not None and not self._values.get("axes") and not self._choices():
            self._complain(("adaptive",), "has nothing to choose from; write axes:")

    def _check_stop(self, scale: float | None) -> None:
        """A target that no score can reach was meant for another scale."""
        target = _mapping(self._values.get("stop")).get("target")
        if scale is not None and isinstance(target, int | float) and target > scale:
            self._complain(("stop", "target"), f"is more than a perfect score, which is {scale:g}")

    def _choices(self) -> bool:
        return len(self.templates) > 1 or bool(self._words())


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
