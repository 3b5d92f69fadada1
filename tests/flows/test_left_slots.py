"""What a killed process of this machine held is given back before anybody waits for it."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from darkroom.adapters.processes import started_at
from darkroom.runs.telling import heard_by
from tasks.gpu_slot import gpu_slot, limit_of
from tasks.slot_notes import FOLDER, free_left

HOLD = """
import sys
from tasks.gpu_slot import gpu_slot
with gpu_slot(sys.argv[1]):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def notes(prefect_server: None, tmp_path: Path) -> Iterator[Path]:
    with temporary_settings({PREFECT_HOME: tmp_path}):
        yield tmp_path / FOLDER


def active(host: str) -> int:
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(limit_of(host)).active_slots


def freed() -> int:
    with get_client(sync_client=True) as client:
        return free_left(client)


def test_a_killed_holders_slot_is_had_without_waiting(notes: Path) -> None:
    known = {
        **os.environ,
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        "PREFECT_HOME": str(notes.parent),
    }
    command = [sys.executable, "-c", HOLD, "left"]
    with subprocess.Popen(command, env=known, stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert freed() == 0  # it lives
        holder.kill()
    assert active("left") == 1
    said: list[object] = []
    with heard_by(said.append), gpu_slot("left"):
        assert active("left") == 1
        assert len(list(notes.iterdir())) == 1  # ours
    assert said == []
    assert (active("left"), list(notes.iterdir())) == (0, [])


@pytest.mark.parametrize("is_here", [True, False], ids=["this-machine", "another"])
def test_only_notes_of_this_machine_prove_anything(notes: Path, is_here: bool) -> None:
    notes.mkdir()
    gone = {"pid": 2**22 + 1, "began": "0@gone", "machine": platform.node() if is_here else "b"}
    (notes / f"{uuid4()}.json").write_text(json.dumps(gone))
    assert freed() == int(is_here)
    assert len(list(notes.iterdir())) == int(not is_here)


def test_a_note_that_says_nothing_is_left(notes: Path) -> None:
    notes.mkdir()
    (notes / f"{uuid4()}.json").write_text("{")
    here = {"pid": os.getpid(), "began": started_at(os.getpid()), "machine": platform.node()}
    (notes / f"{uuid4()}.json").write_text(json.dumps(here))
    assert freed() == 0


def test_a_slot_is_had_where_no_note_can_be_written(notes: Path) -> None:
    notes.write_text("a file where the folder should be")
    with gpu_slot("unnoted"):
        assert active("unnoted") == 1
    assert active("unnoted") == 0
