import numpy as np
import pytest

from darkroom.adapters.images import decode
from darkroom.adapters.png_text import read_png_text
from darkroom.adapters.vision.measuring import answer, measure
from darkroom.adapters.vision.tampering import SIDE, as_png, blurred, pictured, written
from darkroom.core.controls import mirrored, planted

NUMBERS = range(1, 13)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_planted_picture_shows_what_its_questions_say(number: int) -> None:
    plant = planted(number)
    seen, turned = measure(pictured(plant.scene)), measure(pictured(mirrored(plant.scene)))
    assert answer(seen, plant.shown).verdict == "yes"
    assert answer(seen, plant.absent).verdict == "no"
    assert answer(seen, plant.beside).verdict == "yes"
    assert answer(turned, plant.beside).verdict == "no"


@pytest.mark.parametrize("number", NUMBERS)
def test_nothing_can_be_recognised_in_a_blur(number: int) -> None:
    plant = planted(number)
    hazy = blurred(pictured(plant.scene))
    assert answer(measure(hazy), plant.shown).verdict != "yes"
    steps = np.abs(np.diff(hazy.astype(int), axis=0)).max()
    assert steps < 4


def test_writing_leaves_the_things_as_they_are_and_differs_by_its_text() -> None:
    plant = planted(3)
    picture = pictured(plant.scene)
    one, other = written(picture, plant.note), written(picture, "nothing")
    assert (one[: SIDE // 2] == picture[: SIDE // 2]).all()
    assert (one[-1] == 255).all()
    assert (one != other).any()
    assert (picture == pictured(plant.scene)).all()


def test_a_picture_leaves_as_a_png_without_words_about_it() -> None:
    data = as_png(pictured(planted(1).scene))
    assert decode(data).rgb().shape == (SIDE, SIDE, 3)
    assert not read_png_text(data).texts
