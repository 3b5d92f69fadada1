"""An image that an earlier run drew already: copied into this run, and drawn by nobody.

Owns the copy and the sidecar that commits it. The copy is no delivery of the job: it
carries no job key, and its sidecar says under `extra.copied_from` where it comes from.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from darkroom.adapters.stores.verified import read_verified
from darkroom.core.errors import StoreCorrupt
from darkroom.core.keys import sidecar_key
from darkroom.core.sidecar import compose, moment, serialise
from darkroom.runs.documents import JSON
from darkroom.runs.run import Image, Run
from darkroom.writepath.ledger import Ledger

COPIED_FROM = "copied_from"


def copied(run: Run, image: Image) -> Image:
    """Have the image in this run's own tree; what lies there already stays."""
    own, store = run.keys.image(image.iteration), run.tools.desk.store
    if image.key == own:
        return image
    if store.head(own) is None:
        data = read_verified(store, image.key, image.sha256)
        store.put(own, data, run.tools.desk.inspect(data).mime)
    return replace(image, key=own, copied_from=image.key)


def commit_copy(run: Run, image: Image, parts: Mapping[str, object]) -> None:
    """Commit the copy: drawn as the image it comes from was, judged by this run."""
    desk, key = run.tools.desk, sidecar_key(image.key)
    if image.copied_from is None or desk.store.head(key) is not None:
        return
    source = Ledger(desk.store).sidecar(image.copied_from)
    if source is None:
        raise StoreCorrupt(
            "commit-differs", "the image it was copied from is not committed any more", where=key
        )
    document = source.model_dump(mode="json", by_alias=True) | dict(parts)
    document["committed_at"] = moment(desk.now())
    document["extra"] = source.extra | {COPIED_FROM: image.copied_from}
    own = {
        "key": image.key,
        "project": run.project.name,
        "run_id": run.keys.run_id,
        "iteration": image.iteration,
        "job_key": None,
    }
    document["identity"] = source.identity.model_dump(mode="json") | own
    if isinstance(stored := document.get("storage"), dict):
        document["storage"] = cast("dict[str, object]", stored) | {"key": image.key}
    data = serialise(compose(document, desk.redact))
    desk.store.put(key, data, JSON)
    if desk.store.get(key) != data:
        raise StoreCorrupt(
            "commit-differs", "the store does not return the sidecar that was written", where=key
        )
