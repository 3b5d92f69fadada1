"""`rate`, `fail`, `like`, `note`, `delete`, `restore`: say something of images and runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps.cli.annotate_doing import Asked, By, Names, Yes, annotate, both, images_only
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_filters import WHERE, with_filters
from darkroom.core.errors import UsageError

if TYPE_CHECKING:
    from darkroom.core.annotations import FailureCategory
    from darkroom.core.sidecar.fields import Json

_Rating = Annotated[float | None, typer.Option("--rating", help="From 0 to 10.")]
_Perfect = Annotated[bool | None, typer.Option("--perfect/--imperfect", help="How it is made.")]
_Ok = Annotated[bool | None, typer.Option("--ok/--ko", help="Whether it is of use.")]
_Clear = Annotated[bool, typer.Option("--clear", help="Take these words back.")]
_Category = Annotated[
    str | None,
    typer.Option(
        "--category", metavar="malformed|noise|incomplete|off_prompt", help="How it failed."
    ),
]
_Notes = Annotated[str | None, typer.Option("--notes", help="What is wrong.")]
_Unlike = Annotated[bool, typer.Option("--unlike", help="Take the liking back.")]
_Text = Annotated[
    str | None, typer.Option("--text", help="The note; it takes the old one's place.")
]
_Extra = Annotated[
    list[str] | None,
    typer.Option("--extra", metavar="NAME=VALUE", help="Keep a further value; repeatable."),
]


@with_filters(WHERE)
def rate(  # noqa: PLR0913 - one parameter per flag, read by name only
    names: Names = None,
    *,
    rating: _Rating = None,
    perfect: _Perfect = None,
    ok: _Ok = None,
    clear: _Clear = False,
    yes: Yes = False,
    by: By = None,
    filters: dict[str, object],
) -> None:
    """Say how good images are."""
    said: dict[str, Json] = {}
    if clear:
        said = {"rating": None, "technical_quality": None, "status": None}
    if rating is not None:
        said["rating"] = rating
    if perfect is not None:
        said["technical_quality"] = "perfect" if perfect else "imperfect"
    if ok is not None:
        said["status"] = "ok" if ok else "ko"
    if not said:
        raise UsageError("usage", "say how good: --rating, --perfect, --imperfect, --ok, --ko")
    asked = Asked(names, filters, yes, by)
    annotate(asked, lambda annotator, named: [annotator.set_on_images(images_only(named), said)])


@with_filters(WHERE)
def fail(  # noqa: PLR0913 - one parameter per flag, read by name only
    names: Names = None,
    *,
    category: _Category = None,
    notes: _Notes = None,
    clear: _Clear = False,
    yes: Yes = False,
    by: By = None,
    filters: dict[str, object],
) -> None:
    """Say that images failed, and how."""
    from darkroom.archive.annotating import KEEP

    chosen = None if clear else _category(category)
    if clear and (category or notes):
        raise UsageError("usage", "--clear goes with neither --category nor --notes")
    asked = Asked(names, filters, yes, by)
    annotate(
        asked,
        lambda annotator, named: [
            annotator.update_image_failure(images_only(named), chosen, notes or KEEP)
        ],
    )


def _category(name: str | None) -> "FailureCategory":
    from darkroom.core.annotations import FAILURE_CATEGORIES

    for category in FAILURE_CATEGORIES:
        if name == category:
            return category
    raise UsageError("usage", f"--category is one of {', '.join(FAILURE_CATEGORIES)}")


@with_filters(WHERE)
def like(
    names: Names = None,
    *,
    unlike: _Unlike = False,
    yes: Yes = False,
    by: By = None,
    filters: dict[str, object],
) -> None:
    """Like images."""
    asked = Asked(names, filters, yes, by)
    annotate(
        asked,
        lambda annotator, named: [
            annotator.update_image_rating(images_only(named), is_liked=not unlike)
        ],
    )


@with_filters(WHERE)
def note(  # noqa: PLR0913 - one parameter per flag, read by name only
    names: Names = None,
    *,
    text: _Text = None,
    extra: _Extra = None,
    clear: _Clear = False,
    yes: Yes = False,
    by: By = None,
    filters: dict[str, object],
) -> None:
    """Note something on images or runs, or keep further values with them."""
    from darkroom.archive.annotating import KEEP

    if not (text or extra or clear):
        raise UsageError("usage", "say what: --text, --extra NAME=VALUE or --clear")
    more = _extras(extra) if extra else None
    words = None if clear else text or KEEP
    asked = Asked(names, filters, yes, by)
    annotate(
        asked,
        lambda annotator, named: both(
            named,
            lambda images: annotator.update_image(images, notes=words, extra=more),
            lambda runs: annotator.update_session(runs, notes=words, extra=more),
        ),
    )


def _extras(written: list[str]) -> "dict[str, Json]":
    """NAME=VALUE pairs; a value that is JSON is taken as such, an empty one removes the name."""
    import json

    found: dict[str, Json] = {}
    for pair in written:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise UsageError("usage", f"--extra {pair[:40]!r} is not NAME=VALUE")
        try:
            found[name] = json.loads(value) if value else None
        except ValueError:
            found[name] = value
    return found


@with_filters(WHERE)
def delete(
    names: Names = None, *, yes: Yes = False, by: By = None, filters: dict[str, object]
) -> None:
    """Leave images or runs out of every answer; nothing is erased, `restore` takes them back."""
    annotate(
        Asked(names, filters, yes, by),
        lambda annotator, named: both(
            named, annotator.soft_delete_image, annotator.soft_delete_session
        ),
    )


@with_filters(WHERE)
def restore(
    names: Names = None, *, yes: Yes = False, by: By = None, filters: dict[str, object]
) -> None:
    """Take deleted images or runs back in."""
    if filters:
        filters = {"deleted": "only", **filters}
    annotate(
        Asked(names, filters, yes, by),
        lambda annotator, named: both(named, annotator.restore_image, annotator.restore_session),
    )


def register(root: typer.Typer) -> None:
    """Add the commands to the root."""
    for function in (rate, fail, like, note, delete, restore):
        command(root, function.__name__)(function)
