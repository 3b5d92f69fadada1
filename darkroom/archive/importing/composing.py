"""The documents of an import: the sidecar of an image, the event that keeps a rating.

Owns what both say. Everything in them is scrubbed of secrets and of paths of the machine,
and what does not fit a sidecar is moved into its `extra` rather than lost.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from darkroom.archive.importing.describing import Described
from darkroom.archive.importing.readable import readable_json
from darkroom.core import annotations
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import combination_hash, moment, scrub, serialise
from darkroom.core.sidecar.settling import settle
from darkroom.core.ulids import milliseconds, ulid
from darkroom.writepath.desk import Desk

BY: Final = "import"
_CHANCE_BYTES = 10


@dataclass(frozen=True)
class Place:
    """Where an image will lie."""

    key: str
    number: int


def sidecar(desk: Desk, item: Described, keys: RunKeys, place: Place) -> bytes:
    """The document that commits an imported image; SidecarDamaged where nothing can."""
    known = cast("dict[str, Any]", item.document.get("identity") or {})
    kept = {name: known[name] for name in ("job_key", "prompt_id") if known.get(name)}
    document = {
        **item.document,
        "schema": "darkroom/sidecar",
        "version": 1,
        "committed_at": moment(desk.now()),
        "identity": {**kept, **_identity(item, keys, place)},
        "origin": {"form": "imported"},
        "storage": _storage(desk, item, place),
    }
    if iteration := document.get("iteration"):
        document["iteration"] = {**cast("dict[str, Any]", iteration), "iteration": place.number}
    clean = scrub(readable_json(document), desk.redact)
    varied = cast("dict[str, Any]", clean.get("variations") or {})
    clean["variation_combination_hash"] = combination_hash(varied)
    return serialise(settle(clean, place.key).sidecar)


def _identity(item: Described, keys: RunKeys, place: Place) -> dict[str, object]:
    picture = item.picture
    return {
        "key": place.key,
        "project": keys.project,
        "run_id": keys.run_id,
        "iteration": place.number,
        "sha256": picture.sha256,
        "size_bytes": len(picture.data),
        "width": picture.width,
        "height": picture.height,
        "mime": picture.mime,
    }


def _storage(desk: Desk, item: Described, place: Place) -> dict[str, object] | None:
    if not desk.storage:
        return None
    size, form = len(item.picture.data), item.picture.mime.partition("/")[2]
    return {**desk.storage, "key": place.key, "file_size_bytes": size, "format": form}


def mark(
    desk: Desk, started: datetime, target: annotations.Target, changes: Mapping[str, object]
) -> tuple[str, bytes]:
    """An event whose name follows from what it speaks of: written again, it is the same one."""
    stamp = annotations.Stamp(name_at(started, f"{target}".encode()), moment(desk.now()), BY)
    event = annotations.compose(stamp, target, scrub(readable_json(changes), desk.redact))
    return annotations.annotation_key(target, event.id), annotations.serialise(event)


def name_at(when: datetime, content: bytes) -> str:
    """A time-ordered name that follows from a moment and some content."""
    chance = int.from_bytes(hashlib.sha256(content).digest()[:_CHANCE_BYTES], "big")
    return ulid(milliseconds(when), chance)
