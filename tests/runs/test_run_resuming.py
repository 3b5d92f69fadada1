"""Crash, run again, go back, archive: nothing is drawn or asked twice, nothing is lost."""

import pytest

from darkroom.core.errors import UsageError
from darkroom.runs import judging
from darkroom.runs.checkpoint import read_checkpoint
from darkroom.writepath.crashpoints import armed
from tests.runs.run_scenes import Lab
from tests.writepath.scenes import KILLED, in_child

KILLS = [
    *("after-claim:2", "after-intent:2", "after-submit:2", "after-wait:2", "after-fetch:2"),
    *("after-image:2", "after-answers:2", "after-sidecar:2", "after-readback:2"),
]


def killed_at(lab: Lab, point: str) -> None:
    def work() -> None:
        with armed(point):
            lab.run()

    assert in_child(work) == KILLED


@pytest.mark.parametrize("point", KILLS)
def test_killed_anywhere_the_same_command_ends_the_same_run(lab, point):
    killed_at(lab, point)
    lab.server.finish_all()
    report = lab.run()
    assert (report.status, len(report.iterations)) == ("accepted", 3)
    assert lab.runs == [report.run_id]
    assert len(lab.server.submissions) == 3
    assert len(lab.judge.asked("verdicts")) == 3
    assert len(lab.files("images/*.png.json")) == 3


def test_a_run_that_never_stopped_gives_the_same_decisions_as_one_that_was_killed(lab):
    killed_at(lab, "after-sidecar:2")
    report = lab.run()
    again = [line.why for line in report.iterations]
    assert again == ["first iteration", "failed: hat, dog", "failed: dog"]


def test_answers_that_were_saved_are_not_asked_again(lab, monkeypatch):
    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("flows.iterate.evaluate", breaks)
        with pytest.raises(KeyboardInterrupt):
            lab.run()
    assert len(lab.judge.asked("verdicts")) == 1
    assert lab.run().status == "accepted"
    assert len(lab.judge.asked("verdicts")) == 3
    assert len(lab.server.submissions) == 3


def test_a_closed_run_is_followed_by_a_new_one(lab):
    first, second = lab.run(), lab.run()
    assert first.run_id != second.run_id
    assert len(lab.runs) == 2


def test_the_checkpoint_says_which_iteration_was_last_and_best(lab):
    lab.judge.script = [("hat",), ()]
    lab.run()
    found = read_checkpoint(lab.folder)
    assert found is not None
    assert (found.state, found.last_iteration, found.best_iteration) == ("given-up", 5, 1)


def test_a_torn_checkpoint_counts_as_none(lab):
    (lab.folder / "working").mkdir()
    (lab.folder / "working/checkpoint.json").write_text('{"run_id": "2026-0')
    assert lab.run().status == "accepted"


def test_resuming_from_an_iteration_decides_again_and_overwrites_nothing(lab):
    lab.judge.script = [("hat",), (), ()]
    lab.write(budget=3)
    lab.run()
    lab.judge.script = [("hat", "dog")]
    report = lab.run(resume_from=2, sets=["project.max_iterations=9"])
    assert lab.runs == [report.run_id]
    assert [line.iteration for line in report.iterations] == [1, 2, 3, 4]
    assert (report.status, report.best) == ("accepted", 4)
    assert len(lab.server.submissions) == 4
    assert len(lab.files("result*.json")) == 2


def test_resuming_from_an_iteration_that_is_not_there_is_refused(lab):
    with pytest.raises(UsageError, match="no run to resume"):
        lab.run(resume_from=1)
    lab.run()
    with pytest.raises(UsageError, match="has 3 iterations; none is number 9"):
        lab.run(resume_from=9)


def test_reset_archives_the_open_run_and_starts_a_new_one(lab):
    killed_at(lab, "after-image:2")
    old = lab.runs[0]
    report = lab.run(reset=True)
    assert report.run_id != old
    assert lab.json(f"working/{old}/archived.json")["run_id"] == old
    assert lab.json(f"working/{old}/checkpoint.json")["run_id"] == old
    assert (lab.folder / f"working/{old}/AIGen.yaml").exists()


def test_a_changed_input_image_is_noticed_when_a_run_goes_on(lab):
    lab.write(image=True)
    killed_at(lab, "after-image:2")
    lab.write(image=True)
    (lab.folder / "input/input.png").write_bytes(judging.limit(big(), 4))
    with pytest.raises(UsageError, match="is not the one run"):
        lab.run()


def big() -> bytes:
    from tests.runs.run_scenes import a_png

    return a_png((200, 10, 10))


def test_two_processes_do_not_work_on_one_project_at_once(lab, monkeypatch):
    def meanwhile(*_: object) -> None:
        lab.run()

    monkeypatch.setattr("flows.iterate.evaluate", meanwhile)
    with pytest.raises(UsageError, match="run-demo is being worked on"):
        lab.run()


def test_a_ranking_starts_the_next_run(lab):
    first = lab.run()
    (lab.folder / f"working/{first.run_id}/human").mkdir()
    ranking = '{"ranking": [3, 1], "notes": {"3": "good light"}}'
    (lab.folder / f"working/{first.run_id}/human/ranking.json").write_text(ranking)
    second = lab.run(seed_from_ranking="latest", seed_ranking_mode="rank1")
    begun = lab.json(f"working/{second.run_id}/run.json")
    assert begun["prompts"]["positive"] == "a, hat, better 1, better 2"
    assert begun["notes"] == ["iteration 3: good light"]
    assert begun["seeded_from"] == "latest"


def test_without_a_ranking_there_is_nothing_to_start_from(lab):
    lab.run()
    with pytest.raises(UsageError, match="no run of demo has a ranking"):
        lab.run(seed_from_ranking="latest")
    with pytest.raises(UsageError, match="is no run id"):
        lab.run(seed_from_ranking="yesterday")


def test_a_ranking_does_not_disturb_an_open_run(lab):
    killed_at(lab, "after-image:2")
    with pytest.raises(UsageError, match="is still open"):
        lab.run(seed_from_ranking="latest")


def test_a_dry_run_draws_and_writes_nothing(lab):
    from darkroom.runs.params import IterateParams
    from darkroom.runs.preview import Preview, preview

    found = preview(IterateParams(project="demo"))
    assert isinstance(found, Preview)
    assert (found.budget, found.base, found.criteria) == (5, "nothing", ("hat", "dog"))
    assert found.prompts["positive"] == "a, hat"
    assert lab.server.submissions == []
    assert not (lab.folder / "working").exists()


def test_a_run_begun_as_a_test_stays_one_when_it_goes_on(lab):
    def work() -> None:
        with armed("after-sidecar:2"):
            lab.run(test=True)

    assert in_child(work) == KILLED
    report = lab.run()
    assert lab.json(f"working/{report.run_id}/run.json")["is_test"] is True
    marks = [lab.json(name)["is_test"] for name in lab.files("images/*.png.json")]
    assert marks == [True, True, True]


def test_a_plain_run_is_no_test(lab):
    report = lab.run()
    assert lab.json(f"working/{report.run_id}/run.json")["is_test"] is False
