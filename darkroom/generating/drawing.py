"""Draw what was asked for: through the write path, or without keeping anything.

Owns one run of `darkroom generate`: its id, copies for the person, and what became of each
image. Which server draws is `studio`'s.
"""

import secrets
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.image_stripping import strip_metadata
from darkroom.adapters.plain_files import write_new_file
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DarkroomError, JobFailed
from darkroom.core.jobs import (
    Cancelled,
    Done,
    Failed,
    FinalState,
    Lost,
    OutputFile,
    Progress,
)
from darkroom.core.keys import RunKeys, sidecar_key
from darkroom.generating.judging import Judgement, Jury, jury_of, parts_of
from darkroom.generating.preparing import Prepared, prepare
from darkroom.generating.request import Request, check_request, output_files
from darkroom.generating.sources import sources_of
from darkroom.generating.studio import Studio
from darkroom.writepath.batch import BatchResult, Broke
from darkroom.writepath.desk import Answer, Committed, Desk, Ended, Job, Waiting
from darkroom.writepath.fleet_opening import Servers, opened_servers
from darkroom.writepath.fleet_terms import Slot, free
from darkroom.writepath.intents import with_prefix
from darkroom.writepath.naming import new_run
from darkroom.writepath.opening import opened_desk

DRAWN_BELOW = 1 << 53
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
    further: tuple[str, ...] = ()
    """Where the other images lie that the same job saved."""
    is_fresh: bool = True
    """False where the store had it already."""
    composite_score: float | None = None
    grade: str | None = None
    coverage: float | None = None
    validation_score: float | None = None
    remark: str | None = None
    """Why something that was asked for is not there."""


@dataclass
class Telling:
    """What happens on the way; the door shows it."""

    begun: Callable[[Prepared], None] = lambda _prepared: None
    progress: Callable[[Progress], None] = lambda _progress: None
    made: Callable[[Made], None] = lambda _made: None
    said: Callable[[str], None] = lambda _text: None
    """Told in a line what a person should know meanwhile."""
    is_watched: bool = True
    """Whether somebody looks on; else a server that is away at the beginning is waited for."""
    failed: list[DarkroomError] = field(default_factory=list[DarkroomError])


def generate(
    request: Request,
    telling: Telling,
    drawn: Callable[[], int] = lambda: secrets.randbelow(DRAWN_BELOW),
    slot: Slot = free,
) -> None:
    """Draw every image; raises the first failure once all others are drawn.

    `drawn` gives the seed where none is named, `slot` is held while a server works.
    """
    check_request(request)
    lab = open_lab()
    sources = sources_of(lab, request)
    with ExitStack() as stack:
        watched = telling.is_watched
        servers = opened_servers(lab, sources.servers, stack, telling.said, is_watched=watched)
        prepared = prepare(request, sources, servers, drawn())
        telling.begun(prepared)
        if request.keeps_metadata:
            _kept(lab, prepared, servers, telling, slot)
        else:
            _unkept(prepared, servers.hosts[min(prepared.hosts)], telling)
    if telling.failed:
        raise telling.failed[0].extend(_of_how_many(request, telling))


def _of_how_many(request: Request, telling: Telling) -> str:
    failed = len(telling.failed)
    return f" ({failed} of {request.count} images failed)" if request.count > 1 else ""


def _kept(lab: Lab, prepared: Prepared, servers: Servers, telling: Telling, slot: Slot) -> None:
    with ExitStack() as stack:
        desk = stack.enter_context(opened_desk(lab))
        jury = stack.enter_context(jury_of(lab, prepared.request, servers.receipt))
        keys = new_run(desk, prepared.sources.store_project)
        copies = Copies(desk, prepared, jury)

        def jobs(engine: str) -> list[Job]:
            return prepared.jobs(keys, engine, jury.asked if jury else None)

        def tell(number: int, result: BatchResult) -> None:
            if isinstance(result, Committed):
                telling.made(copies.made(number, result))
            if jury is not None:
                jury.forget(keys.image(number + 1))  # it may lie elsewhere, or nowhere

        studio = Studio(desk, servers, telling.progress, slot)
        results = studio.draw(prepared, jobs, _answer(jury), tell)
        telling.failed += [failure(each) for each in results if not isinstance(each, Committed)]


def _answer(jury: Jury | None) -> Answer | None:
    """Who answers what was asked of each image."""
    return (lambda stored: parts_of(jury.of_picture(stored))) if jury else None


def failure(result: Ended | Waiting | Broke) -> DarkroomError:
    """Why there is no image, as an error."""
    match result:
        case Broke(_, error):
            return error
        case Ended(_, _, cause, message):
            return JobFailed("image-undrawn", f"{cause}: {message}")
        case Waiting(_, _, reason):
            return JobFailed("image-undrawn", reason)


class Copies:
    """Where a person finds the images of one run, and what was said of them."""

    def __init__(self, desk: Desk, prepared: Prepared, jury: Jury | None) -> None:
        self._desk = desk
        self._jury = jury
        self._seeds = prepared.seeds
        self._files = list(output_files(prepared.request))

    def made(self, number: int, done: Committed) -> Made:
        """One image of the run; copied where copies were asked for."""
        store, sidecar = self._desk.store, sidecar_key(done.image_key)
        copy = self._files[number] if self._files else None
        if copy is not None:
            write_copy(store, done.image_key, copy)
        made = Made(
            seed=self._seeds[number],
            image=store.url_for(done.image_key),
            metadata=store.url_for(sidecar),
            sha256=done.sha256,
            key=done.image_key,
            copy=str(copy) if copy else None,
            further=tuple(store.url_for(key) for key in done.companions),
            is_fresh=done.fresh,
        )
        return judged(made, self._jury.of_committed(store, done.image_key)) if self._jury else made


def judged(made: Made, found: Judgement) -> Made:
    """An image with what the scorers say of it."""
    rated = found.assessment
    return replace(
        made,
        composite_score=found.composite_score,
        grade=rated.graded.grade if rated else None,
        coverage=rated.composite.coverage if rated else None,
        validation_score=found.validation_score,
        remark=found.validation_reason,
    )


def write_copy(store: Store, image_key: str, path: Path) -> None:
    """An image and its sidecar as files."""
    _write(path, store.get(image_key))
    _write(path.with_name(f"{path.name}.json"), store.get(sidecar_key(image_key)))


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
    return client.fetch(_output(final))


def _output(final: FinalState) -> OutputFile:
    match final:
        case Done(outputs) if outputs:
            return next((one for one in outputs if one.kind == "output"), outputs[0])
        case Done():
            why = "the graph saved no image"
        case Failed(cause, message):
            why = f"{cause}: {message}"
        case Cancelled():
            why = "cancelled: it was stopped on the server"
        case Lost():
            why = "lost: the server has forgotten it; it was restarted, or its history cleared"
    raise JobFailed("image-undrawn", why)


def _is_name(value: object, names: dict[str, str]) -> bool:
    return isinstance(value, str) and value in names
