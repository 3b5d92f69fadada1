"""Draw what was asked for: through the write path, or without keeping anything.

Owns one run of `darkroom generate`: its id, the one retry after memory ran out, copies
for the person, and what became of each image.
"""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.image_stripping import strip_metadata
from darkroom.adapters.plain_files import write_new_file
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.wiring import renderer_of
from darkroom.core.errors import DarkroomError, JobFailed
from darkroom.core.jobs import Done, EngineReceipt, Progress
from darkroom.core.keys import RunKeys, run_id, sidecar_key
from darkroom.generating.preparing import Prepared, prepare
from darkroom.generating.request import Request, check_request, output_files
from darkroom.generating.sources import sources_of
from darkroom.writepath.batch import BatchResult, Broke, draw_batch
from darkroom.writepath.desk import Committed, Desk, Ended, Job, Waiting
from darkroom.writepath.intents import with_prefix
from darkroom.writepath.opening import opened_desk

_DRAWN_BELOW = 1 << 53
"""Tools that keep numbers as floats (jq, browsers) show such seeds exactly."""


@dataclass(frozen=True)
class Made:
    """One image that is there."""

    seed: int
    image: str
    """Where a person finds it."""
    metadata: str | None
    sha256: str | None = None
    key: str | None = None
    copy: str | None = None
    is_fresh: bool = True
    """False where the store had it already."""


@dataclass
class Telling:
    """What happens on the way; the door shows it."""

    begun: Callable[[Prepared], None] = lambda _prepared: None
    progress: Callable[[Progress], None] = lambda _progress: None
    made: Callable[[Made], None] = lambda _made: None
    failed: list[DarkroomError] = field(default_factory=list[DarkroomError])


def generate(request: Request, telling: Telling) -> None:
    """Draw every image; raises the first failure once all others are drawn."""
    check_request(request)
    lab = open_lab()
    sources = sources_of(lab, request)
    with renderer_of(lab, sources.comfy) as client:
        receipt = client.receipt()
        drawn = secrets.randbelow(_DRAWN_BELOW)
        prepared = prepare(request, sources, client.object_info(), drawn)
        telling.begun(prepared)
        if request.keeps_metadata:
            _kept(lab, prepared, client, receipt, telling)
        else:
            _unkept(prepared, client, telling)
    if telling.failed:
        raise telling.failed[0].extend(_of_how_many(request, telling))


def _of_how_many(request: Request, telling: Telling) -> str:
    failed = len(telling.failed)
    return f" ({failed} of {request.count} images failed)" if request.count > 1 else ""


def _kept(
    lab: Lab, prepared: Prepared, client: ComfyClient, receipt: EngineReceipt, telling: Telling
) -> None:
    with opened_desk(lab) as desk:
        keys = _keys(desk, prepared.sources.store_project)
        jobs = prepared.jobs(keys, f"{receipt.kind}/{receipt.version}")
        copies = _Copies(desk, prepared)

        def tell(number: int, result: BatchResult) -> None:
            if isinstance(result, Committed):
                telling.made(copies.made(number, result))

        results = draw_batch(jobs, desk, client, None, tell, telling.progress)
        for number, result in enumerate(results):
            if not isinstance(result, Committed):
                _again(desk, client, (number, jobs[number], result), copies, telling)


def _keys(desk: Desk, project: str) -> RunKeys:
    now = desk.now()
    stem = run_id(now)
    prefix = f"{project}/working/{stem}"
    found = desk.store.iter_keys(prefix)
    taken = frozenset(key.split("/")[2] for key in found)
    return RunKeys(project, run_id(now, taken))


def _again(
    desk: Desk,
    client: ComfyClient,
    what: tuple[int, Job, BatchResult],
    copies: "_Copies",
    telling: Telling,
) -> None:
    """Where memory ran out: free the server's, and try that image once more by itself."""
    number, job, result = what
    if isinstance(result, Ended) and result.cause == "out_of_memory":
        client.free()
        (result,) = draw_batch([job], desk, client, None, None, telling.progress)
    if isinstance(result, Committed):
        telling.made(copies.made(number, result))
    else:
        telling.failed.append(_failure(result))


def _failure(result: Ended | Waiting | Broke) -> DarkroomError:
    match result:
        case Broke(_, error):
            return error
        case Ended(_, _, cause, message):
            return JobFailed("image-undrawn", f"{cause}: {message}")
        case Waiting(_, _, reason):
            return JobFailed("image-undrawn", reason)


class _Copies:
    """Where a person finds the images of one run."""

    def __init__(self, desk: Desk, prepared: Prepared) -> None:
        self._desk = desk
        self._seeds = prepared.seeds
        self._files = list(output_files(prepared.request))

    def made(self, number: int, done: Committed) -> Made:
        store, sidecar = self._desk.store, sidecar_key(done.image_key)
        copy = self._files[number] if self._files else None
        if copy is not None:
            _write(copy, store.get(done.image_key))
            _write(copy.with_name(f"{copy.name}.json"), store.get(sidecar))
        return Made(
            seed=self._seeds[number],
            image=store.url_for(done.image_key),
            metadata=store.url_for(sidecar),
            sha256=done.sha256,
            key=done.image_key,
            copy=str(copy) if copy else None,
            is_fresh=done.fresh,
        )


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_new_file(path, data)


def _unkept(prepared: Prepared, client: ComfyClient, telling: Telling) -> None:
    """Draw straight into files: no promise, no store, no sidecar, no text in the picture."""
    files = list(output_files(prepared.request))
    names = {name: client.upload(data, name) for name, data in prepared.inputs.items()}
    jobs = prepared.jobs(RunKeys("unkept", "2000-01-01_00-00-00"), "unkept")
    for job, file in zip(jobs, files, strict=True):
        data = strip_metadata(_drawn(job, names, client, telling))
        _write(file, data)
        telling.made(Made(job.seed, str(file), None))


def _drawn(job: Job, names: dict[str, str], client: ComfyClient, telling: Telling) -> bytes:
    prompt_id = str(uuid.uuid4())
    graph = with_prefix(job.graph, f"darkroom-{prompt_id}")
    for node in graph.values():
        inputs = cast("dict[str, Any]", node["inputs"])
        inputs |= {name: names[value] for name, value in inputs.items() if _is_name(value, names)}
    try:
        client.submit(graph, prompt_id)
        final = client.wait(prompt_id, telling.progress)
    except KeyboardInterrupt:
        client.cancel(prompt_id)
        raise
    if not isinstance(final, Done) or not final.outputs:
        raise JobFailed("image-undrawn", f"the server gave no image: {final}")
    return client.fetch(final.outputs[0])


def _is_name(value: object, names: dict[str, str]) -> bool:
    return isinstance(value, str) and value in names
