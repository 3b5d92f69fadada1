"""Make the input image that new projects start from: a drawn portrait by a window.

Run `python -m training.example_image` to write defaults/input/example.jpg again. The
scene is drawn here from outlines and soft light; no photograph and no model is used,
and the same library version gives the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIDE = 768
FINE = 2  # drawn at twice the size, then averaged down, for smooth edges
TARGET = Path(__file__).resolve().parents[1] / "defaults" / "input" / "example.jpg"

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

WALL_LIGHT: Colour = (226, 212, 192)
WALL_DARK: Colour = (164, 146, 128)
SKY: Colour = (170, 204, 228)
SKIN: Colour = (222, 176, 146)
SKIN_SHADE: Colour = (184, 132, 106)
HAIR: Colour = (66, 44, 36)
HAIR_LIGHT: Colour = (112, 78, 58)
SHIRT: Colour = (74, 132, 128)
SHIRT_SHADE: Colour = (44, 88, 90)


def portrait() -> Image.Image:
    """Draw the whole scene."""
    picture = _wall()
    for paint in (_window, _plant, _body, _neck, _hair_behind, _head, _face, _hair_front):
        picture = paint(picture)
    return _finished(picture)


def _wall() -> Image.Image:
    """Light falls from the upper left and fades towards the lower right."""
    steps = np.linspace(0, 1, SIDE * FINE)
    fade = (0.65 * steps[None, :] + 0.35 * steps[:, None])[..., None]
    colours = np.asarray(WALL_LIGHT) * (1 - fade) + np.asarray(WALL_DARK) * fade
    return Image.fromarray(colours.astype(np.uint8))


def _laid(
    picture: Image.Image, shapes: Sequence[tuple[str, Sequence[float]]], colour: Colour, soft: float
) -> Image.Image:
    """Lay shapes of one colour on the picture, with edges blurred by `soft` pixels."""
    mask = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(mask)
    for kind, numbers in shapes:
        points = [number * SIDE * FINE for number in numbers]
        if kind == "ellipse":
            pen.ellipse(points, fill=255)
        else:
            pen.polygon(points, fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(soft * FINE))
    return Image.composite(Image.new("RGB", picture.size, colour), picture, mask)


def _within(before: Image.Image, after: Image.Image, box: Box) -> Image.Image:
    """Keep what was painted only inside an ellipse."""
    mask = Image.new("L", before.size, 0)
    ImageDraw.Draw(mask).ellipse([number * SIDE * FINE for number in box], fill=255)
    return Image.composite(after, before, mask.filter(ImageFilter.GaussianBlur(FINE)))


def _window(picture: Image.Image) -> Image.Image:
    frame = ("polygon", (0.04, 0.05, 0.37, 0.05, 0.37, 0.56, 0.04, 0.56))
    picture = _laid(picture, [frame], (246, 242, 234), 1)
    for left, top in ((0.06, 0.07), (0.215, 0.07), (0.06, 0.315), (0.215, 0.315)):
        right, bottom = left + 0.135, top + 0.225
        pane = ("polygon", (left, top, right, top, right, bottom, left, bottom))
        picture = _laid(picture, [pane], SKY, 1)
        if top > 0.2:
            ridge = (left, 0.46, left + 0.07, 0.43, right, 0.45, right, bottom, left, bottom)
            picture = _laid(picture, [("polygon", ridge)], (132, 168, 132), 2)
    return _laid(picture, [("ellipse", (0.1, 0.1, 0.17, 0.17))], (255, 240, 196), 6)


def _plant(picture: Image.Image) -> Image.Image:
    for tip, lean in ((0.80, 0.30), (0.88, 0.24), (0.95, 0.33), (0.76, 0.44), (0.97, 0.46)):
        leaf = (0.875, 0.72, tip - 0.02, lean + 0.08, tip, lean, tip + 0.025, lean + 0.1)
        picture = _laid(picture, [("polygon", leaf)], (86, 128, 84), 2)
    pot = (0.81, 0.70, 0.95, 0.70, 0.93, 0.90, 0.83, 0.90)
    return _laid(picture, [("polygon", pot)], (188, 108, 78), 2)


def _body(picture: Image.Image) -> Image.Image:
    outline = (0.13, 1.0, 0.17, 0.83, 0.27, 0.755, 0.42, 0.715, 0.60, 0.715, 0.75, 0.755)
    outline += (0.85, 0.83, 0.89, 1.0)
    picture = _laid(picture, [("polygon", outline)], SHIRT, 3)
    for fold in ((0.27, 0.86, 0.31, 1.0, 0.26, 1.0), (0.73, 0.85, 0.77, 1.0, 0.70, 1.0)):
        picture = _laid(picture, [("polygon", fold)], SHIRT_SHADE, 7)
    right_side = (0.66, 0.74, 0.76, 0.76, 0.86, 0.84, 0.89, 1.0, 0.78, 1.0)
    return _laid(picture, [("polygon", right_side)], SHIRT_SHADE, 18)


def _neck(picture: Image.Image) -> Image.Image:
    picture = _laid(picture, [("ellipse", (0.40, 0.66, 0.62, 0.79))], SHIRT_SHADE, 2)
    neck = (0.435, 0.55, 0.585, 0.55, 0.60, 0.72, 0.51, 0.775, 0.42, 0.72)
    picture = _laid(picture, [("polygon", neck)], SKIN, 2)
    shadow = (0.435, 0.60, 0.585, 0.60, 0.59, 0.66, 0.52, 0.70, 0.44, 0.655)
    return _laid(picture, [("polygon", shadow)], SKIN_SHADE, 8)


def _hair_behind(picture: Image.Image) -> Image.Image:
    return _laid(picture, [("ellipse", (0.325, 0.13, 0.695, 0.62))], HAIR, 3)


_HEAD: Box = (0.365, 0.20, 0.655, 0.635)


def _head(picture: Image.Image) -> Image.Image:
    ears = [("ellipse", (0.345, 0.39, 0.395, 0.48)), ("ellipse", (0.625, 0.39, 0.675, 0.48))]
    picture = _laid(picture, ears, SKIN_SHADE, 2)
    picture = _laid(picture, [("ellipse", _HEAD)], SKIN, 2)
    shaded = _laid(picture, [("ellipse", (0.60, 0.22, 0.80, 0.70))], SKIN_SHADE, 26)
    lit = _laid(shaded, [("ellipse", (0.40, 0.26, 0.50, 0.38))], (240, 202, 176), 26)
    return _within(picture, lit, _HEAD)


def _face(picture: Image.Image) -> Image.Image:
    for x in (0.44, 0.575):
        picture = _laid(picture, [("ellipse", (x - 0.034, 0.395, x + 0.034, 0.43))], SKIN_SHADE, 4)
        white = ("ellipse", (x - 0.028, 0.398, x + 0.028, 0.428))
        picture = _laid(picture, [white], (246, 242, 238), 1)
        iris = ("ellipse", (x - 0.014, 0.397, x + 0.014, 0.427))
        picture = _laid(picture, [iris], (84, 104, 92), 0.6)
        pupil = ("ellipse", (x - 0.007, 0.404, x + 0.007, 0.420))
        picture = _laid(picture, [pupil], (28, 24, 24), 0.5)
        spark = ("ellipse", (x - 0.009, 0.402, x - 0.003, 0.408))
        picture = _laid(picture, [spark], (252, 252, 252), 0.3)
        brow = (x - 0.042, 0.372, x, 0.352, x + 0.042, 0.366, x + 0.04, 0.374, x, 0.363)
        picture = _laid(picture, [("polygon", brow)], HAIR, 1.2)
    nose = (0.512, 0.40, 0.536, 0.495, 0.516, 0.508, 0.506, 0.49)
    picture = _laid(picture, [("polygon", nose)], SKIN_SHADE, 6)
    cheeks = [("ellipse", (0.385, 0.47, 0.455, 0.53)), ("ellipse", (0.565, 0.47, 0.635, 0.53))]
    picture = _laid(picture, cheeks, (226, 156, 134), 14)
    upper = (0.455, 0.552, 0.49, 0.543, 0.51, 0.548, 0.53, 0.543, 0.565, 0.552, 0.51, 0.563)
    picture = _laid(picture, [("polygon", upper)], (172, 88, 82), 1)
    lower = (0.46, 0.554, 0.51, 0.561, 0.56, 0.554, 0.535, 0.578, 0.485, 0.578)
    return _laid(picture, [("polygon", lower)], (196, 108, 98), 1.2)


def _hair_front(picture: Image.Image) -> Image.Image:
    fringe = (0.355, 0.42, 0.345, 0.28, 0.42, 0.165, 0.54, 0.145, 0.64, 0.20, 0.675, 0.32)
    fringe += (0.665, 0.42, 0.635, 0.32, 0.57, 0.255, 0.47, 0.275, 0.40, 0.32)
    picture = _laid(picture, [("polygon", fringe)], HAIR, 3)
    for shift in (0.0, 0.035, 0.07):
        lock = (0.40 + shift, 0.27, 0.455 + shift, 0.19, 0.47 + shift, 0.19, 0.42 + shift, 0.275)
        picture = _laid(picture, [("polygon", lock)], HAIR_LIGHT, 5)
    return picture


def _finished(picture: Image.Image) -> Image.Image:
    """Add the haze of the window, darker corners and a little grain."""
    glow = _laid(
        Image.new("RGB", picture.size, (0, 0, 0)),
        [("ellipse", (-0.1, -0.1, 0.5, 0.6))],
        (42, 36, 24),
        90,
    )
    picture = ImageChops.screen(picture, glow).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    corners = 1 - 0.22 * np.clip(np.hypot(x, y) - 0.55, 0, 1)
    grain = np.random.Generator(np.random.PCG64(7)).normal(0, 1.6, (SIDE, SIDE, 1))
    pixels = np.asarray(picture, float) * corners[..., None] + grain
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    portrait().save(TARGET, quality=88, optimize=True)
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
