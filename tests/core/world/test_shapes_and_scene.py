import math

import pytest

from darkroom.core.world.biases import BIASES
from darkroom.core.world.captions import plain_caption, varied_caption
from darkroom.core.world.facts import Facts, ObjectFacts
from darkroom.core.world.scene import RADII, place_margin, relation_margin, size_word
from darkroom.core.world.shapes import OUTLINES, REACH, area, centroid
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS, PLACES, SHAPES, SIZES


def test_no_outline_leaves_its_reach():
    assert all(max(map(abs, point)) <= REACH for line in OUTLINES.values() for point in line)


def test_area_and_centroid_of_known_shapes():
    assert area(OUTLINES["square"]) == pytest.approx(1.84**2)
    assert area(OUTLINES["circle"]) == pytest.approx(math.pi, rel=0.01)
    assert centroid(OUTLINES["cross"]) == pytest.approx((0, 0))
    assert centroid(OUTLINES["triangle"])[1] == pytest.approx((-0.92 + 0.9 + 0.9) / 3)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
def test_every_radius_of_a_size_word_is_read_as_that_word(count, size):
    assert [size_word(radius, count) for radius in RADII[count][size]] == [size, size]


@pytest.mark.parametrize(
    ("place", "x", "y"),
    [("center", 0.5, 0.55), ("left", 0.3, 0.5), ("top right", 0.7, 0.2), ("bottom", 0.5, 0.7)],
)
def test_a_place_holds_where_it_says(place, x, y):
    assert place_margin(place, x, y) > 0
    assert place_margin(place, 1 - x + 0.2, 1 - y + 0.2) < 0


@pytest.mark.parametrize(
    ("relation", "holds"),
    [("above", True), ("below", False), ("left of", False), ("right of", False)],
)
def test_a_thing_over_another_is_above_it_only(relation, holds):
    assert (relation_margin(relation, (0.5, 0.2), (0.55, 0.8)) >= 0) is holds


def test_planted_biases_name_words_of_the_world_and_draw_something_else():
    for bias in BIASES:
        attribute, wrong = bias.drawn
        words = {"colour": COLOURS, "shape": SHAPES, "size": SIZES, "background": BACKGROUNDS}
        assert wrong in words[attribute]
        assert wrong != getattr(bias, attribute)
    assert 3 <= len(BIASES) <= 6


def test_a_bias_matches_its_words_and_no_others():
    bias = next(bias for bias in BIASES if bias.name == "small orange")
    assert bias.matches("orange", "star", "small", "white")
    assert not bias.matches("orange", "star", "large", "white")


def test_the_plain_caption_of_little():
    assert plain_caption(Facts("white")) == "a white background"
    assert plain_caption(Facts(None, (ObjectFacts(),))) == "a shape"
    assert plain_caption(Facts(None, (ObjectFacts("orange"),))) == "an orange shape"


def test_a_place_may_be_one_adverb():
    facts = Facts(None, (ObjectFacts("red", "star", None, "center"),))
    assert varied_caption(facts, lambda n: 3 if n == 10 else 0) == "a red star centered"


def test_every_place_has_a_name_of_one_or_two_sides():
    assert all(len(place.split()) <= 2 for place in PLACES)
