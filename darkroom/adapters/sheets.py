"""Contact sheets: many small images on one page, each with its caption.

Owns the layout of a sheet only. Takes decoded pictures and plain text, gives PNG
bytes; reads and writes no file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

_PAPER = (24, 24, 27)
_INK = (228, 228, 231)
_GOOD = (74, 222, 128)
_BAD = (248, 113, 113)
_MARGIN = 12
_LINE = 16


@dataclass(frozen=True)
class Tile:
    """One image of a sheet; `accepted` colours its frame, None leaves it bare."""

    image: Image.Image
    caption: tuple[str, ...]
    accepted: bool | None = None


def contact_sheet(tiles: Sequence[Tile], columns: int, side: int = 192) -> bytes:
    """Lay the tiles out in rows and return the page as PNG bytes."""
    lines = max((len(tile.caption) for tile in tiles), default=0)
    step_x, step_y = side + _MARGIN, side + lines * _LINE + _MARGIN
    rows = -(-len(tiles) // columns)
    page = Image.new("RGB", (columns * step_x + _MARGIN, rows * step_y + _MARGIN), _PAPER)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        _place(page, tile, (_MARGIN + column * step_x, _MARGIN + row * step_y), side)
    written = BytesIO()
    page.save(written, "PNG", optimize=True)
    return written.getvalue()


def _place(page: Image.Image, tile: Tile, corner: tuple[int, int], side: int) -> None:
    x, y = corner
    picture = tile.image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    page.paste(picture, corner)
    pen = ImageDraw.Draw(page)
    if tile.accepted is not None:
        frame = (x - 2, y - 2, x + side + 1, y + side + 1)
        pen.rectangle(frame, outline=_GOOD if tile.accepted else _BAD, width=2)
    font = ImageFont.load_default(size=12)
    for number, line in enumerate(tile.caption):
        pen.text((x, y + side + 2 + number * _LINE), _fitted(line, font, side), _INK, font=font)


def _fitted(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    kept = line
    while kept and font.getlength(kept + "...") > width:
        kept = kept[:-1]
    return kept + "..."
