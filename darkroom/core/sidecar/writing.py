"""From a sidecar to bytes, and to the forms older tools expect.

Owns the canonical form: the same sidecar gives the same bytes on any machine,
compact, keys sorted, one closing newline. What cannot be read back is not written.
"""

from datetime import datetime
from typing import cast

from darkroom.core.canonical import canonical_json
from darkroom.core.errors import SidecarDamaged
from darkroom.core.sidecar.decoding import decode
from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.model import Sidecar


def serialise(sidecar: Sidecar) -> bytes:
    """The canonical bytes; SidecarDamaged names the field no reader would accept."""
    try:
        # in Python mode: JSON mode mends keys that are no text without saying so
        data = canonical_json(sidecar.model_dump(mode="python", by_alias=True)) + b"\n"
    except (ValueError, RecursionError) as exc:
        message = f"cannot be written as JSON: {type(exc).__name__}"
        raise SidecarDamaged("sidecar-unwritable", message) from exc
    # the reader's own guards: too large, too deep, numbers out of range
    decoded = decode(data)
    if decoded.repairs:
        first = decoded.repairs[0]
        raise SidecarDamaged("sidecar-unwritable", str(first), where=f"#{first.field}")
    return data


def as_document(sidecar: Sidecar) -> dict[str, Json]:
    """The sidecar as plain JSON values."""
    return cast("dict[str, Json]", sidecar.model_dump(mode="json", by_alias=True))


def to_flat(sidecar: Sidecar) -> dict[str, Json]:
    """S0's thirteen fields, exactly and in order; times are UTC without a suffix, as there."""
    parameters = sidecar.parameters
    return {
        "timestamp": sidecar.timestamp.removesuffix("Z") if sidecar.timestamp else None,
        "prompt": sidecar.input.prompt,
        "negative_prompt": sidecar.input.negative_prompt,
        "workflow": sidecar.workflow.name,
        "seed": parameters.seed,
        "steps": parameters.steps,
        "cfg": parameters.cfg,
        "sampler": parameters.sampler,
        "scheduler": parameters.scheduler,
        "loras": [{"name": lora.name, "strength": lora.strength} for lora in parameters.loras],
        "preset": sidecar.input.preset,
        "validation_score": sidecar.validation_score,
        "minio_url": sidecar.storage.url if sidecar.storage else None,
    }


def to_iteration(sidecar: Sidecar) -> dict[str, Json] | None:
    """S2's iteration metadata, its time as epoch seconds; None without an iteration block."""
    if sidecar.iteration is None:
        return None
    document = cast("dict[str, Json]", sidecar.iteration.model_dump(mode="json"))
    when = sidecar.iteration.timestamp
    return document | {"timestamp": datetime.fromisoformat(when).timestamp() if when else None}
