"""An independent checker of what must be true of a store after any fault.

Reads the folder itself, with nothing of darkroom.writepath: I1, I2, I4, I5 and I7 of
the reliability notes. Returns sentences; an empty list is a healthy store.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image


def sidecars(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every committed image's path and document."""
    for path in sorted(root.glob("*/working/*/images/*.json")):
        yield path.with_suffix(""), json.loads(path.read_text())


def violations(root: Path, secret: str = "", *, settled: bool = True) -> list[str]:
    """Everything that is not as promised; `settled` means: reconcile has run to its end."""
    found = [*_whole_images(root), *_one_commit_per_job(root)]
    if settled:
        found += [*_no_orphans(root), *_every_job_ended(root)]
    if secret:
        found += _nothing_secret(root, secret)
    return found


def _whole_images(root: Path) -> Iterator[str]:
    for path, document in sidecars(root):
        known = document["identity"]
        if not path.exists():
            yield f"I1/I2 {path.name}: committed, but there is no image"
            continue
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != known["sha256"]:
            yield f"I1 {path.name}: not the image its sidecar names"
        with Image.open(path, formats=["PNG"]) as image:
            image.load()
        if not str(path).endswith(known["key"]):
            yield f"I1 {path.name}: its sidecar claims {known['key']}"


def _one_commit_per_job(root: Path) -> Iterator[str]:
    places: dict[str, list[str]] = defaultdict(list)
    for path, document in sidecars(root):
        known = document["identity"]
        if known["job_key"] is None:
            continue  # a copy of an image that another run drew
        places[f"{known['job_key'][:8]} {known.get('output') or 1}"].append(path.name)
    for job, names in places.items():
        if len(names) > 1:
            yield f"I4 job {job} is committed {len(names)} times: {names}"


def _no_orphans(root: Path) -> Iterator[str]:
    for path in sorted(root.glob("*/working/*/images/*.png")):
        if not path.with_name(path.name + ".json").exists():
            yield f"I2 {path.name}: an image that nothing commits"


def _every_job_ended(root: Path) -> Iterator[str]:
    committed = {document["identity"]["job_key"] for _, document in sidecars(root)}
    last: dict[tuple[Path, str], int] = {}
    for path in root.glob("*/working/*/intents/*.json"):
        job, attempt, _ = path.name.split(".")
        place = (path.parent.parent, job)
        last[place] = max(last.get(place, 0), int(attempt))
    for (run, job), attempt in last.items():
        if job in committed:
            continue
        outcome = run / "outcomes" / f"{job}.{attempt}.json"
        ended = json.loads(outcome.read_text())["ended"]["result"] if outcome.exists() else "open"
        if ended not in {"failed", "cancelled"}:
            yield f"I5 job {job[:8]} attempt {attempt} is {ended}"


def _nothing_secret(root: Path, secret: str) -> Iterator[str]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and secret.encode() in path.read_bytes():
            yield f"I7 {path.name} holds the secret"
