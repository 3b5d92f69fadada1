"""From an image in memory to a committed image in the store.

Owns the order: image, read back its size, what the run asked for, sidecar, read the
sidecar back. The sidecar is the commit; nothing committed is ever overwritten, and an
image that is stored already is used rather than replaced.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import md5
from typing import cast

from pydantic import BaseModel

from darkroom.core.errors import ImageRefused, SidecarDamaged, StoreCorrupt, StoreUnavailable
from darkroom.core.keys import sidecar_key
from darkroom.core.sidecar import Sidecar, combination_hash, compose, moment, serialise
from darkroom.writepath.crashpoints import reach
from darkroom.writepath.desk import (
    Answer,
    Committed,
    Desk,
    Picture,
    Service,
    Stored,
    Taken,
    Waiting,
)
from darkroom.writepath.intents import Bag, Intent
from darkroom.writepath.ledger import JSON, Ledger, sha256_of

_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_WRITES = 2
_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}


def verified(desk: Desk, data: bytes) -> Picture:
    """Decode the bytes completely, or raise ImageRefused."""
    return Picture(data, sha256_of(data), desk.inspect(data))


def stored_image(desk: Desk, image_key: str) -> Picture | None:
    """The image that lies there, whole and decodable, or None."""
    data = Ledger(desk.store).get(image_key)
    if data is not None:
        with suppress(ImageRefused):
            return verified(desk, data)
    return None


def commit(
    desk: Desk,
    intent: Intent,
    drawn: Picture,
    answer: Answer | None,
    service: Service | None = None,
) -> Committed | Waiting | Taken:
    """Store, answer, commit; what is committed there already stays as it is."""
    existing = _sidecar_or_safe(desk, intent, drawn)
    if existing is not None:
        return _beside(desk, intent, drawn, existing)
    picture = stored_image(desk, intent.image_key)
    if picture is None:
        picture = drawn
        _put_image(desk, intent.image_key, drawn)
    reach("after-image")
    if intent.asked and answer is None:
        reason = "what the run asked for is not answered yet; run it again"
        return Waiting(intent.job_key, intent.image_key, reason)
    answers: Mapping[str, object] = {}
    if answer is not None and intent.asked:
        answers = answer(Stored(intent, picture))
    reach("after-answers")
    document = _document(desk, intent, picture, {**intent.describes, **answers})
    _note_service(document, service or Service(), picture)
    _put_sidecar(desk, intent, compose(document, desk.redact))
    reach("after-readback")
    return Committed(intent.job_key, intent.image_key, picture.sha256, intent.prompt_id, fresh=True)


def _sidecar_or_safe(desk: Desk, intent: Intent, drawn: Picture) -> Sidecar | None:
    """What commits the image already; a store that is away gets the image on its way first."""
    try:
        return Ledger(desk.store).sidecar(intent.image_key)
    except StoreUnavailable:
        # a spool keeps it, and refuses to deliver it over something else
        desk.store.put(intent.image_key, drawn.data, drawn.facts.mime)
        raise


def commit_companion(
    desk: Desk, intent: Intent, key: str, number: int, picture: Picture, service: Service
) -> None:
    """Store a further image of the job with a sidecar of its own, before the first commits it.

    A crash in between comes here again with the same bytes; what is committed stays.
    """
    beside = intent.model_copy(update={"image_key": key})
    if Ledger(desk.store).sidecar(key) is not None:
        return
    _put_image(desk, key, picture)
    document = _document(desk, beside, picture, intent.describes)
    document["identity"] = {**_identity(beside, picture), "output": number}
    _note_service(document, service, picture)
    _put_sidecar(desk, beside, compose(document, desk.redact))
    reach("after-companion")


def _note_service(document: dict[str, object], service: Service, picture: Picture) -> None:
    if service.seconds is not None:
        took = {"seconds": service.seconds, "gpu_seconds": service.seconds}
        document["cost"] = {**took, **_part(document, "cost")}
    if warnings := (*service.warnings, *picture.facts.warnings):
        engine = _part(document, "engine")
        document["engine"] = {**engine, "warnings": list(warnings)}


def _beside(desk: Desk, intent: Intent, drawn: Picture, existing: Sidecar) -> Committed | Taken:
    """A sidecar lies there: it counts, and at most its own lost image is put back."""
    known = existing.identity
    if known.job_key == intent.job_key:
        if desk.store.head(intent.image_key) is None and known.sha256 == drawn.sha256:
            _put_image(desk, intent.image_key, drawn)
        if found := Ledger(desk.store).committed_at(intent.image_key, intent.job_key):
            return found
    return Taken(intent.job_key, intent.image_key)


def _put_image(desk: Desk, key: str, picture: Picture) -> None:
    data = picture.data
    said = desk.store.put(key, data, picture.facts.mime)
    stat = desk.store.head(key)
    etag = (stat.etag or "").strip('"') if stat else ""
    wrong_etag = _MD5.match(etag) and etag != md5(data, usedforsecurity=False).hexdigest()
    if stat is None or stat.size_bytes != len(data) or said != picture.sha256 or wrong_etag:
        raise StoreCorrupt(
            "commit-differs",
            "the store does not hold the image that was written",
            where=f"{desk.store.name}/{key}",
        )


def _put_sidecar(desk: Desk, intent: Intent, sidecar: Sidecar) -> None:
    key, data = sidecar_key(intent.image_key), serialise(sidecar)
    for _ in range(_WRITES):
        desk.store.put(key, data, JSON)
        reach("after-sidecar")
        if desk.store.get(key) == data:
            return
        # another machine may have committed the same job in the same moment: one of both stays
        with suppress(SidecarDamaged):
            if Ledger(desk.store).committed_at(intent.image_key, intent.job_key):
                return
    raise StoreCorrupt(
        "commit-differs",
        "the store does not return the sidecar that was written",
        where=f"{desk.store.name}/{key}",
    )


@dataclass(frozen=True)
class _Unseen:
    """Stands for the image while there is none."""

    width: int = 1
    height: int = 1
    mime: str = "image/png"
    warnings: tuple[str, ...] = ()


def check_description(desk: Desk, intent: Intent) -> None:
    """Refuse before any GPU time what could not be written as a sidecar afterwards."""
    placeholder = Picture(b"", intent.job_key, _Unseen())
    compose(_document(desk, intent, placeholder, intent.describes), desk.redact)


def _document(
    desk: Desk, intent: Intent, picture: Picture, parts: Mapping[str, object]
) -> dict[str, object]:
    now = moment(desk.now())
    document: dict[str, object] = {
        "timestamp": now,
        "generation_id": intent.prompt_id,
        **parts,
        "committed_at": now,
        "identity": _identity(intent, picture),
        "workflow": {**_part(parts, "workflow"), "graph": intent.graph},
        "engine": {**intent.receipt, **_part(parts, "engine")} or None,
    }
    if variations := _part(parts, "variations"):
        document["variation_combination_hash"] = combination_hash(variations)
    if desk.storage:
        document["storage"] = {
            **desk.storage,
            "key": intent.image_key,
            "file_size_bytes": len(picture.data),
            "format": _FORMATS.get(picture.facts.mime),
        }
    return document


def _part(parts: Mapping[str, object], name: str) -> Bag:
    part = parts.get(name)
    if isinstance(part, BaseModel):
        return cast("Bag", part.model_dump(mode="json", by_alias=True))
    return cast("Bag", part or {})


def _identity(intent: Intent, picture: Picture) -> Bag:
    return {
        "key": intent.image_key,
        "project": intent.project,
        "run_id": intent.run_id,
        "iteration": intent.iteration,
        "job_key": intent.job_key,
        "prompt_id": intent.prompt_id,
        "sha256": picture.sha256,
        "size_bytes": len(picture.data),
        "width": picture.facts.width,
        "height": picture.facts.height,
        "mime": picture.facts.mime,
    }
