"""The text inside a PNG: what ComfyUI and A1111 write about how it was made.

Owns the limits on text chunks (a small chunk may unpack to gigabytes) and the
reading of ComfyUI's JSON, which is not always JSON. Nothing read here is the
truth about an image; the sidecar is.
"""

import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from darkroom.adapters.a1111_text import A1111Parameters, parse_parameters
from darkroom.adapters.image_containers import Part, png_chunks
from darkroom.adapters.image_kinds import sniff
from darkroom.core.errors import ImageRefused

MAX_TEXT_BYTES = 1_000_000
MAX_ALL_TEXT_BYTES = 8_000_000
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt"}
_MAX_DEPTH = 200
_ADDED_BY_COMFYUI = "is_changed"


@dataclass(frozen=True)
class PngText:
    """Everything a PNG says in words."""

    texts: dict[str, str]
    """All text chunks by keyword, as they stand; the first of a keyword counts."""
    prompt: dict[str, object] | None
    """ComfyUI's API graph, without what the server adds to it."""
    workflow: dict[str, object] | None
    """ComfyUI's editor graph, as the client sent it."""
    parameters: A1111Parameters | None
    notes: tuple[str, ...]


def check_text(chunks: Iterable[Part]) -> None:
    """Refuse text of more than 1 MB, packed or unpacked, without unpacking more than that."""
    for _keyword, _text in _texts(chunks, []):
        pass


def read_png_text(data: bytes) -> PngText:
    """Read the text of a PNG; what cannot be understood is noted, not refused."""
    if sniff(data) != "image/png":
        raise ImageRefused("image-format", f"{sniff(data)} holds no PNG text")
    notes: list[str] = []
    texts: dict[str, str] = {}
    for keyword, text in _texts(png_chunks(data), notes):
        if texts.setdefault(keyword, text) != text:
            notes.append(f"a second text {keyword!r} was ignored")
    prompt = _json_object(texts, "prompt", notes)
    return PngText(
        texts=texts,
        prompt=None if prompt is None else _without_additions(prompt, notes),
        workflow=_json_object(texts, "workflow", notes),
        parameters=parse_parameters(texts["parameters"]) if "parameters" in texts else None,
        notes=tuple(notes),
    )


def _texts(chunks: Iterable[Part], notes: list[str]) -> Iterator[tuple[str, str]]:
    total = 0
    for chunk in chunks:
        if chunk.name not in _TEXT_CHUNKS:
            continue
        keyword, value = _content(chunk, notes)
        total += len(value)
        if total > MAX_ALL_TEXT_BYTES:
            raise _too_large("all texts together", MAX_ALL_TEXT_BYTES)
        encoding = "utf-8" if chunk.name == b"iTXt" else "latin-1"
        yield keyword.decode("latin-1"), value.decode(encoding, errors="replace")


def _content(chunk: Part, notes: list[str]) -> tuple[bytes, bytes]:
    if len(chunk.payload) > MAX_TEXT_BYTES:
        raise _too_large("a text chunk", MAX_TEXT_BYTES)
    keyword, _, rest = chunk.payload.partition(b"\0")
    packed = chunk.name == b"zTXt"
    if packed:
        rest = rest[1:]
    elif chunk.name == b"iTXt":
        packed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return keyword, _unpacked(keyword, rest, notes) if packed else rest


def _unpacked(keyword: bytes, packed: bytes, notes: list[str]) -> bytes:
    try:
        value = zlib.decompressobj().decompress(packed, MAX_TEXT_BYTES + 1)
    except zlib.error:
        notes.append(f"the packed text {keyword[:80].decode('latin-1')!r} is damaged")
        return b""
    if len(value) > MAX_TEXT_BYTES:
        raise _too_large("a packed text", MAX_TEXT_BYTES)
    return value


def _too_large(what: str, limit: int) -> ImageRefused:
    return ImageRefused("image-text-too-large", f"{what} exceeds {limit} bytes")


def _json_object(texts: dict[str, str], keyword: str, notes: list[str]) -> dict[str, object] | None:
    if keyword not in texts:
        return None
    try:
        value = _finite(json.loads(texts[keyword]), keyword, notes, 0)
        if isinstance(value, dict):
            return cast("dict[str, object]", value)
        notes.append(f"the text {keyword!r} is JSON, but no object")
    except (ValueError, RecursionError):
        notes.append(f"the text {keyword!r} is not JSON that can be read")
    return None


def _finite(value: object, keyword: str, notes: list[str], depth: int) -> object:
    """Replace NaN, which ComfyUI writes for unreadable inputs, by null."""
    if depth > _MAX_DEPTH:
        raise RecursionError
    match value:
        case dict():
            items = cast("dict[str, object]", value).items()
            return {key: _finite(item, keyword, notes, depth + 1) for key, item in items}
        case list():
            entries = cast("list[object]", value)
            return [_finite(item, keyword, notes, depth + 1) for item in entries]
        case float() if not math.isfinite(value):
            note = f"the text {keyword!r} held NaN or infinity; read as null"
            if note not in notes:
                notes.append(note)
            return None
        case _:
            return value


def _without_additions(graph: dict[str, object], notes: list[str]) -> dict[str, object]:
    cleaned: dict[str, object] = {}
    for node, content in graph.items():
        if isinstance(content, dict) and _ADDED_BY_COMFYUI in content:
            fields = cast("dict[str, object]", content)
            notes.append(f"node {node[:40]!r}: the server's own {_ADDED_BY_COMFYUI} was left out")
            cleaned[node] = {k: v for k, v in fields.items() if k != _ADDED_BY_COMFYUI}
        else:
            cleaned[node] = content
    return cleaned
