"""Faults as they happen in practice, for evaluation only.

Owns other ways to the faults of seen_faults: a lens out of focus or a shaken camera,
JPEG by another encoder and cropped off its grid, the noise of a sensor, pixels that
were rotated without blending, a sharpened enlargement, light that was too bright,
haze.
"""

import io

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image

from training.lite.noise_fields import Pixels, fractal
from training.lite.seen_faults import Fault, as_pixels, between, resized

_GAMMA = 2.2


def out_of_focus(picture: Pixels, severity: float, rng: Generator) -> Pixels:
    """A disc-shaped or a straight smear."""
    if severity == 0:
        return picture
    reach = between(severity, 0, 1.3, 2.2, 3.6, 6, 9.5)
    side = 2 * int(np.ceil(reach)) + 1
    rows, columns = np.mgrid[:side, :side] - side // 2
    if rng.random() < 0.5:
        weights = np.clip(reach + 0.5 - np.hypot(rows, columns), 0, 1)
    else:
        turn = rng.uniform(0, np.pi)
        across = np.abs(rows * np.cos(turn) - columns * np.sin(turn))
        weights = np.clip(1 - across, 0, 1) * (np.hypot(rows, columns) <= reach + 0.5)
    kernel = (weights / weights.sum()).astype(np.float32)
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT), np.uint8)


def recompressed(picture: Pixels, severity: float, rng: Generator) -> Pixels:
    """JPEG by Pillow's encoder; the grid is moved by a crop."""
    if severity == 0:
        return picture
    held, data = Image.fromarray(picture), io.BytesIO()
    quality = round(between(severity, 95, 55, 32, 18, 10, 5))
    held.save(data, "JPEG", quality=quality, subsampling=int(rng.integers(0, 3)))
    with Image.open(data) as opened:
        whole = np.asarray(opened.convert("RGB"), np.uint8)
    top, left = rng.integers(0, 8, 2)
    return np.ascontiguousarray(whole[top:, left:])


def grainy(picture: Pixels, severity: float, rng: Generator) -> Pixels:
    """Photons and electronics, in linear light, spread a little by demosaicing."""
    if severity == 0:
        return picture
    light = (picture.astype(np.float32) / 255) ** _GAMMA
    photons = between(severity, 1500, 470, 120, 33, 11.5, 4.5)
    taken = rng.poisson(light * photons) / photons + rng.normal(0, 0.6 / photons, light.shape)
    spread = cv2.GaussianBlur(taken - light, (0, 0), 0.45)
    return as_pixels(np.clip(light + spread, 0, 1) ** (1 / _GAMMA) * 255)


def turned_roughly(picture: Pixels, severity: float, rng: Generator) -> Pixels:
    """Shrunk, then enlarged and turned a little by taking the nearest pixel."""
    if severity == 0:
        return picture
    height, width = picture.shape[:2]
    share = between(severity, 0.95, 0.75, 0.55, 0.4, 0.28, 0.18)
    small = resized(picture, (round(width * share), round(height * share)), cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((small.shape[1] / 2, small.shape[0] / 2), rng.uniform(-4, 4), 1)
    turn = np.diag([1 / share, 1 / share]) @ turn
    how = {"flags": cv2.INTER_NEAREST, "borderMode": cv2.BORDER_REFLECT}
    return np.asarray(cv2.warpAffine(small, turn, (width, height), **how), np.uint8)


def sharpened_enlargement(picture: Pixels, severity: float, rng: Generator) -> Pixels:
    """Shrunk linearly, enlarged by Lanczos, sharpened."""
    if severity == 0:
        return picture
    height, width = picture.shape[:2]
    share = between(severity, 0.95, 0.72, 0.5, 0.36, 0.26, 0.17)
    small = resized(picture, (round(width * share), round(height * share)), cv2.INTER_LINEAR)
    large = resized(small, (width, height), cv2.INTER_LANCZOS4).astype(np.float32)
    return as_pixels(large + rng.uniform(0, 0.5) * (large - cv2.GaussianBlur(large, (0, 0), 1.5)))


def too_bright(picture: Pixels, severity: float, rng: Generator) -> Pixels:
    """More light than the sensor holds, with a cast of its own."""
    light = (picture.astype(np.float32) / 255) ** _GAMMA
    gain = between(severity, 1, 1.7, 2.6, 4.2, 7.5, 14)
    cast = 1 + (rng.uniform(-0.1, 0.1, 3) if severity else 0)
    return as_pixels(np.clip(light * gain * cast, 0, 1) ** (1 / _GAMMA) * 255)


def hazy(picture: Pixels, severity: float, rng: Generator) -> Pixels:
    """A veil of some colour, thicker here than there."""
    share = between(severity, 1, 0.72, 0.52, 0.36, 0.23, 0.13)
    veil = rng.uniform(110, 210) + rng.normal(0, 10, 3)
    height, width = picture.shape[:2]
    cloud = cv2.resize(fractal(rng, 64, 2.2), (width, height), interpolation=cv2.INTER_LINEAR)
    through = np.clip(share + 0.15 * (1 - share) * (cloud[..., None] - 0.5), 0, 1)
    return as_pixels(picture * through + veil * (1 - through))


FAULTS: dict[str, Fault] = {
    "soft": out_of_focus,
    "JPEG blocks": recompressed,
    "noise": grainy,
    "jagged edges": turned_roughly,
    "enlarged": sharpened_enlargement,
    "clipped highlights": too_bright,
    "faded": hazy,
}
