"""The loop from start to end: what it draws, decides and leaves behind."""

import hashlib

import pytest

from darkroom.core.errors import ComfyUnreachable, ConfigError, UsageError
from tests.fakes.scripted_judge import ScriptedJudge
from tests.runs.run_scenes import Lab, a_png


def test_goes_on_until_every_criterion_is_met(lab):
    report = lab.run()
    assert report.status == "accepted"
    assert [line.score for line in report.iterations] == [0, 50, 100]
    assert report.best == 3
    assert len(lab.server.submissions) == 3


def test_spends_the_budget_and_keeps_the_best(lab):
    lab.judge.script = [(), ("hat",), ()]
    report = lab.run()
    assert (report.status, report.best, report.score) == ("best-effort", 2, 50)
    assert len(report.iterations) == 5
    assert "budget of 5" in report.reason


def test_leaves_the_tree_of_the_specification(lab):
    lab.run()
    run = lab.runs[0]
    for kind in ("questions", "evaluation", "metadata"):
        assert lab.files(f"{kind}/*") == [
            f"working/{run}/{kind}/iteration_{n:03d}_{kind}.json" for n in (1, 2, 3)
        ]
    assert len(lab.files("images/*.png")) == len(lab.files("images/*.png.json")) == 3
    assert (lab.folder / "working/AIGen.yaml").exists()
    assert (lab.folder / "logs/app.log").read_text().count("score") == 3


def test_puts_the_accepted_image_out_with_its_metadata(lab):
    lab.run()
    metadata = lab.json("output/output_metadata.json")
    image = (lab.folder / "output/output.png").read_bytes()
    assert metadata["iteration"] == 3
    assert metadata["evaluation"]["overall_score"] == 100
    assert metadata["image_sha256"] == hashlib.sha256(image).hexdigest()


def test_the_metadata_of_an_iteration_is_that_of_the_specification(lab):
    lab.run()
    found = lab.json(f"working/{lab.runs[0]}/metadata/iteration_002_metadata.json")
    assert set(found["parameters_used"]) == {
        *("denoise", "cfg", "steps", "seed", "sampler_name", "scheduler")
    }
    assert found["evaluation"]["criteria_results"] == {"hat": True, "dog": False}
    assert found["questions"] == {"count": 2}
    assert found["aivis_metadata"]["provider"] == "embedded"
    assert isinstance(found["timestamp"], float)


def test_the_sidecar_holds_the_judging(lab):
    lab.run()
    sidecar = lab.json(f"working/{lab.runs[0]}/images/iteration_002.png.json")
    assert sidecar["iteration"]["evaluation"]["overall_score"] == 50
    assert sidecar["cost"] == {
        "seconds": 0.25,
        "gpu_seconds": 0.25,
        "calls": 2,
        "tokens_in": 20,
        "tokens_out": 10,
    }
    assert sidecar["refinement"]["previous_scores"] == [0.0]


def test_the_terms_of_the_rules_shape_the_prompts(lab):
    lab.run()
    used = lab.json(f"working/{lab.runs[0]}/metadata/iteration_001_metadata.json")["prompts_used"]
    assert used == {"positive": "a, hat", "negative": "blur, cat"}


def test_failed_criteria_lead_to_better_words_from_the_judge(lab):
    lab.run()
    used = lab.json(f"working/{lab.runs[0]}/metadata/iteration_003_metadata.json")["prompts_used"]
    assert used["positive"] == "a, hat, better 1, better 2"


def test_all_questions_of_an_image_are_asked_once(lab):
    lab.run()
    assert len(lab.judge.asked("answer")) == len(lab.judge.asked("verdicts")) == 3


@pytest.mark.parametrize(
    ("similarity", "denoise", "cfg"), [(0.9, 0.55, 8.0), (0.5, 0.5, 7.0), (0.1, 0.45, 7.0)]
)
def test_similarity_moves_denoise_and_cfg(lab, similarity, denoise, cfg):
    lab.write(image=True)
    lab.judge.similarities = [similarity]
    second = lab.run().iterations[1]
    assert (second.denoise, second.cfg, second.base) == (denoise, cfg, "input")


def test_the_original_is_described_once_per_run(lab):
    lab.write(image=True)
    lab.run()
    assert len(lab.judge.asked("describe")) == 1
    assert len(lab.judge.asked("compare")) == 3
    comparison = lab.json(f"working/{lab.runs[0]}/comparison/iteration_001_comparison.json")
    assert comparison["similarity_score"] == 0.5


def test_an_edit_draws_over_the_best_image_in_a_workflow_that_starts_from_nothing(lab):
    lab.write(strategy="predicate", denoise=1.0)
    path = lab.folder / "config/rules.yaml"
    path.write_text(path.read_text().replace("{field: dog,", "{field: dog, on_fail: edit,"))
    lab.judge.script = [("hat",), ("hat", "dog")]
    report = lab.run()
    sidecar = lab.json(f"working/{lab.runs[0]}/images/iteration_002.png.json")
    kinds = {found["class_type"] for found in sidecar["workflow"]["graph"].values()}
    assert report.iterations[1].base == "best"
    assert {"LoadImage", "VAEEncode"} <= kinds
    assert "EmptyLatentImage" not in kinds
    assert sidecar["parents"][0]["key"] == report.iterations[0].image_key


def test_a_judge_that_is_away_leaves_every_answer_unknown_with_the_reason(lab):
    lab.judge.fails = {"verdicts"}
    with pytest.raises(Exception, match="scripted judge is away"):
        lab.run()
    told = lab.json(f"working/{lab.runs[0]}/evaluation/iteration_001_evaluation.json")
    assert told["criteria_results"] == {"hat": None, "dog": None}
    assert "scripted judge is away" in told["verdicts"][0]["reason"]
    assert len(lab.server.submissions) == 3  # and no more images for a blind judge


def test_a_judge_without_advice_does_not_stop_the_run(lab):
    lab.judge.fails = {"improve"}
    assert lab.run().status == "accepted"


def test_the_holdout_judge_is_reported_and_never_steers(lab):
    lab.holdout = ScriptedJudge(lab.home / "holdout", [()])
    report = lab.run()
    assert (report.status, report.score, report.holdout) == ("accepted", 100, 0)


def test_a_failed_drawing_costs_one_iteration_and_the_run_goes_on(lab):
    lab.server.script(result="error")
    report = lab.run()
    assert report.status == "no-image"
    assert [line.score for line in report.iterations] == [None, None, None]
    assert "scripted: error" in (report.iterations[0].failure or "")


def test_a_server_that_is_down_from_the_start_begins_no_run(lab):
    lab.server.script(down=True)
    with pytest.raises(ComfyUnreachable):
        lab.run()
    assert lab.runs == []


def test_a_wrong_file_begins_no_run_and_names_every_mistake(lab):
    (lab.folder / "config/rules.yaml").write_text("acceptance_criteria: []\n")
    with pytest.raises(ConfigError):
        lab.run()


def test_other_rules_and_another_input_can_be_named(lab, tmp_path):
    lab.write(image=True)
    (lab.folder / "input/input.png").unlink()
    (tmp_path / "mine.png").write_bytes(a_png((1, 2, 3)))
    rules = "acceptance_criteria:\n  - {field: hat, question: 'Is there a hat?'}\n"
    (tmp_path / "mine.yaml").write_text(rules)
    report = lab.run(rules=str(tmp_path / "mine.yaml"), input=str(tmp_path / "mine.png"))
    assert report.status == "accepted"
    assert len(report.iterations) == 2


def test_a_file_that_is_not_there_is_refused(lab):
    with pytest.raises(UsageError, match=r"no rules file 'nothing\.yaml'"):
        lab.run(rules="nothing.yaml")


def test_a_setting_on_the_command_line_stands_above_the_files(lab):
    lab.judge.script = [()]
    assert len(lab.run(sets=["project.max_iterations=2"]).iterations) == 2


def test_a_fixed_seed_is_kept_while_the_words_change(lab):
    lab.write(seed=7)
    assert [line.seed for line in lab.run().iterations] == [7, 7, 7]


def test_a_fixed_seed_gives_way_where_nothing_else_would_change(lab: Lab):
    lab.write(seed=7)
    lab.judge.fails = {"improve"}
    seeds = [line.seed for line in lab.run().iterations]
    assert len(set(seeds)) == 3
