"""What an experiment will cost, before anything is drawn: seconds, and bytes on the disk.

Owns where the figures come from, and that this is said: images of this experiment, then other
images of the project with the same model, then a figure measured once with the built-in
engine. Seconds are taken to grow with the pixels and the steps.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from darkroom.adapters.stores.protocol import Store
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import KeyNotFound, SidecarDamaged
from darkroom.core.experiments.deciding import Entry
from darkroom.core.sidecar import Sidecar, read_any
from darkroom.experiments.opening import Opened

_LOOKED_AT = 40
_EMBEDDED_S = 0.4
_EMBEDDED_WORK = 128 * 128 * 16
"""One image of 128 x 128 pixels at 16 steps took the built-in engine so long on two cores."""
_ELSEWHERE_S = 5.0
_ELSEWHERE_WORK = 1024 * 1024 * 25
_USUAL = (1024, 1024, 25)
_BYTES_PER_PIXEL = 1.5
_DOCUMENTS_BYTES = 12_000
"""Sidecar, promise and index entry of one image."""


@dataclass(frozen=True)
class Estimate:
    """What the images still to be drawn will cost."""

    seconds: float
    seconds_from: str
    disk_bytes: int
    disk_from: str


@dataclass(frozen=True)
class _Seen:
    """One image as far as it says something of the next."""

    work: float
    pixels: int
    seconds: float | None
    size_bytes: int | None


Steps = Sequence[int | None]
"""Of each attempt; None: as the cell has it."""


def estimate(opened: Opened, entries: Sequence[Entry], attempts: Steps = (None,)) -> Estimate:
    """The cost of drawing these with all attempts, on all servers at once."""
    seen, source = _seen(opened, attempts)
    works = [_work(opened, entry, attempts) for entry in entries]
    rates = [each.seconds / each.work for each in seen if each.seconds and each.work]
    hosts = max(1, len(opened.hosts))
    if rates:
        per_work, seconds_from = median(rates), f"{len(rates)} {source}"
    elif all(receipt.kind == EMBEDDED for receipt in opened.receipts.values()):
        per_work, seconds_from = _EMBEDDED_S / _EMBEDDED_WORK, "measured with the built-in engine"
    else:
        per_work, seconds_from = _ELSEWHERE_S / _ELSEWHERE_WORK, "a guess; nothing is known yet"
    sizes = [each.size_bytes / each.pixels for each in seen if each.size_bytes and each.pixels]
    per_pixel, disk_from = (
        (median(sizes), f"{len(sizes)} {source}")
        if sizes
        else (
            _BYTES_PER_PIXEL,
            "a guess; nothing is known yet",
        )
    )
    pixels = sum(width * height for width, height, _ in (_size(opened, e) for e in entries))
    return Estimate(
        seconds=sum(works) * per_work / hosts,
        seconds_from=seconds_from,
        disk_bytes=len(attempts) * int(pixels * per_pixel + len(entries) * _DOCUMENTS_BYTES),
        disk_from=disk_from,
    )


def _work(opened: Opened, entry: Entry, attempts: Steps) -> float:
    width, height, usual = _size(opened, entry)
    return width * height * sum(steps or usual for steps in attempts)


def _size(opened: Opened, entry: Entry) -> tuple[int, int, int]:
    told = opened.checked.size_of.get(entry.cell, (0, 0, 0))
    width, height, steps = (own or usual for own, usual in zip(told, _USUAL, strict=True))
    return width, height, steps


def _seen(opened: Opened, attempts: Steps) -> tuple[list[_Seen], str]:
    own = [
        _Seen(
            _work(opened, kept.entry, attempts[: kept.attempts]),
            width * height,
            kept.seconds,
            kept.size_bytes,
        )
        for kept in opened.history.kept.values()
        if kept.entry.cell in opened.checked.size_of
        for width, height, _ in [_size(opened, kept.entry)]
    ]
    if own:
        return own, "images of this experiment"
    kinds = {receipt.kind for receipt in opened.receipts.values()}
    found = [
        _of(sidecar)
        for sidecar in _recent(opened.desk.store, opened.project)
        if sidecar.workflow.model in opened.checked.models
        and sidecar.engine is not None
        and sidecar.engine.kind in kinds
    ]
    return found, "images of this project with the same model"


def _recent(store: Store, project: str) -> Iterator[Sidecar]:
    """The sidecars of the latest runs."""
    keys = (key for key in store.iter_keys(f"{project}/working/") if key.endswith(".png.json"))
    for key in deque(keys, maxlen=_LOOKED_AT):
        try:
            yield read_any(store.get(key), key=key).sidecar
        except (SidecarDamaged, KeyNotFound):
            continue


def _of(sidecar: Sidecar) -> _Seen:
    identity, steps = sidecar.identity, sidecar.parameters.steps
    pixels = (identity.width or 0) * (identity.height or 0)
    seconds = sidecar.cost.gpu_seconds if sidecar.cost else None
    return _Seen(pixels * (steps or 0), pixels, seconds, identity.size_bytes)
