"""Upgrades of the documents older tools wrote: S0 flat, S2 iteration, S3 nested.

Owns where each of their values goes in version 1. Whether a value is usable is
decided afterwards, by the models, so nothing here guesses about types.
"""

from typing import cast

from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.moving import (
    PARAMETERS,
    Source,
    Upgraded,
    begin,
    end,
    moment_of,
    name_of,
    with_storage,
    words_of,
)


def from_s0_flat(document: dict[str, Json]) -> Upgraded:
    """Thirteen fields on one level."""
    result, source = begin("s0-flat"), Source(document)
    result.document |= {
        "timestamp": moment_of(result, "/timestamp", source.take("timestamp")),
        "input": words_of(source),
        "workflow": {"name": name_of(result, "/workflow", source.take("workflow"))},
        "parameters": source.pick(PARAMETERS),
        "validation_score": source.take("validation_score"),
    }
    with_storage(result, source.take("minio_url"), {})
    return end(result, source)


def from_s2_iteration(document: dict[str, Json]) -> Upgraded:
    """The metadata of one iteration; the prompts and parameters used are also the image's."""
    result, source = begin("s2-iteration"), Source(document)
    number = source.take("iteration")
    when = moment_of(result, "/timestamp", source.take("timestamp"))
    used = source.take("parameters_used")
    block: dict[str, Json] = {
        "iteration": number,
        "timestamp": when,
        "image_path": name_of(result, "/image_path", source.take("image_path")),
        "parameters_used": used if used is not None else {},
    }
    names = ("questions", "evaluation", "comparison", "aivis_metadata", "prompts_used")
    block |= source.pick({name: name for name in names})
    result.document |= {
        "timestamp": when,
        "identity": {"iteration": number},
        "input": _prompts_of(block.get("prompts_used")),
        "parameters": Source(used).pick(PARAMETERS) if isinstance(used, dict) else {},
        "iteration": block,
    }
    return end(result, source)


def _prompts_of(used: Json) -> dict[str, Json]:
    if not isinstance(used, dict):
        return {}
    return Source(used).pick({"positive": "prompt", "negative": "negative_prompt"})


# In S3's example these two are raw; the others stand on the scale of ten.
_S3_RAW = {"clip_score", "edge_density"}
_S3_DIMENSIONS = ("technical", "aesthetic", "prompt_adherence", "detail")


def from_s3_nested(document: dict[str, Json]) -> Upgraded:
    """The nested form that ours grew from; its scores become a list with raw and normalised."""
    result, source = begin("s3-nested"), Source(document)
    words, workflow = source.part("input"), source.part("workflow")
    parameters, storage = source.part("parameters"), source.part("storage")
    quality = source.part("quality")
    result.document |= {
        "timestamp": moment_of(result, "/timestamp", source.take("timestamp")),
        "input": words_of(words),
        "workflow": {
            name: name_of(result, f"/workflow/{name}", workflow.take(name))
            for name in ("name", "model", "vae")
        },
        "parameters": parameters.pick(PARAMETERS),
        **source.pick({"generation_id": "generation_id", "refinement": "refinement"}),
    }
    if isinstance(document.get("quality"), dict):
        result.document["quality"] = _quality_of(quality)
        result.document["validation_score"] = _clip_score(document["quality"])
    url = storage.take("minio_url")
    kept = storage.pick({"file_size_bytes": "file_size_bytes", "format": "format"})
    with_storage(result, url, kept)
    return end(result, source, words, workflow, parameters, storage, quality)


def _quality_of(source: Source) -> dict[str, Json]:
    quality = source.pick({"composite_score": "composite_score", "grade": "grade"})
    scores: list[Json] = []
    for dimension in _S3_DIMENSIONS:
        values = source.part(dimension).everything()
        scores += [_score_of(dimension, metric, value) for metric, value in values.items()]
        quality[dimension] = {
            metric: value
            for metric, value in values.items()
            if metric not in _S3_RAW and _out_of_ten(value)
        }
    quality["scores"] = scores
    return quality


def _out_of_ten(value: Json) -> bool:
    # not isinstance: a boolean is no score
    return type(value) in {int, float} and 0 <= cast("float", value) <= 10  # noqa: PLR2004


def _score_of(dimension: str, metric: str, value: Json) -> Json:
    score: dict[str, Json] = {"metric": metric, "dimension": dimension}
    if value is None:
        return score | {"reason": "the document holds no value"}
    return score | {"raw" if metric in _S3_RAW else "normalised": value}


def _clip_score(quality: Json) -> Json:
    """S0's validation score is the CLIP score, which S3 keeps among the others."""
    adherence = cast("dict[str, Json]", quality).get("prompt_adherence")
    return adherence.get("clip_score") if isinstance(adherence, dict) else None
