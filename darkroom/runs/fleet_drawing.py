"""Draw an iteration's image on one of several servers: whichever is well and fits.

Owns the way to a stored image and to the server whose promise it is. An image that lies
there already is used, whether or not that server is still there. What becomes of a job that
its server loses is the fleet's.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from darkroom.core.decide import Try
from darkroom.core.errors import JobFailed
from darkroom.runs.jobs import job_of
from darkroom.runs.run import Drawer, Run, Several
from darkroom.runs.telling import Said, tell
from darkroom.writepath.desk import Ended, Job
from darkroom.writepath.drive import OnProgress
from darkroom.writepath.fleet import Order, draw_fleet
from darkroom.writepath.fleet_finding import place_of, promise_at
from darkroom.writepath.fleet_terms import Broke, Slot
from darkroom.writepath.flight import NoHost
from darkroom.writepath.intents import Intent
from darkroom.writepath.ledger import Ledger


def drawn_by(run: Run, step: Try, several: Several, slot: Slot, seen: OnProgress) -> Drawer:
    """The server that has drawn the image; it draws it now, unless the image is there."""
    if (left := _promise(run, step)) is not None:
        return _drawer(run, several, left)
    engines = several.servers.engines
    by_engine = {engine: job_of(run, step, engine) for engine in set(engines.values())}
    jobs = {host: by_engine[engines[host]] for host in several.able}
    found = place_of(run.tools.desk, jobs)
    if found.image is not None:
        return _like(several, jobs, found.image.job_key)
    order = Order(
        model=_model(next(iter(jobs.values()))),
        job=lambda receipt: job_of(run, step, receipt.engine),
        hosts=several.able,
        prefers=found.prefers or several.drew_last,
    )
    (result,) = draw_fleet(
        [order],
        run.tools.desk,
        several.servers.hosts,
        on_progress=seen,
        slot=slot,
        terms=replace(several.servers.terms, said=noting(run)),
    )
    match result:
        case Broke(_, error):
            raise error
        case Ended(_, _, cause, message):
            raise JobFailed("iteration-undrawn", f"{cause}: {message}")
        case _:  # stored and unanswered; or committed, here or by an earlier run
            attempts = Ledger(run.tools.desk.store).attempts(run.keys, result.job_key)
    if not attempts:
        return _like(several, jobs, result.job_key)
    drawer = _drawer(run, several, attempts[-1].intent)
    several.drew_last = drawer.renderer.name
    return drawer


def noting(run: Run) -> Callable[[str], None]:
    """Have what servers do in the middle of the work heard at once, and stand in the report."""

    def said(text: str) -> None:
        run.meanwhile.append(text)
        tell(Said(text))

    return said


def _model(job: Job) -> str | None:
    workflow = cast("dict[str, str | None]", job.describes.get("workflow") or {})
    return workflow.get("model")


def _like(several: Several, jobs: Mapping[str, Job], key: str) -> Drawer:
    """A server that would draw this very job; nothing is drawn any more."""
    host = next(host for host, job in jobs.items() if job.key == key)
    return Drawer(several.servers.hosts[host], several.servers.engines[host])


def _drawer(run: Run, several: Several, promise: Intent) -> Drawer:
    """Who made the promise; one that is away now is only named."""
    there = several.servers.hosts.get(promise.host) or NoHost(promise.host)
    return Drawer(there, promise.engine.removesuffix(f" fresh {run.keys.run_id}"))


def _promise(run: Run, step: Try) -> Intent | None:
    store, image = run.tools.desk.store, run.keys.image(step.iteration)
    return None if store.head(image) is None else promise_at(store, run.keys, image)
