"""The experiments on what reads pictures: the measuring judge and the learned pair."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.engine.drawing import share_of
from benchmarks.engine.experiments import Row
from darkroom.adapters.embeddings.shapeworld import embed_captions, embed_pictures
from darkroom.adapters.vision.drawing import draw
from darkroom.adapters.vision.measuring import answer, facts_met, measure
from darkroom.core.world.captions import plain_caption, varied_caption
from darkroom.core.world.facts import Facts
from darkroom.core.world.scene import Scene
from training.near_misses import colours_swapped, one_word_changed
from training.scenes import draw_sample

_GROUP = 64


def _noisy(picture: NDArray[np.uint8], rng: Generator, spread: float) -> NDArray[np.uint8]:
    return np.clip(picture + rng.normal(0, spread, picture.shape), 0, 255).astype(np.uint8)


def _renders(scene: Scene, rng: Generator) -> dict[str, NDArray[np.uint8]]:
    true = draw(scene, 128)
    return {
        "clean": true,
        "noise of 8": _noisy(true, rng, 8),
        "noise of 14": _noisy(true, rng, 14),
        "blur of 1.2": np.asarray(cv2.GaussianBlur(true, (0, 0), 1.2), np.uint8),
        "64 pixels": draw(scene, 64),
        "300 pixels": draw(scene, 300),
    }


def judge(number: int) -> Iterator[Row]:
    """All facts of true renders, and questions about them."""
    rng = np.random.default_rng(95_000)
    right: dict[str, list[bool]] = {}
    asked: list[bool] = []
    for at in range(4 * number):
        sample = draw_sample(rng, 1 + at % 4)
        for condition, picture in _renders(sample.scene, rng).items():
            measured = measure(picture)
            right.setdefault(condition, []).append(facts_met(measured, sample.facts).all_met)
        asked += _answers(measure(draw(sample.scene, 128)), sample.facts, rng)
    for condition, truths in right.items():
        share = share_of(truths)
        yield Row(f"judge on true renders, {condition}", str(share), ">= 0.99", share.value >= 0.99)
    share = share_of(asked)
    yield Row("judge, yes/no and open questions", str(share), ">= 0.99", share.value >= 0.99)


def _answers(measured: object, facts: Facts, rng: Generator) -> list[bool]:
    """True and false questions made of the facts, and three open ones."""
    item, wrong = facts.objects[0], one_word_changed(facts, rng)
    one = Facts(None, (item,))
    found = [
        answer(measured, f"Is there {plain_caption(one)}?").verdict == "yes",
        answer(measured, f"Is there {plain_caption(facts)}?").verdict == "yes",
        answer(measured, "How many objects are there?").value == str(facts.count),
        answer(measured, "What colour is the background?").value == facts.background,
        answer(measured, f"Is the background {facts.background}?").verdict == "yes",
    ]
    if len(facts.objects) == 1:
        found.append(answer(measured, f"Is there {plain_caption(wrong)}?").verdict == "no")
        found.append(answer(measured, f"What colour is the {item.shape}?").value == item.colour)
        found.append(answer(measured, "What shape is the object?").value == item.shape)
    return found


def pair(number: int) -> Iterator[Row]:
    """Finding the caption among 64, and telling near misses apart."""
    rng = np.random.default_rng(96_000)
    groups = max(4, number // 10)
    samples = [draw_sample(rng, 1 + at % 4) for at in range(groups * _GROUP)]
    seen = embed_pictures([draw(sample.scene, 128) for sample in samples])
    said = embed_captions(
        [varied_caption(sample.facts, lambda n: int(rng.integers(n))) for sample in samples]
    )
    found = []
    for at in range(0, len(samples), _GROUP):
        scores = seen[at : at + _GROUP] @ said[at : at + _GROUP].T
        found += (scores.argmax(1) == np.arange(_GROUP)).tolist()
    share = share_of(found)
    yield Row("pair: caption among 64, R@1", str(share), ">= 0.95", share.value >= 0.95)
    for name, change, bar in (
        ("colours swapped", colours_swapped, 0.85),
        ("one word", one_word_changed, 0.0),
    ):
        beaten = []
        for sample, vector in zip(samples, seen, strict=True):
            changed = change(sample.facts, rng)
            if changed is not None:
                texts = [plain_caption(sample.facts), plain_caption(changed)]
                right, wrong = embed_captions(texts) @ vector
                beaten.append(bool(right > wrong))
        share = share_of(beaten)
        ok = share.value >= bar if bar else None
        yield Row(f"pair: against {name}", str(share), f">= {bar}" if bar else "reported", ok)
