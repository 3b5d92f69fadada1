"""Every kind of picture becomes upright 8-bit RGB, with what was assumed written down."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageFile

from darkroom.adapters.image_encoding import encode_png
from darkroom.adapters.images import check_whole, decode
from darkroom.core.errors import ImageRefused
from tests.fakes.image_files import (
    chunk,
    exif,
    gradient,
    jpeg,
    png,
    raw_png,
    saved,
    webp,
    with_chunks,
)


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (png(), "image/png"),
        (jpeg(), "image/jpeg"),
        (jpeg(progressive=True), "image/jpeg"),
        (webp(), "image/webp"),
        (webp(lossless=True), "image/webp"),
    ],
)
def test_the_kind_comes_from_the_content(data: bytes, mime: str) -> None:
    image = decode(data)
    assert (image.mime, image.width, image.height, image.background) == (mime, 24, 16, None)
    assert image.rgb().shape == (16, 24, 3)


@pytest.mark.parametrize("data", [png(), webp(lossless=True)])
def test_lossless_pixels_arrive_as_they_are(data: bytes) -> None:
    assert np.array_equal(decode(data).rgb(), gradient())


def test_one_pixel_is_an_image() -> None:
    assert decode(png(1, 1)).rgb().shape == (1, 1, 3)


def test_sixteen_bit_grey_is_divided_by_257() -> None:
    values = [0, 257, 65_535, 128 * 257, 300, 65_000]
    data = raw_png(6, 1, b"\0" + struct.pack(">6H", *values), depth=16, colour=0)
    image = decode(data)
    assert image.mode_in.startswith("I")
    assert image.rgb()[0, :, 0].tolist() == [0, 1, 255, 128, 1, 253]
    assert any("257" in note for note in image.notes)


def test_sixteen_bit_grey_keeps_its_transparent_value() -> None:
    row = b"\0" + struct.pack(">2H", 5000, 6000)
    marked = chunk(b"tRNS", struct.pack(">H", 5000))
    image = decode(raw_png(2, 1, row, depth=16, colour=0, extra=marked), background=(9, 8, 7))
    assert image.rgb()[0].tolist() == [[9, 8, 7], [23, 23, 23]]


def test_sixteen_bit_colour_keeps_its_high_byte_and_its_transparent_colour() -> None:
    row = b"\0" + struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0xFFFF, 0, 0x00FF)
    marked = chunk(b"tRNS", struct.pack(">3H", 0x1234, 0x5678, 0x9ABC))
    image = decode(raw_png(2, 1, row, depth=16, extra=marked), background=(1, 2, 3))
    assert image.mode_in == "RGB;16"
    assert image.rgb()[0].tolist() == [[1, 2, 3], [255, 0, 0]]


def test_sixteen_bit_colour_without_transparency() -> None:
    row = b"\0" + struct.pack(">3H", 0x1234, 0x5678, 0x9ABC)
    assert decode(raw_png(1, 1, row, depth=16)).rgb()[0].tolist() == [[0x12, 0x56, 0x9A]]


def test_transparent_parts_are_laid_on_the_recorded_colour() -> None:
    pixels = np.array([[[200, 0, 0, 0], [200, 0, 0, 255], [200, 0, 0, 128]]], dtype=np.uint8)
    image = decode(encode_png(pixels), background=(0, 100, 0))
    assert image.background == (0, 100, 0)
    assert image.rgb()[0].tolist() == [[0, 100, 0], [200, 0, 0], [100, 50, 0]]
    assert any("(0, 100, 0)" in note for note in image.notes)


def test_alpha_that_hides_nothing_leaves_no_background() -> None:
    pixels = np.full((2, 2, 4), 255, dtype=np.uint8)
    assert decode(encode_png(pixels)).background is None


def test_a_transparent_colour_in_8_bits_is_laid_on_the_background() -> None:
    marked = chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))
    data = raw_png(2, 1, b"\0\x01\x02\x03\x04\x05\x06", extra=marked)
    assert decode(data).rgb()[0].tolist() == [[255, 255, 255], [4, 5, 6]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_png_mode_becomes_rgb(mode: str) -> None:
    picture = Image.fromarray(gradient()).convert(mode)
    image = decode(saved(picture, "PNG"))
    assert image.mode_in == mode
    assert np.array_equal(image.rgb(), np.asarray(picture.convert("RGB")))


def test_a_palette_with_transparency_is_laid_on_the_background() -> None:
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    image = decode(saved(picture, "PNG", transparency=0))
    assert image.rgb()[0].tolist() == [[255, 255, 255], [40, 50, 60]]


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_jpeg_in_other_colour_spaces_becomes_rgb(mode: str) -> None:
    picture = Image.new("RGB", (16, 16), (200, 30, 60)).convert(mode)
    image = decode(saved(picture, "JPEG", quality=95))
    assert image.mode_in == mode
    expected = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(image.rgb().astype(int) - expected).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_pictures_are_turned_upright(kind: str, orientation: int) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    turned = Image.fromarray(gradient())
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    if orientation in back:
        turned = turned.transpose(back[orientation])
    image = decode(saved(turned, kind, exif=exif(orientation), **options))
    assert np.array_equal(image.rgb(), gradient())
    assert bool(image.notes) == (orientation != 1)


def test_a_rotated_jpeg_has_its_sides_exchanged() -> None:
    image = decode(jpeg(exif=exif(6)))
    assert (image.width, image.height) == (16, 24)


@pytest.mark.parametrize("body", [b"MM\0*\xff\xff\xff\xff", b"", b"II*\0" + b"\xff" * 30])
def test_damaged_exif_does_not_cost_the_picture(body: bytes) -> None:
    assert decode(with_chunks(png(), chunk(b"eXIf", body))).width == 24
    assert decode(jpeg(exif=b"Exif\0\0" + body)).width == 24
    assert decode(webp(exif=b"Exif\0\0" + body)).width == 24


def test_a_colour_profile_is_ignored_and_noted() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert any("profile" in note for note in decode(png(icc_profile=profile)).notes)


def test_a_photograph_with_further_pictures_gives_its_first() -> None:
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ((250, 0, 0), (0, 0, 250))]
    data = saved(pictures[0], "MPO", save_all=True, append_images=pictures[1:])
    image = decode(data)
    assert image.mime == "image/jpeg"
    assert image.rgb()[0, 0, 0] > 200
    assert any("after the end" in note for note in image.notes)


def test_bytes_after_the_end_are_noted() -> None:
    assert any("3 bytes after" in note for note in decode(png() + b"abc").notes)


def test_half_an_image_is_refused_even_where_another_library_allows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    cut = raw_png(64, 64, b"\0" * 500)
    with pytest.raises(ImageRefused):
        decode(cut)


def test_a_picture_of_one_colour_is_a_warning_and_no_error() -> None:
    flat = saved(Image.new("RGB", (8, 8), (0, 0, 0)), "PNG")
    assert any("same colour" in warning for warning in decode(flat).warnings)


def test_a_picture_of_something_has_no_warning() -> None:
    assert decode(png()).warnings == ()


def test_a_file_cut_short_is_refused_without_decoding_it() -> None:
    whole = png()
    assert check_whole(whole) == "image/png"
    with pytest.raises(ImageRefused):
        check_whole(whole[:-20])


def test_the_decoded_picture_does_not_depend_on_the_bytes_it_came_from() -> None:
    source = bytearray(png())
    image = decode(bytes(source))
    source[:] = b"\0" * len(source)
    assert np.array_equal(image.rgb(), gradient())
    assert io.BytesIO(image.picture.tobytes()).read(3) == gradient()[0, 0].tobytes()
