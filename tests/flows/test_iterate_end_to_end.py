"""The whole thing in a process of its own: embedded engine, measuring judge, real Prefect."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.adapters.engine_process import FOLDER, EngineProcess
from flows.environment import PREFECT_HOME
from tests.fakes.prefect_servers import DATABASE, copy

ROOT = Path(__file__).resolve().parents[2]
CODE = (
    "import os, sys\n"
    "os.environ.pop('COVERAGE_PROCESS_CONFIG', None)\n"  # Prefect's own server is not ours
    "from darkroom.apps import cli\n"
    "from darkroom.apps.cli import groups, run\n"
    "run.register in groups.COMMANDS or run.register(cli.app)\n"
    "sys.exit(cli.main())\n"
)
RULES = """
project: {name: hard, max_iterations: 6, strategy: predicate}
acceptance_criteria:
  - {field: circle, question: Is there a large red circle?, on_fail: edit}
  - {field: star, question: Is there a purple star?, on_fail: edit}
"""
pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path, prefect_database):
    copy(prefect_database, tmp_path / PREFECT_HOME / DATABASE)
    shutil.copytree(ROOT / "projects/demo/config", tmp_path / "projects/demo/config")
    yield tmp_path
    EngineProcess(tmp_path / FOLDER).stop()


def started(home: Path, *flags: str, **environ: str) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "COV_"))}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, "run", "demo", "--json", *flags],
        env=kept | {"DARKROOM_HOME": str(home)} | environ,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def test_the_demo_runs_to_acceptance(home):
    # a seed of its own would follow from the time, and one run in a thousand spends its budget
    process = started(home, "--set", "parameters.seed=8")
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["status"] == "accepted"
    assert (home / "projects/demo/output/output.png").read_bytes()[:4] == b"\x89PNG"


def test_killed_in_the_middle_the_same_command_ends_the_same_run(home):
    (home / "projects/demo/config/rules.yaml").write_text(RULES)
    images = home / "projects/demo/working"
    process = started(home, DARKROOM_CRASH_AT="after-readback:2")
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # so long its group is known
    os.killpg(process.pid, signal.SIGKILL)
    _, err = process.communicate()
    assert process.returncode == -signal.SIGKILL, err
    before = {path.name: path.read_bytes() for path in images.glob("*/images/*.png")}
    assert len(before) == 2
    process = started(home)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 1, err
    report = json.loads(out)
    assert len(list(images.glob("*/run.json"))) == 1
    assert len(report["iterations"]) == 6
    assert before.items() <= {p.name: p.read_bytes() for p in images.glob("*/images/*.png")}.items()
