"""Numbers and values of a grid, as people read them on page, sheet and report."""

from darkroom.core.experiments.cells import Scalar
from darkroom.core.experiments.grid_slots import Labels
from darkroom.core.experiments.scores import CellScore

_FINE_SCALE = 10.0


def value_text(value: Scalar) -> str:
    """One value of an axis."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == "":
        return '""'  # a heading of nothing at all looks like a mistake
    return f"{value:g}" if isinstance(value, float) else str(value)


def labels_text(labels: Labels) -> str:
    """All values of a cell in one line."""
    return ", ".join(f"{name} = {value_text(value)}" for name, value in labels.items())


def score_text(score: float | None, scale: float) -> str:
    """A score with as many digits as its scale has room for."""
    if score is None:
        return "-"
    return f"{score:.2f}" if scale <= _FINE_SCALE else f"{score:.1f}"


def interval_text(score: CellScore, scale: float) -> str:
    """Where the mean may really lie; empty where nobody can say."""
    if score.interval is None:
        return ""
    low, high = score.interval.low, score.interval.high
    return f"{score_text(low, scale)} to {score_text(high, scale)}"


def passed_text(score: CellScore) -> str:
    """How many of the judged images passed; empty where none was judged."""
    return f"{score.passed} of {score.judged} passed" if score.judged else ""


def seconds_text(seconds: float | None) -> str:
    """How long an image took."""
    return "-" if seconds is None else f"{seconds:.2f} s"
