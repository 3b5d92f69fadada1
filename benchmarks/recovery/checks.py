"""What must be true of a laboratory after all that: read from its files, not from its word."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.recovery.place import IMAGES, Place


@dataclass(frozen=True)
class Counted:
    """What was promised, drawn and committed."""

    intents: int
    committed: int
    jobs: int
    """Different ones among the committed; in two projects the same one counts twice."""
    ended_without: int
    """Attempts whose outcome says why there is no image."""
    open_promises: int
    damaged: int
    """Images that are not what their sidecar says, or are not there."""
    orphans: int
    notes: int
    whole_runs: int
    """Runs that have every image of their budget; an image that is lost is missing here."""
    other_runs: tuple[str, ...]
    """Runs that drew and have fewer, or more, and do not say why."""
    given_up: int
    """Images of a run that say why they are not there: the server was away for too long."""


def counted(root: Path) -> Counted:
    """Read the whole store."""
    sidecars = sorted(root.glob("*/working/*/images/*.json"))
    said = [(path, json.loads(path.read_text())["identity"]) for path in sidecars]
    drawn = {(known["project"], known["job_key"]) for _, known in said if known["job_key"]}
    intents = sorted(root.glob("*/working/*/intents/*.json"))
    outcomes = {path.name for path in root.glob("*/working/*/outcomes/*.json")}
    last = {_place(path): path.name for path in intents}  # sorted: the last attempt
    still_open = [
        place for place, name in last.items() if place not in drawn and name not in outcomes
    ]
    images = set(root.glob("*/working/*/images/*.png"))
    begun = {path.parents[1] for path in intents}
    drew = Counter(path.parents[1] for path in sidecars)
    missed = {run: _given_up(run) for run in begun}
    return Counted(
        intents=len(intents),
        committed=len(said),
        jobs=len(drawn) + sum(not known["job_key"] for _, known in said),
        ended_without=len(outcomes),
        open_promises=len(still_open),
        damaged=sum(not _is_whole(path, known) for path, known in said),
        orphans=len(images - {path.with_suffix("") for path in sidecars}),
        notes=len(list(root.glob("*/working/turns/*.json"))),
        whole_runs=sum(drew[run] + missed[run] == IMAGES for run in begun),
        other_runs=tuple(
            sorted(
                f"{run.relative_to(root)}: {drew[run]}"
                for run in begun
                if drew[run] + missed[run] != IMAGES
            )
        ),
        given_up=sum(missed.values()),
    )


def _given_up(run: Path) -> int:
    said = (json.loads(path.read_text()) for path in run.glob("metadata/*_metadata.json"))
    return sum(bool(one["failure"]) and one["image_path"] is None for one in said)


def _place(intent: Path) -> tuple[str, str]:
    return intent.parents[3].name, intent.name.partition(".")[0]


def _is_whole(sidecar: Path, known: dict[str, str]) -> bool:
    image = sidecar.with_suffix("")
    return image.exists() and hashlib.sha256(image.read_bytes()).hexdigest() == known["sha256"]


def broken(place: Place, found: Counted) -> list[str]:
    """What must not be at any time when nothing is at work."""
    said: list[str] = []
    if found.damaged:
        said.append(f"{found.damaged} images are not what their sidecars say")
    if found.committed != found.jobs:
        said.append(f"{found.committed} images for {found.jobs} jobs: something is doubled")
    if found.other_runs:
        said.append(f"runs with lost or needless images: {found.other_runs}")
    if not len(place.began) <= found.whole_runs <= len(place.began) + place.commands_begun:
        begun = f"{len(place.began)} deployed and {place.commands_begun} by command"
        said.append(f"{found.whole_runs} whole runs of {begun}")
    if (states := Counter(place.states().values())).keys() != {"COMPLETED"}:
        said.append(f"flow runs are {dict(states)}")
    return said


def violations(place: Place, found: Counted, kills: int) -> list[str]:
    """Everything that is not as promised."""
    said = broken(place, found)
    if found.orphans or found.open_promises:
        said.append(f"{found.orphans} orphans, {found.open_promises} open promises")
    # at least once: a kill costs at most the two jobs that were on the server
    if found.intents > found.committed + found.ended_without + 2 * kills:
        said.append(f"{found.intents} submissions for {found.committed} images, {kills} kills")
    if unattended := place.unattended():
        said.append(f"flow runs that nobody carries out: {unattended}")
    if held := place.held_slots():
        said.append(f"slots that nobody gives back: {held}")
    if not same_warehouse(place):
        said.append("the warehouse built anew is not the one that was kept up")
    return said


def same_warehouse(place: Place) -> bool:
    """Whether what was taken in step by step equals what is taken in at once."""
    place.command("warehouse", "sync")
    kept = _rows(place)
    place.command("warehouse", "rebuild")
    return kept == _rows(place)


def _rows(place: Place) -> list[str]:
    wanted = "select image, job_key, sha256, composite_score, run_id from image order by all"
    return sorted(place.command("sql", wanted, "--json").splitlines())
