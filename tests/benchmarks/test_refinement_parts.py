"""The parts of the refinement benchmark that its table rests on."""

import hashlib

import numpy as np
import pytest

from benchmarks.refinement import pair
from benchmarks.refinement.arms import Delivered
from benchmarks.refinement.contours import read_outlines
from benchmarks.refinement.prompts import cases
from benchmarks.refinement.scoring import Scored, difference, facts, per_minute, success
from benchmarks.refinement.table import rows
from darkroom.adapters.vision.drawing import draw
from darkroom.core.world.biases import BIASES
from darkroom.core.world.measured import facts_met
from training.near_misses import one_word_changed
from training.scenes import draw_sample


def test_the_prompts_are_those_that_were_fixed() -> None:
    found = cases()
    text = "\n".join(case.text for case in found)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "489a300be809aabb"
    assert [sum(len(case.facts.objects) == n for case in found) for n in (2, 3, 4)] == [20] * 3
    planted = [case.bias for case in found if case.bias]
    assert len(planted) == 30
    assert {name: planted.count(name) for name in planted} == {bias.name: 6 for bias in BIASES}
    assert cases(7) == found[:7]


@pytest.mark.parametrize("objects", [1, 2, 3, 4])
def test_the_held_out_reader_tells_true_pictures_from_near_misses(objects: int) -> None:
    rng = np.random.default_rng(500 + objects)
    for _ in range(12):
        sample = draw_sample(rng, objects)
        seen = read_outlines(draw(sample.scene, 128))
        assert facts_met(seen, sample.facts).all_met
        assert not facts_met(seen, one_word_changed(sample.facts, rng)).all_met


def test_the_pair_finds_more_facts_in_the_right_picture() -> None:
    rng = np.random.default_rng(77)
    right, other = [], []
    for _ in range(8):
        sample, stranger = draw_sample(rng, 2), draw_sample(rng, 2)
        picture = draw(sample.scene, 128)
        right.append(pair.read(picture, sample.facts).share)
        other.append(pair.read(picture, stranger.facts).share)
    assert np.mean(right) > np.mean(other) + 0.3


def arm(name: str, right: list[bool], images: int) -> list[Scored]:
    return [
        Scored(
            Delivered(at, name, images, images * 0.5, good, "key"),
            "pink cross" if at % 2 else None,
            good,
            1.0 if good else 0.5,
            0.5,
        )
        for at, good in enumerate(right)
    ]


def test_the_interval_is_of_pairs_and_holds_the_difference() -> None:
    first = arm("predicate", [True] * 30 + [False] * 10, 2)
    second = arm("reseed", [True] * 20 + [False] * 20, 4)
    lead = difference(first, second, success)
    assert lead.value == pytest.approx(0.25)
    assert 0 < lead.low < lead.value < lead.high < 0.45
    assert difference(first, first, success).low == difference(first, first, success).high == 0
    assert per_minute(first) == pytest.approx(60 * 30 / 40)
    assert facts(second) == pytest.approx(0.75)
    assert per_minute([]) == 0.0


def test_the_table_says_everything_of_both_arms() -> None:
    first = arm("predicate", [True] * 8 + [False] * 2, 2)
    second = arm("reseed", [True] * 4 + [False] * 6, 6)
    text = "\n".join(rows([*first, *second], 6))
    assert "| right images (held-out: outlines) | 0.80 | 0.40 | +0.40 [" in text
    assert "| right images, 5 prompts with a planted bias |" in text
    assert "| images drawn | 20 | 60 | |" in text
