"""What the tests of runs share: a laboratory in a folder, and the flow without Prefect."""

import io
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import flows.iterate as flow_module
from darkroom.runs import opening
from darkroom.runs.params import IterateOptions
from darkroom.runs.report import RunReport
from tests.fakes.fake_renderer import FakeRenderer
from tests.fakes.scripted_judge import ScriptedJudge

STEPS = ("open_run", "settle", "draw", "answer", "compare", "watch", "commit", "close", "dry_run")

RULES = """
project: {{name: demo, max_iterations: {budget}, strategy: {strategy}}}
acceptance_criteria:
  - {{field: hat, question: "Is there a hat?", must_include: [hat]}}
  - {{field: dog, question: "Is there a dog?", ban_terms: [cat]}}
questions:
  - {{field: count, question: "How many?", type: integer}}
"""
AIGEN = """
workflow_file: workflows/tiny.json
model: {{ckpt_name: tiny.safetensors}}
comfyui: {{host: fake, retries: 0}}
parameters: {{denoise: {denoise}, cfg: 7.0, steps: 4, seed: {seed}}}
prompts: {{positive: a cat, negative: blur}}
"""


def node(kind: str, **inputs: object) -> dict[str, object]:
    return {"class_type": kind, "inputs": inputs}


def workflow(over_an_image: bool) -> dict[str, object]:
    latent = node("EmptyLatentImage", width=64, height=64, batch_size=1)
    start = {"5": node("VAEEncode", pixels=["2", 0], vae=["1", 2])} if over_an_image else {}
    start |= {"2": node("LoadImage", image="x.png")} if over_an_image else {"5": latent}
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="a.safetensors"),
        "3": node(
            "KSampler",
            seed=1,
            steps=4,
            cfg=7.0,
            sampler_name="euler",
            denoise=1.0,
            scheduler="normal",
            model=["1", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        ),
        **start,
        "6": node("CLIPTextEncode", text="", clip=["1", 1]),
        "7": node("CLIPTextEncode", text="", clip=["1", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["1", 2]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="x"),
    }


def a_png(colour: tuple[int, int, int] = (9, 9, 9)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(target, "PNG")
    return target.getvalue()


class Plain:
    """A task without Prefect: the function alone."""

    def __init__(self, fn: Any) -> None:
        self.fn = fn

    def __call__(self, *arguments: Any) -> Any:
        return self.fn(*arguments)

    def with_options(self, **_: object) -> "Plain":
        return self


@dataclass
class Lab:
    """One laboratory with one project, a fake server and a scripted judge."""

    home: Path
    script: Sequence[Sequence[str]] = ((), ("hat",), ("hat", "dog"))
    holdout: ScriptedJudge | None = None
    judge: ScriptedJudge = field(init=False)

    def __post_init__(self) -> None:
        self.judge = ScriptedJudge(self.home / "judge", self.script)
        self.server = FakeRenderer(self.home / "server")

    @property
    def folder(self) -> Path:
        return self.home / "projects" / "demo"

    def write(self, **changes: Any) -> None:
        told = {"budget": 5, "strategy": "fixed", "denoise": 0.5, "seed": "null", "image": False}
        told |= changes
        for name in ("config", "input", "workflows"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "config/rules.yaml").write_text(RULES.format(**told))
        (self.folder / "config/AIGen.yaml").write_text(AIGEN.format(**told))
        (self.folder / "config/AIVis.yaml").write_text("provider: embedded\n")
        graph = json.dumps(workflow(bool(told["image"])))
        (self.folder / "workflows/tiny.json").write_text(graph)
        if told["image"]:
            (self.folder / "input/input.png").write_bytes(a_png())

    def run(self, **params: Any) -> RunReport:
        report = flow_module.iterate.fn("demo", IterateOptions(**params))
        assert isinstance(report, RunReport)
        return report

    def json(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text())

    def files(self, pattern: str) -> list[str]:
        return sorted(
            str(path.relative_to(self.folder)) for path in self.folder.glob(f"working/*/{pattern}")
        )

    @property
    def runs(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.glob("working/*/run.json"))


def connect_servers(lab: Lab, patch: pytest.MonkeyPatch) -> Lab:
    """Have every opened run meet the fake server and the scripted judges."""

    @contextmanager
    def renderer_of(*_: object) -> Generator[FakeRenderer]:
        yield lab.server

    patch.setenv("DARKROOM_HOME", str(lab.home))
    patch.setattr(opening, "renderer_of", renderer_of)
    patch.setattr(opening, "judge_of", lambda *_: lab.judge)
    patch.setattr(opening, "holdout_of", lambda *_: lab.holdout)
    return lab


def connect(lab: Lab, patch: pytest.MonkeyPatch) -> Lab:
    """As `connect_servers`, and have every step run without Prefect."""
    connect_servers(lab, patch)
    for name in STEPS:
        patch.setattr(flow_module, name, Plain(getattr(flow_module, name).fn))
    for name in ("show", "show_report", "catch_up", "reconcile_jobs"):
        patch.setattr(flow_module, name, lambda *_: None)
    return lab
