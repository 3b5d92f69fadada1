"""The tiles of a grid sheet: a picture, its score, or why there is none.

Owns measures, colours and fonts of the sheet, and the cutting of text that has no room.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from darkroom.core.experiments.cells import Scalar
from darkroom.core.experiments.grid_slots import Slot
from darkroom.core.experiments.gridding import Grid
from darkroom.core.text import visible
from darkroom.experiments.grid_words import (
    interval_text,
    labels_text,
    passed_text,
    score_text,
    value_text,
)

PAPER = (255, 255, 255)
GAP = 12
LINE = 16
_INK = (29, 29, 27)
_SOFT = (107, 107, 102)
_LINE_COLOUR = (214, 214, 208)
_BAD = (180, 35, 24)
_MARK = (37, 99, 235)
_NARROW = 150
_HEADS = (84, 220)
"""The names of the rows have no less and no more room."""
_ONE_LINE, _SEPARATE = 2, 3
_UNREADABLE = "its image cannot be read"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def lines_of(side: int) -> int:
    """How many lines of figures stand below a tile."""
    return _SEPARATE if side < _NARROW else _ONE_LINE


def head_width(values: Iterable[Scalar]) -> int:
    """How much room the names of the rows take."""
    widest = max((_font(12).getlength(value_text(value)) for value in values), default=0.0)
    return min(max(round(widest) + 2 * GAP, _HEADS[0]), _HEADS[1])


@dataclass(frozen=True)
class Look:
    """The measures of a sheet."""

    side: int
    head: int
    """How much room the names of the rows have."""
    lines: int
    """Below each tile."""

    @property
    def step_x(self) -> int:
        """From one tile to the next."""
        return self.side + GAP

    @property
    def step_y(self) -> int:
        """From one row to the next: the tile, the bar, the lines."""
        return self.side + 10 + self.lines * LINE + GAP


@lru_cache(maxsize=8)
def _font(size: int) -> Font:
    return ImageFont.load_default(size=size)


class Brush:
    """Paints onto one page."""

    def __init__(self, page: Image.Image, look: Look) -> None:
        self.page = page
        self.look = look
        self._pen = ImageDraw.Draw(page)

    def text(
        self, place: tuple[int, int], text: str, width: int, *, size: int = 12, soft: bool = False
    ) -> None:
        """Write one line, cut where it has no room."""
        font = _font(size)
        self._pen.text(place, _cut(visible(text), font, width), _SOFT if soft else _INK, font=font)

    def wrapped(self, place: tuple[int, int], text: str, width: int, most: int) -> None:
        """Write several lines, the last one cut where it has no room."""
        self._lines(place, text, (width, most), _INK)

    def tile(
        self, place: tuple[int, int], slot: Slot, picture: Image.Image | None, grid: Grid
    ) -> None:
        """Paint one cell."""
        (x, y), side = place, self.look.side
        if picture is not None:
            left, top = (side - picture.width) // 2, (side - picture.height) // 2
            self.page.paste(picture, (x + left, y + top))
        else:
            self._blank(place, slot)
        if slot.score is not None and slot.score.mean is not None:
            self._bar((x, y + side + 3), slot, grid.scale)
        for number, line in enumerate(self._figures(slot, grid)):
            below = (x, y + side + 9 + number * LINE)
            self.text(below, line, side, size=13 if number == 0 else 11, soft=number > 0)

    def _figures(self, slot: Slot, grid: Grid) -> list[str]:
        score = slot.score
        if score is None or slot.cell is None:
            return []
        mean, within = score_text(score.mean, grid.scale), interval_text(score, grid.scale)
        passed = ", ".join(text for text in (f"n {score.seeds}", passed_text(score)) if text)
        if self.look.side < _NARROW:
            found = [mean, within, passed]
        else:
            found = [f"{mean}   {within}", passed]
        if score.mean is None:
            found = ["-", *("" for _ in found[1:])]
        return found + (self._values(slot) if grid.layout == "ranked" else [])

    def _values(self, slot: Slot) -> list[str]:
        every = _wrapped(visible(labels_text(slot.labels)), _font(11), self.look.side)
        return every[: self.look.lines - lines_of(self.look.side)]

    def _blank(self, place: tuple[int, int], slot: Slot) -> None:
        (x, y), side = place, self.look.side
        self._pen.rectangle((x, y, x + side - 1, y + side - 1), outline=_LINE_COLOUR)
        reason = slot.reason or next(iter(slot.causes.values()), _UNREADABLE)
        colour = _BAD if slot.state == "failed" else _SOFT
        self._lines((x + 8, y + 8), reason, (side - 16, (side - 16) // LINE), colour)

    def _bar(self, place: tuple[int, int], slot: Slot, scale: float) -> None:
        assert slot.score is not None
        assert slot.score.mean is not None
        (x, y), side = place, self.look.side
        self._pen.rectangle((x, y + 1, x + side - 1, y + 2), fill=_LINE_COLOUR)
        if (within := slot.score.interval) is not None:
            low, high = (x + round((side - 1) * end / scale) for end in (within.low, within.high))
            self._pen.rectangle((low, y, max(low, high), y + 3), fill=(158, 184, 240))
        mean = x + round((side - 1) * min(1.0, max(0.0, slot.score.mean / scale)))
        self._pen.rectangle((max(x, mean - 1), y - 1, mean + 1, y + 4), fill=_MARK)

    def _lines(
        self, place: tuple[int, int], text: str, room: tuple[int, int], colour: tuple[int, int, int]
    ) -> None:
        (x, y), (width, most) = place, room
        font = _font(12)
        lines = _wrapped(visible(text), font, width)
        if len(lines) > most:
            lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
        for number, line in enumerate(lines):
            self._pen.text((x, y + number * LINE), _cut(line, font, width), colour, font=font)


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    """Break at spaces; a word longer than the room is left to be cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(text: str, font: Font, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(f"{text[:middle]}...") <= width:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low]}..."
