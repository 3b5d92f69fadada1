"""The parts of the resident process that can be looked at one by one."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.processes import held_lock, spawn
from darkroom.adapters.scorers import resident_place, resident_process
from darkroom.adapters.scorers.protocol import Picture
from darkroom.adapters.scorers.resident_blame import DECODING, Blame, indices_of
from darkroom.adapters.scorers.resident_frames import (
    HEAD,
    MAX_HEADER,
    Broken,
    Silent,
    packed,
    parsed,
    receive,
    send,
)
from darkroom.adapters.scorers.resident_place import ScoringPlace, marks_of, socket_path
from darkroom.adapters.scorers.resident_process import ResidentProcess
from darkroom.adapters.scorers.resident_server import Limits, Server
from darkroom.adapters.scorers.resident_tiers import Bench, openings
from darkroom.adapters.scorers.resident_work import Work, decode_work
from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.errors import OutsideError
from tests.fakes.image_files import gradient

ROOT = Path(__file__).parents[3]


def test_a_frame_arrives_as_it_was_sent() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send(ours, {"op": "alive", "text": "ü"})
        assert receive(theirs) == {"op": "alive", "text": "ü"}


@pytest.mark.parametrize(
    "data", [b"", b"\0", HEAD.pack(MAX_HEADER + 1, 0), HEAD.pack(2, 0) + b"[]"]
)
def test_what_is_no_frame_is_a_broken_conversation(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(Broken):
            receive(theirs)
    with pytest.raises(Broken):
        parsed(b"{")


def test_silence_is_told_from_hanging_up() -> None:
    ours, theirs = socket.socketpair()
    with theirs, ours:
        theirs.settimeout(0.01)
        with pytest.raises(Silent):
            receive(theirs)
        theirs.shutdown(socket.SHUT_RDWR)
        with pytest.raises(Broken):
            send(theirs, {"op": "x"})


def test_what_was_on_the_bench_at_two_deaths_is_guilty() -> None:
    blame = Blame()
    images = {1: "a", 2: "b", 3: "c"}
    blame.begun([1, 2], "0,1")
    blame.finished(2)
    blame.died(images)
    assert (blame.is_suspect("a"), blame.is_suspect("b")) == (True, False)
    assert blame.guilty_steps("a") == set()
    blame.begun([1], "2")
    blame.died(images)
    assert blame.guilty_steps("a") == set(), "two deaths in two steps are none twice"
    blame.begun([1], "0,1")
    blame.died(images)
    assert blame.guilty_steps("a") == {"0,1"}


def test_an_opening_that_kills_is_no_fault_of_pictures() -> None:
    blame = Blame()
    for _ in range(2):
        blame.begun([1], "0")
        blame.finished(1)
        blame.begun([], "1")
        blame.died({1: "a", 2: "b"})
    assert blame.deadly_openings() == {"1"}
    assert not blame.is_suspect("a")
    blame.begun([], "3")
    blame.begun([2], "3")  # it was opened
    blame.died({2: "b"})
    assert blame.deadly_openings() == {"1"}


def test_decoding_is_a_step_of_all_metrics() -> None:
    assert indices_of(DECODING, 3) == {0, 1, 2}
    assert indices_of("0,2", 3) == {0, 2}


OFFLINE = """
import socket, urllib.request
from darkroom.adapters.scorers.resident_offline import forbid_network
forbid_network()
left, right = socket.socketpair()
left.sendall(b"1"), right.recv(1)
server = socket.socket(socket.AF_UNIX); server.bind("there"); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect("there")
tries = {
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "lookup": lambda: socket.getaddrinfo("example.com", 80),
    "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    "url": lambda: urllib.request.urlopen("http://127.0.0.1:9/"),
}
for name, attempt in tries.items():
    try:
        attempt()
    except OSError as exc:
        print(name, "uses no network" in str(exc))
"""


def test_no_library_reaches_a_network_from_the_process(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OFFLINE],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == [
        "connect",
        "True",
        "lookup",
        "True",
        "datagram",
        "True",
        "url",
        "True",
    ]


def test_a_folder_with_a_long_name_gets_a_private_socket_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident_place.tempfile, "gettempdir", lambda: str(tmp_path))
    assert socket_path(Path("/x"), "cpu") == Path("/x/cpu.sock")
    far = tmp_path / ("x" * 120)
    found = socket_path(far, "cpu")
    assert found.parent == tmp_path / f"darkroom-{os.getuid()}"
    assert found != socket_path(far, "cuda")
    found.parent.chmod(0o755)
    with pytest.raises(OutsideError) as refused:
        socket_path(far, "cpu")
    assert "open to others" in refused.value.message


def test_marks_differ_with_weights_and_device(tmp_path: Path) -> None:
    assert marks_of(tmp_path, "cpu", "x") == marks_of(tmp_path, "cpu", "x")
    others = [marks_of(tmp_path / "w", "cpu", "x"), marks_of(tmp_path, "cuda", "x")]
    assert marks_of(tmp_path, "cpu", "x") not in others


def _place(tmp_path: Path) -> ScoringPlace:
    return ScoringPlace(tmp_path / "s", tmp_path / "w", "cpu", idle_s=0.5)


def test_a_second_process_of_a_device_ends_at_once(tmp_path: Path) -> None:
    place = _place(tmp_path)
    place.folder.mkdir()
    command = resident_process._command(place)  # pyright: ignore[reportPrivateUsage]
    with held_lock(place.folder / "cpu.lock", 0.0, AssertionError):
        assert subprocess.run(command, timeout=60, check=False).returncode == 0
    assert not (place.folder / "cpu.sock").exists()


def test_one_that_is_long_in_ending_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, spawned = _place(tmp_path), list[int]()
    place.folder.mkdir()
    monkeypatch.setattr(resident_process, "MAX_STARTS", 1)
    with contextlib.ExitStack() as ending:
        ending.enter_context(held_lock(place.folder / "cpu.lock", 0.0, AssertionError))

        def counted(*arguments: Any) -> int:
            if spawned:
                ending.close()
            spawned.append(spawn(*arguments))
            return spawned[-1]

        monkeypatch.setattr(resident_process, "spawn", counted)
        process = ResidentProcess(place)
        process.converse("[]").close()
    process.stop()
    assert len(spawned) == 2


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    with pytest.raises(OutsideError) as failed:
        ResidentProcess(_place(tmp_path)).converse("[]")
    assert failed.value.code == "scoring-not-started"


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    place = _place(tmp_path)
    place.folder.mkdir()
    place.log.write_bytes(b"x" * 5_000_000)
    process = ResidentProcess(place)
    process.converse("[]").close()
    process.stop()
    assert place.log.stat().st_size < 1000
    assert place.log.with_suffix(".log.1").exists()


def test_a_process_that_hangs_is_killed_by_who_it_greeted(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as hanging:
        ours, theirs = socket.socketpair()
        theirs.close()
        talk = resident_process.Conversation(ours, hanging.pid)
        talk.kill()
        assert hanging.wait(60) == -9
        talk.kill()  # it is gone, and its number may be another's
        talk.close()


def test_lite_metrics_are_opened_together_and_others_alone(tmp_path: Path) -> None:
    groups = [
        {spec.name for spec in one.specs}
        for one in openings(metric_table().metrics, Bench(tmp_path, "cpu"))
    ]
    assert {"lite_technical", "noise"} <= groups[0]
    assert {"clip_score", "laion_aesthetic"} in groups
    assert {"brisque"} in groups


@pytest.mark.skipif(find_spec("torch") is not None, reason="says what happens without torch")
def test_without_the_extra_the_torch_tier_is_null_with_the_reason(tmp_path: Path) -> None:
    [piqe] = [spec for spec in metric_table().in_tier("torch") if spec.name == "piqe"]
    [opening] = openings([piqe], Bench(tmp_path, "cpu"))
    [[score]] = opening.open().score([Picture(gradient(128, 128), "0" * 64)])
    assert "models-extra-missing" in (score.reason or "")
    assert "pip install" in (score.reason or "")


class _Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.specs = metric_table().in_tier("lite")[:1]
        self.openings = []
        self.is_open = True
        self.told: list[dict[str, object]] = []

    def tell(self, message: dict[str, object]) -> None:
        self.told.append(message)


def _work(data: bytes, shape: tuple[int, int] | None, sha256: str = "0" * 64) -> Work:
    return Work(_Listener(), 7, frozenset({0}), False, sha256, None, shape, data)


def test_decoding_is_told_before_it_begins() -> None:
    work = _work(b"\1" * 48, (4, 4))
    decode_work(work)
    assert isinstance(work.picture, Picture)
    assert work.picture.rgb.shape == (4, 4, 3)
    listener = work.listener
    assert isinstance(listener, _Listener)
    assert listener.told == [{"op": "begin", "work": [7], "step": DECODING}]


def test_pixels_that_do_not_fit_their_shape_are_no_picture() -> None:
    work = _work(b"\1" * 47, (4, 4))
    decode_work(work)
    assert "not as many" in getattr(work.picture, "reason", "")


def _served(talk: list[str]) -> list[dict[str, object]]:
    """What a server in this process answers until it hangs up; all is said at once."""

    async def serve(listening: socket.socket) -> None:
        await Server(lambda _specs: [], {}, Limits()).serve(listening)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        listening.listen()
        thread = threading.Thread(target=lambda: asyncio.run(serve(listening)))
        thread.start()
        answers = _answered(talk)
        if "stop" not in talk:
            _answered(["stop"])
        thread.join(60)
        assert not thread.is_alive()
    return answers


def _answered(talk: list[str]) -> list[dict[str, object]]:
    answers: list[dict[str, object]] = []
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(Broken):
        client.settimeout(60)
        client.connect("s")
        client.sendall(b"".join(b"".join(packed({"op": op, "specs": "[]"})) for op in talk))
        while True:
            answers.append(receive(client))
    return answers


def test_a_message_nobody_knows_ends_the_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answers = _served(["hello", "nonsense", "hello"])
    assert [answer["op"] for answer in answers] == ["hello"]
    assert json.dumps(answers[0]["marks"]) == "{}"


def test_a_stop_is_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _served(["stop"]) == []
