"""From sidecars of version 1 to the tables they mean, many at a time.

Owns the columns that no single value gives, and the tables of parts: LoRAs, variations,
answers, criteria, scores. Reads tolerantly: see `casts`.
"""

from collections.abc import Sequence
from typing import Any, cast

from darkroom.adapters.warehouse import values as v
from darkroom.adapters.warehouse.casts import repeated
from darkroom.adapters.warehouse.documents import Found
from darkroom.adapters.warehouse.image_columns import PLACES
from darkroom.adapters.warehouse.tables import Columns, Tables
from darkroom.adapters.warehouse.values import Document, part
from darkroom.core.sidecar.reading import image_key

_IN_A_RUN = 4
_SIDES = 2
_SCORE = ("metric", "dimension", "version", "weights_sha256", "calibration", "raw", "ms", "reason")


def image_tables(found: Sequence[Found]) -> Tables:
    """The tables of many sidecars."""
    documents = [one.document for one in found]
    images = [image_key(one.key) for one in found]
    steps = [part(document, "iteration") for document in documents]
    evaluations = [part(step, "evaluation") for step in steps]
    loras = [_loras(document) for document in documents]
    results = [part(evaluation, "criteria_results") for evaluation in evaluations]
    scores = [v.objects(part(document, "quality").get("scores")) for document in documents]
    columns = _placed(documents, steps, evaluations)
    columns |= _whereabouts(images, documents)
    columns |= _derived(documents) | {
        "source": [one.key for one in found],
        "form": [one.form for one in found],
        "document": [one.text for one in found],
        "lora_count": [len(some) for some in loras],
        "criteria_count": [len(some) for some in results],
        "criteria_met": [sum(met is True for met in some.values()) for some in results],
    }
    return {
        "images": columns,
        "image_loras": _lora_columns(images, loras),
        "criteria": _criteria_columns(images, results, evaluations),
        "variations": _pairs(images, "axis", [part(d, "variations") for d in documents]),
        "answers": _pairs(images, "field", [part(step, "questions") for step in steps]),
        "scores": score_columns(
            images, columns["source"], [document.get("timestamp") for document in documents], scores
        ),
    }


def _placed(
    documents: list[Document], steps: list[Document], evaluations: list[Document]
) -> Columns:
    sections: dict[str, list[Document]] = {
        "document": documents,
        "evaluation": evaluations,
        "parent": [_first(document.get("parents")) for document in documents],
    }
    for name in ("comparison", "aivis_metadata"):
        sections[name] = [part(step, name) for step in steps]
    for name in {place.section for place in PLACES} - sections.keys():
        sections[name] = [part(document, name) for document in documents]
    return {
        place.column: [section.get(place.name) for section in sections[place.section]]
        for place in PLACES
    }


def _first(value: Any) -> Document:
    found = v.objects(value)
    return found[0] if found else {}


def _whereabouts(images: list[str], documents: list[Document]) -> Columns:
    projects: list[str | None] = []
    runs: list[str | None] = []
    for image, document in zip(images, documents, strict=True):
        parts = image.split("/")
        in_a_run = len(parts) >= _IN_A_RUN and parts[1] == "working"
        run = parts[2] if in_a_run else v.text(part(document, "identity").get("run_id"))
        projects.append(parts[0] if len(parts) > 1 else None)
        runs.append(run)
    names = [f"{p}/{run}" if p and run else None for p, run in zip(projects, runs, strict=True)]
    return {"image": images, "project": projects, "run_id": runs, "run": names}


def _derived(documents: list[Document]) -> Columns:
    asked = [part(document, "input") for document in documents]
    sides = [_sides(document) for document in documents]
    return {
        "prompt": [_words(said.get("prompt")) for said in asked],
        "negative_prompt": [_words(said.get("negative_prompt")) for said in asked],
        "model_sha256": [_model_hash(document) for document in documents],
        "requested_width": [width for width, _ in sides],
        "requested_height": [height for _, height in sides],
        "url": [_url(part(document, "storage")) for document in documents],
        "is_test": [document.get("is_test") is True for document in documents],
    }


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""


def _sides(document: Document) -> tuple[object, object]:
    sides = v.items(part(document, "parameters").get("resolution"))
    return (sides[0], sides[1]) if len(sides) == _SIDES else (None, None)


def _model_hash(document: Document) -> object:
    model = part(document, "workflow").get("model")
    hashes = part(part(document, "engine"), "model_hashes")
    return hashes.get(model) if isinstance(model, str) else None


def _url(storage: Document) -> str | None:
    endpoint, bucket = storage.get("endpoint"), storage.get("bucket")
    if not isinstance(endpoint, str) or not isinstance(bucket, str):
        return None
    return f"{endpoint}/{bucket}/{storage.get('key')}"


def _loras(document: Document) -> list[Document]:
    found = v.objects(part(document, "parameters").get("loras"))
    return [lora for lora in found if isinstance(lora.get("name"), str)]


def _lora_columns(images: list[str], loras: list[list[Document]]) -> Columns:
    flat = [lora for some in loras for lora in some]
    return {
        "image": repeated(images, map(len, loras)),
        "position": [place for some in loras for place in range(1, len(some) + 1)],
        **{name: [lora.get(name) for lora in flat] for name in ("name", "strength")},
        "strength_clip": [lora.get("strength_clip") for lora in flat],
    }


def _criteria_columns(
    images: list[str], results: list[Document], evaluations: list[Document]
) -> Columns:
    odds = [part(evaluation, "probabilities") for evaluation in evaluations]
    return {
        "image": repeated(images, map(len, results)),
        "field": [field for some in results for field in some],
        "passed": [passed for some in results for passed in some.values()],
        "probability": [
            known.get(field) for some, known in zip(results, odds, strict=True) for field in some
        ],
    }


def _pairs(images: list[str], name: str, found: list[Document]) -> Columns:
    return {
        "image": repeated(images, map(len, found)),
        name: [key for some in found for key in some],
        "value": [v.shown(value) for some in found for value in some.values()],
    }


def score_columns(
    images: Sequence[str],
    sources: Sequence[str],
    moments: Sequence[object],
    scores: Sequence[Sequence[Document]],
) -> Columns:
    """The measurements of sidecars or score documents, one list of scores for each."""
    kept = [[score for score in some if isinstance(score.get("metric"), str)] for some in scores]
    flat = [score for some in kept for score in some]
    counts = [len(some) for some in kept]
    return {
        "image": repeated(images, counts),
        "source": repeated(sources, counts),
        "measured_at": repeated(cast("Sequence[str]", moments), counts),
        "tier": [v.text(score.get("tier")) or "unknown" for score in flat],
        "normalised": [v.within(score.get("normalised"), 0, 10) for score in flat],
        **{name: [score.get(name) for score in flat] for name in _SCORE},
    }
