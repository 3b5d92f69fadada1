"""One look at everything a project has in the store, sorted by what it means.

Owns the reading of keys: which are intents, outcomes, images, sidecars and index
entries, and which jobs need a closer look. Reads names only, never content, so that
a project with many finished images costs one listing.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from darkroom.adapters.stores.protocol import Store
from darkroom.core.keys import is_run_id, sidecar_key
from darkroom.writepath.ledger import INDEX

_IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
_IN_FOLDER = 5
_JOB_DIGITS = 64


@dataclass(frozen=True, order=True)
class JobPlace:
    """One job in one run."""

    run_id: str
    job_key: str


@dataclass
class Survey:
    """What the names in the store say."""

    project: str
    promised: dict[JobPlace, int] = field(default_factory=dict[JobPlace, int])
    """Jobs with intents, and the number of the last attempt."""
    outcomes: set[tuple[JobPlace, int]] = field(default_factory=set[tuple[JobPlace, int]])
    images: set[str] = field(default_factory=set[str])
    sidecars: set[str] = field(default_factory=set[str])
    """By the key of their image."""
    claims: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    """Image keys the index gives for a job."""
    strays: list[str] = field(default_factory=list[str])
    """Keys among the records that are none of ours."""

    @property
    def orphans(self) -> list[str]:
        """Images nothing commits."""
        return sorted(self.images - self.sidecars)

    @property
    def broken(self) -> list[str]:
        """Image keys that are committed and not there."""
        return sorted(self.sidecars - self.images)

    def unsettled(self) -> list[JobPlace]:
        """Jobs with intents that no sidecar ends, as far as names tell."""
        ended = {job for job, images in self.claims.items() if not self.sidecars.isdisjoint(images)}
        return sorted(place for place in self.promised if place.job_key not in ended)

    def unindexed(self) -> list[str]:
        """Committed images of runs with intents that the index does not know."""
        known = {image for images in self.claims.values() for image in images}
        drawn = {place.run_id for place in self.promised}
        missing = self.sidecars - known
        return sorted(key for key in missing if key.split("/")[2] in drawn)


def survey(store: Store, project: str) -> Survey:
    """List the project once."""
    found = Survey(project)
    for key in store.iter_keys(f"{project}/working/"):
        parts = key.split("/")
        if len(parts) != _IN_FOLDER:
            continue
        _, _, group, folder, name = parts
        if group == INDEX:
            _note_claim(found, folder, name)
        elif is_run_id(group):
            _note(found, key, group, folder)
    return found


def _note_claim(found: Survey, job: str, name: str) -> None:
    run_id, _, iteration = name.removesuffix(".json").partition(".")
    if is_run_id(run_id) and iteration.isdecimal():
        image = f"{found.project}/working/{run_id}/images/iteration_{iteration}.png"
        found.claims[job].append(image)


def _note(found: Survey, key: str, run_id: str, folder: str) -> None:
    if folder in {"intents", "outcomes"}:
        _note_record(found, key, run_id, folder)
    elif folder == "images" and key.endswith(".json"):
        found.sidecars.add(key.removesuffix(".json"))
    elif folder == "images" and key.endswith(_IMAGE_ENDINGS):
        found.images.add(key)


def _note_record(found: Survey, key: str, run_id: str, folder: str) -> None:
    job, _, rest = key.rpartition("/")[2].partition(".")
    number = rest.removesuffix(".json")
    if len(job) != _JOB_DIGITS or not number.isdecimal():
        found.strays.append(key)
        return
    place = JobPlace(run_id, job)
    if folder == "intents":
        found.promised[place] = max(found.promised.get(place, 0), int(number))
    else:
        found.outcomes.add((place, int(number)))


__all__ = ["JobPlace", "Survey", "sidecar_key", "survey"]
