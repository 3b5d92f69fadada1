"""What Prefect's pages show is a view: one that takes nothing more costs the run nothing."""

from types import SimpleNamespace

import httpx

from darkroom.runs.report import RunReport
from darkroom.runs.telling import heard_by
from tasks import show


def test_a_prefect_that_went_away_is_tried_once_and_told_of_once(monkeypatch):
    tries = []

    def refuses(*_: object, **__: object) -> None:
        tries.append(1)
        raise httpx.ConnectError("refused")

    for name in ("create_table_artifact", "create_markdown_artifact"):
        monkeypatch.setattr(show, name, refuses)
    run = SimpleNamespace(
        project=SimpleNamespace(name="demo"),
        keys=SimpleNamespace(run_id="r"),
        tools=SimpleNamespace(desk=SimpleNamespace(store=None)),
        iterations=[],
        is_shown=True,
    )
    said = []
    report = RunReport("demo", "r", "accepted", "", 1, 100.0, None, None, None, ())
    with heard_by(said.append):
        show.show.fn(run)
        show.show.fn(run)
        show.show_report.fn(run, report)
    assert (len(tries), len(said)) == (1, 1)
    assert "ConnectError" in str(said[0])
