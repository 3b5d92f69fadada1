"""Good and bad judges, checked over the protocol they speak in a run."""

from collections.abc import Generator
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from darkroom.core.controls import Control, ErrorRate
from darkroom.core.errors import ConfigError, UsageError, VisionError
from darkroom.runs import judge_check
from darkroom.runs.judge_check import JudgeCheck, Wanted, check_judge
from tests.fakes.reading_judge import ReadingJudge
from tests.fakes.vision_server import Reply, Script, vision_server

COUNT = 3


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "darkroom.yaml").write_text("{}\n")
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def server() -> Generator[Script]:
    with vision_server(Reply(500, {})) as script:
        yield script


def checked(server: Script, judge: ReadingJudge, **changes: object) -> JudgeCheck:
    server.think = judge
    told = {"provider": "openai", "model": "eyes", "base_url": server.url, "count": COUNT}
    return check_judge(Wanted(**(told | changes)))  # pyright: ignore[reportArgumentType]


def failed(found: JudgeCheck) -> list[Control]:
    return [row.control for row in found.table if row.verdict == "fails"]


def row(found: JudgeCheck, control: Control) -> ErrorRate:
    return next(each for each in found.table if each.control == control)


def test_the_measuring_judge_holds_and_costs_nothing() -> None:
    steps: list[int] = []
    found = check_judge(Wanted(count=COUNT), steps.append)
    assert found.verdict == "holds"
    assert sum(each.wrong for each in found.table) == 0
    assert {each.asked for each in found.table} == {COUNT}
    assert (found.provider, found.calls, found.tokens) == ("embedded", 0, 0)
    assert steps == [1] * COUNT


def test_a_model_that_only_looks_holds_over_the_protocol(server: Script) -> None:
    found = checked(server, ReadingJudge(obeys=False))
    assert found.verdict == "holds"
    assert (found.provider, found.model, found.used_fallback) == ("openai", "eyes", False)
    # seven questions, each sent for odds and then as JSON, and two comparisons
    assert found.calls == COUNT * (7 * 2 + 2)


def test_a_model_that_reads_instead_of_looking_is_caught(server: Script) -> None:
    found = checked(server, ReadingJudge(obeys=True))
    assert failed(found) == ["written"]
    assert row(found, "written").wrong == COUNT
    assert found.verdict == "fails"


def says(value: bool | None) -> ReadingJudge:
    return ReadingJudge(obeys=False, look=lambda _picture, _question: value)


def test_a_model_that_always_agrees_is_caught(server: Script) -> None:
    assert failed(checked(server, says(True))) == ["wrong", "blurred", "written", "flipped"]


def test_a_model_that_never_agrees_or_never_answers_is_of_no_use(server: Script) -> None:
    assert failed(checked(server, says(False))) == ["right", "flipped"]
    silent = checked(server, says(None))
    assert failed(silent) == ["right"]
    assert row(silent, "written").unknown == COUNT


def test_a_model_that_answers_by_mood_is_caught(server: Script) -> None:
    moods = cycle([True] * 6 + [False])  # seven questions a scene, the last repeats the first

    def look(_picture: NDArray[np.uint8], _question: str) -> bool:
        return next(moods)

    found = checked(server, ReadingJudge(obeys=False, look=look))
    assert row(found, "repeat").wrong == COUNT


def test_a_model_that_prefers_the_first_picture_is_caught(server: Script) -> None:
    class Partial(ReadingJudge):
        def __call__(self, body: dict[str, object]) -> Reply:
            self.similarity = 0.9 if self.similarity == 0.3 else 0.3
            return super().__call__(body)

    assert "order" in failed(checked(server, Partial(obeys=False)))


def test_a_server_that_does_not_answer_is_an_error_and_no_verdict(server: Script) -> None:
    server.think = lambda _body: Reply(404, {"error": {"message": "no such model"}})
    with pytest.raises(VisionError) as caught:
        check_judge(Wanted(provider="openai", model="gone", base_url=server.url, count=1))
    assert caught.value.code == "vision-model-missing"


PROJECT = """
provider: openai
model: eyes
base_url: {url}
fallback_provider: openai
fallback_model: other
retries: 0
{more}
"""


def project(home: Path, url: str, more: str = "") -> None:
    config = home / "projects" / "mine" / "config"
    config.mkdir(parents=True)
    (config / "AIVis.yaml").write_text(PROJECT.format(url=url, more=more))
    (config / "rules.yaml").write_text(
        'acceptance_criteria: [{field: hat, question: "Is there a hat?"}]\n'
    )
    (config / "AIGen.yaml").write_text(
        "workflow_file: workflows/txt2img_api.json\n"
        "model: {ckpt_name: a.safetensors}\nprompts: {positive: a hat}\n"
    )


def test_a_projects_own_judge_is_asked_and_its_holdout_on_demand(
    home: Path, server: Script
) -> None:
    holdout = f"holdout: {{provider: openai, model: second, base_url: '{server.url}'}}"
    project(home, server.url, holdout)
    server.think = ReadingJudge(obeys=False)
    assert check_judge(Wanted("mine", count=1)).model == "eyes"
    assert check_judge(Wanted("mine", holdout=True, count=1)).model == "second"
    assert check_judge(Wanted("mine", model="third", count=1)).model == "third"
    assert check_judge(Wanted("mine", provider="embedded", count=1)).provider == "embedded"
    with pytest.raises(UsageError) as caught:
        check_judge(Wanted("mine", holdout=True, model="third", count=1))
    assert caught.value.code == "usage"


def test_answers_of_the_fallback_are_said_to_be_that(home: Path, server: Script) -> None:
    project(home, server.url, f"fallback_base_url: '{server.url}'")
    good = ReadingJudge(obeys=False)

    def think(body: dict[str, object]) -> Reply:
        broken = Reply(400, {"error": {"message": "no"}})
        return broken if body["model"] == "eyes" else good(body)

    server.think = think
    found = check_judge(Wanted("mine", count=1))
    assert (found.model, found.used_fallback) == ("other", True)


def test_what_cannot_be_checked_is_refused(home: Path) -> None:
    project(home, "http://127.0.0.1:9")
    with pytest.raises(UsageError) as caught:
        check_judge(Wanted("mine", holdout=True, count=1))
    assert caught.value.code == "judge-no-holdout"
    with pytest.raises(UsageError) as caught:
        check_judge(Wanted(provider="ollama", count=1))
    assert caught.value.code == "judge-without-model"
    (home / "projects/mine/config/AIVis.yaml").write_text("provider: nobody\n")
    with pytest.raises(ConfigError):
        check_judge(Wanted("mine", count=1))


def test_a_damaged_installation_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prompts.yaml").write_text("system: hm\n")
    monkeypatch.setattr(judge_check, "shipped", lambda name: tmp_path / name)
    with pytest.raises(ConfigError) as caught:
        check_judge(Wanted(count=1))
    assert caught.value.problems[0].file == "defaults/prompts.yaml"
