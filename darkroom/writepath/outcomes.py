"""How a submission ended where it did not end in an image, and the index of jobs.

Owns both small documents and the one rule over them: `standing` says what is to be
done with a job, given its intents and outcomes. Reads and writes nothing.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from darkroom.core.errors import DataError
from darkroom.core.fleet.fates import Loss, LossCause, is_poison
from darkroom.core.jobs import FailureCause
from darkroom.writepath.intents import Intent, Record, first_problem

MAX_SUBMISSIONS = 3
"""The first, and two more when the server lost it."""
_MAX_BYTES = 100_000
_SHA256 = r"^[0-9a-f]{64}$"


class NotDrawn(Record):
    """The server tried and failed, refused, or lost the job too often."""

    result: Literal["failed"] = "failed"
    cause: FailureCause
    message: str
    node: str | None = None


class Withdrawn(Record):
    """Stopped on request."""

    result: Literal["cancelled"] = "cancelled"


class Vanished(Record):
    """Neither queue nor history knew it, or its server was given up; another attempt follows."""

    result: Literal["lost"] = "lost"
    cause: LossCause = "lost"
    ran: bool = True
    """False where another job was before it in the queue: such a loss is not counted."""


class Repeated(Record):
    """The job was committed elsewhere first; this delivery counts for nothing."""

    result: Literal["duplicate"] = "duplicate"
    of: str
    """The image that counts."""


Result: TypeAlias = Annotated[
    NotDrawn | Withdrawn | Vanished | Repeated, Field(discriminator="result")
]


class Outcome(Record):
    """The ending of one submission."""

    document: Literal["darkroom/outcome"] = Field(default="darkroom/outcome", alias="schema")
    version: Literal[1] = 1
    job_key: Annotated[str, Field(pattern=_SHA256)]
    attempt: Annotated[int, Field(ge=1, le=999)]
    prompt_id: str
    ended: Result
    recorded_at: str


class Claim(Record):
    """An entry of the index: this job was meant for that image. The sidecar alone commits."""

    document: Literal["darkroom/claim"] = Field(default="darkroom/claim", alias="schema")
    version: Literal[1] = 1
    job_key: Annotated[str, Field(pattern=_SHA256)]
    project: str
    run_id: str
    iteration: Annotated[int, Field(ge=1)]


_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)
_CLAIM: TypeAdapter[Claim] = TypeAdapter(Claim)


def parse_outcome(data: bytes, key: str) -> Outcome:
    """Read an outcome, or raise DataError with the reason."""
    try:
        return _OUTCOME.validate_json(data[:_MAX_BYTES])
    except (ValidationError, RecursionError) as exc:
        raise DataError("outcome-damaged", first_problem(exc), where=key) from exc


def parse_claim(data: bytes, key: str) -> Claim:
    """Read an index entry, or raise DataError with the reason."""
    try:
        return _CLAIM.validate_json(data[:_MAX_BYTES])
    except (ValidationError, RecursionError) as exc:
        raise DataError("claim-damaged", first_problem(exc), where=key) from exc


@dataclass(frozen=True)
class Attempt:
    """One submission: its promise and, where it ended without an image, its ending."""

    intent: Intent
    outcome: Outcome | None


@dataclass(frozen=True)
class Open:
    """Promised and not ended: the server may have it, or the store its image."""

    last: Intent


@dataclass(frozen=True)
class Resubmit:
    """The last submission was lost; one more is due."""

    last: Intent


@dataclass(frozen=True)
class Closed:
    """Ended without an image."""

    last: Intent
    ended: NotDrawn | Withdrawn | Repeated


@dataclass(frozen=True)
class Untouched:
    """Never promised."""


Standing: TypeAlias = Open | Resubmit | Closed | Untouched


def standing(attempts: tuple[Attempt, ...]) -> Standing:
    """What is true of a job, from its attempts in order."""
    if not attempts:
        return Untouched()
    last = attempts[-1]
    if last.outcome is None:
        return Open(last.intent)
    ended = last.outcome.ended
    if isinstance(ended, Vanished):
        return Resubmit(last.intent)
    return Closed(last.intent, ended)


def losses_in_a_row(attempts: tuple[Attempt, ...]) -> int:
    """How often the job was lost while it ran, since it last ended some other way."""
    count = 0
    for attempt in reversed(attempts):
        if attempt.outcome is None:
            continue
        ended = attempt.outcome.ended
        if not isinstance(ended, Vanished):
            break
        count += ended.ran
    return count


def ending_of_a_loss(
    losses_before: int, loss: Loss, most: int = MAX_SUBMISSIONS
) -> NotDrawn | Vanished:
    """A loss leads to another attempt, until too many were lost."""
    if not is_poison(loss, losses_before, most):
        return Vanished(cause=loss.cause, ran=loss.ran)
    message = f"it was lost {losses_before + 1} times; it may be this job that stops the server"
    return NotDrawn(cause="stalled" if loss.cause == "stalled" else "lost", message=message)
