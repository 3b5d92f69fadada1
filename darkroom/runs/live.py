"""working/AIGen.yaml: what the iteration under way is drawn with, and a person's hold on it.

Owns that one file, in the form of a project's AIGen.yaml. What a person changes in it
counts from the next iteration on; how it counts is `editing`'s. The first line tells what
was written by us, so that a file nobody touched changes nothing.
"""

import hashlib
import os
import re
from typing import cast

from darkroom.adapters.confined import Refused, is_inside, read_bounded
from darkroom.adapters.yaml_files import parse_yaml
from darkroom.adapters.yaml_writing import to_yaml
from darkroom.core.config.aigen import AIGen
from darkroom.core.config.checking import checked
from darkroom.core.config.contradictions import drawing_faults
from darkroom.core.config.tree import Plain, merge
from darkroom.core.decide import Try
from darkroom.core.errors import ConfigError, Problem
from darkroom.runs.local_files import replace_file
from darkroom.runs.run import Run

FILE = "working/AIGen.yaml"
MAX_BYTES = 1_000_000
_HEAD = re.compile(r"# Iteration \d+ of run (\S+) \[([0-9a-f]{12})\]")


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
    body = to_yaml(cast("dict[str, Plain]", document))
    digest = hashlib.sha256(body.encode()).hexdigest()[:12]
    head = f"# Iteration {step.iteration} of run {run.keys.run_id} [{digest}]: "
    text = f"{head}{_one_line(step.why)}\n{body}"
    replace_file(run.project.folder, FILE, text.encode())


def read_live(run: Run) -> AIGen | None:
    """What a person made of the file, or None where nobody touched it."""
    path = run.project.folder / FILE
    if not os.path.lexists(path):
        return None
    if path.is_symlink() or not is_inside(path, [run.project.folder]):
        raise _wrong(Problem(FILE, None, "", "the file is a link, which is not followed"))
    try:
        data = read_bounded(path, MAX_BYTES)
    except Refused as refused:
        raise _wrong(Problem(FILE, None, "", f"the file {refused}")) from refused
    return None if _is_ours(run, data) else _read(run, data)


def _is_ours(run: Run, data: bytes) -> bool:
    """Whether it is as we wrote it, or belongs to another run."""
    first, _, body = data.partition(b"\n")
    head = _HEAD.match(first.decode("utf-8", errors="replace"))
    if head is None:
        return False
    return head[1] != run.keys.run_id or head[2] == hashlib.sha256(body).hexdigest()[:12]


def _read(run: Run, data: bytes) -> AIGen:
    parsed = parse_yaml(data, FILE)
    tree = merge(run.project.trees["AIGen"], parsed.tree)
    aigen, wrong = checked(AIGen, tree, drawing_faults)
    problems = (*parsed.problems, *wrong)
    if aigen is None or problems:
        raise _wrong(*problems)
    kept = run.project.aigen
    for key in ("workflow_file", "comfyui"):
        if getattr(aigen, key) != getattr(kept, key):
            message = "an open run keeps its workflow and its server"
            hint = "change config/AIGen.yaml and begin anew with --reset"
            raise _wrong(Problem(FILE, None, key, f"{message}; {hint}"))
    return aigen


def _wrong(*problems: Problem) -> ConfigError:
    return ConfigError("config-invalid", problems)


def _one_line(text: str) -> str:
    return " ".join(text.split())
