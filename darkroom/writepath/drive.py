"""Bring one job from wherever it stands to an ending: an image, or a recorded reason.

Owns the loop submit, wait, fetch, verify, commit, and the two resubmissions of a lost
job. Used alike by a fresh draw and by reconcile; the caller holds the job's lock.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TypeAlias

from darkroom.adapters.renderer import Renderer
from darkroom.core.errors import (
    ComfyError,
    ComfyUnreachable,
    ImageRefused,
    Interrupted,
    JobFailed,
    JobLost,
    JobRejected,
    StoreError,
)
from darkroom.core.fleet.fates import Loss, LossCause
from darkroom.core.jobs import (
    Cancelled,
    Done,
    Failed,
    FinalState,
    JobState,
    Lost,
    OutputFile,
    Pending,
    Progress,
    Running,
)
from darkroom.core.keys import companion_key
from darkroom.core.sidecar import moment
from darkroom.writepath.commit import commit, commit_companion, stored_image, verified
from darkroom.writepath.crashpoints import reach
from darkroom.writepath.desk import (
    Answer,
    Committed,
    Desk,
    Drawn,
    Ended,
    Picture,
    Service,
    Taken,
    Waiting,
)
from darkroom.writepath.flight import Berth, Flight
from darkroom.writepath.intents import Intent, attempt_prefix, with_prefix
from darkroom.writepath.ledger import Ledger
from darkroom.writepath.outcomes import (
    MAX_SUBMISSIONS,
    NotDrawn,
    Open,
    Repeated,
    Resubmit,
    Result,
    Vanished,
    Withdrawn,
    ending_of_a_loss,
    losses_in_a_row,
)
from darkroom.writepath.uploads import Uploads

FETCHES = 3
_LOOKS = 10
_LOOK_AGAIN_S = 0.2
OnProgress: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True)
class LossRule:
    """What becomes of a job that its server lost."""

    most: int = MAX_SUBMISSIONS
    """Lost so often while it ran, it is given up."""
    hand_back: Callable[[Intent, Loss], None] | None = None
    """Told before JobLost is raised; without it the same server gets the job again."""
    stalls: bool = False
    """Whether a job that goes nowhere is lost rather than failed."""
    poisoned: Callable[[Intent, NotDrawn], None] = lambda _intent, _ended: None
    """Told before the job is given up for good."""


@dataclass(frozen=True)
class Errand:
    """One way to bring jobs to an end: the desk, a server, and who answers questions."""

    desk: Desk
    flight: Flight
    answer: Answer | None = None
    on_progress: OnProgress | None = None
    uploads: Uploads = field(default_factory=Uploads)
    calls_back: bool = True
    """Whether Ctrl-C takes the job off the server; else it goes on there, to be collected."""
    losses: LossRule = LossRule()
    berth: Berth | None = None
    """The place kept for this job, where it was taken beforehand."""
    took: Callable[[float], None] = lambda _seconds: None
    """Told how long the server drew."""

    def place(self) -> AbstractContextManager[None]:
        """A place in the server's queue."""
        return self.berth.place() if self.berth else self.flight.place()

    @property
    def renderer(self) -> Renderer:
        """The server that draws."""
        return self.flight.renderer

    @property
    def ledger(self) -> Ledger:
        """The records of jobs."""
        return Ledger(self.desk.store)


def submit_and_follow(errand: Errand, intent: Intent) -> Drawn:
    """Make the promise, submit, and see it through."""
    while isinstance(step := _unless_away(_attempted, errand, intent), Intent):
        intent = step
    return step


def _attempted(errand: Errand, intent: Intent) -> Drawn | Intent:
    with errand.place():
        final = _submitted(errand, intent)
    return _settled(errand, intent, final)


def resume(errand: Errand, begun: Open | Resubmit) -> Drawn:
    """See a promise through: from the stored image, else from what the server knows."""
    intent = begun.last
    if elsewhere := errand.ledger.committed(intent.project, intent.job_key):
        return _elsewhere(errand, intent, elsewhere)
    if picture := stored_image(errand.desk, intent.image_key):
        return _committed(errand, intent, picture, None)
    if isinstance(begun, Resubmit):
        return submit_and_follow(errand, next_attempt(errand, intent))
    step = _unless_away(_followed, errand, intent)
    return submit_and_follow(errand, step) if isinstance(step, Intent) else step


def _followed(errand: Errand, intent: Intent) -> Drawn | Intent:
    state = known_state(errand, intent)
    if isinstance(state, Pending | Running):
        with errand.place():
            state = _awaited(errand, intent)
    return _settled(errand, intent, state)


def _unless_away(
    act: Callable[[Errand, Intent], Drawn | Intent], errand: Errand, intent: Intent
) -> Drawn | Intent:
    """Where lost jobs are handed back, a server that does not answer has lost what it had."""
    try:
        return act(errand, intent)
    except (JobFailed, JobRejected, JobLost):
        raise
    except ComfyError as error:
        if errand.losses.hand_back is None:
            raise
        if error.code == "submission-unclear":
            errand.flight.accepted(intent.prompt_id)
        return after_loss(errand, intent, "away", error)


def known_state(errand: Errand, intent: Intent) -> JobState:
    """What the server knows; a job just sent may still be on its way into the queue."""
    state = errand.renderer.state(intent.prompt_id)
    if isinstance(state, Lost) and (wait_s := _settling_s(errand, intent)) > 0:
        errand.desk.pause(wait_s)
        state = errand.renderer.state(intent.prompt_id)
    return state


def _settling_s(errand: Errand, intent: Intent) -> float:
    settle_s = errand.desk.settle_s
    return min(settle_s - errand.desk.age_s(intent.created_at), settle_s)


def next_attempt(errand: Errand, last: Intent) -> Intent:
    """The promise after a lost one: the same job under a new id and file name."""
    desk, attempt, prompt_id = errand.desk, last.attempt + 1, errand.desk.new_id()
    changes: dict[str, object] = {
        "attempt": attempt,
        "prompt_id": prompt_id,
        "graph": with_prefix(last.graph, attempt_prefix(last.job_key, attempt, prompt_id)),
        "host": errand.renderer.name,
        "created_at": moment(desk.now()),
        "owner": desk.owner,
    }
    if last.host != errand.renderer.name:
        changes["receipt"] = asdict(errand.flight.receipt())
    return last.model_copy(update=changes)


def _submitted(errand: Errand, intent: Intent) -> FinalState:
    errand.ledger.promise(intent)
    reach("after-intent")
    try:
        with called_back(errand, intent), errand.flight.aboard(intent.prompt_id):
            graph = errand.uploads.sent(errand.renderer, errand.desk.store, intent)
            errand.renderer.submit(graph, intent.prompt_id)
            reach("after-submit")
            return _awaited_aboard(errand, intent)
    except JobRejected as exc:
        errand.flight.settled(intent.prompt_id)
        return Failed("rejected", exc.message)


def _awaited(errand: Errand, intent: Intent) -> FinalState:
    with called_back(errand, intent), errand.flight.aboard(intent.prompt_id):
        return _awaited_aboard(errand, intent)


def _awaited_aboard(errand: Errand, intent: Intent) -> FinalState:
    errand.flight.accepted(intent.prompt_id)
    if errand.flight.stopped:  # it was sent while the stop went round
        errand.renderer.cancel(intent.prompt_id)
    final = errand.renderer.wait(intent.prompt_id, errand.on_progress)
    reach("after-wait")
    return final


@contextmanager
def called_back(errand: Errand, intent: Intent) -> Generator[None]:
    """On Ctrl-C take the job off the server; what cannot be settled now stays open."""
    try:
        yield
    except (KeyboardInterrupt, Interrupted):
        if errand.calls_back:
            with suppress(ComfyError, StoreError):
                _withdraw(errand, intent)
        raise


def _withdraw(errand: Errand, intent: Intent) -> None:
    unseen = 0
    for _ in range(_LOOKS):
        errand.renderer.cancel(intent.prompt_id)
        state = errand.renderer.state(intent.prompt_id)
        unseen += isinstance(state, Lost)
        # seen nowhere twice: the stop may have come while it was being sent
        if isinstance(state, Cancelled) or unseen > 1:
            ended(errand, intent, Withdrawn())
            return
        if isinstance(state, Done | Failed):
            return  # it ended first; reconcile collects it
        errand.desk.pause(_LOOK_AGAIN_S)


def _settled(errand: Errand, intent: Intent, state: JobState) -> Drawn | Intent:
    """What the server's answer leads to; an Intent means: submit this one next."""
    match state:
        case Failed("stalled") if errand.losses.stalls:
            return after_loss(errand, intent, "stalled")
        case Done() | Failed() | Cancelled():
            errand.flight.settled(intent.prompt_id)
            return _finished(errand, intent, state)
        case Lost() if errand.flight.stopped:
            # a pending job that is called back leaves no trace on the server
            return ended(errand, intent, Withdrawn())
        case Lost():
            return after_loss(errand, intent)
        case Pending() | Running():
            raise ComfyUnreachable(
                "job-unsettled", "the server's answer is no ending", where=errand.renderer.name
            )


def _finished(errand: Errand, intent: Intent, state: Done | Failed | Cancelled) -> Drawn | Intent:
    match state:
        case Done():
            errand.took(state.seconds or 0.0)
            return _collected(errand, intent, state)
        case Failed(cause, message, node):
            return ended(errand, intent, NotDrawn(cause=cause, message=message, node=node))
        case Cancelled():
            done = ended(errand, intent, Withdrawn())
            by_us = errand.flight.stopped
            return done if by_us else replace(done, message=f"it was stopped on {intent.host}")


def after_loss(
    errand: Errand, intent: Intent, cause: LossCause = "lost", error: ComfyError | None = None
) -> Drawn | Intent:
    """Record the loss; the next attempt, or the end of them."""
    rule, loss = errand.losses, Loss(cause, errand.flight.lost(intent.prompt_id))
    losses = losses_in_a_row(errand.ledger.attempts(intent.keys, intent.job_key))
    result = ending_of_a_loss(losses, loss, rule.most)
    if isinstance(result, NotDrawn):
        rule.poisoned(intent, result)
        return ended(errand, intent, result)
    if cause != "away":  # a server that comes back may have it still
        _record(errand, intent, result)
    reach("after-lost")
    errand.uploads.forget()  # whatever stands there now may not have them
    if rule.hand_back is not None:
        rule.hand_back(intent, loss)
        why = f"{cause}: {error.message}" if error else cause
        raise JobLost("job-handed-back", why, where=errand.renderer.name) from error
    return next_attempt(errand, intent)


def leave_behind(errand: Errand, intent: Intent, loss: Loss) -> None:
    """Another server takes the job: what the one before has of it counts no more."""
    _record(errand, intent, Vanished(cause=loss.cause, ran=loss.ran))


def _collected(errand: Errand, intent: Intent, done: Done) -> Drawn | Intent:
    outputs = _kept_among(done.outputs)
    if not outputs:
        failure = NotDrawn(cause="bad_output", message="the graph saved no image")
        return ended(errand, intent, failure)
    service = Service(done.seconds, done.warnings)
    try:
        picture = _fetched(errand, outputs[0])
        reach("after-fetch")
        companions = _companions(errand, intent, outputs[1:], service)
    except JobLost:
        return after_loss(errand, intent)
    except (JobFailed, ImageRefused) as exc:
        return ended(errand, intent, NotDrawn(cause="bad_output", message=exc.message))
    drawn = _committed(errand, intent, picture, service)
    return replace(drawn, companions=companions) if isinstance(drawn, Committed) else drawn


def _companions(
    errand: Errand, intent: Intent, outputs: tuple[OutputFile, ...], service: Service
) -> tuple[str, ...]:
    """Commit what else the graph saved (a batch, several save nodes) before the first image."""
    kept: list[str] = []
    for number, output in enumerate(outputs, start=2):
        key = companion_key(intent.image_key, number)
        commit_companion(errand.desk, intent, key, number, _fetched(errand, output), service)
        kept.append(key)
    return tuple(kept)


def _committed(
    errand: Errand, intent: Intent, picture: Picture, service: Service | None
) -> Committed | Waiting | Ended:
    done = commit(errand.desk, intent, picture, errand.answer, service)
    if isinstance(done, Taken):
        message = f"another job's image is at {done.image_key}; this one was not kept"
        return ended(errand, intent, NotDrawn(cause="error", message=message))
    return done


def _kept_among(outputs: tuple[OutputFile, ...]) -> tuple[OutputFile, ...]:
    """What was saved; a graph that only previews is taken at its previews."""
    return tuple(output for output in outputs if output.kind == "output") or outputs


def _fetched(errand: Errand, output: OutputFile) -> Picture:
    """Download and decode; what cannot be decoded may have been cut on the way."""
    for _ in range(FETCHES - 1):
        try:
            return verified(errand.desk, errand.renderer.fetch(output))
        except ImageRefused:
            continue
    return verified(errand.desk, errand.renderer.fetch(output))


def _elsewhere(errand: Errand, intent: Intent, found: Committed) -> Committed:
    if found.image_key != intent.image_key:
        _record(errand, intent, Repeated(of=found.image_key))
    return found


def ended(errand: Errand, intent: Intent, result: NotDrawn | Withdrawn) -> Ended:
    """Record an ending without an image."""
    _record(errand, intent, result)
    reach("after-outcome")
    if isinstance(result, Withdrawn):
        return Ended(intent.job_key, intent.prompt_id, "cancelled", "it was cancelled")
    return Ended(intent.job_key, intent.prompt_id, result.cause, result.message, result.node)


def _record(errand: Errand, intent: Intent, result: Result) -> None:
    if isinstance(result, NotDrawn):
        result = result.model_copy(update={"message": errand.desk.redact(result.message)[:2000]})
    errand.ledger.record(intent, result, moment(errand.desk.now()))
