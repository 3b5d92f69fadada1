"""Metadata goes, pixels stay bit for bit, and the picture stays upright."""

import io

import numpy as np
import pytest
from PIL import Image

from darkroom.adapters.image_stripping import strip_metadata
from darkroom.adapters.images import decode
from darkroom.core.errors import ImageRefused
from tests.fakes.image_files import chunk, exif, jpeg, png, saved, webp, with_chunks

SECRET = b"canary-7731"


def _pixels(data: bytes) -> list[int]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image).ravel().tolist()


def _crowded(kind: str) -> bytes:
    marks = {"make": SECRET.decode()}
    if kind == "png":
        texts = [chunk(b"tEXt", b"prompt\0" + SECRET), chunk(b"iTXt", b"k\0\0\0\0\0" + SECRET)]
        times = chunk(b"tIME", bytes(7))
        return with_chunks(png(exif=exif(**marks)), *texts, times) + SECRET
    if kind == "jpeg":
        data = jpeg(exif=exif(**marks), comment=SECRET, xmp=b"<x>" + SECRET, quality=90)
        return data + SECRET
    return webp(exif=exif(**marks), xmp=b"<x>" + SECRET, lossless=True)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_nothing_that_was_said_remains_and_no_pixel_changes(kind: str) -> None:
    data = _crowded(kind)
    clean = strip_metadata(data)
    assert SECRET in data
    assert SECRET not in clean
    assert b"Exif" not in clean
    assert b"eXIf" not in clean
    assert _pixels(clean) == _pixels(data)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_stripping_twice_is_stripping_once(kind: str) -> None:
    clean = strip_metadata(_crowded(kind))
    assert strip_metadata(clean) == clean


@pytest.mark.parametrize("make", [png, jpeg, webp])
@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_turned_picture_stays_upright(make: object, orientation: int) -> None:
    assert callable(make)
    data = make(exif=exif(orientation, make=SECRET.decode()))
    clean = strip_metadata(data)
    assert SECRET not in clean
    assert np.array_equal(decode(clean).rgb(), decode(data).rgb())
    assert any("upright" in note for note in decode(clean).notes)


@pytest.mark.parametrize("make", [png, jpeg, webp])
def test_the_colour_profile_stays(make: object) -> None:
    from PIL import ImageCms

    assert callable(make)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    clean = strip_metadata(make(icc_profile=profile))
    with Image.open(io.BytesIO(clean)) as image:
        assert image.info["icc_profile"] == profile


def test_transparency_and_palette_stay() -> None:
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    data = saved(picture, "PNG", transparency=0)
    assert strip_metadata(data) == data


def test_a_cmyk_jpeg_keeps_the_mark_that_gives_its_colours() -> None:
    data = saved(Image.new("CMYK", (16, 16), (200, 10, 30, 40)), "JPEG")
    assert np.array_equal(decode(strip_metadata(data)).rgb(), decode(data).rgb())


def test_a_photograph_loses_its_further_pictures() -> None:
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ((250, 0, 0), (0, 0, 250))]
    data = saved(pictures[0], "MPO", save_all=True, append_images=pictures[1:])
    clean = strip_metadata(data)
    assert b"MPF" not in clean
    assert len(clean) < len(data) * 0.7


def test_a_webp_whose_orientation_stays_says_so_in_its_header() -> None:
    clean = strip_metadata(webp(exif=exif(6)))
    with Image.open(io.BytesIO(clean)) as image:
        assert dict(image.getexif()) == {0x0112: 6}


@pytest.mark.parametrize("data", [b"", b"GIF89a", png()[:-3], jpeg()[:-1], webp()[:-4]])
def test_what_is_no_whole_image_is_refused(data: bytes) -> None:
    with pytest.raises(ImageRefused):
        strip_metadata(data)
