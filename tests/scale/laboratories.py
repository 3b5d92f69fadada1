"""The laboratory of one machine of a test: its files, its worker and its commands.

Owns what an operator does on a GPU host, in the order deploy/README.md gives.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.scale.cluster import BUCKET, PREFECT, Cluster
from tests.scale.hosts import Host

BUDGET = 14
"""Images a run draws: its rules cannot be met. So many that one has not ended when another, whose
process was slower, has its first."""
RULES = {
    "project": {"name": "never met", "max_iterations": BUDGET, "strategy": "predicate"},
    "acceptance_criteria": [
        {"field": "none", "question": "How many objects are there?", "type": "integer", "max": 0}
    ],
}
CONFIG = Path(__file__).parents[2] / "projects/demo/config"


@dataclass
class Laboratory:
    """One machine, and the servers as it knows them."""

    host: Host
    cluster: Cluster
    replica: int
    worker: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def knows(self) -> Mapping[str, str]:
        """The environment of all that is ours there."""
        return self.cluster.client_of(self.host, self.replica)

    def furnish(self, projects: list[str]) -> None:
        """The same darkroom.yaml and the same projects on every machine."""
        store = {
            "kind": "s3",
            "endpoint": f"http://{self.host.servers_at}:{self.cluster.store.port}",
            "bucket": BUCKET,
        }
        _write(self.host.home / "darkroom.yaml", {"store": store})
        (self.host.home / ".darkroom/prefect").mkdir(parents=True)
        for name in projects:
            config = self.host.home / f"projects/{name}/config"
            for file in ("AIGen.yaml", "AIVis.yaml"):
                _write(config / file, yaml.safe_load((CONFIG / file).read_text(encoding="utf-8")))
            _write(config / "rules.yaml", RULES)

    def setting_up(self) -> "subprocess.Popen[bytes]":
        """Make the Prefect server know what is ours."""
        return self.host.start([sys.executable, "-P", "-m", "flows.set_up"], self.knows)

    def work(self) -> None:
        """Start the one worker of this machine."""
        start = ["worker", "start", "--pool", "darkroom", "--type", "process"]
        start += ["--name", self.host.name, "--limit", "2"]
        self.worker = self.host.start([*PREFECT, *start], self.knows)

    def said(self, *words: str) -> str:
        """What a command there prints."""
        answer = self.done(*words)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def done(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command there, carried out to its end."""
        command = self.host.command(str(Path(sys.executable).with_name(words[0])), *words[1:])
        return subprocess.run(
            command, cwd=self.host.home, env=dict(self.knows), capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip

    def warehouse(self) -> list[dict[str, Any]]:
        """What this machine's own warehouse says once it is up to the store."""
        self.said("darkroom", "warehouse", "sync")
        wanted = "select image, sha256, run from images order by image"
        return json.loads(self.said("darkroom", "sql", wanted, "--json"))


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
