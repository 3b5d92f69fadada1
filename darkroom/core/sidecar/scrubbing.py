"""Keep secrets and machine paths out of what is about to be written.

Owns the last look at a document before it becomes a sidecar. The caller brings
the function that knows the secrets; this module knows which fields name files
and which hold messages of other programs.
"""

from collections.abc import Callable, Mapping
from typing import cast

from pydantic import BaseModel

from darkroom.core.sidecar.fields import Json
from darkroom.core.sidecar.model import Sidecar
from darkroom.core.sidecar.paths import (
    climbs,
    is_absolute,
    is_machine_path,
    last_part,
    without_machine_paths,
)
from darkroom.core.sidecar.settling import strict
from darkroom.core.sidecar.variations import combination_hash

Redact = Callable[[str], str]
_FILE_NAMES = {
    ("workflow", "name"),
    ("workflow", "model"),
    ("workflow", "vae"),
    ("iteration", "image_path"),
    ("parameters", "loras", "name"),
    ("storage", "key"),
}
_MESSAGES = {
    ("iteration", "aivis_metadata", "error"),
    ("iteration", "comparison", "analysis"),
    ("quality", "scores", "reason"),
    ("engine", "device"),
    ("engine", "version"),
}
_GRAPH_INPUT = 5
_FREE = {"extra", "unparsed"}


def compose(document: Mapping[str, object], redact: Redact = str) -> Sidecar:
    """Make a sidecar of ours from its parts: scrubbed, checked, or SidecarDamaged.

    Parts may be models or plain JSON values; `redact` is given every text. The
    combination hash follows from the variations and need not be given.
    """
    clean = scrub(document, redact)
    variations = clean.get("variations")
    if isinstance(variations, dict):
        clean.setdefault("variation_combination_hash", combination_hash(variations))
    return strict(clean)


def scrub(document: Mapping[str, object], redact: Redact = str) -> dict[str, Json]:
    """Redact every text and shorten every path of a machine to its last part."""
    return {str(key): _clean(value, (str(key),), redact) for key, value in document.items()}


def _clean(value: object, path: tuple[str, ...], redact: Redact) -> Json:
    match value:
        case BaseModel():
            return _clean(value.model_dump(mode="json", by_alias=True), path, redact)
        case Mapping():
            pairs = cast("Mapping[object, object]", value).items()
            return {
                redact(str(key)): _clean(item, (*path, str(key)), redact) for key, item in pairs
            }
        case list() | tuple():
            return [_clean(item, path, redact) for item in cast("list[object]", value)]
        case str():
            return _without_paths(redact(value), path)
        case _:
            return cast("Json", value)


def _without_paths(text: str, path: tuple[str, ...]) -> str:
    if path in _FILE_NAMES:
        return last_part(text) if is_absolute(text) or climbs(text) else text
    if path[:2] == ("workflow", "graph"):
        is_input = len(path) == _GRAPH_INPUT and path[3] == "inputs"
        return last_part(text) if is_input and is_machine_path(path[4], text) else text
    if path in _MESSAGES or _FREE & set(path[:2]):
        return without_machine_paths(text)
    return text
