"""Who says whether an image of a trial failed, before any person has looked.

Owns the choice of the judge: the project's own where its rules judged the images the
pattern was found in, the prompt's facts where the embedded engine draws, else nobody.
"""

from collections.abc import Mapping
from typing import cast

from darkroom.adapters.images import decode
from darkroom.adapters.projects import Project, open_project
from darkroom.adapters.settings import Lab
from darkroom.adapters.vision.measuring import facts_met, measure
from darkroom.adapters.wiring import judge_of
from darkroom.core.errors import DarkroomError
from darkroom.core.evaluation import evaluate
from darkroom.core.sidecar import Sidecar
from darkroom.core.world.parsing import read_prompt
from darkroom.writepath.desk import Answer, Stored

EMBEDDED_KIND = "embedded"
Verdicts = Mapping[str, bool | None]
_NAME = 200


def examiner_of(
    lab: Lab, project: str, sources: list[Sidecar], kind: str
) -> tuple[str, Answer] | None:
    """The judge's name and its answer to the write path; None where a person must look."""
    judged = [source.iteration for source in sources if source.iteration is not None]
    by_rules = any(step.evaluation and step.image_path for step in judged)
    if by_rules and (known := _project(lab, project)) is not None:
        return "rules", _by_rules(lab, known)
    return ("facts", by_facts) if kind == EMBEDDED_KIND else None


def _project(lab: Lab, name: str) -> Project | None:
    try:
        project = open_project(lab, name)
    except DarkroomError:
        return None
    return project if project.rules.acceptance_criteria else None


def by_facts(stored: Stored) -> dict[str, object]:
    """Measure an image of the shape world and compare with what its prompt states."""
    words = cast("dict[str, object]", stored.intent.describes.get("input") or {})
    measured = measure(decode(stored.picture.data).rgb())
    checks = facts_met(measured, read_prompt(str(words.get("prompt", ""))).facts).checks
    verdicts = {check.fact[:_NAME]: check.met for check in checks}
    return block(stored.intent.iteration, verdicts, "embedded", "measuring")


def _by_rules(lab: Lab, project: Project) -> Answer:
    judge = judge_of(lab, project)
    criteria = project.rules.acceptance_criteria

    def answer(stored: Stored) -> dict[str, object]:
        told = judge.verdicts(stored.picture.data, criteria, {}, "")
        found = evaluate(criteria, told.result)
        verdicts = {verdict.field: verdict.passed for verdict in found.verdicts}
        who = told.asking
        return block(stored.intent.iteration, verdicts, who.provider, who.model)

    return answer


def block(number: int, verdicts: Verdicts, provider: str, model: str) -> dict[str, object]:
    """The part of a sidecar that holds a judge's word."""
    met = sum(verdict is True for verdict in verdicts.values())
    score = 100.0 * met / len(verdicts) if verdicts else None
    return {
        "iteration": {
            "iteration": number,
            "evaluation": {"overall_score": score, "criteria_results": dict(verdicts)},
            "aivis_metadata": {"provider": provider, "model": model or None},
        }
    }
