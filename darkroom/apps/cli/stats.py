"""`darkroom stats` and `darkroom parameters`: what all the images come to."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_filters import with_filters
from darkroom.apps.cli.search_table import Column, fitted, written

if TYPE_CHECKING:
    from darkroom.archive.statistics import Stats
    from darkroom.archive.statistics_parameters import Effect

_Outcome = Annotated[
    str,
    typer.Option(
        "--outcome",
        metavar="quality|score|criteria|accepted|rating|liked|ok|similarity",
        help="What counts as good.",
    ),
]
_Least = Annotated[int, typer.Option("--min-images", min=1, help="Values with fewer are left out.")]
_All = Annotated[bool, typer.Option("--all", help="Also what may well be chance.")]
_EFFECTS = (
    Column("parameter", "parameter"),
    Column("value", "value", is_elastic=True),
    Column("images", "images"),
    Column("runs", "runs", rank=2),
    Column("mean", "mean", rank=1),
    Column("difference", "difference"),
    Column("95 % interval", "interval"),
    Column("q", "q", rank=3),
)


@with_filters()
def stats(*, filters: dict[str, object]) -> None:
    """Count images and runs, good ones and failed ones; filters as in `search`."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.statistics import get_stats

    found = get_stats(open_lab(), **filters)
    console.emit(found, lambda: _show_stats(found))


@with_filters()
def parameters(
    outcome: _Outcome = "quality",
    min_images: _Least = 10,
    show_all: _All = False,
    *,
    filters: dict[str, object],
) -> None:
    """Tell which parameters go with good results, and how sure that is; filters as in `search`."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.statistics_parameters import parameter_effects

    found = parameter_effects(open_lab(), outcome, min_images=min_images, **filters)
    shown = [effect for effect in found if show_all or effect.is_clear]
    console.emit(shown, lambda: _show_effects(shown))
    console.note(_told(len(shown), len(found), outcome))


def register(root: typer.Typer) -> None:
    """Add the commands to the root."""
    command(root, "stats")(stats)
    command(root, "parameters")(parameters)


def _show_stats(found: "Stats") -> None:
    console.say("images:")
    console.table(("what", "value"), _known(found.images))
    console.say("\nruns:")
    console.table(("what", "value"), _known(found.runs))
    if found.grades:
        console.say("\ngrades:")
        fitted([Column("grade", "grade"), Column("images", "image_count")], found.grades)
    if found.failures:
        console.say("\nfailures:")
        columns = [
            Column("category", "failure_category"),
            Column("images", "image_count"),
            Column("share of all", "failure_rate"),
            Column("runs", "run_count"),
        ]
        fitted(columns, found.failures)


def _known(facts: dict[str, object]) -> list[tuple[str, str]]:
    return [(name, written(value)) for name, value in facts.items() if value is not None]


def _show_effects(effects: "list[Effect]") -> None:
    rows = [
        {
            "parameter": effect.parameter,
            "value": effect.value,
            "images": effect.images,
            "runs": effect.runs,
            "mean": effect.mean,
            "difference": f"{effect.difference:+.3f}",
            "interval": f"{effect.low:+.3f} to {effect.high:+.3f}",
            "q": f"{effect.q:.3f}",
        }
        for effect in effects
    ]
    fitted(_EFFECTS, rows)


def _told(shown: int, total: int, outcome: str) -> str:
    if not total:
        return f"no value of any parameter has enough images with the outcome {outcome!r}"
    rest = total - shown
    hidden = f"; {rest} more may well be chance (--all shows them)" if rest else ""
    return f"{shown} values stand out against all other images{hidden}; this is no proof of cause"
