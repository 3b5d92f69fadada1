import numpy as np
import pytest

from darkroom.core.world.captions import plain_caption, varied_caption
from darkroom.core.world.facts import ObjectFacts, RelationFact
from darkroom.core.world.parsing import read_prompt
from training.scenes import draw_sample

RED_CIRCLE = ObjectFacts("red", "circle")


def test_a_sentence_gives_every_fact_it_states():
    reading = read_prompt(
        "A large red circle above a small blue square and a green star on the left, "
        "on a white background"
    )
    assert reading.facts.background == "white"
    assert reading.facts.objects == (
        ObjectFacts("red", "circle", "large"),
        ObjectFacts("blue", "square", "small"),
        ObjectFacts("green", "star", None, "left"),
    )
    assert reading.facts.relations == (RelationFact(0, "above", 1),)
    assert reading.facts.count == 3
    assert reading.unknown_words == ()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_caption_is_read_back_as_the_facts_it_was_made_of(count):
    rng = np.random.default_rng(count)
    for _ in range(60):
        facts = draw_sample(rng, count).facts
        for text in (
            plain_caption(facts),
            varied_caption(facts, lambda n: int(rng.integers(n))),
        ):
            reading = read_prompt(text)
            assert (reading.facts, reading.unknown_words) == (facts, ()), text


def test_tags_are_read_like_sentences():
    facts = read_prompt("red circle, blue square, white background").facts
    assert facts.objects == (RED_CIRCLE, ObjectFacts("blue", "square"))
    assert facts.background == "white"


def test_quality_words_are_reported_and_not_fatal():
    reading = read_prompt("masterpiece, best quality, ((red circle:1.2):0.9)")
    assert reading.facts.objects == (RED_CIRCLE,)
    assert reading.unknown_words == ("masterpiece", "best", "quality")
    assert reading.understood


@pytest.mark.parametrize(
    ("text", "understood"),
    [("a cat on a sofa", False), ("", True), ("  ", True), ("white background", True)],
)
def test_understood_means_that_something_was_read_or_nothing_was_asked(text, understood):
    assert read_prompt(text).understood is understood


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("a gray circle", ("gray",)),
        ("a circle on a blue background", ("blue background",)),
        ("a star without a red cross", ("without", "red", "cross")),
        ("a circle, a square, a star, a cross and a red diamond", ("red", "diamond")),
        ("above a circle", ("above",)),
        ("a circle above", ("above",)),
        ("a circle above below a square", ("above",)),
        ("red", ("red",)),
        ("a red blue circle", ("red",)),
        ("a red circle blue", ("blue",)),
        ("a circle on white on black", ("black",)),
        ("a top left circle", ()),
        ("large red at the top", ("large", "red", "top")),
        ("in the top bottom", ("bottom", "top")),
        ("a circle <lora:outline:0.8>", ("<lora:outline:0.8>",)),
    ],
)
def test_words_without_effect_are_listed(text, unknown):
    assert read_prompt(text).unknown_words == unknown


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a circle at the top left corner", "top left"),
        ("a circle, upper right", "top right"),
        ("on the left, a circle", "left"),
        ("a circle in the middle", "center"),
        ("a circle on the right of the picture", "right"),
        ("a red top circle", "top"),
    ],
)
def test_places_attach_to_their_object(text, place):
    reading = read_prompt(text)
    assert [item.place for item in reading.facts.objects] == [place]
    assert reading.unknown_words == ()


def test_a_place_between_commas_belongs_to_the_object_before_it():
    facts = read_prompt("red circle, top left, blue square, bottom").facts
    assert [item.place for item in facts.objects] == ["top left", "bottom"]


def test_a_number_repeats_the_object_and_relates_each():
    facts = read_prompt("two red circles above a star").facts
    assert facts.objects == (RED_CIRCLE, RED_CIRCLE, ObjectFacts(shape="star"))
    assert facts.relations == (RelationFact(0, "above", 2), RelationFact(1, "above", 2))


def test_and_keeps_the_subject_of_the_relation():
    facts = read_prompt("a box above a dot and left of a plus").facts
    assert facts.relations == (RelationFact(0, "above", 1), RelationFact(0, "left of", 2))


def test_a_comma_relates_the_latest_object():
    facts = read_prompt("a box above a dot, left of a plus").facts
    assert facts.relations[1] == RelationFact(1, "left of", 2)


def test_a_colour_after_the_noun_describes_it():
    facts = read_prompt("a circle that is red, a square shape").facts
    assert facts.objects == (RED_CIRCLE, ObjectFacts(shape="square"))
