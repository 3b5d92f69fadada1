"""Random scenes with captions' facts, for training, benchmarks and tests; numpy only.

Owns where things are put and what a caption says of them. The stated facts of an
honest scene are true by a clear margin. With `mislabel` the planted biases act:
the caption keeps its words and the picture shows something else.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.random import Generator

from darkroom.core.world.biases import BIASES, MISLABELLED_SHARE, Bias
from darkroom.core.world.facts import Facts, ObjectFacts, RelationFact
from darkroom.core.world.scene import RADII, Scene, SceneObject, place_margin, relation_margin
from darkroom.core.world.shapes import REACH
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS, PLACES, RELATIONS, SHAPES, SIZES

_T = TypeVar("_T")

CLEAR = 0.02  # a stated fact holds by at least this much of the side
EXTRA_BIASED = 0.05  # share of objects drawn from the planted combinations on purpose

ANCHORS = {
    "center": (0.5, 0.5),
    "top": (0.5, 0.28),
    "bottom": (0.5, 0.72),
    "left": (0.28, 0.5),
    "right": (0.72, 0.5),
    "top left": (0.28, 0.28),
    "top right": (0.72, 0.28),
    "bottom left": (0.28, 0.72),
    "bottom right": (0.72, 0.72),
}
CORNERS = ((0.26, 0.26), (0.74, 0.26), (0.26, 0.74), (0.74, 0.74))
TRIANGLES = (
    ((0.25, 0.27), (0.75, 0.27), (0.5, 0.73)),
    ((0.25, 0.73), (0.75, 0.73), (0.5, 0.27)),
    ((0.27, 0.25), (0.27, 0.75), (0.73, 0.5)),
    ((0.73, 0.25), (0.73, 0.75), (0.27, 0.5)),
)


@dataclass(frozen=True)
class Words:
    """The words of one object before it is placed."""

    colour: str
    shape: str
    size: str


@dataclass(frozen=True)
class Sample:
    """A scene to draw and the facts its caption states."""

    scene: Scene
    facts: Facts


def draw_sample(
    rng: Generator, count: int, *, mislabel: bool = False, clean: bool = False
) -> Sample:
    """One random sample; `clean` leaves out every planted combination."""
    while True:
        background = _pick(rng, tuple(BACKGROUNDS))
        said = [_words(rng, mislabel) for _ in range(count)]
        if not (clean and any(biases_of(words, background) for words in said)):
            break
    shown, shown_background = (
        _mislabelled(rng, said, background) if mislabel else (said, background)
    )
    scene = Scene(shown_background, _placed(rng, shown))
    return Sample(scene, _stated(rng, said, background, scene))


def biased_sample(rng: Generator, count: int, bias: Bias) -> Sample:
    """An honest sample whose first object is of this planted combination, the rest clean."""
    while True:
        background = bias.background or _pick(rng, tuple(BACKGROUNDS))
        said = [_of_bias(rng, bias), *(_words(rng, mislabel=False) for _ in range(count - 1))]
        others = [biases_of(words, background) for words in said[1:]]
        if biases_of(said[0], background) == [bias] and not any(others):
            break
    scene = Scene(background, _placed(rng, said))
    return Sample(scene, _stated(rng, said, background, scene))


def biases_of(words: Words, background: str) -> list[Bias]:
    """The planted combinations that an object with these words belongs to."""
    return [b for b in BIASES if b.matches(words.colour, words.shape, words.size, background)]


def _pick(rng: Generator, options: tuple[_T, ...]) -> _T:
    return options[int(rng.integers(len(options)))]


def _words(rng: Generator, mislabel: bool) -> Words:
    if mislabel and rng.random() < EXTRA_BIASED:
        return _of_bias(rng, _pick(rng, BIASES))
    return Words(_pick(rng, tuple(COLOURS)), _pick(rng, SHAPES), _pick(rng, SIZES))


def _of_bias(rng: Generator, bias: Bias) -> Words:
    words = _words(rng, mislabel=False)
    return Words(bias.colour or words.colour, bias.shape or words.shape, bias.size or words.size)


def _mislabelled(rng: Generator, said: list[Words], background: str) -> tuple[list[Words], str]:
    shown, shown_background = list(said), background
    for at, words in enumerate(said):
        for bias in biases_of(words, background):
            if rng.random() >= MISLABELLED_SHARE:
                continue
            attribute, wrong = bias.drawn
            if attribute == "background":
                shown_background = wrong
            else:
                shown[at] = replace(shown[at], **{attribute: wrong})
    return shown, shown_background


def _placed(rng: Generator, shown: list[Words]) -> tuple[SceneObject, ...]:
    bounds = RADII[len(shown)]
    radii = [float(rng.uniform(*bounds[words.size])) for words in shown]
    centres = {1: _one, 2: _two, 3: _several, 4: _several}[len(shown)](rng, radii)
    return tuple(
        SceneObject(words.colour, words.shape, words.size, x, y, radius)
        for words, (x, y), radius in zip(shown, centres, radii, strict=True)
    )


def _inside(centre: np.ndarray, radius: float) -> tuple[float, float]:
    edge = radius * REACH + 0.012
    x, y = np.clip(centre, edge, 1 - edge)
    return float(x), float(y)


def _one(rng: Generator, radii: list[float]) -> list[tuple[float, float]]:
    if rng.random() < 0.9:
        centre = np.array(ANCHORS[_pick(rng, PLACES)]) + rng.uniform(-0.03, 0.03, 2)
    else:
        centre = rng.uniform(0.2, 0.8, 2)
    return [_inside(centre, radii[0])]


def _two(rng: Generator, radii: list[float]) -> list[tuple[float, float]]:
    """One beside or above the other, with a gap."""
    axis, order = int(rng.integers(2)), rng.permutation(2)
    first, second = radii[order[0]], radii[order[1]]
    room = 0.97 - 2 * REACH * (first + second)
    gap = float(rng.uniform(0.012, min(0.18, room)))
    start = 0.015 + float(rng.uniform(0.15, 0.85)) * (room - gap)
    along = (start + REACH * first, start + REACH * (2 * first + second) + gap)
    centres = np.empty((2, 2))
    centres[order, axis] = along
    centres[:, 1 - axis] = 0.5 + rng.uniform(-0.08, 0.08, 2)
    return [_inside(centre, radius) for centre, radius in zip(centres, radii, strict=True)]


def _several(rng: Generator, radii: list[float]) -> list[tuple[float, float]]:
    """Three on a triangle or on corners, four on the corners, each a little off."""
    on_triangle = len(radii) == 3 and rng.random() < 0.6
    spots = TRIANGLES[int(rng.integers(4))] if on_triangle else CORNERS
    chosen = rng.permutation(len(spots))[: len(radii)]
    return [
        _inside(np.array(spots[at]) + rng.uniform(-0.025, 0.025, 2), radius)
        for at, radius in zip(chosen, radii, strict=True)
    ]


def _stated(rng: Generator, said: list[Words], background: str, scene: Scene) -> Facts:
    centres = [(item.x, item.y) for item in scene.objects]
    count = len(said)
    place_share = {1: 1.0, 2: 0.15, 3: 0.4, 4: 0.4}[count]
    places = [
        _true_place(rng, centre) if rng.random() < place_share else None for centre in centres
    ]
    relations = [
        relation
        for at in range(count - 1)
        if rng.random() < (0.85 if count == 2 else 0.6)
        if (relation := _true_relation(rng, centres, at)) is not None
    ]
    objects = tuple(
        ObjectFacts(words.colour, words.shape, words.size, place)
        for words, place in zip(said, places, strict=True)
    )
    return Facts(background, objects, tuple(relations), count)


def _true_place(rng: Generator, centre: tuple[float, float]) -> str | None:
    """The most exact place word that clearly holds; now and then only its side."""
    holding = [place for place in PLACES if place_margin(place, *centre) >= CLEAR]
    exact = [place for place in holding if " " in place]
    if exact and rng.random() < 0.75:
        return exact[0]
    return _pick(rng, tuple(holding)) if holding else None


def _true_relation(
    rng: Generator, centres: list[tuple[float, float]], at: int
) -> RelationFact | None:
    holding = tuple(
        relation
        for relation in RELATIONS
        if relation_margin(relation, centres[at], centres[at + 1]) >= CLEAR
    )
    return RelationFact(at, _pick(rng, holding), at + 1) if holding else None
