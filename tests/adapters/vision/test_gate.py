"""No more requests at a time than there are places, whoever asks and however they end."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from darkroom.adapters.vision.gate import Gate
from darkroom.core.errors import VisionError
from tests.writepath.scenes import in_child


@pytest.mark.parametrize("places", [1, 3])
def test_no_more_hold_a_place_than_there_are(tmp_path, places):
    gate, lock, now, most = Gate(tmp_path, "openai", places), threading.Lock(), [0], [0]
    all_taken = threading.Barrier(places, timeout=60)

    def work(_: int) -> None:
        with gate.place():
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            all_taken.wait()
            time.sleep(0.01)  # for one too many to come, if it could
            with lock:
                now[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert most == [places]


def test_who_allows_fewer_waits_for_the_first_places_only(tmp_path):
    narrow, wide = Gate(tmp_path, "ollama", 1), Gate(tmp_path, "ollama", 2)
    order: list[str] = []

    def later() -> None:
        with narrow.place():
            order.append("narrow")

    with wide.place():
        thread = threading.Thread(target=later)
        thread.start()
        with wide.place():
            order.append("wide")
    thread.join()
    assert order == ["wide", "narrow"]


def test_the_place_of_a_killed_process_is_free(tmp_path):
    gate = Gate(tmp_path, "ollama", 1)

    def dies() -> None:
        with gate.place():
            os.kill(os.getpid(), signal.SIGKILL)

    in_child(dies)
    with gate.place():
        assert [path.name for path in tmp_path.iterdir()] == ["ollama.1.lock"]


def test_providers_do_not_wait_for_one_another(tmp_path):
    with Gate(tmp_path, "ollama", 1).place(), Gate(tmp_path, "openai", 1).place():
        assert len(list(tmp_path.iterdir())) == 2


def test_a_place_that_never_comes_free_is_an_error_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr("darkroom.adapters.vision.gate._LONGEST_S", 0.01)
    gate = Gate(tmp_path, "ollama", 1)
    with gate.place(), pytest.raises(VisionError, match="busy") as caught, gate.place():
        pass
    assert caught.value.code == "vision-throttled"


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VisionError), Gate(tmp_path / "file/x", "ollama", 1).place():
        pass
