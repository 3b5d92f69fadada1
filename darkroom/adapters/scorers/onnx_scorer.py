"""The onnx tier: networks converted on the user's machine, run without torch.

Owns the scorers and what their networks are given. Opening the files is in
onnx_network, making them in onnx_export.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkroom.adapters.scorers.onnx_network import CLIP_IMAGE, KINDS, Network, Rows
from darkroom.adapters.scorers.onnx_pixels import Plane, clip_pixels, nima_pixels, topiq_pixels
from darkroom.adapters.scorers.onnx_text import ClipTokenizer
from darkroom.adapters.scorers.protocol import Picture, Pixels, Scorer, capped, why_not
from darkroom.adapters.scorers.weights_folder import NeededFile, WeightsFolder, needed_by
from darkroom.core.errors import UsageError
from darkroom.core.scoring.measuring import measured, unmeasured
from darkroom.core.scoring.metrics import MetricSpec
from darkroom.core.sidecar.judging import Score

Prepare = Callable[[Pixels, Mapping[str, Any]], Plane]
_PREPARED: dict[str, Prepare] = {
    "nima": lambda rgb, about: nima_pixels(rgb, int(about["side"])),
    "topiq_nr": lambda rgb, _about: topiq_pixels(rgb),
}


def open_onnx(specs: tuple[MetricSpec, ...], weights: Path, device: str) -> Scorer:
    """The scorer of one group: one network, or those that share a CLIP."""
    folder = WeightsFolder(weights)
    if specs[0].model in _PREPARED:
        file, kind = needed_by(specs[0])[0], KINDS[specs[0].model]
        network = Network(folder, file, kind, device)
        return OnnxScorer(specs[0], network, folder.digest_for(specs[0]))
    if specs[0].model in KINDS:
        return OnnxClipScorer(specs, folder, device)
    message = f"no code of the onnx tier measures {specs[0].model!r}"
    raise UsageError("models-unknown-metric", message, where=specs[0].name)


class OnnxScorer:
    """One network that looks at pictures alone."""

    def __init__(self, spec: MetricSpec, network: Network, digest: str | None) -> None:
        self.specs = (spec,)
        self._network = network
        self._digest = digest

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        """For each picture its one score; those of equal size go together."""
        spec, prepare = self.specs[0], _PREPARED[self.specs[0].model]
        found: dict[int, Score] = {}
        sizes: dict[tuple[int, ...], list[tuple[int, Plane]]] = {}
        for number, picture in enumerate(pictures):
            if why := why_not(spec, picture):
                found[number] = unmeasured(spec, why)
            else:
                planes = prepare(capped(picture.rgb, spec.long_side), self._network.about)
                sizes.setdefault(planes.shape, []).append((number, planes))
        for group in sizes.values():
            begin = time.perf_counter()
            raws = self._network.run(np.stack([planes for _, planes in group])).reshape(-1)
            ms = (time.perf_counter() - begin) * 1000 / len(group)
            for (number, _), raw in zip(group, raws, strict=True):
                found[number] = measured(spec, float(raw), ms=ms, weights_sha256=self._digest)
        return [[found[number]] for number in range(len(pictures))]


class OnnxClipScorer:
    """Prompt adherence and aesthetic rating from one pass through one CLIP."""

    def __init__(self, specs: tuple[MetricSpec, ...], folder: WeightsFolder, device: str) -> None:
        self.specs = specs
        self._digests = {spec.name: folder.digest_for(spec) for spec in specs}
        self._images = Network(folder, _shared(specs), CLIP_IMAGE, device)
        self._side = int(self._images.about["side"])
        self._own = {
            spec.name: Network(folder, needed_by(spec)[0], KINDS[spec.model], device)
            for spec in specs
        }
        text = next((self._own[one.name] for one in specs if one.needs_prompt), None)
        self._tokenizer = ClipTokenizer(text.about) if text else None

    def score(self, pictures: Sequence[Picture]) -> list[list[Score]]:
        """For each picture one score per spec."""
        begin = time.perf_counter()
        found = [[_null(spec, picture) for spec in self.specs] for picture in pictures]
        seen = [number for number, row in enumerate(found) if None in row]
        if seen:
            pixels = [clip_pixels(pictures[number].rgb, self._side) for number in seen]
            vectors = dict(zip(seen, self._images.run(np.stack(pixels)), strict=True))
            raws = [self._raws(spec, pictures, vectors) for spec in self.specs]
            ms = (time.perf_counter() - begin) * 1000 / len(seen)
            for number in seen:
                found[number] = [
                    score or self._measured(spec, of_all[number], ms)
                    for spec, score, of_all in zip(self.specs, found[number], raws, strict=True)
                ]
        return [[score for score in row if score is not None] for row in found]

    def _measured(self, spec: MetricSpec, raw: float, ms: float) -> Score:
        return measured(spec, raw, ms=ms, weights_sha256=self._digests[spec.name])

    def _raws(
        self, spec: MetricSpec, pictures: Sequence[Picture], vectors: dict[int, Rows]
    ) -> dict[int, float]:
        own, numbers = self._own[spec.name], list(vectors)
        if not spec.needs_prompt:
            ratings = own.run(np.stack(list(vectors.values()))).reshape(-1)
            return {number: float(raw) for number, raw in zip(numbers, ratings, strict=True)}
        asked = [pictures[number].prompt or "" for number in numbers]
        prompts = list(dict.fromkeys(asked))
        assert self._tokenizer is not None  # there is one wherever a metric needs a prompt
        texts = dict(zip(prompts, own.run(self._tokenizer(prompts)), strict=True))
        return {
            number: float(vectors[number] @ texts[prompt])
            for number, prompt in zip(numbers, asked, strict=True)
        }


def _shared(specs: tuple[MetricSpec, ...]) -> NeededFile:
    """The encoder: each of these metrics names it as its second file."""
    files = needed_by(specs[0])
    if len(files) == 1:
        message = "the metric names no encoder as its backbone"
        raise UsageError("models-unknown-metric", message, where=specs[0].name)
    return files[1]


def _null(spec: MetricSpec, picture: Picture) -> Score | None:
    why = why_not(spec, picture)
    return None if why is None else unmeasured(spec, why)
