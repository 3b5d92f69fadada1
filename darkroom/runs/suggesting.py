"""Have a vision model suggest better rules, from the guidelines and the last run's results.

Owns the request, the reading of the reply as a rules file, and its checking: what a
model writes is held to the same rules as what a person writes, and is written over
rules.yaml only when asked, with the old file kept beside it.
"""

import re
from dataclasses import dataclass

from darkroom.adapters.image_encoding import limit
from darkroom.adapters.projects import Project, open_project
from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.vision.chat import ChatRequest
from darkroom.adapters.vision.model_judge import ModelJudge
from darkroom.adapters.wiring import judge_of
from darkroom.adapters.yaml_files import parse_yaml
from darkroom.core.config.checking import checked
from darkroom.core.config.prompts import filled
from darkroom.core.config.rule_checks import rule_faults
from darkroom.core.config.rules import Rules
from darkroom.core.errors import UsageError, VisionError
from darkroom.core.text import shortened
from darkroom.runs.checkpoint import read_checkpoint
from darkroom.runs.local_files import read_object, replace_file

RULES = "config/rules.yaml"
_FENCED = re.compile(r"```(?:ya?ml)?\s*\n(.*?)```", re.DOTALL)
_MAX_RESULTS = 4_000


@dataclass(frozen=True)
class Suggestion:
    """Rules a model suggests, checked; `notes` is what it said around them."""

    project: str
    rules: str
    notes: str
    criteria: tuple[str, ...]
    applied: bool
    kept: str | None = None
    """Where the old rules went."""


def suggest_rules(name: str, *, apply: bool) -> Suggestion:
    """Ask for better rules; write them only when asked to."""
    lab = open_lab()
    project = open_project(lab, name)
    reply = _asked(lab, project)
    text, notes = _split(reply)
    rules = _checked(text)
    if project.rules.project.disable_general_notes:
        notes = ""
    fields = tuple(each.field for each in rules.acceptance_criteria)
    if not apply:
        return Suggestion(name, text, notes, fields, applied=False)
    return Suggestion(name, text, notes, fields, applied=True, kept=_written(project, text))


def _asked(lab: Lab, project: Project) -> str:
    judge = judge_of(lab, project)
    if not isinstance(judge, ModelJudge):
        raise UsageError(
            "judge-cannot-chat",
            "the embedded judge measures and suggests nothing; name a model in AIVis.yaml",
        )
    values = {
        "rules": (project.folder / RULES).read_text(encoding="utf-8"),
        "guidelines": project.guidelines,
        "original_description": "",
        "results": _results(project),
    }
    templates = judge.templates
    prompt = f"{templates.system}\n\n{filled(templates.suggest_rules, values)}"
    images = ()
    if project.input_image is not None:
        images = (limit(project.input_image.read_bytes(), project.aivis.max_image_px),)
    return judge.panel.ask(ChatRequest(prompt, images)).reply.text


def _results(project: Project) -> str:
    """How the last run went, as far as it is beside the project."""
    last = read_checkpoint(project.folder)
    found = read_object(project.folder / "output/output_metadata.json")
    if last is None or found is None:
        return "no run yet"
    return shortened(f"last run: {last.state}; {found.get('evaluation')}", _MAX_RESULTS)


def _split(reply: str) -> tuple[str, str]:
    """The rules file in a reply, and the words around it."""
    fenced = _FENCED.search(reply)
    if fenced is None:
        return reply.strip() + "\n", ""
    return fenced[1].strip() + "\n", _FENCED.sub("", reply, count=1).strip()


def _checked(text: str) -> Rules:
    parsed = parse_yaml(text.encode(), "the suggestion")
    rules, wrong = checked(Rules, parsed.tree, rule_faults)
    problems = (*parsed.problems, *wrong)
    if rules is None or problems:
        raise VisionError("vision-bad-reply", f"the model's rules cannot be used: {problems[0]}")
    return rules


def _written(project: Project, text: str) -> str:
    """Put the rules in place; the old ones stay beside them under a number."""
    old = (project.folder / RULES).read_bytes()
    numbers = (f"config/rules.{number}.yaml" for number in range(1, 10_000))
    kept = next(name for name in numbers if not (project.folder / name).exists())
    replace_file(project.folder, kept, old)
    replace_file(project.folder, RULES, text.encode())
    return kept
