"""The benchmark's own laboratory: a folder with one project per prompt.

Owns those files. Both arms draw with the settings that are best for the engine when
nothing goes wrong, so that reseeding is as strong as it can be.
"""

import json
from pathlib import Path

from benchmarks.refinement.prompts import Case
from darkroom.core.world.captions import plain_caption
from darkroom.core.world.facts import Facts, RelationFact

_AIGEN: dict[str, object] = {
    "workflow_file": "workflows/txt2img_api.json",
    "model": {"ckpt_name": "shapeworld_base.onnx"},
    "comfyui": {"host": "embedded"},
    "parameters": {
        "denoise": 1.0,
        "cfg": 2.0,
        "steps": 16,
        "seed": None,
        "sampler_name": "dpmpp_2m",
        "scheduler": "karras",
        "width": 128,
        "height": 128,
    },
}


def write_project(home: Path, case: Case, budget: int) -> None:
    """Write the project of one prompt unless it is there; YAML reads JSON as well."""
    folder = home / "projects" / case.name / "config"
    if folder.exists():
        return
    folder.mkdir(parents=True)
    files = {
        "AIGen": _AIGEN | {"prompts": {"positive": case.text, "negative": ""}},
        "AIVis": {"provider": "embedded"},
        "rules": _rules(case, budget),
    }
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(json.dumps(content, indent=2), encoding="utf-8")


def _rules(case: Case, budget: int) -> dict[str, object]:
    facts = case.facts
    criteria = [
        {"field": f"object_{at}", "question": f"Is there {_said(Facts(None, (item,)))}?"}
        for at, item in enumerate(facts.objects, start=1)
    ]
    criteria += [_relation(facts, fact) for fact in facts.relations]
    count = {"field": "count", "question": f"Are there exactly {facts.count} objects?"}
    ground = {"field": "ground", "question": f"Is the background {facts.background}?"}
    told = {"name": case.name, "max_iterations": budget, "strategy": "predicate"}
    return {"project": told, "acceptance_criteria": [*criteria, count, ground]}


def _relation(facts: Facts, fact: RelationFact) -> dict[str, object]:
    """A relation is a matter of the whole picture: drawn anew, once both objects are there."""
    pair = (facts.objects[fact.first], facts.objects[fact.second])
    told = Facts(None, pair, (RelationFact(0, fact.relation, 1),))
    names = [f"object_{at + 1}" for at in (fact.first, fact.second)]
    return {
        "field": f"relation_{fact.first + 1}_{fact.second + 1}",
        "question": f"Is there {_said(told)}?",
        "depends_on": names,
        "on_fail": "resample",
    }


def _said(facts: Facts) -> str:
    return plain_caption(facts)
