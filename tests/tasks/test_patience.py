"""Which failures of a task are tried again, and that every task says how it is cached."""

import importlib
import pkgutil
from types import SimpleNamespace

import pytest
from prefect import Task
from prefect.cache_policies import NO_CACHE

import tasks
from darkroom.core.errors import (
    ComfyUnreachable,
    JobFailed,
    ServerAway,
    StoreUnavailable,
    VisionError,
)
from tasks import patience
from tasks.open_series import open_series
from tasks.patience import may_pass, patiently


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ComfyUnreachable("usage", "away"), True),
        (ServerAway("usage", "was waited for already"), False),
        (StoreUnavailable("usage", "away"), True),
        (JobFailed("usage", "broken"), False),
        (VisionError("usage", "its client has tried again already"), False),
        (ValueError("ours"), False),
    ],
)
def test_only_a_neighbour_that_did_not_answer_is_asked_again(error, again):
    assert may_pass(None, None, SimpleNamespace(data=error)) is again


def test_an_error_that_the_state_keeps_elsewhere_is_found(monkeypatch):
    error = ComfyUnreachable("usage", "away")
    state = SimpleNamespace(data=None, result=lambda raise_on_failure: error)
    assert may_pass(None, None, state)


def test_only_a_person_hears_at_once_that_a_run_cannot_begin(monkeypatch):
    assert patiently(open_series) is open_series
    monkeypatch.setattr(patience, "is_watched", lambda: False)
    waits = patiently(open_series)
    assert (waits.retries, waits.retry_condition_fn) == (patience.RETRIES, may_pass)


def all_tasks() -> list[Task]:
    modules = [
        importlib.import_module(f"tasks.{each.name}")
        for each in pkgutil.iter_modules(tasks.__path__)
    ]
    return [item for module in modules for item in vars(module).values() if isinstance(item, Task)]


@pytest.mark.parametrize("each", all_tasks(), ids=lambda each: each.name)
def test_no_task_is_cached_by_accident_or_keeps_images_in_prefect(each):
    assert each.cache_policy == NO_CACHE
    assert each.persist_result is False
