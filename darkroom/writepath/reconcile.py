"""After any crash: compare promises with servers and store, and bring every job to an end.

Owns the order: jobs first, then orphans, broken images and the index. Safe to run twice
at once and beside running work: one reconcile per project at a time, and a job whose
lock or turn is held belongs to whoever holds it. What it cannot settle it leaves, with a
reason. `only_left` looks at no more than the notes of turns: what processes that died were
in the middle of, at a cost that does not grow with what the project has.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
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
from darkroom.writepath.outcomes import Closed, Open, Resubmit, Untouched, standing
from darkroom.writepath.report import Finding, Kind, ReconcileReport
from darkroom.writepath.survey import Survey, survey

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
    """So long the promises of another machine are left to it, unless it died at work on them."""
    only_left: bool = False
    """Look only at what processes that died were in the middle of."""


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
        work = _Work(desk, renderers, answer, chosen)
        if chosen.only_left:
            findings, ended_before = _settled(work, _left(desk, project))
        else:
            seen = survey(desk.store, project)
            reach("after-survey")
            findings, ended_before = _settled(work, _unsettled(seen))
            findings = [*_problems(seen), *findings]
            findings += _aftermath(desk, seen, findings, chosen)
    return ReconcileReport(project, chosen.dry_run, tuple(findings), ended_before)


@dataclass(frozen=True)
class _Begun:
    """A job in a run, and the number of its last attempt."""

    keys: RunKeys
    job_key: str
    attempt: int


def _unsettled(seen: Survey) -> list[_Begun]:
    return [
        _Begun(RunKeys(seen.project, place.run_id), place.job_key, seen.promised[place])
        for place in seen.unsettled()
    ]


def _left(desk: Desk, project: str) -> list[_Begun]:
    """Every place of the jobs that notes of turns name."""
    ledger = Ledger(desk.store)
    found: list[_Begun] = []
    for job in sorted({note.job_key for note in desk.turns(project).notes()}):
        runs = sorted({claim.run_id for claim in ledger.claims(project, job)})
        found += [_Begun(RunKeys(project, run), job, 0) for run in runs]
    return found


def _settled(work: "_Work", begun: list[_Begun]) -> tuple[list[Finding], int]:
    """What became of each; and how many had ended before."""
    findings: list[Finding] = []
    for each in begun:
        if finding := work.job(each):
            findings.append(finding)
        reach("after-job")
    return findings, len(begun) - len(findings)


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

    def job(self, begun: _Begun) -> Finding | None:
        """Bring one job to an end, or say why not; None where it had ended before."""
        project, job = begun.keys.project, begun.job_key
        key = begun.keys.intent(job, begun.attempt or 1)
        with ExitStack() as stack:
            if not stack.enter_context(self.desk.locks.tried(job_lock(project, job))):
                return Finding("active", key, job, "its process is alive")
            try:
                return self._in_turn(begun, key, stack)
            except DataError as error:
                return Finding("damaged", error.where or key, job, error.message)
            except (ComfyError, StoreError, VisionError) as error:
                return Finding("pending", key, job, error.message)

    def _in_turn(self, begun: _Begun, key: str, stack: ExitStack) -> Finding | None:
        turns = self.desk.turns(begun.keys.project)
        left = list(turns.notes(begun.job_key))
        if self.options.dry_run:
            is_free = all(turns.is_dead(note) for note in left)
        else:
            is_free = stack.enter_context(turns.tried(begun.job_key))
        if not is_free:
            return Finding("active", key, begun.job_key, "another machine is at work on it")
        grace_s = 0.0 if left else self.options.foreign_grace_s
        return self._settle(begun, key, grace_s)

    def _settle(self, begun: _Begun, key: str, grace_s: float) -> Finding | None:
        keys, job = begun.keys, begun.job_key
        match found := standing(Ledger(self.desk.store).attempts(keys, job)):
            case Open(last) | Resubmit(last):
                return self._ended(found, keys.intent(job, last.attempt), grace_s)
            case Closed():
                return None
            case Untouched() if not begun.attempt:
                return None
            case Untouched():
                return Finding("damaged", key, job, "an earlier attempt is missing")

    def _ended(self, found: Open | Resubmit, key: str, grace_s: float) -> Finding | None:
        last, job = found.last, found.last.job_key
        if Ledger(self.desk.store).committed_at(last.image_key, job):
            return None if self.options.only_left else self._indexed(last)
        is_ours = last.owner.machine == self.desk.locks.machine
        if not is_ours and self.desk.age_s(last.created_at) < grace_s:
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
