"""working/AIGen.yaml is live: what a person changes in it counts from the next iteration on."""

from collections.abc import Callable

import pytest

from darkroom.core.errors import ConfigError
from darkroom.runs.telling import Began, Event, heard_by
from tests.runs.run_scenes import Lab
from tests.runs.test_run_resuming import killed_at


def edit(lab: Lab, *changes: tuple[str, str]) -> None:
    path = lab.folder / "working/AIGen.yaml"
    text = path.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def during(number: int, act: Callable[[], None]):
    """Act while that iteration is under way."""

    def hear(event: Event) -> None:
        if isinstance(event, Began) and event.step.iteration == number:
            act()

    return heard_by(hear)


def test_a_change_between_two_iterations_counts_for_the_next_ones(lab: Lab):
    lab.judge.script = [(), (), ("hat", "dog")]
    with during(1, lambda: edit(lab, ("cfg: 7", "cfg: 5"), ("steps: 4", "steps: 9"))):
        report = lab.run()
    assert [line.cfg for line in report.iterations] == [7, 5, 5]
    assert "changed by hand: cfg, steps" in report.iterations[1].why
    told = lab.json(f"working/{report.run_id}/metadata/iteration_003_metadata.json")
    assert told["parameters_used"]["steps"] == 9


def test_words_of_a_person_are_drawn_as_they_are_and_improved_only_later(lab: Lab):
    lab.judge.script = [(), (), ("hat", "dog")]
    with during(1, lambda: edit(lab, ("positive: a, hat", "positive: a fox, hat"))):
        report = lab.run()
    used = [
        lab.json(f"working/{report.run_id}/metadata/iteration_00{n}_metadata.json")["prompts_used"]
        for n in (2, 3)
    ]
    assert used[0]["positive"] == "a fox, hat"
    assert used[1]["positive"].startswith("a fox, hat, better")


def test_an_edit_before_a_resume_counts_and_is_not_written_over(lab: Lab):
    killed_at(lab, "after-image:4")  # the second iteration's image is stored
    edit(lab, ("cfg: 7", "cfg: 3"))
    report = lab.run()
    assert [line.cfg for line in report.iterations] == [7, 7, 3]
    assert report.status == "accepted"


def test_an_edit_is_remembered_when_the_run_is_killed_after_it(lab: Lab):
    lab.judge.script = [(), (), (), ("hat", "dog")]
    path = lab.folder / "config/rules.yaml"
    path.write_text(path.read_text().replace("strategy: fixed", "strategy: predicate"))
    with during(1, lambda: edit(lab, ("cfg: 7", "cfg: 5"))):
        killed_at(lab, "after-image:4")
    report = lab.run()
    # rewording in vain raises cfg by one, from where the person put it
    assert [line.cfg for line in report.iterations][1:3] == [5, 6]
    assert len(lab.files("edit/*")) == 1


def test_sizes_and_the_model_can_be_changed_too(lab: Lab):
    lab.judge.script = [(), ("hat", "dog")]
    change = ("ckpt_name: tiny.safetensors", "ckpt_name: other.safetensors")
    with during(1, lambda: edit(lab, change, ("  cfg: 7", "  width: 128\n  cfg: 7"))):
        report = lab.run()
    sidecar = lab.json(f"working/{report.run_id}/images/iteration_002.png.json")
    assert sidecar["workflow"]["model"] == "other.safetensors"
    assert sidecar["parameters"]["resolution"] == [128, 64]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("cfg: 7", "cfg: 700"), "cfg"),
        (("cfg: 7", "cgf: 7"), "cgf"),
        (("denoise: 0.5", "denoise: [0.5"), "AIGen.yaml"),
        (("host: fake", "host: other"), "keeps its workflow and its server"),
    ],
)
def test_a_wrong_edit_stops_the_run_with_one_error_and_can_be_mended(lab: Lab, change, said):
    with during(1, lambda: edit(lab, change)), pytest.raises(ConfigError) as caught:
        lab.run()
    assert said in " ".join(str(problem) for problem in caught.value.problems)
    assert len(lab.server.submissions) == 1
    edit(lab, (change[1], change[0]))
    report = lab.run()
    assert (report.status, len(lab.runs)) == ("accepted", 1)


def test_a_live_file_that_leads_elsewhere_is_not_followed(lab: Lab, tmp_path):
    (tmp_path / "theirs.yaml").write_text("parameters: {cfg: 3}\n")
    path = lab.folder / "working/AIGen.yaml"

    def relink() -> None:
        path.unlink()
        path.symlink_to(tmp_path / "theirs.yaml")

    with during(1, relink), pytest.raises(ConfigError):
        lab.run()


def test_a_new_run_starts_from_its_configuration_and_not_from_an_old_live_file(lab: Lab):
    lab.judge.script = [("hat", "dog")]
    lab.run()
    edit(lab, ("cfg: 7", "cfg: 5"))
    assert [line.cfg for line in lab.run().iterations] == [7]


def test_a_file_that_was_only_reformatted_changes_nothing(lab: Lab):
    with during(1, lambda: edit(lab, ("cfg: 7.0", "cfg:     7"))):
        report = lab.run()
    assert lab.files("edit/*") == []
    assert report.status == "accepted"
