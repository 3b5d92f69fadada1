"""Which failures of a step may pass by themselves, and how long to wait for that.

Owns the one retry policy of all tasks. What a server refused, or what a file says wrongly,
is the same the next time; only a neighbour that did not answer is asked again. Clients
have their own short patience below this one; a server that draws is waited for by whoever
draws (`writepath.fleet_board`), and was away for minutes when it says so.
"""

from typing import Any, ParamSpec, TypeVar

from prefect import Task
from prefect.tasks import exponential_backoff

from darkroom.core.errors import ComfyUnreachable, ServerAway, StoreUnavailable
from tasks.listening import is_watched

_P = ParamSpec("_P")
_R = TypeVar("_R")

RETRIES = 3
DELAYS_S = exponential_backoff(2)
JITTER = 0.5


def may_pass(_task: Any, _task_run: Any, state: Any) -> bool:
    """Whether another try may help: something outside did not answer."""
    error = state.data if isinstance(state.data, BaseException) else None
    error = error or state.result(raise_on_failure=False)
    if isinstance(error, ServerAway):
        return False  # it was waited for already, for minutes
    return isinstance(error, ComfyUnreachable | StoreUnavailable)


def patiently(step: Task[_P, _R]) -> Task[_P, _R]:
    """The step a run begins with: tried again where nobody looks on who hears of it at once."""
    if is_watched():
        return step
    return step.with_options(
        retries=RETRIES,
        retry_delay_seconds=DELAYS_S,
        retry_jitter_factor=JITTER,
        retry_condition_fn=may_pass,
    )
