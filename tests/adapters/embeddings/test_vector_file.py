"""The file of vectors: in step after any crash, and never two models in one."""

import errno
import hashlib
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.adapters.embeddings import vector_file
from darkroom.adapters.embeddings.protocol import ModelIdentity
from darkroom.adapters.embeddings.vector_file import ABOUT, Appender, open_vectors
from darkroom.core.errors import DataError, StoreFull

MODEL = ModelIdentity("tiny", "ab" * 32, 8)
ROW, RECORD = 16, 36


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def rows(*numbers: int) -> np.ndarray:
    made = [np.random.default_rng(number).standard_normal(8) for number in numbers]
    return np.stack(made).astype(np.float32)


def add(folder: Path, *numbers: int, anew: bool = False) -> None:
    appender = Appender(folder, MODEL, anew=anew)
    appender.append([digest(number) for number in numbers], rows(*numbers))
    appender.close()


def as_digests(*numbers: int) -> np.ndarray:
    return np.frombuffer(b"".join(map(digest, numbers)), np.uint8).reshape(-1, 32)


def test_what_is_appended_is_found_by_digest_and_has_length_one(tmp_path: Path) -> None:
    add(tmp_path, 1, 2)
    add(tmp_path, 3)
    file = open_vectors(tmp_path, MODEL)
    assert file is not None
    assert len(file) == 3
    assert file.rows_of(as_digests(3, 9, 1)).tolist() == [2, -1, 0]
    assert np.linalg.norm(file.vectors.astype(np.float32), axis=1) == pytest.approx(1, abs=2e-3)
    expected = rows(2)[0] / np.linalg.norm(rows(2)[0])
    assert file.vectors[1].astype(np.float32) == pytest.approx(expected, abs=1e-3)
    assert file.damaged().tolist() == []


def test_nothing_is_nothing(tmp_path: Path) -> None:
    assert open_vectors(tmp_path, MODEL) is None
    Appender(tmp_path, MODEL).close()
    file = open_vectors(tmp_path, MODEL)
    assert file is not None
    assert len(file) == 0
    assert file.rows_of(as_digests(1)).tolist() == [-1]
    assert file.content() == "0-00000000"


def test_digests_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    alike = [b"\1" * 8 + digest(n)[8:] for n in range(4)]
    appender = Appender(tmp_path, MODEL)
    appender.append(alike[:3], rows(1, 2, 3))
    file = open_vectors(tmp_path, MODEL)
    asked = np.frombuffer(b"".join([alike[2], alike[3], alike[0]]), np.uint8).reshape(-1, 32)
    assert file is not None
    assert file.rows_of(asked).tolist() == [2, -1, 0]


@settings(max_examples=20, deadline=None)  # each waits for the disk several times
@given(
    torn=st.integers(0, 3 * ROW), short=st.integers(0, 3 * RECORD), rubbish=st.integers(0, 2 * ROW)
)
def test_a_torn_end_is_cut_and_the_rest_stands(
    tmp_path_factory: pytest.TempPathFactory, torn: int, short: int, rubbish: int
) -> None:
    folder = tmp_path_factory.mktemp("vectors")
    add(folder, *range(5))
    vectors, ids = folder / "vectors-1.f16", folder / "ids-1.bin"
    os.truncate(vectors, 5 * ROW - torn)
    os.truncate(ids, 5 * RECORD - short)
    with vectors.open("ab") as file:
        file.write(b"\0" * rubbish)
    with ids.open("ab") as file:
        file.write(b"\0" * rubbish)
    seen = open_vectors(folder, MODEL)
    assert seen is not None
    assert seen.damaged().tolist() == []
    assert len(seen) == min((5 * ROW - torn) // ROW, (5 * RECORD - short) // RECORD)
    add(folder, 7)
    again = open_vectors(folder, MODEL)
    assert again is not None
    assert len(again) == len(seen) + 1
    assert again.damaged().tolist() == []
    assert vectors.stat().st_size == len(again) * ROW
    assert ids.stat().st_size == len(again) * RECORD


@pytest.mark.parametrize("after", ["vectors", "half of the ids"])
def test_a_writer_that_is_killed_leaves_ids_and_vectors_in_step(tmp_path: Path, after: str) -> None:
    add(tmp_path, 1, 2)
    pid = os.fork()
    if pid == 0:
        real = vector_file._add

        def dying(path: Path, data: bytes) -> None:
            is_ids = path.name.startswith("ids")
            if not is_ids:
                real(path, data)
            elif after == "half of the ids":
                real(path, data[: len(data) // 2])
            if is_ids:
                os.kill(os.getpid(), signal.SIGKILL)

        vector_file._add = dying
        add(tmp_path, 3, 4, 5)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    kept = 2 if after == "vectors" else 3
    seen = open_vectors(tmp_path, MODEL)
    assert seen is not None
    assert len(seen) == kept
    add(tmp_path, 6)
    again = open_vectors(tmp_path, MODEL)
    assert again is not None
    assert len(again) == kept + 1
    assert again.rows_of(as_digests(1, 2, 6)).tolist() == [0, 1, kept]
    assert again.damaged().tolist() == []


def test_an_append_that_found_no_room_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = vector_file._add, []

    def full(path: Path, data: bytes) -> None:
        calls.append(path)
        real(path, data[:30] if len(calls) == 2 else data)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(vector_file, "_add", full)
    appender = Appender(tmp_path, MODEL)
    with pytest.raises(StoreFull):
        appender.append([digest(1), digest(2)], rows(1, 2))
    appender.append([digest(1), digest(2)], rows(1, 2))
    file = open_vectors(tmp_path, MODEL)
    assert file is not None
    assert file.rows_of(as_digests(1, 2)).tolist() == [0, 1]
    assert file.damaged().tolist() == []


def test_made_anew_it_takes_the_place_of_the_old_one_at_the_end(tmp_path: Path) -> None:
    add(tmp_path, 1, 2, 3)
    before = open_vectors(tmp_path, MODEL)
    appender = Appender(tmp_path, MODEL, anew=True)
    appender.append([digest(3), digest(2), digest(1)], rows(3, 2, 1))
    during = open_vectors(tmp_path, MODEL)
    appender.close()
    after = open_vectors(tmp_path, MODEL)
    assert before is not None
    assert during is not None
    assert after is not None
    assert during.rows_of(as_digests(1)).tolist() == [0]
    assert after.rows_of(as_digests(1)).tolist() == [2]
    assert before.content() == after.content()
    assert before.vectors[0].tolist() == after.vectors[2].tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ABOUT,
        "ids-2.bin",
        "vectors-2.f16",
    ]


def test_a_rebuild_that_died_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    add(tmp_path, 1)
    Appender(tmp_path, MODEL, anew=True).append([digest(8)], rows(8))
    add(tmp_path, 2, anew=True)
    file = open_vectors(tmp_path, MODEL)
    assert file is not None
    assert file.rows_of(as_digests(1, 2, 8)).tolist() == [-1, 0, -1]


def test_a_changed_vector_is_named(tmp_path: Path) -> None:
    add(tmp_path, 1, 2, 3)
    with (tmp_path / "vectors-1.f16").open("r+b") as file:
        file.seek(ROW + 3)
        file.write(b"\x55")
    seen = open_vectors(tmp_path, MODEL)
    assert seen is not None
    assert seen.damaged().tolist() == [1]


def test_another_models_vectors_are_refused(tmp_path: Path) -> None:
    add(tmp_path, 1)
    other = ModelIdentity("tiny", "cd" * 32, 8)
    with pytest.raises(DataError, match="another model"):
        open_vectors(tmp_path, other)
    (tmp_path / ABOUT).write_text("{}")
    with pytest.raises(DataError, match="cannot be read"):
        open_vectors(tmp_path, MODEL)
    add(tmp_path, 1, anew=True)
    assert open_vectors(tmp_path, MODEL) is not None


@pytest.mark.parametrize("wrong", [np.zeros((1, 8)), np.full((1, 8), np.nan)])
def test_a_vector_without_direction_is_refused(tmp_path: Path, wrong: np.ndarray) -> None:
    with pytest.raises(DataError) as caught:
        Appender(tmp_path, MODEL).append([digest(1)], wrong.astype(np.float32))
    assert caught.value.code == "vector-invalid"


def test_identities_name_folders() -> None:
    assert MODEL.slug == "tiny-abababababababab"
    with pytest.raises(AssertionError):
        ModelIdentity("../up", "ab" * 32, 8)
