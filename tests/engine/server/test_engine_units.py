"""Parts of the engine on their own, where a conversation would not reach."""

import os
import threading
from pathlib import Path

import pytest

from darkroom.engine.execution import faults
from darkroom.engine.execution.cache import Cache, Kept
from darkroom.engine.execution.pending import PromptQueue
from darkroom.engine.execution.prompts import Outcome, Prompt
from darkroom.engine.files import Folders, UnsafeNameError
from darkroom.engine.nodes.catalogue import NODES
from darkroom.engine.nodes.definition import Result
from darkroom.engine.server import sockets
from tests.fakes.engine_graphs import drawing, picture, plain
from tests.fakes.live_engine import LiveEngine


def test_a_result_no_longer_in_use_is_dropped() -> None:
    cache = Cache()
    cache.keep("old", Kept(Result(())), {"old"})
    cache.keep("new", Kept(Result(())), {"new"})
    assert cache.get("old") is None
    assert cache.get("new") is not None


def test_finishing_nothing_changes_nothing() -> None:
    queue = PromptQueue(1, 1)
    queue.finish(Outcome())
    assert queue.records() == []


def test_a_prompt_stands_in_one_place_at_every_moment() -> None:
    queue, prompt = PromptQueue(1, 1), Prompt(1, "it", plain(), {}, ("2",))

    def standing() -> tuple[list[Prompt], Prompt | None, list[Prompt]]:
        found = queue.standing()
        return found.waiting, found.running, [record.prompt for record in found.ended]

    queue.put(prompt, lambda: None)
    assert standing() == ([prompt], None, [])
    queue.take()
    assert standing() == ([], prompt, [])
    queue.finish(Outcome())
    assert standing() == ([], None, [prompt])


def test_a_prompt_is_announced_before_anything_of_it_is_done() -> None:
    """ComfyUI says `status` first, and `execution_start` after it."""
    queue, said = PromptQueue(1, 1), list[str]()
    worker = threading.Thread(target=lambda: said.append(f"takes {_taken(queue)}"))
    worker.start()

    def announce() -> None:
        worker.join(0.1)  # so long it would have time to take it
        said.append("announced")

    queue.put(Prompt(1, "it", plain(), {}, ("2",)), announce)
    worker.join()
    assert said == ["announced", "takes it"]


def _taken(queue: PromptQueue) -> str:
    prompt = queue.take()
    assert prompt is not None
    return prompt.prompt_id


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "x\n", "x" * 5000, "link/x"])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    folders = Folders(tmp_path)
    (tmp_path / "output" / "link").symlink_to("/etc")
    with pytest.raises((UnsafeNameError, OSError)):
        folders.inside("output", "", name).read_bytes()


def test_an_unknown_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeNameError):
        Folders(tmp_path).inside("models", "", "x")


def test_a_loop_of_links_is_no_file(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    (tmp_path / "input" / "loop").symlink_to("loop")
    assert folders.find("loop") is None


def test_a_number_that_was_taken_meanwhile_is_skipped(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.save("output", "p", b"1")
    (tmp_path / "output" / "p_00002_.png").write_bytes(b"other")
    assert folders.save("output", "p", b"2").filename == "p_00003_.png"
    assert (tmp_path / "output" / "p_00002_.png").read_bytes() == b"other"
    assert len(list((tmp_path / "output").iterdir())) == 3


def test_a_fault_is_told_without_folders_of_this_machine(tmp_path: Path) -> None:
    script = tmp_path / "own_script.py"
    code = compile("open('/nowhere/at/all/x.png')", str(script), "exec")
    with pytest.raises(FileNotFoundError) as caught:
        exec(code)
    told = "".join(faults.frames(caught.value)) + faults.message(caught.value)
    assert str(tmp_path) not in told
    assert "/nowhere" not in told
    assert 'File "own_script.py"' in told
    assert faults.type_name(UnsafeNameError()) == "darkroom.engine.files.UnsafeNameError"


def test_an_input_that_vanishes_while_it_waits_is_an_error(engine: LiveEngine) -> None:
    engine.model.hold()
    ears = engine.ears(engine.client_id)
    engine.submit(drawing())
    ears.until("progress")
    graph = plain()
    graph["1"] = {"class_type": "LoadImage", "inputs": {"image": "in64.png"}}
    prompt_id = engine.submit(graph).json()["prompt_id"]
    (engine.engine.folders.root / "input" / "in64.png").unlink()
    engine.model.release()
    error = dict(engine.history(prompt_id)["status"]["messages"])["execution_error"]
    assert error["exception_type"] == "FileNotFoundError"


def test_a_fault_of_the_engine_ends_one_job_and_not_the_worker(
    engine: LiveEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("darkroom.engine.execution.executor.signatures", _broken)
        prompt_id = engine.submit(plain()).json()["prompt_id"]
        status = engine.history(prompt_id)["status"]
        assert dict(status["messages"])["execution_error"]["exception_type"] == "ZeroDivisionError"
        assert engine.get(f"/api/jobs/{prompt_id}").json()["status"] == "failed"
    engine.run(plain())


def _broken(*_arguments: object) -> None:
    raise ZeroDivisionError


def test_a_reader_too_far_behind_is_cut_off(
    engine: LiveEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "_OUTBOX", 0)
    ears = engine.ears()
    assert not ears.socket.recv()


def test_a_body_that_is_no_object_is_trouble(shared: LiveEngine) -> None:
    assert shared.post("/prompt", data=b"[1]").status_code == 500


def test_a_system_without_memory_figures_says_none(
    shared: LiveEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sysconf")
    assert shared.get("/system_stats").json()["system"]["ram_total"] == 0


def test_an_upload_under_a_name_too_long_is_trouble(shared: LiveEngine) -> None:
    files = {"image": ("x" * 300 + ".png", picture())}
    assert shared.post("/upload/image", files=files).status_code == 500


def test_no_two_inputs_of_a_node_have_one_name() -> None:
    for node in NODES.values():
        names = [entry.name for entry in node.inputs]
        assert len(names) == len(set(names))
