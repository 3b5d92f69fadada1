"""working/AIGen.yaml: what the iteration under way is drawn with, for a person to read.

Owns that one file, in the form of a project's AIGen.yaml, so that it can be copied over
it to start the next run from here. Changing it changes nothing in the run.
"""

from typing import cast

from darkroom.adapters.yaml_writing import to_yaml
from darkroom.core.config.tree import Plain
from darkroom.core.decide import Try
from darkroom.runs.local_files import replace_file
from darkroom.runs.run import Run

FILE = "working/AIGen.yaml"


def write_live(run: Run, step: Try) -> None:
    """Write the live file in place of the one before."""
    document = run.project.aigen.model_dump(mode="json", exclude_none=True)
    document["parameters"] |= {
        "denoise": step.settings.denoise,
        "cfg": step.settings.cfg,
        "steps": step.settings.steps,
        "seed": step.settings.seed,
        "sampler_name": step.settings.sampler_name,
        "scheduler": step.settings.scheduler,
    }
    document["prompts"] = {
        "positive": step.prompts.positive,
        "negative": step.prompts.negative,
    }
    head = f"# Iteration {step.iteration} of run {run.keys.run_id}: {_one_line(step.why)}\n"
    text = head + to_yaml(cast("dict[str, Plain]", document))
    replace_file(run.project.folder, FILE, text.encode())


def _one_line(text: str) -> str:
    return " ".join(text.split())
