"""What a person thinks of images: ratings from the store's annotations and from CSV files.

Owns gathering them, one rating per image, the later source winning. What follows from
them is `learning`'s.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.adapters.plain_files import read_file
from darkroom.adapters.stores.protocol import Store
from darkroom.core.annotation_history import merged
from darkroom.core.annotations import Annotation, ImageTarget, is_annotation_key, parse
from darkroom.core.errors import ConfigError, DataError, Problem
from darkroom.core.keys import is_key

COLUMNS = ("path", "rating")
_MAX_BYTES = 64_000_000
_LOWEST, _HIGHEST = 0.0, 10.0
_MOST_TOLD = 20


@dataclass(frozen=True)
class Rating:
    """One image, as a path or store key, and its rating from 0 to 10."""

    image: str
    rating: float


def stored_ratings(store: Store, projects: Sequence[str]) -> list[Rating]:
    """The latest rating of every image somebody rated; damaged events are passed over."""
    events: dict[str, list[Annotation]] = {}
    for name in projects:
        for event in _events(store, f"{name}/working/"):
            if isinstance(event.target, ImageTarget):
                events.setdefault(event.target.image, []).append(event)
    found: list[Rating] = []
    for image, said in sorted(events.items()):
        state = merged(said)
        rating = state.get("rating")
        if isinstance(rating, int | float) and not state.get("is_deleted"):
            found.append(Rating(image, float(rating)))
    return found


def _events(store: Store, prefix: str) -> Iterator[Annotation]:
    for key in store.iter_keys(prefix):
        if is_annotation_key(key):
            try:
                yield parse(store.get(key), key)
            except DataError:
                continue


def csv_ratings(path: Path) -> list[Rating]:
    """The rows of a CSV with the columns path and rating; every mistake is in the error."""
    text = read_file(path, _MAX_BYTES).decode("utf-8-sig", errors="replace")
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        message = f"lacks the column {' and '.join(missing)}; the first line must name them"
        raise ConfigError("ratings-invalid", (Problem(str(path), 1, "", message),))
    found: list[Rating] = []
    problems: list[Problem] = []
    for row in reader:
        rating = _rating(row["rating"])
        if rating is None or not row["path"]:
            message = f"must name an image and a number from 0 to 10, not {row['rating']!r}"
            problems.append(Problem(str(path), reader.line_num, "rating", message))
        else:
            found.append(Rating(_place(row["path"], path.parent), rating))
    if problems:
        raise ConfigError("ratings-invalid", tuple(problems[:_MOST_TOLD]))
    return found


def _rating(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if _LOWEST <= value <= _HIGHEST else None


def _place(written: str, folder: Path) -> str:
    """A file as seen from here or from the CSV's own folder, else a store key."""
    if Path(written).exists():
        return written
    beside = folder / written
    return str(beside) if beside.exists() or not is_key(written) else written
