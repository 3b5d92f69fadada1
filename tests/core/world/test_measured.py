import pytest

from darkroom.core.world.facts import Facts, ObjectFacts, RelationFact
from darkroom.core.world.measured import Measured, MeasuredObject, Read, facts_met

RED = MeasuredObject(Read("red", 0.9), Read("circle", 0.9), Read("large", 0.9), 0.5, 0.2, 0.2)
BLUE = MeasuredObject(Read("blue", 0.9), Read("square", 0.9), Read("small", 0.4), 0.5, 0.8, 0.15)
SEEN = Measured(Read("white", 0.8), (RED, BLUE))
CIRCLE, SQUARE = ObjectFacts("red", "circle", "large", "top"), ObjectFacts("blue", "square")


def test_facts_that_are_shown_are_met_in_whatever_order_they_are_stated():
    facts = Facts("white", (SQUARE, CIRCLE), (RelationFact(1, "above", 0),), 2)
    result = facts_met(SEEN, facts)
    assert result.all_met
    assert result.share == 1.0


@pytest.mark.parametrize(
    ("facts", "missed"),
    [
        (Facts("black"), "background black"),
        (Facts(None, (), (), 3), "count 3"),
        (Facts(None, (ObjectFacts("green", "square"),)), "object 1: colour green"),
        (Facts(None, (ObjectFacts("red", place="bottom"),)), "object 1: place bottom"),
        (
            Facts(None, (CIRCLE, SQUARE), (RelationFact(0, "below", 1),)),
            "object 1 below object 2",
        ),
        (Facts(None, (CIRCLE, SQUARE, SQUARE)), "object 3"),
    ],
)
def test_a_fact_that_is_not_shown_is_named(facts, missed):
    failed = [check.fact for check in facts_met(SEEN, facts).checks if check.met is not True]
    assert failed == [missed]


def test_an_unsure_word_is_neither_met_nor_passed():
    result = facts_met(SEEN, Facts(None, (ObjectFacts("blue", size="small"),)))
    assert [check.met for check in result.checks] == [True, None]
    assert not result.all_met
    assert result.share == 0.5


def test_nothing_stated_is_met():
    assert facts_met(SEEN, Facts()).all_met
    assert facts_met(SEEN, Facts()).share == 1.0


def test_a_relation_with_a_missing_object_is_not_met():
    facts = Facts(None, (CIRCLE, SQUARE, SQUARE), (RelationFact(1, "above", 2),))
    assert not facts_met(Measured(Read("white", 1.0), (RED,)), facts).all_met


def test_relations_and_confidence_of_the_whole_picture():
    assert SEEN.relations == ((0, "above", 1), (1, "below", 0))
    assert SEEN.confidence == 0.4
    assert SEEN.count == 2
    assert [str(item) for item in SEEN.objects] == ["large red circle", "? blue square"]


def test_the_more_exact_place_word_is_preferred():
    corner = MeasuredObject(*[Read("x", 1.0)] * 3, 0.2, 0.2, 0.1)
    nowhere = MeasuredObject(*[Read("x", 1.0)] * 3, 0.5, 0.5, 0.1)
    assert (corner.place, nowhere.place) == ("top left", "center")
