from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.wording import Prompts
from darkroom.core.world.advice import advised, mistaken
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.facts import Facts, ObjectFacts, RelationFact
from darkroom.core.world.parsing import read_prompt
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS, SHAPES, SIZES

SQUARE = "a small blue square"


def told(first: str = "a large pink cross", ground: str = "white", extra: str = "") -> str:
    return f"{first} above {SQUARE}{extra} on a {ground} background"


WANTED, AS_DRAWN = told(), told("a large pink circle")


@pytest.mark.parametrize(
    ("negative", "seen", "expected"),
    [
        ("", "large pink circle, small blue square on white", AS_DRAWN),
        ("blur, red", "large pink circle, small blue square on white", f"blur, red, {AS_DRAWN}"),
        ("", "small blue square, large pink circle on white", AS_DRAWN),
        (AS_DRAWN, "small pink cross, small blue square on white", told("a small pink cross")),
        ("", "large pink cross, small blue square on black", told(ground="black")),
        ("", "large pink circle on white", "a large pink circle on a white background"),
        (
            "",
            "large pink cross, small blue square, small red star on white",
            told(extra=" and a small red star"),
        ),
        (AS_DRAWN, "large pink cross, small blue square on white", AS_DRAWN),
        (AS_DRAWN, "", AS_DRAWN),
        ("", "", ""),
    ],
)
def test_the_scene_as_it_was_drawn_becomes_the_negative_prompt(
    negative: str, seen: str, expected: str
) -> None:
    assert advised(Prompts(WANTED, negative), seen) == Prompts(WANTED, expected)


def test_what_was_not_asked_for_of_an_object_is_not_held_against_it() -> None:
    found = advised(Prompts("a red circle", ""), "large blue circle on black")
    assert found.negative == "a blue circle"


def test_an_earlier_advice_without_a_background_gives_way_too() -> None:
    found = advised(Prompts("a red circle", "a blue circle, blur"), "large red star on black")
    assert found.negative == "blur, a red star"


def test_relations_follow_the_objects_that_are_left() -> None:
    items = tuple(ObjectFacts(colour, "circle") for colour in ("red", "green", "blue"))
    links = (RelationFact(0, "above", 1), RelationFact(1, "left of", 2))
    seen = Facts(None, (ObjectFacts("green", "star"), ObjectFacts("blue", "circle")))
    found = mistaken(Facts(None, items, links), seen)
    assert found.objects == (ObjectFacts("green", "star"), items[2])
    assert found.relations == (RelationFact(0, "left of", 1),)


def some(words: Iterable[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(tuple(words))


OBJECT = st.builds(ObjectFacts, some(COLOURS), some(SHAPES), some(SIZES))
SCENE = st.builds(Facts, some(BACKGROUNDS), st.lists(OBJECT, min_size=1, max_size=4).map(tuple))


@given(SCENE, SCENE)
def test_advice_does_not_pile_up(wanted: Facts, drawn: Facts) -> None:
    seen = plain_caption(drawn)
    once = advised(Prompts(plain_caption(wanted), "blur"), seen)
    assert advised(once, seen) == once
    assert "," not in once.negative.removeprefix("blur, ")
    assert len(read_prompt(once.negative).facts.objects) <= 4
