"""Upgrades of our own earlier versions, one function per step.

Owns the chain: a version is never read directly once a newer one exists.
"""

from darkroom.core.keys import is_key
from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.moving import PARAMETERS, Source, Upgraded, begin, end, moment_of


def from_version_0(document: dict[str, Json]) -> Upgraded:
    """Version 0 named things as the first experiments did; it was never released."""
    result, source = begin("darkroom-0"), Source(document)
    source.pick({"schema": "schema", "version": "version"})
    image, job, settings = source.part("image"), source.part("job"), source.part("settings")
    key = image.take("path")
    width, height = _sides(image)
    result.document |= {
        "timestamp": moment_of(result, "/created_at", source.take("created_at")),
        "generation_id": source.take("id"),
        "identity": {
            "key": key,
            "project": key.split("/")[0] if isinstance(key, str) and is_key(key) else None,
            "width": width,
            "height": height,
            **image.pick({"sha256": "sha256", "bytes": "size_bytes", "mime": "mime"}),
            **job.pick({"key": "job_key", "prompt_id": "prompt_id", "run": "run_id"}),
        },
        "input": source.pick({"prompt": "prompt", "negative": "negative_prompt"}),
        "workflow": source.pick({"workflow": "name", "graph": "graph"}),
        "parameters": settings.pick(PARAMETERS),
    }
    return end(result, source, image, job, settings)


def _sides(image: Source) -> tuple[Json, Json]:
    match image.everything().get("size"):
        case [width, height]:
            image.take("size")
            return width, height
        case _:
            return None, None
