"""Images without a sidecar, sidecars without an entry in the index, and what is damaged.

Owns the part of reconcile that concerns images rather than jobs. An orphan is adopted
only on request and only when it is old; nothing is ever deleted.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from darkroom.adapters.stores.verified import read_verified
from darkroom.core.errors import ImageRefused, KeyNotFound, SidecarDamaged, StoreCorrupt, UsageError
from darkroom.core.keys import RunKeys, sidecar_key
from darkroom.core.sidecar import Sidecar, compose, moment, read_any, serialise
from darkroom.writepath.commit import verified
from darkroom.writepath.crashpoints import reach
from darkroom.writepath.desk import Desk
from darkroom.writepath.ledger import JSON, Ledger
from darkroom.writepath.report import Finding
from darkroom.writepath.survey import Survey

YOUNGEST_ADOPTED_H = 24.0
_SECONDS_PER_HOUR = 3600


def orphans(desk: Desk, keys: list[str], adopt_after_h: float | None) -> Iterator[Finding]:
    """Report every orphan; adopt the old ones where that is asked for."""
    if adopt_after_h is not None and adopt_after_h < YOUNGEST_ADOPTED_H:
        raise UsageError(
            "adoption-too-early",
            f"orphans of {adopt_after_h:g} h may still be completed by whoever draws them",
        )
    for key in keys:
        stat = desk.store.head(key)
        if stat is None:
            continue  # completed and moved on, or removed by hand meanwhile
        age_h = (desk.now().timestamp() - stat.modified_at) / _SECONDS_PER_HOUR
        if adopt_after_h is None or age_h < adopt_after_h:
            yield Finding("orphan", key, reason=f"nothing commits it; {max(age_h, 0):.1f} h old")
        else:
            yield _adopted(desk, key, stat.modified_at)


def _adopted(desk: Desk, key: str, modified_at: float) -> Finding:
    try:
        picture = verified(desk, desk.store.get(key))
    except ImageRefused as error:
        return Finding("damaged", key, reason=error.message)
    project, _, run_id, *_ = key.split("/")
    made_at = moment(datetime.fromtimestamp(modified_at, UTC))
    document: dict[str, object] = {
        "timestamp": made_at,
        "committed_at": moment(desk.now()),
        "origin": {"form": "imported"},
        "identity": {
            "key": key,
            "project": project,
            "run_id": run_id,
            "sha256": picture.sha256,
            "size_bytes": len(picture.data),
            "width": picture.facts.width,
            "height": picture.facts.height,
            "mime": picture.facts.mime,
        },
    }
    desk.store.put(sidecar_key(key), serialise(compose(document, desk.redact)), JSON)
    reach("after-adoption")
    return Finding("adopted", key, reason="its origin is unknown, and its sidecar says so")


def restore_index(desk: Desk, seen: Survey, *, everything: bool) -> Iterator[Finding]:
    """Enter committed jobs that the index lacks."""
    ledger = Ledger(desk.store)
    known = {image for images in seen.claims.values() for image in images}
    for image_key in sorted(seen.sidecars - known) if everything else seen.unindexed():
        with suppress(SidecarDamaged):
            sidecar = ledger.sidecar(image_key)
            if sidecar is not None and _index(ledger, sidecar):
                reach("after-index")
                yield Finding("indexed", image_key, sidecar.identity.job_key)


def _index(ledger: Ledger, sidecar: Sidecar) -> bool:
    known = sidecar.identity
    if not (known.job_key and known.project and known.run_id and known.iteration):
        return False
    keys = RunKeys(known.project, known.run_id)
    if keys.image(known.iteration) != known.key:
        return False
    ledger.claim(keys, known.job_key, known.iteration)
    return True


def verify_sidecars(desk: Desk, seen: Survey) -> Iterator[Finding]:
    """Read every sidecar and image; report what does not hold together."""
    for image_key in sorted(seen.sidecars):
        key = sidecar_key(image_key)
        try:
            known = read_any(desk.store.get(key), key).sidecar.identity
            if known.sha256 is not None and image_key in seen.images:
                read_verified(desk.store, image_key, known.sha256)
        except (SidecarDamaged, StoreCorrupt) as error:
            yield Finding("damaged", key, reason=error.message)
        except KeyNotFound:
            continue  # reported as broken, or removed by hand meanwhile
