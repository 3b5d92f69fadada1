"""One cell of a grid page: what stands in its place, and what the script knows of it.

Owns the markup of a cell and the shape of its data. The page around it is
`darkroom.experiments.grid_page`'s.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html import escape

from darkroom.core.experiments.cells import Result
from darkroom.core.experiments.grid_slots import Pick, Slot
from darkroom.core.experiments.gridding import Grid
from darkroom.experiments.grid_pictures import Picture
from darkroom.experiments.grid_words import (
    interval_text,
    labels_text,
    passed_text,
    score_text,
    value_text,
)

UNREADABLE = "its image cannot be read"


@dataclass
class Writing:
    """A page while it is written."""

    grid: Grid
    pictures: Mapping[str, Picture]
    pick: Pick
    front: Collection[str]
    names: list[str]
    best: str | None
    cells: list[dict[str, object]] = field(default_factory=list[dict[str, object]])


def cell_markup(writing: Writing, slot: Slot, *, with_values: bool = False) -> str:
    """Write one place, and remember what the script has to know of it."""
    if slot.cell is None or slot.score is None:
        reason = escape(slot.reason)
        return (
            f'<div class="cell excluded"><span class="pic why"><span title="{reason}">{reason}'
            "</span></span></div>"
        )
    number = len(writing.cells)
    images = [image for image in slot.images if image.image in writing.pictures]
    writing.cells.append(_told(writing, slot, images))
    named = {"drawn" if images else slot.state, *(["best"] * (slot.cell.id == writing.best))}
    values = escape(labels_text(slot.labels))
    below = f'<span class="more values">{values}</span>' if with_values else ""
    return (
        f'<button type="button" class="cell {" ".join(sorted(named))}" data-i="{number}"'
        f' tabindex="{-1 if number else 0}">'
        f"{_pic(writing, slot, images)}{_caption(writing, slot)}{below}</button>"
    )


def _told(writing: Writing, slot: Slot, images: list[Result]) -> dict[str, object]:
    """What the script knows of a cell."""
    assert slot.cell is not None
    assert slot.score is not None
    values = [slot.labels.get(name) for name in writing.names]
    return {
        "id": slot.cell.id,
        "values": [None if value is None else value_text(value) for value in values],
        "reason": slot.reason or UNREADABLE,
        "images": [_image(writing.pictures[image.image or ""], image) for image in images],
        "best": _place(images, slot.shown("best")),
        "median": _place(images, slot.shown("median")),
        "mean": _short(slot.score.mean),
        "interval": interval_text(slot.score, writing.grid.scale),
        "seeds": slot.score.seeds,
        "passed": passed_text(slot.score),
        "seconds": _short(slot.score.seconds),
        "front": slot.cell.id in writing.front,
        "causes": {str(seed): cause for seed, cause in slot.causes.items()},
    }


def _image(found: Picture, image: Result) -> list[object]:
    """In the order in which the script reads it; what is as before is left empty.

    A seed is text: a script knows no whole number above 2 to the 53rd.
    """
    whole = "" if found.whole == found.small else found.whole
    original = "" if found.original in (found.small, found.whole) else found.original
    score = _short(image.score)
    return [found.small, whole, original, str(image.seed), image.repeat, score, image.passed]


def _place(images: list[Result], chosen: Result | None) -> int:
    return images.index(chosen) if chosen in images else (0 if images else -1)


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _pic(writing: Writing, slot: Slot, images: list[Result]) -> str:
    shown = slot.shown(writing.pick)
    mark = ""
    if slot.cell and slot.cell.id in writing.front:
        mark = '<span class="mark" title="no other cell is both better and faster">&#9670;</span>'
    if shown is None or shown not in images:
        told = slot.reason or slot.causes.get(writing.pick if isinstance(writing.pick, int) else 0)
        reason = escape(told or ("no image of this seed" if images else UNREADABLE))
        return f'<span class="pic why"><span>{reason}</span>{mark}</span>'
    address = escape(writing.pictures[shown.image or ""].small)
    verdict = "" if shown.passed is None else " good" if shown.passed else " bad"
    own = ""
    if shown.score is not None:
        own = f'<em class="own{verdict}">{score_text(shown.score, writing.grid.scale)}</em>'
    return (
        f'<span class="pic"><img loading="lazy" decoding="async" alt="" src="{address}">'
        f"{mark}{own}</span>"
    )


def _caption(writing: Writing, slot: Slot) -> str:
    score, scale = slot.score, writing.grid.scale
    if score is None or score.mean is None:
        return '<span class="cap"><b>-</b></span>'
    within = escape(interval_text(score, scale))
    counted = " · ".join(text for text in (f"n {score.seeds}", passed_text(score)) if text)
    return (
        f'<span class="cap"><b>{score_text(score.mean, scale)}</b><i>{within}</i></span>'
        f'{_bar(slot, scale)}<span class="more">{escape(counted)}</span>'
    )


def _bar(slot: Slot, scale: float) -> str:
    """Mean and interval on the whole scale."""
    assert slot.score is not None
    assert slot.score.mean is not None
    mean = 100 * slot.score.mean / scale
    span = ""
    if slot.score.interval is not None:
        low, high = (
            100 * end / scale for end in (slot.score.interval.low, slot.score.interval.high)
        )
        span = f'<rect class="span" x="{low:.1f}" y="1" width="{high - low:.1f}" height="4"/>'
    return (
        '<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="all" y="2" width="100" height="2"/>{span}'
        f'<rect class="mean" x="{mean - 1:.1f}" width="2" height="6"/></svg>'
    )
