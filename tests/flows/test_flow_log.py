"""What a person should know stands in the log of the flow run, and reaches whoever listens."""

import logging

import pytest
from prefect import flow

from darkroom.runs.telling import Said, heard_by, tell
from tasks.listening import in_its_log


def test_it_stands_in_the_log_of_the_run_and_is_told_on(
    prefect_server: None, caplog: pytest.LogCaptureFixture
) -> None:
    @flow(name="says-something")
    def says() -> None:
        with in_its_log():
            tell(Said("attic failed"))

    heard: list[object] = []
    log = logging.getLogger("prefect.flow_runs")
    log.addHandler(caplog.handler)
    try:
        with heard_by(heard.append):
            says()
    finally:
        log.removeHandler(caplog.handler)
    assert "attic failed" in caplog.messages
    assert heard == [Said("attic failed")]


def test_outside_of_any_run_it_is_told_alone() -> None:
    heard: list[object] = []
    with heard_by(heard.append), in_its_log():
        tell(Said("attic failed"))
    assert heard == [Said("attic failed")]
