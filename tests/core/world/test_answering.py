import pytest

from darkroom.core.world.answering import answer
from darkroom.core.world.measured import Measured, MeasuredObject, Read


def thing(words: str, x: float, y: float, **doubts: float) -> MeasuredObject:
    size, colour, shape = words.split()
    sure = {"size": 0.9, "colour": 0.95, "shape": 0.8} | doubts
    return MeasuredObject(
        Read(colour, sure["colour"]),
        Read(shape, sure["shape"]),
        Read(size, sure["size"]),
        x,
        y,
        0.2,
    )


SCENE = Measured(
    Read("white", 0.9),
    (
        thing("large red circle", 0.3, 0.25),
        thing("small blue square", 0.3, 0.75),
        thing("small red star", 0.7, 0.5),
    ),
)
DOUBTFUL = Measured(Read("white", 0.9), (thing("large red circle", 0.3, 0.3, shape=0.2),))
DIM = Measured(Read("black", 0.2), (thing("large red circle", 0.5, 0.5),))


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("Is there a red circle?", "yes"),
        ("is there any green circle", "no"),
        ("Is there no green circle?", "yes"),
        ("Does the image show a red circle and a blue box?", "yes"),
        ("Is the red circle above the blue square?", "yes"),
        ("Is the red circle below the blue square?", "no"),
        ("Is the blue square to the left of the star?", "yes"),
        ("Is the large object on the left?", "yes"),
        ("Is the star on the left?", "no"),
        ("Is the star red?", "yes"),
        ("Is the square small?", "yes"),
        ("Is the square red?", "no"),
        ("Is the background white?", "yes"),
        ("Is the background black?", "no"),
        ("Is the background blue?", "no"),
        ("Are there two red objects?", "yes"),
        ("Are there two stars?", "no"),
        ("Is there exactly one blue square on a white background?", "yes"),
        ("Can you see a red circle on a black background?", "no"),
        ("Is the cat asleep?", "unknown"),
        ("Is there no circle and a square?", "unknown"),
        ("Is it art?", "unknown"),
    ],
)
def test_yes_and_no_follow_from_what_was_measured(question, verdict):
    assert answer(SCENE, question).verdict == verdict


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("How many objects are there?", "3"),
        ("How many stars?", "1"),
        ("How many red things are in the picture?", "2"),
        ("What is the number of shapes?", "3"),
        ("What colour is the background?", "white"),
        ("What is the color of the square?", "blue"),
        ("What shape is the blue object?", "square"),
        ("What size is the circle?", "large"),
        ("How big is the star?", "small"),
        ("Where is the circle?", "top left"),
        ("What position does the square have?", "bottom left"),
    ],
)
def test_open_questions_get_a_value(question, value):
    found = answer(SCENE, question)
    assert (found.verdict, found.value) == ("value", value)
    assert found.confidence > 0.5


@pytest.mark.parametrize(
    "question",
    [
        "What colour is the triangle?",  # there is none
        "What shape is the red object?",  # there are two
        "What size is the background?",
        "How many cats?",
        "How many circles above squares?",
    ],
)
def test_open_questions_without_one_answer_are_unknown(question):
    assert answer(SCENE, question).verdict == "unknown"


def test_a_description_names_everything():
    value = answer(SCENE, "What is in the picture?").value
    assert value == "large red circle, small blue square, small red star on white"


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("Is there a circle?", "unknown"),
        ("Is there a blue circle?", "no"),
        ("How many circles?", "unknown"),
        ("What shape is the red object?", "unknown"),
        ("Is there exactly one circle?", "unknown"),
        ("Is there a red object?", "yes"),
        ("Is there a circle on a black background?", "no"),
    ],
)
def test_what_is_not_sure_is_unknown_and_never_a_pass(question, verdict):
    assert answer(DOUBTFUL, question).verdict == verdict


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("Is the background black?", "unknown"),
        ("What colour is the background?", "unknown"),
        ("Is the circle blue?", "unknown"),
    ],
)
def test_a_doubtful_background_leaves_questions_open(question, verdict):
    assert answer(DIM, question).verdict == verdict


def test_an_object_between_places_says_so():
    scene = Measured(Read("white", 0.9), (thing("small red star", 0.5, 0.43),))
    between = Measured(Read("white", 0.9), (thing("small red star", 0.5, 0.65),))
    assert answer(scene, "Where is the star?").value == "center"
    assert answer(between, "Where is the star?").value == "bottom"


def test_a_place_between_all_words_has_no_name():
    scene = Measured(Read("white", 0.9), (thing("small red star", 0.5, 0.39),))
    assert answer(scene, "Where is the star?").value == "top"
    odd = Measured(Read("white", 0.9), (thing("small red star", 0.56, 0.609),))
    assert scene.objects[0].place == "top"
    assert odd.objects[0].place == "bottom"
