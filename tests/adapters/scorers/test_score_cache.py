"""What was measured before, kept in a file that many processes share."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from darkroom.adapters.scorers import cache
from darkroom.adapters.scorers.cache import Key, Measurement, ScoreCache
from darkroom.adapters.scorers.specs import metric_table
from darkroom.core.errors import UsageError

ROOT = Path(__file__).parents[3]
KEY, OTHER = Key("a" * 64, "lite:soft-1", "p"), Key("b" * 64, "lite:soft-1", "p")


def test_what_was_kept_is_found_by_another_connection(tmp_path: Path) -> None:
    first, second = ScoreCache(tmp_path / "c"), ScoreCache(tmp_path / "c")
    first.keep({KEY: Measurement(0.5, None, 3.0), OTHER: Measurement(None, "flat")})
    assert second.find([KEY, OTHER, Key("c" * 64, "x", "")]) == {
        KEY: Measurement(0.5, None, 3.0),
        OTHER: Measurement(None, "flat"),
    }
    first.keep({KEY: Measurement(0.7, None)})
    assert second.find([KEY]) == {KEY: Measurement(0.7, None)}
    first.close()
    second.close()


def test_only_metrics_that_read_the_prompt_depend_on_it() -> None:
    table = metric_table()
    soft, clip = table.find("soft", "lite"), table.find("clip_score", "torch")
    assert soft is not None
    assert clip is not None
    assert Key.of("a", soft, None, "x") == Key.of("a", soft, None, None)
    assert Key.of("a", clip, "0" * 64, "x") != Key.of("a", clip, "0" * 64, "y")
    assert Key.of("a", clip, "0" * 64, "x") != Key.of("a", clip, "1" * 64, "x")


def test_a_damaged_file_is_put_aside_and_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"this is no database" * 100)
    fresh = ScoreCache(tmp_path / "c.sqlite")
    fresh.keep({KEY: Measurement(1.0, None)})
    assert fresh.find([KEY])
    fresh.close()
    assert (tmp_path / "c.damaged").exists()


def test_a_place_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    with pytest.raises(UsageError) as failed:
        ScoreCache(tmp_path / "c")
    assert failed.value.code == "scores-unusable"


def test_many_begin_the_file_at_once(tmp_path: Path) -> None:
    def work(number: int) -> int:
        own = ScoreCache(tmp_path / "c")
        for step in range(20):
            own.keep({Key(f"{number}-{step}", "m", ""): Measurement(1.0, None)})
        found = own.find(Key(f"{number}-{step}", "m", "") for step in range(20))
        own.close()
        return len(found)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [20] * 8


def test_a_file_that_another_is_just_beginning_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    with closing(sqlite3.connect(tmp_path / "c")) as other:
        other.execute("begin immediate")

        def let_go(pause_s: float) -> None:
            pauses.append(pause_s)
            other.rollback()

        clock = SimpleNamespace(monotonic=time.monotonic, sleep=let_go)
        monkeypatch.setattr(cache, "time", clock)
        ScoreCache(tmp_path / "c").close()
    assert len(pauses) == 1


def test_a_file_that_another_never_lets_go_is_an_error_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_WAIT_S", 0.0)
    with closing(sqlite3.connect(tmp_path / "c")) as other:
        other.execute("begin immediate")
        with pytest.raises(UsageError, match="locked"):
            ScoreCache(tmp_path / "c")


WRITER = """
import sys
from pathlib import Path
from darkroom.adapters.scorers.cache import Key, Measurement, ScoreCache
cache = ScoreCache(Path(sys.argv[1]))
for number in range(10**6):
    cache.keep({Key(str(number), "m", ""): Measurement(float(number), None)})
    print(number, flush=True)
"""


def test_a_writer_that_is_killed_leaves_what_it_had_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "c")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout is not None
        last = 0
        while last < 50:
            last = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
    again = ScoreCache(tmp_path / "c")
    kept = again.find(Key(str(number), "m", "") for number in range(last + 1))
    assert len(kept) == last + 1
    again.close()
