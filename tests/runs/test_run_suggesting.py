"""`rules suggest`: what a model writes is checked, and written only when asked for."""

import pytest

from darkroom.adapters.projects import open_project
from darkroom.adapters.settings import open_lab
from darkroom.adapters.vision.chat import ChatReply, ChatRequest, Usage
from darkroom.adapters.vision.fallback import Panel
from darkroom.adapters.vision.model_judge import ModelJudge
from darkroom.core.errors import VisionError
from darkroom.runs import suggesting
from tests.runs.run_scenes import Lab

BETTER = "acceptance_criteria:\n  - field: fox\n    question: Is there a fox?\n"


class OneReply:
    provider = "scripted"
    model = "one"

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[ChatRequest] = []

    def ask(self, request: ChatRequest) -> ChatReply:
        self.asked.append(request)
        return ChatReply(self.text, self.provider, self.model, Usage(1))


def saying(monkeypatch: pytest.MonkeyPatch, text: str) -> OneReply:
    chat = OneReply(text)
    prompts = open_project(open_lab(), "demo").prompts
    monkeypatch.setattr(suggesting, "judge_of", lambda *_: ModelJudge(Panel(chat), prompts))
    return chat


def test_a_suggestion_is_shown_and_nothing_is_written(lab: Lab, monkeypatch):
    before = (lab.folder / "config/rules.yaml").read_text()
    chat = saying(monkeypatch, f"Fewer is better.\n```yaml\n{BETTER}```")
    found = suggesting.suggest_rules("demo", apply=False)
    assert (found.rules, found.notes, found.criteria) == (BETTER, "Fewer is better.", ("fox",))
    assert (lab.folder / "config/rules.yaml").read_text() == before
    assert "Is there a hat?" in chat.asked[0].prompt


def test_an_applied_suggestion_keeps_the_old_rules(lab, monkeypatch):
    before = (lab.folder / "config/rules.yaml").read_text()
    saying(monkeypatch, BETTER)
    found = suggesting.suggest_rules("demo", apply=True)
    assert (lab.folder / "config/rules.yaml").read_text() == BETTER
    assert found.kept == "config/rules.1.yaml"
    assert (lab.folder / found.kept).read_text() == before


def test_rules_that_would_not_work_are_never_written(lab, monkeypatch):
    before = (lab.folder / "config/rules.yaml").read_text()
    saying(monkeypatch, "acceptance_criteria:\n  - {field: 1}\n")
    with pytest.raises(VisionError, match="cannot be used"):
        suggesting.suggest_rules("demo", apply=True)
    assert (lab.folder / "config/rules.yaml").read_text() == before


def test_general_notes_are_left_out_where_the_rules_say_so(lab, monkeypatch):
    path = lab.folder / "config/rules.yaml"
    path.write_text(
        path.read_text().replace("name: demo,", "name: demo, disable_general_notes: true,")
    )
    saying(monkeypatch, f"Chatter.\n```\n{BETTER}```")
    assert suggesting.suggest_rules("demo", apply=False).notes == ""


def test_the_last_run_and_the_input_image_are_shown_to_the_model(lab, monkeypatch):
    lab.write(image=True)
    lab.run()
    chat = saying(monkeypatch, BETTER)
    suggesting.suggest_rules("demo", apply=False)
    assert "last run: accepted" in chat.asked[0].prompt
    assert len(chat.asked[0].images) == 1
