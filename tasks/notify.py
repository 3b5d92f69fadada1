"""Tell an address of the operator's that a run is over, whichever way it ended.

Owns what an ending without a report is called. A run that a person or the scheduler stopped
is not over: nothing is told of it. That nobody could be told is said, and fails nothing.
"""

from typing import Self

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run
from prefect.settings import PREFECT_UI_URL

from darkroom.adapters import notifying
from darkroom.adapters.settings import read_lab
from darkroom.core.errors import DarkroomError, Interrupted
from darkroom.core.notices import Notice
from darkroom.runs.telling import Said, tell

STOPPED = (Interrupted, TerminationSignal, KeyboardInterrupt, SystemExit, GeneratorExit)


@task(name="notify", cache_policy=NO_CACHE, persist_result=False)  # its own tries are enough
def notify(notice: Notice) -> str | None:
    """Tell it; returns why it could not be told."""
    lab, _ = read_lab()  # a mistake in a file may be what is to be told
    return notifying.send(lab, notice)


class Notified:
    """One run of a flow, told of when it is over; used as a context manager."""

    def __init__(self, flow: str, project: str | None) -> None:
        self._flow = flow
        self._project = project
        self.notice: Notice | None = None
        """What it came to; set by the flow."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, STOPPED):
            return
        notice = self.notice if error is None else self._failure(error)
        if notice is not None and is_heard():
            self._tell(notice)

    def _failure(self, error: BaseException) -> Notice:
        code = error.code if isinstance(error, DarkroomError) else type(error).__name__
        reason = error.message if isinstance(error, DarkroomError) else "an unexpected error"
        return Notice("failed", self._flow, self._project, None, code, reason, link=page())

    def _tell(self, notice: Notice) -> None:
        if problem := notify(notice):
            tell(Said(f"nobody could be told that the run is over: {problem}"))


def is_heard() -> bool:
    """Whether the operator named an address."""
    return read_lab()[0].secrets.notify_url is not None


def page(run: str | None = None) -> str | None:
    """The page of a flow run, else of this, where a Prefect server that stays carries it out."""
    home, name = PREFECT_UI_URL.value(), run or flow_run.get_id()
    return f"{home}/runs/flow-run/{name}" if home and name else None
