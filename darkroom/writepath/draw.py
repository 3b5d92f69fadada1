"""Draw one job: ask the store first, pick up what a crash left, else draw it anew.

Owns the order of those questions and the locks around them. Two processes that want the
same job, on one machine or on two that share the store, wait for one another, and the
second finds it done.
"""

from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict

from darkroom.adapters.renderer import Renderer
from darkroom.core.canonical import canonical_json
from darkroom.core.errors import DataError, UsageError
from darkroom.core.jobs import EngineReceipt
from darkroom.core.keys import RunKeys, sidecar_key
from darkroom.core.sidecar import moment
from darkroom.writepath.commit import check_description
from darkroom.writepath.crashpoints import reach
from darkroom.writepath.desk import Answer, Committed, Desk, Drawn, Job
from darkroom.writepath.drive import (
    Errand,
    OnProgress,
    resume,
    submit_and_follow,
)
from darkroom.writepath.flight import Flight
from darkroom.writepath.intents import Bag, Intent, attempt_prefix, with_prefix
from darkroom.writepath.ledger import claim_of, input_files, sha256_of
from darkroom.writepath.outcomes import Claim, Open, Resubmit, standing

LOCK_WAIT_S = 3600.0


def draw(
    job: Job,
    desk: Desk,
    renderer: Renderer,
    answer: Answer | None = None,
    on_progress: OnProgress | None = None,
) -> Drawn:
    """Draw one job and commit its image; at once when the store has it already.

    Where questions are asked and no `answer` is given, the image is stored and waits: the
    same call with an answer commits it, and nothing is drawn twice.
    """
    return run_errand(job, Errand(desk, Flight(renderer), answer, on_progress))


def run_errand(job: Job, errand: Errand) -> Drawn:
    """Draw one job with collaborators that other jobs share."""
    _check(job, errand)
    with ExitStack() as stack:

        def hold(name: str) -> None:
            stack.enter_context(errand.desk.locks.held(name, LOCK_WAIT_S, errand.flight.go_on))

        hold(job_lock(job.keys.project, job.key))
        if found := _committed(job, errand) or stack.enter_context(_turn(job, errand)):
            return found
        # asked again: another machine may have had its turn between the question and ours
        claims = errand.ledger.claims(job.keys.project, job.key)
        if found := errand.ledger.committed_among(claims, job.key):
            return found
        if (begun := _begun(job, errand, claims)) is not None:
            hold(image_lock(begun.last.image_key))
            return resume(errand, begun)
        hold(image_lock(job.image_key))
        return _drawn(job, errand, claims)


def _turn(job: Job, errand: Errand) -> AbstractContextManager[Committed | None]:
    """Our turn among machines, or what another one committed while we waited for it."""
    turns = errand.desk.turns(job.keys.project)
    return turns.awaited(job.key, LOCK_WAIT_S, errand.flight.go_on, lambda: _committed(job, errand))


def _committed(job: Job, errand: Errand) -> Committed | None:
    return errand.ledger.committed(job.keys.project, job.key)


def job_lock(project: str, job: str) -> str:
    """The lock of whoever works on the job."""
    return f"job-{sha256_of(f'{project}/{job}'.encode())[:32]}"


def image_lock(image_key: str) -> str:
    """The lock of whoever may write the image."""
    return f"image-{sha256_of(image_key.encode())[:32]}"


def _check(job: Job, errand: Errand) -> None:
    text = canonical_json([job.graph, job.describes, job.asked]).decode()
    if errand.desk.redact(text) != text:
        raise UsageError(
            "graph-holds-secret",
            "the graph or its description holds a secret of this process",
            where=job.image_key,
        )


def _begun(job: Job, errand: Errand, claims: tuple[Claim, ...]) -> Open | Resubmit | None:
    """A promise of this job that no crash, here or in another run, let come to an end."""
    runs = {claim.run_id for claim in claims} | {job.keys.run_id}
    for run in sorted(runs):
        try:
            found = standing(errand.ledger.attempts(RunKeys(job.keys.project, run), job.key))
        except DataError:
            if run == job.keys.run_id:
                raise
            continue  # reconcile reports it; it does not stop another run
        if isinstance(found, Resubmit):
            return found
        if isinstance(found, Open) and found.last.host == errand.renderer.name:
            return found
    return None


def _drawn(job: Job, errand: Errand, claims: tuple[Claim, ...]) -> Drawn:
    """Nothing of it is anywhere: promise, submit, see it through."""
    desk, ledger = errand.desk, errand.ledger
    for key in (sidecar_key(job.image_key), job.image_key):
        if desk.store.head(key) is not None:
            message = f"{key} exists and was not made by this job; nothing is overwritten"
            raise UsageError("image-key-taken", message, where=desk.store.name)
    attempt = len(ledger.attempts(job.keys, job.key)) + 1
    intent = _intent(job, errand, attempt)
    check_description(desk, intent)
    ledger.keep_inputs(job)
    ledger.enter(claim_of(job.keys, job.key, job.iteration), claims)
    reach("after-claim")
    return submit_and_follow(errand, intent)


def _intent(job: Job, errand: Errand, attempt: int) -> Intent:
    prompt_id = errand.desk.new_id()
    return Intent(
        job_key=job.key,
        attempt=attempt,
        prompt_id=prompt_id,
        host=errand.renderer.name,
        engine=job.drawn_with,
        receipt=_as_bag(errand.flight.receipt()),
        seed=job.seed,
        graph=with_prefix(job.graph, attempt_prefix(job.key, attempt, prompt_id)),
        inputs=input_files(job),
        image_key=job.image_key,
        project=job.keys.project,
        run_id=job.keys.run_id,
        iteration=job.iteration,
        describes=job.describes,
        asked=job.asked,
        created_at=moment(errand.desk.now()),
        owner=errand.desk.owner,
    )


def _as_bag(receipt: EngineReceipt) -> Bag:
    return asdict(receipt)
