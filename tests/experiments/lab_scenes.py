"""What the tests of experiments share: a laboratory in a folder, a scripted server, a judge.

The server paints what the graph asks for (cfg is how red the picture is), and the judge
reads it back, so that scores follow from settings as they do in life.
"""

import io
import json
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from darkroom.adapters.vision.chat import Usage
from darkroom.adapters.vision.judge import Asking, Judged
from darkroom.core.answers import Answer
from darkroom.core.config.rules import Criterion, Question
from darkroom.core.errors import VisionError
from darkroom.experiments import judging, telling
from darkroom.experiments.report import Report
from darkroom.experiments.running import carry_out
from tests.fakes.comfy_server import ComfyServer, Job, end_badly, finish, running_server, start
from tests.fakes.workflows import document
from tests.runs.run_scenes import workflow

RULES = """
project: {name: demo}
acceptance_criteria:
  - {field: red, question: "Is it red?"}
  - {field: fine, question: "Is it finely drawn?"}
questions:
  - {field: count, question: "How many?", type: integer}
"""
AIGEN = """
workflow_file: workflows/tiny.json
model: {ckpt_name: sd15/base-v1.safetensors}
comfyui: {host: studio, retries: 0}
parameters: {denoise: 1.0, cfg: 7.0, steps: 4}
prompts: {positive: a cat, negative: blur}
"""
GRID = """
axes:
  cfg: [2.0, 9.0]
  steps: [4, 20]
seeds: [11, 22]
"""
ASKING = Asking("embedded", "reading", usage=Usage(1, 10, 5))


class ReadingJudge:
    """Says of a picture what its settings were: red from cfg 5 on, fine from 10 steps on."""

    def __init__(self) -> None:
        self.is_away = False
        self.seen = 0
        self.described = 0
        self._counting = threading.Lock()

    def describe(self, image: bytes) -> Judged[str]:
        self.described += 1
        return Judged("a picture", ASKING)

    def answer(
        self, image: bytes, questions: Sequence[Question], original: str
    ) -> Judged[dict[str, Answer]]:
        return Judged({each.field: Answer(each.field, 2) for each in questions}, ASKING)

    def verdicts(
        self,
        image: bytes,
        criteria: Sequence[Criterion],
        answers: Mapping[str, Answer],
        original: str,
    ) -> Judged[dict[str, Answer]]:
        if self.is_away:
            raise VisionError("vision-unreachable", "the judge is away")
        with self._counting:
            self.seen += 1
        red, steps, _ = Image.open(io.BytesIO(image)).getpixel((0, 0))
        said = {"red": red >= 50, "fine": steps >= 10}
        return Judged(
            {each.field: Answer(each.field, said[each.field]) for each in criteria}, ASKING
        )


def paint(server: ComfyServer, job: Job) -> None:
    """Cfg as red, steps as green, the seed as blue."""
    sampler = next(n["inputs"] for n in job.graph.values() if n["class_type"] == "KSampler")
    colour = (int(sampler["cfg"] * 10), int(sampler["steps"]), sampler["seed"] % 256)
    start(server, job)
    target = io.BytesIO()
    picture = Image.new("RGB", (64, 64), colour)
    picture.putpixel((7, 7), (1, 2, 3))  # a picture of one colour is taken for a fault
    picture.save(target, "PNG")
    finish(server, job, target.getvalue())


def failing_where(cfg: float) -> Any:
    """A server that cannot draw at this cfg."""

    def work(server: ComfyServer, job: Job) -> None:
        sampler = next(n["inputs"] for n in job.graph.values() if n["class_type"] == "KSampler")
        if sampler["cfg"] == cfg:
            start(server, job)
            facts = {"node_id": "3", "node_type": "KSampler", "exception_message": "it broke"}
            end_badly(server, job, "execution_error", **facts)
        else:
            paint(server, job)

    return work


@dataclass
class Lab:
    """A laboratory in a folder."""

    home: Path
    server: ComfyServer
    url: str
    judge: ReadingJudge
    came: list[telling.Came] = field(default_factory=list[telling.Came])
    opened: list[telling.Opened] = field(default_factory=list[telling.Opened])

    def write(self, text: str = GRID, name: str = "first", rules: str = RULES) -> None:
        """The project and one experiment."""
        project = self.home / "projects" / "demo"
        for folder in ("config", "workflows", "experiments"):
            (project / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "darkroom.yaml").write_text(f"hosts:\n  studio: {{url: {self.url}}}\n")
        (project / "config" / "rules.yaml").write_text(rules)
        (project / "config" / "AIGen.yaml").write_text(AIGEN)
        (project / "config" / "AIVis.yaml").write_text("provider: embedded\n")
        (project / "workflows" / "tiny.json").write_text(json.dumps(workflow(False)))
        (project / "experiments" / f"{name}.yaml").write_text(text)

    def hear(self, event: telling.Event) -> None:
        if isinstance(event, telling.Came):
            self.came.append(event)
        elif isinstance(event, telling.Opened):
            self.opened.append(event)

    def run(self, name: str = "demo/first") -> Report:
        """Carry an experiment out."""
        self.came.clear()
        with telling.heard_by(self.hear):
            return carry_out(name)

    @property
    def drawn(self) -> int:
        """How many graphs the server was given."""
        return len(self.server.posts)

    def sidecars(self) -> list[dict[str, Any]]:
        found = sorted(self.home.glob("projects/demo/working/*/images/*.json"))
        return [json.loads(path.read_text()) for path in found]


@contextmanager
def furnished(home: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Lab]:
    """The laboratory that every test of experiments starts with."""
    monkeypatch.setenv("DARKROOM_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "none"))
    judge = ReadingJudge()
    monkeypatch.setattr(judging, "judge_of", lambda *_: judge)
    with running_server() as (server, url), connected(Lab(home, server, url, judge)) as made:
        made.write()
        yield made


@contextmanager
def connected(lab: Lab) -> Generator[Lab]:
    """A server that knows what the project's workflow needs."""
    lab.server.catalogue = document("object_info")
    lab.server.work = paint
    yield lab
