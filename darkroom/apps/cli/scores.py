"""`darkroom scores`: fit the scores to your own images and to your own ratings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from darkroom.core.scoring.fitting import Correlation
    from darkroom.scoring.in_use import InUse
    from darkroom.scoring.learning import Calibrated, Learned

app = group("Fit the scores to your own images and your own ratings.")

_Images = Annotated[
    list[str] | None,
    typer.Argument(metavar="[IMAGE]...", help="Files, folders, or store keys."),
]
_Project = Annotated[
    str | None, typer.Option("--project", help="The images of this project, and only for it.")
]
_Tier = Annotated[
    Literal["lite", "onnx", "torch"] | None,
    typer.Option("--tier", help="Which scorers measure; left out, the configured ones."),
]
_Ratings = Annotated[
    list[Path] | None,
    typer.Option("--ratings", help="A CSV with the columns path and rating (0 to 10)."),
]
_NotUsed = Annotated[
    bool, typer.Option("--not-used", help="Write the file, and go on with what is in use.")
]


@command(app, "calibrate")
def calibrate(
    images: _Images = None,
    project: _Project = None,
    tier: _Tier = None,
    not_used: _NotUsed = False,
) -> None:
    """Make a calibration of your images: 7.5 then means better than three quarters of them."""
    from darkroom.scoring.learning import LearnRequest, calibrate_scores

    request = LearnRequest(tuple(images or ()), project, tier, is_used=not not_used)
    made = calibrate_scores(request, console.progress)
    console.emit(made, lambda: _show_calibration(made))


@command(app, "fit")
def fit(
    ratings: _Ratings = None,
    project: _Project = None,
    tier: _Tier = None,
    not_used: _NotUsed = False,
) -> None:
    """Fit the weights of the composite to ratings, and say how far they can be trusted."""
    from darkroom.scoring.learning import LearnRequest, fit_scores

    request = LearnRequest((), project, tier, tuple(ratings or ()), is_used=not not_used)
    made = fit_scores(request, console.progress)
    console.emit(made, lambda: _show_fit(made))


@command(app, "use")
def use(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="Of a calibration or weights, or `shipped`.")
    ],
    project: _Project = None,
) -> None:
    """Put a calibration or weights made before in use, or go back to the shipped ones."""
    from darkroom.scoring.in_use import in_use, use_scores

    use_scores(name, project)
    found = in_use(project)
    console.emit(found, lambda: _show_in_use(found))


@command(app, "show")
def show(project: _Project = None) -> None:
    """Say which tier, calibration and weights count, and what else was made."""
    from darkroom.scoring.in_use import in_use

    found = in_use(project)
    console.emit(found, lambda: _show_in_use(found))


def _show_calibration(made: "Calibrated") -> None:
    rows = [(each.name, each.tier, each.images, "calibrated") for each in made.metrics]
    rows += [(each.metric, "", "", each.reason) for each in made.unfit]
    console.table(("metric", "tier", "images", "result"), rows)
    console.say(f"{made.file}: calibration {made.id} from {made.images} images")
    for name, reason in made.bad.items():
        console.warn(f"{name}: {reason}")


def _show_fit(made: "Learned") -> None:
    found = made.fit
    rows = [
        ("weights before", _correlation(found.before)),
        ("fitted, on the same ratings", _correlation(found.within)),
        ("fitted, on ratings held out", _correlation(found.held_out)),
    ]
    console.table(("weights", "rank correlation with the ratings, 95 % interval"), rows)
    shares = found.weights.model_dump(exclude={"id"})
    console.say(", ".join(f"{name} {share:.2f}" for name, share in shares.items()))
    console.say(f"{made.file}: weights {found.weights.id} from {found.pairs} rated images")
    if found.is_weak:
        console.warn("so few ratings give a wide interval; believe the lower end of it")
    for name, reason in made.bad.items():
        console.warn(f"{name}: {reason}")


def _correlation(found: "Correlation | None") -> str:
    if found is None:
        return "undefined: all are alike"
    return f"{found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f})"


def _show_in_use(found: "InUse") -> None:
    console.say(f"tier {found.tier}, calibration {found.calibration}, weights {found.weights}")
    console.say(", ".join(f"{name} {share:.2f}" for name, share in found.shares.items()))
    if found.files:
        rows = [(each.kind, each.id, each.tier, each.is_used, each.file) for each in found.files]
        console.table(("what", "id", "tier", "in use", "file"), rows)
