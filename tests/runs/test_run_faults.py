"""What goes wrong around a run: judges, documents, links, workflows, budgets."""

import json

import pytest

from darkroom.core.errors import DataError, OutsideError, UsageError, VisionError
from darkroom.core.workflow.graph import read_graph
from darkroom.runs import opening
from darkroom.runs.documents import Documents
from darkroom.runs.img2img import over_a_picture
from darkroom.runs.local_files import replace_file
from darkroom.runs.params import IterateParams
from tests.fakes.scripted_judge import ScriptedJudge
from tests.runs.run_scenes import Lab, node, workflow


def test_a_comparison_that_fails_leaves_the_similarity_unknown(lab):
    lab.write(image=True)
    lab.judge.fails = {"compare"}
    report = lab.run()
    assert report.status == "accepted"
    assert [line.similarity for line in report.iterations] == [None, None, None]


def test_an_input_image_nobody_could_describe_is_described_at_the_next_start(lab):
    lab.write(image=True)
    lab.judge.fails = {"describe"}
    assert lab.run().status == "accepted"
    assert lab.files("original.json") == []


def test_a_holdout_judge_that_is_away_costs_only_its_score(lab):
    lab.holdout = ScriptedJudge(lab.home / "holdout", [()])
    lab.holdout.fails = {"verdicts"}
    report = lab.run()
    assert (report.status, report.holdout) == ("accepted", None)


@pytest.mark.parametrize("verb", ["answer", "compare", "improve"])
def test_a_spent_vision_budget_stops_the_run_and_leaves_it_open(lab, monkeypatch, verb):
    lab.write(image=True)

    def spent(*_: object) -> None:
        raise VisionError("vision-budget", "3 requests are spent")

    with monkeypatch.context() as patch:
        patch.setattr(lab.judge, verb, spent)
        with pytest.raises(VisionError, match="requests are spent"):
            lab.run()
    assert lab.json("working/checkpoint.json")["state"] == "open"
    assert lab.run().status == "accepted"
    assert len(lab.runs) == 1


def test_the_model_strategy_asks_for_settings(lab):
    lab.write(image=True, strategy="model")
    lab.judge.similarities = [0.95]
    report = lab.run()
    assert len(lab.judge.asked("suggest")) == 2
    assert {line.denoise for line in report.iterations} == {0.5}


def test_a_model_without_advice_on_settings_leaves_them_as_they_are(lab):
    lab.write(image=True, strategy="model")
    lab.judge.similarities = [0.95]
    lab.judge.fails = {"suggest"}
    report = lab.run()
    assert "no advice" in report.iterations[1].why


def test_an_edit_that_the_workflow_cannot_take_is_drawn_anew(lab):
    lab.write(strategy="predicate", denoise=1.0)
    rules = lab.folder / "config/rules.yaml"
    rules.write_text(rules.read_text().replace("{field: dog,", "{field: dog, on_fail: edit,"))
    graph = workflow(over_an_image=False)
    graph["5"]["class_type"] = "MyOwnLatent"
    (lab.folder / "workflows/tiny.json").write_text(json.dumps(graph))
    lab.judge.script = [("hat",), ("hat", "dog")]
    second = lab.run().iterations[1]
    assert second.base == "nothing"
    assert second.denoise == 1.0
    assert "drawn anew" in second.why


def test_words_change_on_an_empty_latent_never_leave_it_half_drawn(lab):
    lab.write(strategy="predicate", denoise=1.0)
    rules = lab.folder / "config/rules.yaml"
    rules.write_text(rules.read_text().replace("{field: dog,", "{field: dog, on_fail: edit,"))
    lab.judge.script = [("hat",), (), ("hat", "dog")]
    lines = lab.run().iterations
    assert [(line.base, line.denoise) for line in lines] == [
        *(("nothing", 1.0), ("best", 0.5), ("nothing", 1.0))
    ]


def test_a_graph_that_draws_over_a_picture_stays_as_it_is():
    graph = read_graph(workflow(over_an_image=True))
    assert over_a_picture(graph) is graph


def test_a_graph_without_a_decoder_cannot_be_rewired():
    document = workflow(over_an_image=False)
    document["8"] = node("Custom", images=["3", 0])
    assert over_a_picture(read_graph(document)) is None


@pytest.mark.parametrize("content", ["not json", "[1]", "{}"])
def test_a_damaged_run_document_is_named_and_nothing_is_overwritten(lab, content, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("flows.iterate.evaluate", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            lab.run()
    path = lab.folder / lab.files("questions/*")[0]
    path.write_text(content)
    with pytest.raises(DataError, match=r"run-document|lacks|JSON"):
        lab.run()
    assert path.read_text() == content


def test_a_damaged_history_is_named(lab):
    first = lab.run()
    (lab.folder / lab.files("metadata/*")[0]).write_text('{"iteration": 1}')
    with pytest.raises(DataError, match="lacks or misplaces"):
        lab.run(resume_from=2)
    (lab.folder / f"working/{first.run_id}/run.json").unlink()
    with pytest.raises(UsageError, match=r"has no run\.json"):
        lab.run(resume_from=2)


def test_a_link_in_the_way_is_not_followed_out_of_the_project(lab, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (lab.folder / "output").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutsideError):
        lab.run()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    with pytest.raises(OutsideError):
        replace_file(lab.folder, "output/x", b"")


def test_a_log_that_leads_out_of_the_project_is_refused(lab, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (lab.folder / "logs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutsideError):
        lab.run()


def test_no_secret_reaches_the_log_or_a_document(lab: Lab, monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-canary-123456")
    lab.judge.fails = {"improve"}
    monkeypatch.setattr(
        "tests.fakes.scripted_judge.VisionError",
        lambda code, message: VisionError("vision-unreachable", f"{message} sk-canary-123456"),
    )
    lab.run()
    texts = [path.read_bytes() for path in lab.folder.rglob("*") if path.is_file()]
    assert not any(b"sk-canary" in text for text in texts)


def test_what_a_flag_says_wrongly_is_told_before_anything_is_started(lab):
    lab.run()
    opening.refuse_early(IterateParams(project="demo"))
    with pytest.raises(UsageError, match="no run of demo has a ranking"):
        opening.refuse_early(IterateParams(project="demo", seed_from_ranking="latest"))


def test_a_document_is_written_once(lab):
    lab.run()
    from darkroom.adapters.stores import FolderStore
    from darkroom.core.keys import RunKeys

    docs = Documents(FolderStore(lab.home / "projects"), RunKeys("demo", lab.runs[0]))
    before = docs.named("run.json")
    assert docs.save_named("run.json", {"other": 1}) == before
