"""Real processes kept by a real keeper: started in order, restarted, ended without remains."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.adapters.supervision import Part, PartState, Plan, State, down, keeper, status, up
from darkroom.adapters.supervision.state import read_state
from darkroom.core.errors import OutsideError
from tests.fakes.s3_servers import free_port
from tests.fakes.until import until

SLEEPER = "import time; print('here', flush=True); time.sleep(600)"
SERVER = """
import sys
from http.server import HTTPServer, SimpleHTTPRequestHandler
HTTPServer(("127.0.0.1", int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()
"""


def python(text: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text, *arguments)


def part_of(folder: Path, name: str) -> PartState:
    state = status(folder)
    assert state is not None
    return state.parts[name]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "up"
    yield folder
    down(folder)


def started(folder: Path, *parts: Part, within_s: float = 90.0) -> State:
    return up(folder, folder.parent, Plan(parts), lambda _part: None, within_s)


def test_parts_start_in_order_and_a_task_runs_once(lab: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    once = Part("once", python(f"open({str(mark)!r}, 'a').write('x')"), once=True)
    after = Part("after", python(f"assert open({str(mark)!r}).read() == 'x'; {SLEEPER}"))
    state = started(lab, once, after)
    assert [part.condition for part in state.parts.values()] == ["done", "healthy"]
    assert mark.read_text() == "x"


def test_a_part_with_an_address_is_waited_for(lab: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    server = Part("server", python(SERVER, str(port)), health_url=url, address=url)
    assert started(lab, server).parts["server"].address == url


def test_what_runs_is_found_and_not_started_again(lab: Path) -> None:
    first = started(lab, Part("sleeper", python(SLEEPER)))
    again = started(lab, Part("sleeper", python(SLEEPER)))
    assert again.parts["sleeper"].process == first.parts["sleeper"].process
    assert again.keeper == first.keeper


def test_a_killed_part_comes_back(lab: Path) -> None:
    first = started(lab, Part("sleeper", python(SLEEPER))).parts["sleeper"].process
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: part_of(lab, "sleeper").process not in {None, first})
    until(lambda: part_of(lab, "sleeper").condition == "healthy")
    assert part_of(lab, "sleeper").restarts == 1


def test_a_state_that_cannot_be_written_ends_nothing(lab: Path) -> None:
    first = started(lab, Part("sleeper", python(SLEEPER))).parts["sleeper"].process
    assert first is not None
    in_the_way = lab / "state.json.part"  # as on a full disk
    in_the_way.mkdir()
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not first.lives)
    time.sleep(1.0)  # it would have ended by now
    assert status(lab) is not None
    in_the_way.rmdir()
    until(lambda: part_of(lab, "sleeper").process not in {None, first})


def test_a_log_that_grew_long_is_begun_anew_while_its_part_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_LOG_BYTES", 1000)
    with (tmp_path / "part.log").open("ab") as log:
        log.write(b"x" * 2000)
        log.flush()
        keeper._shorten(tmp_path / "part.log")
        log.write(b"goes on")
    assert (tmp_path / "part.log").read_bytes() == b"goes on"
    assert (tmp_path / "part.log.1").read_bytes() == b"x" * 2000


def test_down_ends_all_of_it_grandchildren_included(lab: Path, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    parent = (
        "import subprocess, sys, time;"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]);"
        f"open({str(note)!r}, 'w').write(str(child.pid)); time.sleep(600)"
    )
    state = started(lab, Part("parent", python(parent)))
    until(lambda: note.exists() and note.read_text() != "")
    assert down(lab) is True
    assert not state.keeper.lives
    for pid in (int(note.read_text()), state.parts["parent"].process.pid):
        until(lambda pid=pid: _has_ended(pid))
    assert (status(lab), down(lab)) == (None, False)


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_what_a_killed_keeper_left_is_ended_before_the_next_start(lab: Path) -> None:
    first = started(lab, Part("sleeper", python(SLEEPER)))
    left = first.parts["sleeper"].process
    assert left is not None
    os.kill(first.keeper.pid, signal.SIGKILL)
    until(lambda: not first.keeper.lives)
    assert left.lives
    second = started(lab, Part("sleeper", python(SLEEPER)))
    until(lambda: not left.lives)
    assert second.parts["sleeper"].process != left


def test_a_part_that_cannot_run_is_named_with_its_last_words(lab: Path) -> None:
    last = "'no such colour\\n03:49:17.686 | WARNING | EventsWorker - Still processing'"
    broken = Part("broken", python(f"raise SystemExit({last})"), once=True)

    def is_named() -> bool:
        with pytest.raises(OutsideError) as caught:
            started(lab, broken, within_s=0.5)
        assert caught.value.code == "laboratory-not-up"
        return "broken: ended (1): no such colour" in caught.value.message

    until(is_named)


def test_a_program_that_is_not_there_is_said(lab: Path) -> None:
    def is_said() -> bool:
        with pytest.raises(OutsideError) as caught:
            started(lab, Part("gone", ("/nowhere/program",)), within_s=0.5)
        return "gone: cannot be started" in caught.value.message

    until(is_said)


def test_secrets_reach_only_a_trusted_part(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "canary")
    text = "import os, sys; open(sys.argv[1], 'w').write(os.environ.get('OPENROUTER_API_KEY', '-'))"
    files = [tmp_path / "open", tmp_path / "trusted"]
    started(
        lab,
        Part("open", python(text, str(files[0])), once=True),
        Part("trusted", python(text, str(files[1])), once=True, is_trusted=True),
    )
    assert [file.read_text() for file in files] == ["-", "canary"]
    assert "canary" not in (lab / "plan.json").read_text()
    assert (lab / "plan.json").stat().st_mode & 0o077 == 0


def test_a_state_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    assert (read_state(tmp_path), status(tmp_path), down(tmp_path)) == (None, None, False)


def test_a_part_is_replaced_once_it_has_answered_nothing_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Plan((Part("server", python(SLEEPER), health_url="http://127.0.0.1:9/"),)).write(tmp_path)
    silence = [False] * (keeper._STALLED_AFTER - 1)
    answers = iter([True, *silence, True, *silence, False])
    monkeypatch.setattr(keeper, "_answers", lambda _url: next(answers))
    made = keeper.Keeper(tmp_path)
    (kept,) = made._kept
    made._tend(kept, 0.0)
    first, now_s = kept.process, 0.0
    assert first is not None
    for _ in [True, *silence, True, *silence]:
        now_s += 1000.0
        made._tend(kept, now_s)
        assert (kept.process, first.lives) == (first, True)
    made._tend(kept, now_s + 1000.0)
    assert kept.message.startswith("did not answer http://127.0.0.1:9/")
    assert (kept.process, first.lives) == (None, False)
