"""The torch tier: pictures of equal size in batches through one model.

Owns batching, and turning what a model cannot do with one picture into null with a
reason without losing its neighbours. The models are built in torch_models and
torch_clip; which process this runs in is the resident's business.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkroom.adapters.scorers.onnx_pixels import unit_planes
from darkroom.adapters.scorers.protocol import Picture, Pixels, Scorer, capped, why_not
from darkroom.adapters.scorers.torch_clip import Clip, aesthetic_head
from darkroom.adapters.scorers.torch_extra import device_of, extra, prepare
from darkroom.adapters.scorers.torch_models import Measure, build
from darkroom.adapters.scorers.weights_folder import WeightsFolder, needed_by
from darkroom.core.scoring.measuring import measured, unmeasured
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

_FAULTS = (RuntimeError, ValueError, AssertionError, IndexError, ArithmeticError)
"""What models raise for pictures they cannot measure."""
_MOST, _MOST_ON_CPU = 32, 2
"""Pictures at once: on a CPU more are no faster, only larger."""


def open_torch(specs: tuple[MetricSpec, ...], weights: Path, device: str) -> Scorer:
    """The scorer of one group: one metric of pyiqa, or those that share a CLIP."""
    torch = prepare(weights)
    folder, chosen = WeightsFolder(weights), device_of(torch, device)
    if specs[0].model in ("laion_aesthetic", "clip_adherence"):
        return ClipScorer(specs, folder, chosen)
    measure, where = build(specs[0], folder, chosen)
    return TorchScorer(specs[0], measure, folder.digest_for(specs[0]), where)


class TorchScorer:
    """One metric of pyiqa."""

    def __init__(self, spec: MetricSpec, measure: Measure, digest: str | None, device: str) -> None:
        self.specs = (spec,)
        self._measure = measure
        self._digest = digest
        self._device = device
        self._most = _MOST_ON_CPU if device == "cpu" else _MOST

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        """For each picture its one score."""
        spec = self.specs[0]
        found: dict[int, Score] = {}
        for numbers, pixels in same_sizes(spec, pictures, found).values():
            for begin in range(0, len(numbers), self._most):
                part = slice(begin, begin + self._most)
                found.update(zip(numbers[part], self._batch(pixels[part]), strict=True))
        return [[found[number]] for number in range(len(pictures))]

    def _batch(self, pixels: list[Pixels]) -> list[Score]:
        spec, torch = self.specs[0], extra("torch")
        begin = time.perf_counter()
        try:
            batch = torch.from_numpy(np.stack([unit_planes(one) for one in pixels]))
            with torch.inference_mode():
                raws = self._measure(batch.to(self._device)).reshape(-1).double().tolist()
        except _FAULTS as exc:
            raise_if_memory(exc)
            if len(pixels) > 1:
                return [score for one in pixels for score in self._batch([one])]
            return [unmeasured(spec, f"the metric failed on this picture ({_short(exc)})")]
        ms = (time.perf_counter() - begin) * 1000 / len(pixels)
        return [measured(spec, raw, ms=ms, weights_sha256=self._digest) for raw in raws]


class ClipScorer:
    """Prompt adherence and aesthetic rating from one pass through one CLIP."""

    def __init__(self, specs: tuple[MetricSpec, ...], folder: WeightsFolder, device: str) -> None:
        self.specs = specs
        self._digests = {spec.name: folder.digest_for(spec) for spec in specs}
        clip_file = needed_by(specs[0])[-1]
        self._clip = Clip(folder, clip_file, device)
        width = int(self._clip.model.visual.output_dim)
        self._heads = {
            spec.name: aesthetic_head(folder, needed_by(spec)[0], width, device)
            for spec in specs
            if spec.model == "laion_aesthetic"
        }

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        """For each picture one score per spec."""
        try:
            with extra("torch").inference_mode():
                return self._scores(pictures)
        except RuntimeError as exc:
            raise_if_memory(exc)
            raise

    def _scores(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        begin = time.perf_counter()
        reasons = [[why_not(spec, picture) for spec in self.specs] for picture in pictures]
        seen = [number for number, whys in enumerate(reasons) if None in whys]
        if not seen:
            return [
                [unmeasured(spec, why or "") for spec, why in zip(self.specs, whys, strict=True)]
                for whys in reasons
            ]
        vectors = self._clip.images([pictures[number] for number in seen])
        rows = dict(zip(seen, vectors, strict=True))
        texts = self._texts(pictures)
        ms = (time.perf_counter() - begin) * 1000 / len(seen)

        def one(number: int, spec: MetricSpec, why: str | None) -> Score:
            if why is not None:
                return unmeasured(spec, why)
            head, row = self._heads.get(spec.name), rows[number]
            raw = head(row) if head else row @ texts[pictures[number].prompt or ""]
            digest = self._digests[spec.name]
            return measured(spec, raw.item(), ms=ms, weights_sha256=digest)

        return [
            [one(number, spec, why) for spec, why in zip(self.specs, whys, strict=True)]
            for number, whys in enumerate(reasons)
        ]

    def _texts(self, pictures: Sequence[Picture]) -> dict[str, Any]:
        if not any(spec.needs_prompt for spec in self.specs):
            return {}
        prompts = list(dict.fromkeys(picture.prompt or "" for picture in pictures))
        return dict(zip(prompts, self._clip.texts(prompts), strict=True))


def same_sizes(
    spec: MetricSpec, pictures: Sequence[Picture], found: dict[int, Score]
) -> dict[tuple[int, ...], tuple[list[int], list[Pixels]]]:
    """Pictures by size after scaling down; those that cannot be measured go to `found`."""
    sizes: dict[tuple[int, ...], tuple[list[int], list[Pixels]]] = defaultdict(lambda: ([], []))
    for number, picture in enumerate(pictures):
        if why := why_not(spec, picture):
            found[number] = unmeasured(spec, why)
            continue
        pixels = capped(picture.rgb, spec.long_side)
        numbers, group = sizes[pixels.shape]
        numbers.append(number)
        group.append(pixels)
    return sizes


def raise_if_memory(exc: Exception) -> None:
    """Say MemoryError where torch says it in one of its own ways."""
    if "out of memory" in str(exc).lower() or "can't allocate memory" in str(exc):
        raise MemoryError(str(exc)[:200]) from exc


def _short(exc: Exception) -> str:
    return f"{type(exc).__name__}: {' '.join(str(exc).split())[:120]}"
