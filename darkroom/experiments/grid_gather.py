"""Everything a grid shows of an experiment, from what the store and its file say.

Owns the order of axes and values (the file's, where it can still be read), and why a
combination is no cell. Asks no server.
"""

from collections.abc import Sequence

from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.errors import UsageError
from darkroom.core.experiments.axes import Axis
from darkroom.core.experiments.cells import Cell, Result, Scalar
from darkroom.core.experiments.declaration import Experiment
from darkroom.core.experiments.expanding import Start, wordings
from darkroom.core.experiments.grid_slots import Gathered, Labels, nothing_excluded
from darkroom.experiments.declared import read_declared
from darkroom.experiments.standing import standing

ENDED = "the run ended before it was drawn"


def gather(name: str, lab: Lab | None = None) -> Gathered:
    """Read how an experiment stands; UsageError where it never ran."""
    lab = lab or open_lab()
    stands = standing(name, lab)
    return gathered_of(
        stands.name,
        (stands.cells, stands.results),
        stands.run.seeds,
        stands.scale,
        _declared(lab, name),
        stopped=ENDED if stands.run.is_closed else "",
    )


def gathered_of(
    name: str,
    there: tuple[Sequence[Cell], Sequence[Result]],
    seeds: Sequence[int],
    scale: float,
    experiment: Experiment | None,
    stopped: str = "",
) -> Gathered:
    """Put together what a grid shows; without the experiment its axes stand as they come."""
    cells, results = there
    return Gathered(
        name=name,
        cells=tuple(cells),
        results=tuple(results),
        seeds=tuple(seeds),
        axes=written_axes(experiment) if experiment else {},
        scale=scale,
        stopped=stopped,
        excluded=_Excluded(experiment) if experiment else nothing_excluded,
    )


def written_axes(experiment: Experiment) -> dict[str, tuple[Scalar, ...]]:
    """The axes and their values in the order of the file; prompts and their choices first."""
    found: dict[str, dict[Scalar, None]] = {}
    for wording in wordings(experiment, Start()):
        for name, value in wording.labels.items():
            found.setdefault(name, {})[value] = None
    axes = {name: tuple(values) for name, values in found.items()}
    return axes | {axis.name: tuple(v.label for v in axis.values) for axis in experiment.axes}


def _declared(lab: Lab, name: str) -> Experiment | None:
    """The experiment as its file has it now; None where the file is gone or wrong."""
    try:
        return read_declared(lab, name).experiment
    except UsageError:
        return None


class _Excluded:
    """Says which condition rules a combination out."""

    def __init__(self, experiment: Experiment) -> None:
        self._constraints = experiment.constraints
        self._axes: dict[str, Axis] = {axis.name: axis for axis in experiment.axes}
        self._settings = dict(experiment.settings)

    def __call__(self, labels: Labels) -> str | None:
        values: dict[str, Scalar] = dict(self._settings)
        for name, label in labels.items():
            if name in self._axes:
                values |= self._axes[name].value_at(label).sets
        values |= labels
        for constraint in self._constraints:
            try:
                if not constraint.holds(values):
                    return f"does not meet: {constraint.text}"
            except (KeyError, ValueError):
                continue  # it speaks of something this combination does not have
        return None
