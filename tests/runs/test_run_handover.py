"""A flow run that is tried again goes on with the run it began, on whichever machine."""

from types import SimpleNamespace

import pytest

from tests.runs.run_scenes import Lab
from tests.runs.test_run_resuming import killed_at

FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def as_flow_run(monkeypatch: pytest.MonkeyPatch):
    def be(flow_run: str) -> None:
        monkeypatch.setattr("tasks.open_run.flow_run", SimpleNamespace(get_id=lambda: flow_run))

    return be


def on_another_machine(lab: Lab) -> None:
    """The store is shared; what lies beside it on one machine is not."""
    (lab.folder / "working/checkpoint.json").unlink()


def test_another_machine_ends_the_run_that_the_flow_run_began(lab, as_flow_run):
    as_flow_run(FIRST)
    killed_at(lab, "after-sidecar:2")
    on_another_machine(lab)
    report = lab.run()
    assert (report.status, len(report.iterations)) == ("accepted", 3)
    assert lab.runs == [report.run_id]
    assert len(lab.server.submissions) == 3


def test_another_flow_run_on_another_machine_begins_a_run_of_its_own(lab, as_flow_run):
    as_flow_run(FIRST)
    killed_at(lab, "after-sidecar:2")
    on_another_machine(lab)
    as_flow_run(SECOND)
    lab.run()
    assert len(lab.runs) == 2


def test_a_closed_run_tried_again_stays_one_run_with_one_result(lab, as_flow_run):
    as_flow_run(FIRST)
    first = lab.run()
    on_another_machine(lab)
    assert lab.run() == first
    assert (len(lab.runs), len(lab.files("result*.json"))) == (1, 1)


def test_iterations_that_were_set_aside_stay_so_on_another_machine(lab, as_flow_run):
    lab.judge.script = [("hat",), (), (), (), (), (), ()]
    lab.run()
    as_flow_run(FIRST)
    report = lab.run(resume_from=2)
    on_another_machine(lab)
    assert lab.run(resume_from=2) == report


@pytest.mark.parametrize("content", ["{}", '{"run_id": "../elsewhere"}', '{"run_id": 3}'])
def test_a_note_that_names_no_run_counts_for_nothing(lab, as_flow_run, content):
    as_flow_run(FIRST)
    folder = lab.folder / "working/flow-runs"
    folder.mkdir(parents=True)
    (folder / f"{FIRST}.json").write_text(content)
    assert lab.run().status == "accepted"
