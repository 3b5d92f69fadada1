"""Hostile and broken files are refused with a code, whatever their name says."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from darkroom.adapters.image_kinds import sniff
from darkroom.adapters.image_stripping import strip_metadata
from darkroom.adapters.images import MAX_BYTES, decode
from darkroom.adapters.png_text import read_png_text
from darkroom.core.errors import ImageRefused
from tests.fakes.image_files import (
    SIGNATURE,
    chunk,
    exif,
    header,
    jpeg,
    png,
    raw_png,
    saved,
    webp,
    with_chunks,
)


def _frames(kind: str) -> bytes:
    pictures = [Image.new("RGB", (8, 8), (value, 0, 0)) for value in (10, 200)]
    return saved(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=50)


def _huge_jpeg() -> bytes:
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", 60_000, 60_000)
    return bytes(data)


def _huge_webp() -> bytes:
    body = struct.pack("<4sI", b"VP8X", 10) + bytes(4) + b"\xff\x3f\0" * 2
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _many_scans() -> bytes:
    data = jpeg(progressive=True)
    start = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", start + 2)
    return data[:start] + data[start:second] * 200 + data[start:]


IDAT = chunk(b"IDAT", zlib.compress(b"\0" * 10))
IEND = chunk(b"IEND", b"")
BOMB = zlib.compress(b"a" * 40_000_000)
PLAIN = b"a" * 1_000_001

REFUSED = {
    "nothing": (b"", "image-empty"),
    "a gif": (_frames("GIF"), "image-format"),
    "a bmp": (saved(Image.new("RGB", (2, 2)), "BMP"), "image-format"),
    "a tiff": (saved(Image.new("RGB", (2, 2)), "TIFF"), "image-format"),
    "an eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image-format"),
    "an svg": (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "image-format"),
    "a web page": (b"<!DOCTYPE html><script>alert(1)</script>", "image-format"),
    "an avif": (b"\0\0\0\x1cftypavif" + b"\0" * 40, "image-format"),
    "json": (b'{"a": 1}', "image-format"),
    "noise": (b"\x01\x02\x03\x04\x05\x06\x07\x08", "image-format"),
    "a header of 20000 x 20000": (
        SIGNATURE + header(20_000, 20_000) + IDAT + IEND,
        "image-too-large",
    ),
    "a header just over the cap": (
        SIGNATURE + header(8001, 8000) + IDAT + IEND,
        "image-too-large",
    ),
    "a jpeg of 60000 x 60000": (_huge_jpeg(), "image-too-large"),
    "a webp of 16384 x 16384": (_huge_webp(), "image-too-large"),
    "a header of no width": (SIGNATURE + header(0, 5) + IDAT + IEND, "image-damaged"),
    "a zTXt bomb": (with_chunks(png(), chunk(b"zTXt", b"k\0\0" + BOMB)), "image-text-too-large"),
    "an iTXt bomb": (
        with_chunks(png(), chunk(b"iTXt", b"k\0\1\0\0\0" + BOMB)),
        "image-text-too-large",
    ),
    "a long plain text": (
        with_chunks(png(), chunk(b"tEXt", b"k\0" + PLAIN)),
        "image-text-too-large",
    ),
    "many long texts": (
        with_chunks(png(), *(chunk(b"tEXt", b"k\0" + b"a" * 900_000) for _ in range(9))),
        "image-text-too-large",
    ),
    "an iCCP bomb": (with_chunks(png(), chunk(b"iCCP", b"p\0\0" + BOMB)), "image-damaged"),
    "a wrong checksum in the header": (
        SIGNATURE + chunk(b"IHDR", header(4, 4)[8:21], checksum=1) + IDAT + IEND,
        "image-damaged",
    ),
    "a wrong checksum in the pixels": (
        SIGNATURE + header(1, 1) + chunk(b"IDAT", zlib.compress(b"\0abc"), checksum=7) + IEND,
        "image-damaged",
    ),
    "pixels that are no zlib": (
        SIGNATURE + header(4, 4) + chunk(b"IDAT", b"garbage!") + IEND,
        "image-damaged",
    ),
    "no pixels": (SIGNATURE + header(4, 4) + IEND, "image-damaged"),
    "too few pixels": (raw_png(64, 64, b"\0" * 500), "image-truncated"),
    "a chunk before the header": (SIGNATURE + IDAT + header(1, 1) + IEND, "image-damaged"),
    "two headers": (SIGNATURE + header(1, 1) + header(9, 9) + IDAT + IEND, "image-damaged"),
    "a short header": (SIGNATURE + chunk(b"IHDR", b"\0" * 5) + IEND, "image-damaged"),
    "a chunk longer than the file": (
        SIGNATURE + header(1, 1) + b"\x7f\xff\xff\xffIDAT" + b"\0" * 20,
        "image-truncated",
    ),
    "a chunk name of no letters": (
        SIGNATURE + header(1, 1) + b"\0\0\0\0\x01\x02\x03\x04" * 3,
        None,
    ),
    "the signature alone": (SIGNATURE, "image-truncated"),
    "an animated png": (_frames("PNG"), "image-animated"),
    "an animated webp": (_frames("WEBP"), "image-animated"),
    "a jpeg of 200 scans": (_many_scans(), "image-damaged"),
    "a jpeg without pictures": (b"\xff\xd8\xff\xd9", "image-damaged"),
    "a jpeg of its start only": (b"\xff\xd8\xff", "image-truncated"),
    "a jpeg with an empty segment": (b"\xff\xd8\xff\xe0\0\0\xff\xd9", "image-damaged"),
    "a jpeg with stray bytes": (b"\xff\xd8\xff\xe0\0\2abc\xff\xd9", "image-damaged"),
    "a png of endless chunks": (
        SIGNATURE + header(1, 1) + chunk(b"tEXt", b"") * 100_001,
        "image-damaged",
    ),
    "a jpeg of endless segments": (b"\xff\xd8" + b"\xff\xe0\0\2" * 100_001, "image-damaged"),
    "a webp of endless chunks": (
        b"RIFF" + struct.pack("<I", 4 + 8 * 100_001) + b"WEBP" + b"NOPE\0\0\0\0" * 100_001,
        "image-damaged",
    ),
    "a webp without pictures": (b"RIFF\x04\0\0\0WEBP", "image-damaged"),
    "a webp longer than the file": (b"RIFF\xff\0\0\0WEBP", "image-truncated"),
    "a webp chunk longer than the file": (
        b"RIFF\x0c\0\0\0WEBPVP8 \xff\0\0\0",
        "image-truncated",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_its_code(name: str) -> None:
    data, code = REFUSED[name]
    with pytest.raises(ImageRefused) as caught:
        decode(data)
    assert code in {caught.value.code, None}


def test_more_bytes_than_the_cap_are_refused_before_anything_is_read() -> None:
    class Endless(bytes):
        def __len__(self) -> int:
            return MAX_BYTES + 1

    with pytest.raises(ImageRefused) as caught:
        decode(Endless(png()))
    assert caught.value.code == "image-too-large"


@pytest.mark.parametrize("make", [png, jpeg, webp])
def test_every_cut_is_refused(make: Callable[[], bytes]) -> None:
    data = make()
    cuts = [*range(1, len(data), max(1, len(data) // 97)), len(data) - 1, len(data) - 2]
    for cut in cuts:
        with pytest.raises(ImageRefused):
            decode(data[:cut])


def test_a_refusal_names_what_the_bytes_look_like() -> None:
    for data, name in ((_frames("GIF"), "a GIF"), (b"<svg/>", "an SVG"), (b"%!PS", "PostScript")):
        with pytest.raises(ImageRefused, match=name):
            sniff(data)


def _seeds() -> list[bytes]:
    text = chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b'{"1": NaN}'))
    profile = chunk(b"eXIf", exif(6)[6:])
    return [
        with_chunks(png(8, 6), text, profile),
        saved(Image.new("P", (5, 5)), "PNG", transparency=0),
        jpeg(8, 8, exif=exif(5)),
        jpeg(8, 8, progressive=True),
        webp(8, 8, exif=exif(3)),
        webp(8, 8, lossless=True),
        _frames("WEBP"),
    ]


SEEDS = _seeds()


def _answers(data: bytes) -> None:
    for read in (decode, strip_metadata, read_png_text):
        with suppress(ImageRefused):
            read(data)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False), st.integers(1, 12))
def test_any_mutation_gives_a_result_or_a_refusal(
    seed: bytes, chance: random.Random, count: int
) -> None:
    data = bytearray(seed)
    for _ in range(count):
        place = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randrange(1, 9)]
            case _:
                data[place:place] = chance.randbytes(chance.randrange(1, 9))
        data = data or bytearray(b"\0")
    _answers(bytes(data))


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_mutated_png_with_right_checksums_gives_a_result_or_a_refusal(
    chance: random.Random, count: int
) -> None:
    rows = bytearray(zlib.compress(b"".join(b"\1" + bytes(24) for _ in range(8))))
    names = [
        b"tRNS",
        b"iCCP",
        b"eXIf",
        b"gAMA",
        b"PLTE",
        b"iTXt",
        b"acTL",
        b"pHYs",
        b"sBIT",
        b"cHRM",
    ]
    extra = [
        chunk(chance.choice(names), chance.randbytes(chance.randrange(40))) for _ in range(count)
    ]
    for _ in range(chance.randrange(3)):
        rows[chance.randrange(len(rows))] = chance.randrange(256)
    depth, colour = chance.choice(
        [(8, 2), (8, 0), (8, 3), (16, 0), (16, 2), (8, 6), (1, 3), (3, 9)]
    )
    head = header(8, 8, depth, colour)
    _answers(b"".join([SIGNATURE, head, *extra, chunk(b"IDAT", bytes(rows)), IEND]))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_behind_a_signature_give_a_result_or_a_refusal(tail: bytes) -> None:
    for start in (SIGNATURE, b"\xff\xd8\xff", b"RIFF\xf0\0\0\0WEBP"):
        _answers(start + tail)


def test_refusals_never_carry_more_than_a_line_of_the_file() -> None:
    with pytest.raises(ImageRefused) as caught:
        decode(SIGNATURE + header(4, 4) + chunk(b"IDAT", b"secret" * 500) + IEND)
    assert len(caught.value.message) < 300
    assert io.StringIO(caught.value.message).readlines() == [caught.value.message]
