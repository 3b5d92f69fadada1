"""`darkroom search` and `darkroom runs`: find images and runs."""

from typing import Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.apps.cli.search_filters import with_filters
from darkroom.apps.cli.search_table import Column, fitted, image_name
from darkroom.core.selection_reading import beyond_scale

_Sort = Annotated[
    str, typer.Option("--sort", help="By what: created, score, rating, seed ...; - is descending.")
]
_Limit = Annotated[int, typer.Option("--limit", min=0, help="At most so many; 0 for all.")]
_Offset = Annotated[int, typer.Option("--offset", min=0, help="Leave out the first so many.")]
_Projects = Annotated[list[str] | None, typer.Option("--project", help="The project; repeatable.")]
_Model = Annotated[str | None, typer.Option("--model", help="The model's name holds this text.")]
_Status = Annotated[str | None, typer.Option("--status", help="How the run ended.")]
_Since = Annotated[str | None, typer.Option("--since", help="Begun since: 2026-01-31, or 7d ago.")]
_Test = Annotated[bool | None, typer.Option("--test/--no-test", help="Test runs.")]
_Failed = Annotated[bool | None, typer.Option("--failed/--no-failed", help="Failed runs.")]
_Archived = Annotated[bool | None, typer.Option("--archived/--no-archived", help="Archived runs.")]
_Deleted = Annotated[bool, typer.Option("--deleted", help="Deleted runs and no others.")]
_IMAGES = (
    Column("image", "name"),
    Column("score", "score", rank=1),
    Column("grade", "grade", rank=3),
    Column("criteria", "overall_score", rank=2),
    Column("rating", "rating", rank=4),
    Column("liked", "liked", rank=7),
    Column("failure", "failure_category", rank=5),
    Column("seed", "seed", rank=6),
    Column("steps", "steps", rank=9),
    Column("cfg", "cfg", rank=10),
    Column("sampler", "sampler", rank=11),
    Column("model", "model", rank=8),
    Column("prompt", "prompt", is_elastic=True),
)
_RUNS = (
    Column("run", "run"),
    Column("name", "display_name", rank=6, is_elastic=True),
    Column("images", "image_count"),
    Column("score", "score", rank=1),
    Column("status", "status", rank=2),
    Column("ko", "ko_count", rank=4),
    Column("liked", "liked_count", rank=5),
    Column("model", "model", rank=7),
    Column("flags", "flags", rank=3),
)


@with_filters()
def search(
    sort: _Sort = "-created",
    limit: _Limit = 50,
    offset: _Offset = 0,
    *,
    filters: dict[str, object],
) -> None:
    """Find images by what was asked for, how they were drawn, how they came out."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.opening import opened_library
    from darkroom.archive.searching import Page, count_in, found_in
    from darkroom.archive.selecting import select

    selected = select(filters)
    with opened_library(open_lab()) as connection:
        rows = found_in(connection, selected, Page(sort, limit or None, offset))
        is_cut = bool(limit) and len(rows) == limit
        total = count_in(connection, selected) if is_cut or offset else len(rows)
        left_out = not total and filters.get("tests") in (None, "leave")
        including = select(filters | {"tests": "include"})
        tests = count_in(connection, including) if left_out else 0
    console.emit(rows, lambda: show_images(rows))
    console.note(_told(len(rows), total, tests, beyond_scale(filters)))


def _told(shown: int, total: int, tests: int, beyond: list[str]) -> str:
    if tests:
        return f"0 images; {tests} of tests would match: --tests include"
    if beyond and not total:
        return f"0 images; {', '.join(beyond)}"
    if shown == total:
        return f"{total} images"
    return f"{shown} of {total} images; --limit 0 shows all"


def show_images(rows: list[dict[str, object]]) -> None:
    """Print images as a table."""
    named = [row | {"name": image_name(row), "liked": row.get("is_liked") or None} for row in rows]
    fitted(_IMAGES, named)


def runs(  # noqa: PLR0913 - one parameter per flag, read by name only
    *,
    project: _Projects = None,
    model: _Model = None,
    status: _Status = None,
    since: _Since = None,
    test: _Test = None,
    failed: _Failed = None,
    archived: _Archived = None,
    deleted: _Deleted = False,
    limit: _Limit = 50,
) -> None:
    """List runs, newest first, with what their images come to."""
    from darkroom.adapters.settings import open_lab
    from darkroom.archive.opening import opened_library
    from darkroom.archive.searching import sessions_in

    asked: dict[str, object] = {
        "projects": project or None,
        "model": model,
        "status": status,
        "since": since,
    }
    flags = {"is_test": test, "is_failed": failed, "is_archived": archived, "is_deleted": deleted}
    with opened_library(open_lab()) as connection:
        rows = sessions_in(connection, asked | flags, limit or None)
    console.emit(rows, lambda: fitted(_RUNS, [row | {"flags": _flags(row)} for row in rows]))


def _flags(row: dict[str, object]) -> str | None:
    found = [name for name in ("test", "failed", "archived", "deleted") if row[f"is_{name}"]]
    return ", ".join(found) or None


def register(root: typer.Typer) -> None:
    """Add the commands to the root."""
    command(root, "search")(search)
    command(root, "runs")(runs)
