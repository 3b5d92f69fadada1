import numpy as np

from darkroom.core.world.facts import FIELD_COUNT
from darkroom.engine.diffusion import load_checkpoint
from darkroom.engine.diffusion.conditioning import condition


def test_a_prompt_becomes_field_numbers():
    heard = condition("a red circle on a white background")
    assert len(heard.fields) == FIELD_COUNT
    assert heard.fields[0] == 1
    assert heard.understood
    assert heard.unknown_words == ()


def test_words_and_relations_that_are_not_heard_are_listed():
    text = "a dragon, a circle above a square and above a star and above a cross"
    assert condition(text).unknown_words == ("dragon", "object 1 above object 4")


def test_nothing_understood_is_said():
    heard = load_checkpoint("shapeworld_base.onnx").encode_text("a cat in the rain")
    assert not heard.understood
    assert not any(heard.fields)


def test_a_negative_prompt_states_no_number_of_objects():
    heard = condition("a square")
    assert heard.as_row()[0, -1] == 1
    assert heard.as_row(negative=True)[0, -1] == 0
    assert np.array_equal(heard.as_row()[0, :-1], heard.as_row(negative=True)[0, :-1])
