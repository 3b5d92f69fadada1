"""The experiments on the shipped engine, each giving rows for one table.

Owns what is measured and the bars of issue 3; drawing is in `drawing`.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.engine.drawing import (
    Recipe,
    clean_samples,
    drawn,
    obeyed,
    seen,
    share_of,
    with_recipe,
)
from darkroom.adapters.vision.drawing import draw
from darkroom.adapters.vision.measuring import facts_met, measure
from darkroom.core.world.biases import BIASES
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.vocabulary import COLOURS, SHAPES
from darkroom.engine.diffusion import LORAS, SAMPLERS, SCHEDULERS, load_checkpoint
from training.scenes import Words, biased_sample, biases_of

BASE, SMALL = "shapeworld_base.onnx", "shapeworld_small.onnx"


@dataclass(frozen=True)
class Row:
    """One line of the table; `ok` is None where there is no bar."""

    what: str
    value: str
    bar: str = ""
    ok: bool | None = None


def obedience(number: int) -> Iterator[Row]:
    """All stated facts right, by number of objects, good and small checkpoint."""
    bars = {1: 0.98, 2: 0.95, 3: 0.80, 4: None}
    for objects, bar in bars.items():
        facts = [sample.facts for sample in clean_samples(objects, number)]
        share = obeyed(load_checkpoint(BASE), facts, Recipe())
        stated = np.mean([item.stated for item in facts])
        text = f">= {bar}" if bar else "reported"
        ok = share.value >= bar if bar else None
        yield Row(f"base, {objects} objects, {stated:.1f} facts", str(share), text, ok)
    for objects in (1, 2, 3):
        facts = [sample.facts for sample in clean_samples(objects, number)]
        share = obeyed(load_checkpoint(SMALL), facts, Recipe())
        yield Row(f"small, {objects} objects", str(share), "clearly worse")


def biases(number: int) -> Iterator[Row]:
    """Planted combinations: drawn right, and drawn as they were mislabelled."""
    model = load_checkpoint(BASE)
    for at, bias in enumerate(BIASES):
        rng = np.random.default_rng(91_000 + at)
        samples = [biased_sample(rng, 1 + k % 2, bias) for k in range(number)]
        pictures = [
            seen(model, plain_caption(sample.facts), 2000 + k, Recipe())
            for k, sample in enumerate(samples)
        ]
        right, planted = [], []
        for sample, measured in zip(samples, pictures, strict=True):
            right.append(facts_met(measured, sample.facts).all_met)
            attribute, wrong = bias.drawn
            if attribute == "background":
                shown = replace(sample.facts, background=wrong)
            else:
                first = replace(sample.facts.objects[0], **{attribute: wrong})
                shown = replace(sample.facts, objects=(first, *sample.facts.objects[1:]))
            planted.append(facts_met(measured, shown).all_met)
        share = share_of(right)
        text = f"{share}; as planted {share_of(planted).value:.2f}"
        yield Row(f"bias: {bias.name}", text, "<= 0.40", share.value <= 0.40)


def surface(number: int) -> Iterator[Row]:
    """Steps by cfg on two objects; the best and the worst cell have bars."""
    model = load_checkpoint(BASE)
    facts = [sample.facts for sample in clean_samples(2, 200 + number)[200:]]
    cells = {}
    for cfg in (1.0, 2.0, 3.0, 5.0, 8.0):
        row = []
        for steps in (2, 4, 8, 16, 30):
            cells[steps, cfg] = obeyed(model, facts, with_recipe(steps=steps, cfg=cfg)).value
            row.append(f"{cells[steps, cfg]:.2f}")
        yield Row(f"two objects, cfg {cfg:g}, steps 2 4 8 16 30", "  ".join(row))
    best, worst = max(cells.values()), min(cells.values())
    yield Row("surface, best cell", f"{best:.3f}", ">= 0.95", best >= 0.95)
    yield Row("surface, worst cell", f"{worst:.3f}", "<= 0.30", worst <= 0.30)


def walks(number: int) -> Iterator[Row]:
    """Every sampler with every scheduler on two objects."""
    model = load_checkpoint(BASE)
    facts = [sample.facts for sample in clean_samples(2, 300 + number)[300:]]
    for sampler in SAMPLERS:
        shares = []
        for scheduler in SCHEDULERS:
            share = obeyed(model, facts, Recipe(sampler=sampler, scheduler=scheduler))
            shares.append(f"{scheduler} {share.value:.2f}")
        yield Row(f"sampler {sampler}", "  ".join(shares))


def from_a_picture(number: int) -> Iterator[Row]:
    """img2img: the prompt asks for another colour and shape on the same ground."""
    model, rng = load_checkpoint(BASE), np.random.default_rng(92_000)
    cases = []
    while len(cases) < number:
        sample = clean_samples(1, 400 + len(cases) + 1)[-1]
        item = sample.facts.objects[0]
        colour = [c for c in COLOURS if c != item.colour][int(rng.integers(7))]
        shape = [s for s in SHAPES if s != item.shape][int(rng.integers(5))]
        words = Words(colour, shape, item.size or "small")
        if biases_of(words, sample.scene.background):
            colour, shape = "cyan" if item.colour != "cyan" else "red", "circle"
        wanted = replace(item, colour=colour, shape=shape, place=None)
        cases.append((draw(sample.scene, 128), replace(sample.facts, objects=(wanted,))))
    previous_likeness, falls = 0.0, []
    for denoise in (0.2, 0.4, 0.5, 0.6, 0.8, 1.0):
        likeness, right = [], []
        for at, (start, facts) in enumerate(cases):
            recipe = with_recipe(denoise=denoise)
            picture = drawn(model, plain_caption(facts), 3000 + at, recipe, start)
            error = np.square(picture.astype(float) - start).mean()
            likeness.append(10 * np.log10(255**2 / max(error, 1e-6)))
            right.append(facts_met(measure(picture), facts).all_met)
        mean = float(np.mean(likeness))
        falls.append(previous_likeness == 0 or mean < previous_likeness)
        previous_likeness = mean
        yield Row(f"img2img denoise {denoise}", f"PSNR {mean:.1f}, obeyed {share_of(right)}")
    yield Row("img2img similarity falls with denoise", str(all(falls)), "True", all(falls))


def negatives(number: int) -> Iterator[Row]:
    """What the negative prompt takes away."""
    model = load_checkpoint(BASE)
    for text, unwanted in (("a large red circle", "white background"), ("a blue shape", "square")):
        counts = []
        for negative in ("", unwanted):
            pictures = [
                seen(model, text, 4000 + at, with_recipe(negative=negative, cfg=3.0))
                for at in range(number)
            ]
            words = Counter(
                word
                for picture in pictures
                for word in (
                    f"{picture.background.word} background",
                    *(item.shape.word for item in picture.objects[:1]),
                )
            )
            counts.append(words[unwanted])
        text = f"{counts[0]} -> {counts[1]} of {number}"
        yield Row(f"negative {unwanted!r}", text, "fewer", counts[1] < counts[0])


def style(number: int) -> Iterator[Row]:
    """The style file: share of the picture that is drawn line, and obedience."""
    facts = [sample.facts for sample in clean_samples(1, 500 + number)[500:]]
    light = [item for item in facts if item.background in ("white", "beige", "gray")]
    shares = []
    for strength in (0.0, 0.5, 1.0):
        model = load_checkpoint(BASE).with_lora(LORAS[0], strength)
        pictures = [drawn(model, plain_caption(f), 5000 + k, Recipe()) for k, f in enumerate(light)]
        lines = float(np.mean([(picture.max(-1) < 100).mean() for picture in pictures]))
        right = [facts_met(measure(p), f).all_met for p, f in zip(pictures, light, strict=True)]
        shares.append(lines)
        text = f"line pixels {lines:.4f}, obeyed {share_of(right)}"
        yield Row(f"{LORAS[0]} at {strength}", text)
    acts = shares[0] < shares[1] < shares[2]
    yield Row("style acts more with strength", str(acts), "True", acts)


def speed(number: int) -> Iterator[Row]:
    """Seconds for one picture of 16 steps, two threads."""
    model = load_checkpoint(BASE)
    times = []
    for at in range(max(5, number // 10)):
        started = time.perf_counter()
        drawn(model, "a red circle above a blue square", at, Recipe())
        times.append(time.perf_counter() - started)
    middle = float(np.median(times[1:]))
    yield Row("one picture, 16 steps, cfg 2", f"{middle:.3f} s", "<= 0.6 s", middle <= 0.6)
