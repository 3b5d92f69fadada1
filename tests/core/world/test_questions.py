import pytest

from darkroom.core.world.facts import ObjectFacts
from darkroom.core.world.questions import (
    Describe,
    GroundIs,
    Holds,
    HowMany,
    Unreadable,
    Which,
    WhichGround,
    read_question,
)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("How many red stars?", HowMany(ObjectFacts("red", "star"))),
        ("Which colour is the star?", Which("colour", ObjectFacts(shape="star"))),
        ("Where is the large circle?", Which("place", ObjectFacts(shape="circle", size="large"))),
        ("What colour is the background?", WhichGround()),
        ("Is the background pink?", GroundIs("pink")),
        ("Describe the image.", Describe()),
        ("What objects are there?", Describe()),
        ("What shape is the background?", Unreadable(("the background",))),
        ("Is it sharp?", Unreadable(("sharp",))),
    ],
)
def test_each_form_of_question_is_recognised(text, question):
    assert read_question(text) == question


def test_a_yes_or_no_question_states_facts_without_a_count():
    question = read_question("Is there a red circle on a white background?")
    assert isinstance(question, Holds)
    assert question.facts.background == "white"
    assert question.facts.count is None
    assert question.exactly is None


def test_a_number_asks_for_exactly_that_many():
    question = read_question("Are there three red circles?")
    assert isinstance(question, Holds)
    assert question.exactly == 3
