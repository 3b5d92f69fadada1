import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.core.world.likeness import likeness
from darkroom.core.world.measured import Measured, MeasuredObject, Read
from darkroom.core.world.vocabulary import BACKGROUNDS, COLOURS, SHAPES, SIZES


def thing(
    colour: str, shape: str, size: str = "large", x: float = 0.5, y: float = 0.5
) -> MeasuredObject:
    return MeasuredObject(Read(colour, 1), Read(shape, 1), Read(size, 1), x, y, 0.2)


def scene(ground: str, *things: MeasuredObject) -> Measured:
    return Measured(Read(ground, 1), things)


THINGS = st.builds(
    thing,
    st.sampled_from(list(COLOURS)),
    st.sampled_from(list(SHAPES)),
    st.sampled_from(list(SIZES)),
    st.floats(0.1, 0.9),
    st.floats(0.1, 0.9),
)
SCENES = st.builds(
    lambda ground, things: scene(ground, *things),
    st.sampled_from(list(BACKGROUNDS)),
    st.lists(THINGS, max_size=4),
)


@given(SCENES)
def test_a_scene_is_wholly_like_itself(one: Measured) -> None:
    assert likeness(one, one) == (1.0, ())


@given(SCENES, SCENES)
def test_likeness_is_the_same_both_ways_and_stays_within_its_range(
    one: Measured, other: Measured
) -> None:
    forth, _ = likeness(one, other)
    back, _ = likeness(other, one)
    assert 0 <= forth <= 1
    assert forth == pytest.approx(back)


RED = thing("red", "circle")


@pytest.mark.parametrize(
    ("after", "score", "differences"),
    [
        (scene("black", RED), 0.8, ("background: white became black",)),
        (
            scene("white", thing("blue", "circle")),
            0.8,
            ("colour: the large red circle has become blue",),
        ),
        (
            scene("white", thing("red", "star", "small")),
            0.6,
            (
                "shape: the large red circle has become star",
                "size: the large red circle has become small",
            ),
        ),
        (scene("white", RED, thing("blue", "star")), 0.6, ("proportions: 1 objects became 2",)),
        (scene("white"), 0.2, ("proportions: 1 objects became 0",)),
        (
            scene("white", thing("red", "circle", x=0.85)),
            0.8,
            ("place: the large red circle is now at: right",),
        ),
    ],
)
def test_each_change_lowers_the_likeness_and_is_named(
    after: Measured, score: float, differences: tuple[str, ...]
) -> None:
    found, changes = likeness(scene("white", RED), after)
    assert found == pytest.approx(score, abs=0.001)
    assert changes == differences
