"""What the fault tests of the flow share: a project whose every neighbour is a real socket.

ComfyUI and the vision provider are scripted servers on loopback, the store is a folder or
a real S3 server, Prefect is a real server. Nothing of Darkroom is replaced, so the very
same scene runs in this process or through `darkroom run` in one that can be killed.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from darkroom.runs.params import IterateOptions
from darkroom.runs.report import RunReport
from flows.iterate import iterate
from tests.fakes import fast_timing
from tests.fakes.comfy_server import ComfyServer
from tests.fakes.s3_servers import S3Server
from tests.fakes.unmeasured import unmeasured
from tests.fakes.vision_server import Reply, Script, openai_reply
from tests.fakes.workflows import document
from tests.runs.run_scenes import workflow

ROOT = Path(__file__).resolve().parents[2]
MAIN = "import sys; from darkroom.apps.cli import main; sys.exit(main())"
FAST = replace(fast_timing.FAST, poll_s=0.2, cancel_settle_s=0.2)
DARKROOM = """
hosts: {{studio: {{url: "{comfy}"}}}}
store: {store}
"""
RULES = """
project: {{name: demo, max_iterations: {budget}}}
acceptance_criteria:
  - {{field: hat, question: "Is there a hat?"}}
  - {{field: dog, question: "Is there a dog?"}}
"""
AIGEN = """
workflow_file: workflows/tiny.json
model: {{ckpt_name: sd15/base-v1.safetensors}}
comfyui: {{host: studio, retries: {retries}, timeout_s: {timeout_s}}}
parameters: {{denoise: 1.0, cfg: 7.0, steps: 4, seed: {seed}, scheduler: normal}}
prompts: {{positive: a cat, negative: blur}}
"""
AIVIS = """
provider: openai
model: eyes
base_url: {url}
retries: {patience}
retry_delay_s: 0
budget: {{calls: {calls}}}
canary: false
{more}
"""
USUAL: dict[str, Any] = {
    "budget": 3,
    "retries": 0,
    "timeout_s": 60,
    "seed": "null",
    "patience": 0,
    "calls": "null",
    "more": "",
    "store": "{kind: folder}",
}
PASSING = ((), ("hat",), ("hat", "dog"))


def free_slots() -> None:
    """What the Prefect server does a minute after a holder died; the one of the tests does not."""
    with get_client(sync_client=True) as client:
        for limit in client.read_global_concurrency_limits(limit=200):  # all that there are
            if limit.name.startswith("gpu:"):
                client.delete_global_concurrency_limit_by_name(limit.name)


@dataclass
class Eyes:
    """What the vision provider says: per image in order, the criteria that pass."""

    passing: Sequence[Sequence[str]] = PASSING
    verdicts: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, body: dict[str, Any]) -> Reply:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        asked = schema.get("properties", {})
        if "hat" in asked:
            return openai_reply(json.dumps(self._verdict(asked)))
        if "positive" in asked:
            words = f"a cat, wish {self.verdicts}"
            return openai_reply(json.dumps({"positive": words, "negative": "blur"}))
        return openai_reply("Yes")  # without probabilities: all criteria are asked in one request

    def _verdict(self, asked: Sequence[str]) -> dict[str, bool]:
        with self.lock:
            now = self.passing[min(self.verdicts, len(self.passing) - 1)]
            self.verdicts += 1
        return {name: name in now for name in asked}


@dataclass
class Bench:
    """One laboratory on a bench, with a handle on everything it talks to."""

    home: Path
    comfy: ComfyServer
    comfy_url: str
    vision: Script
    setenv: Callable[[str, str], None]
    eyes: Eyes = field(default_factory=Eyes)
    secrets: dict[str, str] = field(default_factory=dict)
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = self.home / "projects"
        """Where the store keeps its keys as files."""
        self.vision.think = self.eyes
        self.comfy.catalogue = document("object_info")
        self.write()

    @property
    def folder(self) -> Path:
        return self.home / "projects" / "demo"

    def write(self, **changes: Any) -> None:
        told = USUAL | {"comfy": self.comfy_url, "url": self.vision.url} | changes
        for name in ("config", "input", "workflows"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.home / "darkroom.yaml").write_text(DARKROOM.format(**told))
        for name, text in (("rules", RULES), ("AIGen", AIGEN), ("AIVis", AIVIS)):
            (self.folder / f"config/{name}.yaml").write_text(text.format(**told))
        graph = json.dumps(workflow(over_an_image=False))
        (self.folder / "workflows/tiny.json").write_text(graph)

    def on_s3(self, server: S3Server, bucket: str, port: int | None = None, **more: Any) -> None:
        """Keep everything on this server, reached through this port."""
        url = f"http://127.0.0.1:{port or server.port}"
        self.write(store=f'{{kind: s3, endpoint: "{url}", bucket: {bucket}}}', **more)
        self.secrets = {
            "DARKROOM_S3_ACCESS_KEY": server.access_key,
            "DARKROOM_S3_SECRET_KEY": server.secret_key,
        }
        for name, value in self.secrets.items():
            self.setenv(name, value)

    def run(self, **params: Any) -> RunReport:
        """The flow in this process, under the session's Prefect server."""
        report = iterate("demo", IterateOptions(**params))
        assert isinstance(report, RunReport)
        return report

    def command(self, *flags: str, **environ: str) -> subprocess.Popen[str]:
        """`darkroom run demo --json` in a process of its own, on the same Prefect server."""
        # a killed process tears its coverage data
        kept = {k: v for k, v in unmeasured(os.environ).items() if not k.startswith("PREFECT_")}
        kept |= {"DARKROOM_HOME": str(self.home), "PREFECT_API_URL": PREFECT_API_URL.value() or ""}
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "run", "demo", "--json", *flags],
            env=kept | self.secrets | environ,
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.begun.append(process)
        return process

    def end_all(self) -> None:
        """Whatever a failed test left behind."""
        for process in self.begun:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def ended(self, *flags: str, **environ: str) -> dict[str, Any]:
        """The same, to its end; the report."""
        process = self.command(*flags, **environ)
        out, err = process.communicate(timeout=200)
        assert process.returncode in {0, 1}, err
        return json.loads(out)

    def killed(self, point: str) -> None:
        """The same, killed by SIGKILL when the write path reaches this point."""
        process = self.command(DARKROOM_CRASH_AT=point)
        _, err = process.communicate(timeout=200)
        assert process.returncode == -9, err
        free_slots()

    @property
    def drawn(self) -> list[str]:
        """The id of every job the server was given."""
        return [post["prompt_id"] for post in self.comfy.posts]

    def files(self, pattern: str) -> list[Path]:
        return sorted(self.folder.glob(f"working/*/{pattern}"))

    def whole(self, report: Any) -> list[str]:
        """Everything that is not as promised of the images of a report; see I1 and I4."""
        lines = report["iterations"] if isinstance(report, dict) else _plain(report)
        images = [line["image_key"] for line in lines if line["image_key"]]
        return [wrong for key in images if (wrong := self._wrong(key))]

    def _wrong(self, key: str) -> str | None:
        image = self.root / key
        sidecar = image.with_name(image.name + ".json")
        if not (image.exists() and sidecar.exists()):
            return f"{key} is not committed"
        known = json.loads(sidecar.read_text())["identity"]
        is_same = known["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
        return None if is_same else f"{key} is not the image its sidecar names"


def _plain(report: RunReport) -> list[dict[str, Any]]:
    return [{"image_key": line.image_key} for line in report.iterations]
