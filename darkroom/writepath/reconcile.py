"""After any crash: compare promises with servers and store, and bring every job to an end.

Owns the order: jobs first, then orphans, broken images and the index. Safe to run twice
at once and beside running work: one reconcile per project at a time, and a job whose
lock is held belongs to whoever holds it. What it cannot settle it leaves, with a reason.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from darkroom.adapters.renderer import Renderer
from darkroom.core.errors import ComfyError, DataError, StoreError, VisionError
from darkroom.core.jobs import JobState, Lost, Pending, Running
from darkroom.core.keys import RunKeys
from darkroom.writepath.commit import stored_image
from darkroom.writepath.crashpoints import reach
from darkroom.writepath.desk import Answer, Committed, Desk, Drawn, Ended, Waiting
from darkroom.writepath.draw import image_lock, job_lock
from darkroom.writepath.drive import Errand, resume
from darkroom.writepath.flight import Flight, NoHost
from darkroom.writepath.intents import Intent
from darkroom.writepath.ledger import Ledger
from darkroom.writepath.orphans import orphans, restore_index, verify_sidecars
from darkroom.writepath.outcomes import Closed, Open, Resubmit, standing
from darkroom.writepath.report import Finding, Kind, ReconcileReport
from darkroom.writepath.survey import JobPlace, Survey, survey

_STILL_WANTED = {"pending", "active", "damaged", "collected", "completed", "resubmitted"}


@dataclass(frozen=True)
class ReconcileOptions:
    """How far to go."""

    dry_run: bool = False
    """Say what would be done and change nothing."""
    wait: bool = True
    """Wait for jobs that are still running; else they are left pending."""
    adopt_after_h: float | None = None
    """Give orphans older than this a sidecar; None leaves them."""
    verify: bool = False
    """Read every sidecar and image, and compare them."""
    lock_wait_s: float = 60.0
    foreign_grace_s: float = 3600.0
    """So long the promises of another machine are left to it."""


def reconcile(
    project: str,
    desk: Desk,
    renderers: Mapping[str, Renderer],
    answer: Answer | None = None,
    options: ReconcileOptions | None = None,
) -> ReconcileReport:
    """Bring every job of the project to an end, and report everything that is not in order."""
    chosen = options or ReconcileOptions()
    with desk.locks.held(f"reconcile-{project}", chosen.lock_wait_s):
        seen = survey(desk.store, project)
        reach("after-survey")
        work = _Work(desk, renderers, answer, chosen)
        findings, ended_before = [*_problems(seen)], 0
        for place in seen.unsettled():
            if finding := work.job(seen, place):
                findings.append(finding)
            else:
                ended_before += 1
            reach("after-job")
        findings += _aftermath(desk, seen, findings, chosen)
    return ReconcileReport(project, chosen.dry_run, tuple(findings), ended_before)


def _problems(seen: Survey) -> Iterator[Finding]:
    for key in seen.broken:
        yield Finding("broken", key, reason="committed, but the image is not there")
    for key in seen.strays:
        yield Finding("damaged", key, reason="no record of ours has such a name")


def _aftermath(
    desk: Desk, before: Survey, findings: list[Finding], options: ReconcileOptions
) -> Iterator[Finding]:
    """What concerns images rather than jobs, as things stand after the jobs."""
    seen = before if options.dry_run else survey(desk.store, before.project)
    unsettled = {finding.job_key for finding in findings if finding.kind in _STILL_WANTED}
    wanted = {image for job in unsettled if job for image in seen.claims.get(job, [])}
    wanted |= {finding.key for finding in findings}
    adopt_after_h = None if options.dry_run else options.adopt_after_h
    yield from orphans(desk, [key for key in seen.orphans if key not in wanted], adopt_after_h)
    if not options.dry_run:
        yield from restore_index(desk, seen, everything=options.verify)
    if options.verify:
        yield from verify_sidecars(desk, seen)


@dataclass(frozen=True)
class _Plan:
    """What is to come of a job, as far as can be seen."""

    kind: Kind
    reason: str


@dataclass(frozen=True)
class _Work:
    """One pass over the unsettled jobs."""

    desk: Desk
    renderers: Mapping[str, Renderer]
    answer: Answer | None
    options: ReconcileOptions

    def job(self, seen: Survey, place: JobPlace) -> Finding | None:
        """Bring one job to an end, or say why not; None where it had ended before."""
        keys = RunKeys(seen.project, place.run_id)
        key = keys.intent(place.job_key, seen.promised[place])
        with self.desk.locks.tried(job_lock(seen.project, place.job_key)) as free:
            if not free:
                return Finding("active", key, place.job_key, "its process is alive")
            try:
                return self._settle(keys, key, place.job_key)
            except DataError as error:
                return Finding("damaged", error.where or key, place.job_key, error.message)
            except (ComfyError, StoreError, VisionError) as error:
                return Finding("pending", key, place.job_key, error.message)

    def _settle(self, keys: RunKeys, key: str, job: str) -> Finding | None:
        found = standing(Ledger(self.desk.store).attempts(keys, job))
        match found:
            case Open(last) | Resubmit(last):
                key = keys.intent(job, last.attempt)
            case Closed():
                return None
            case _:
                return Finding("damaged", key, job, "an earlier attempt is missing")
        if Ledger(self.desk.store).committed_at(last.image_key, job):
            return self._indexed(last)
        machine = last.owner.machine
        age_s = self.desk.age_s(last.created_at)
        if machine != self.desk.locks.machine and age_s < self.options.foreign_grace_s:
            return Finding("pending", key, job, "another machine promised it less than an hour ago")
        renderer = self.renderers.get(last.host) or NoHost(last.host)
        with self.desk.locks.tried(image_lock(last.image_key)) as free:
            if not free:
                return Finding("active", key, job, "its image is being written")
            return self._resumed(found, key, renderer)

    def _indexed(self, last: Intent) -> Finding:
        """The job is committed where it was meant to go; only the index did not say so."""
        if not self.options.dry_run:
            Ledger(self.desk.store).claim(last.keys, last.job_key, last.iteration)
            reach("after-index")
        return Finding("indexed", last.image_key, last.job_key)

    def _resumed(self, found: Open | Resubmit, key: str, renderer: Renderer) -> Finding:
        plan = self._plan(found, renderer)
        if self.options.dry_run or plan.kind == "pending":
            return Finding(plan.kind, key, found.last.job_key, plan.reason)
        errand = Errand(self.desk, Flight(renderer), self.answer, calls_back=False)
        return _told(resume(errand, found), found.last, plan, key)

    def _plan(self, found: Open | Resubmit, renderer: Renderer) -> _Plan:
        """What resuming would come to, without doing it."""
        last = found.last
        if Ledger(self.desk.store).committed(last.project, last.job_key):
            return _Plan("duplicate", "the job is committed already")
        if stored_image(self.desk, last.image_key):
            return _Plan("completed", "its image is stored")
        if isinstance(found, Resubmit):
            return _Plan("resubmitted", "its last attempt was lost")
        return self._plan_by(renderer, renderer.state(last.prompt_id))

    def _plan_by(self, renderer: Renderer, state: JobState) -> _Plan:
        match state:
            case Lost():
                return _Plan("resubmitted", f"{renderer.name} knows nothing of it")
            case Pending() | Running() if not self.options.wait:
                return _Plan("pending", f"{renderer.name} is still at it")
            case Pending() | Running():
                return _Plan("collected", f"{renderer.name} was still at it")
            case _:
                return _Plan("collected", f"{renderer.name} had ended it")


def _told(drawn: Drawn, last: Intent, plan: _Plan, key: str) -> Finding:
    match drawn:
        case Committed(job, image_key, _, _, False) if image_key != last.image_key:
            return Finding("duplicate", key, job, f"committed as {image_key}")
        case Committed(job, image_key, _, prompt_id, _):
            again = plan.kind != "completed" and prompt_id != last.prompt_id
            return Finding("resubmitted" if again else plan.kind, image_key, job, plan.reason)
        case Waiting(job, image_key, reason):
            return Finding("pending", image_key, job, reason)
        case Ended(job, _, cause, message, _):
            kind = "cancelled" if cause == "cancelled" else "failed"
            return Finding(kind, key, job, f"{cause}: {message}")
