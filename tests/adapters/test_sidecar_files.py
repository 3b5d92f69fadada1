"""Files a person names: read whole, checked against the image beside them."""

import hashlib
import os
from pathlib import Path

import pytest

from darkroom.adapters.plain_files import read_file, write_new_file
from darkroom.adapters.sidecar_files import check, key_of, read_sidecar
from darkroom.core.errors import SidecarDamaged, UsageError
from tests.fakes.image_files import png
from tests.fakes.sidecars import KEY, changed, example


def _run_folder(root: Path, sidecar: bytes, image: bytes | None) -> Path:
    file = root / f"{KEY}.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(sidecar)
    if image is not None:
        (root / KEY).write_bytes(image)
    return file


def _committed(image: bytes) -> bytes:
    return changed("/identity/sha256", hashlib.sha256(image).hexdigest())


def test_a_committed_image_is_whole(tmp_path: Path) -> None:
    file = _run_folder(tmp_path, _committed(png()), png())
    (row,) = check([tmp_path])
    assert (row.file, row.status, row.form, row.details) == (str(file), "whole", "darkroom-1", ())


def test_a_sidecar_without_its_image_is_bad(tmp_path: Path) -> None:
    _run_folder(tmp_path, _committed(png()), None)
    (row,) = check([tmp_path])
    assert (row.status, row.is_bad) == ("image missing", True)


def test_an_image_that_changed_is_bad(tmp_path: Path) -> None:
    _run_folder(tmp_path, _committed(png()), png(3, 3))
    (row,) = check([tmp_path])
    assert (row.status, row.is_bad) == ("image differs", True)


def test_one_bad_sidecar_hides_none_of_the_good_ones(tmp_path: Path) -> None:
    (tmp_path / "a.png.json").write_bytes(b"{")
    (tmp_path / "b.PNG.json").write_bytes(example("s0-flat.json"))
    (tmp_path / "b.PNG").write_bytes(b"anything: this form names no hash")
    (tmp_path / "c.webp.json").write_bytes(example("damaged/newer-version.json"))
    (tmp_path / "iteration_003_metadata.json").write_bytes(example("s2-iteration.json"))
    (tmp_path / "iteration_003_questions.json").write_bytes(b"{}")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "d.png.json").write_bytes(b"{")
    rows = {Path(row.file).name: row for row in check([tmp_path])}
    assert {name: row.status for name, row in rows.items()} == {
        "a.png.json": "damaged",
        "b.PNG.json": "readable",
        "c.webp.json": "newer",
        "iteration_003_metadata.json": "whole",
    }
    assert "sidecar-truncated" in rows["a.png.json"].details[0]
    assert not rows["c.webp.json"].is_bad


def test_a_sidecar_in_another_place_than_it_claims_is_damaged(tmp_path: Path) -> None:
    file = _run_folder(tmp_path, _committed(png()), png())
    moved = file.with_name("iteration_009.png.json")
    file.rename(moved)
    (row,) = check([moved])
    assert "sidecar-other-key" in row.details[0]
    with pytest.raises(SidecarDamaged) as caught:
        read_sidecar(moved)
    assert caught.value.where == f"{moved}#/identity/key"


def test_the_key_follows_from_the_place_in_a_run() -> None:
    assert key_of(Path("/any/where") / KEY) == KEY
    assert key_of(Path("/any/where/iteration_001.png.json")) is None
    assert key_of(Path("/any/My Project/working/2026-11-21_11-30-00/images/x.png")) is None
    assert key_of(Path("/working/2026-11-21_11-30-00/x.png")) is None


def test_a_file_that_is_not_there_is_a_row_and_an_error(tmp_path: Path) -> None:
    (row,) = check([tmp_path / "none.png.json"])
    assert row.status == "damaged"
    with pytest.raises(UsageError) as caught:
        read_sidecar(tmp_path / "none.png.json")
    assert caught.value.code == "file-unreadable"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"")
    with pytest.raises(SidecarDamaged) as caught:
        read_sidecar(file)
    assert caught.value.where == str(file)


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as sparse:
        sparse.truncate(5_000_000_000)
    with pytest.raises(SidecarDamaged) as caught:
        read_sidecar(file)
    assert caught.value.code == "sidecar-too-large"


def test_pipes_folders_and_impossible_names_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), Path("a\0b")):
        with pytest.raises(UsageError) as caught:
            read_file(path, 10)
        assert caught.value.code == "file-unreadable"


def test_a_new_file_is_written_once(tmp_path: Path) -> None:
    file = tmp_path / "new"
    write_new_file(file, b"one")
    for path in (file, tmp_path / "none" / "new"):
        with pytest.raises(UsageError) as caught:
            write_new_file(path, b"two")
        assert caught.value.code == "file-not-written"
    assert file.read_bytes() == b"one"


def test_half_a_file_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None: ...

        def write(self, _data: bytes) -> None:
            raise OSError(28, "No space left on device")

    file = tmp_path / "new"
    file.write_bytes(b"half")
    monkeypatch.setattr(Path, "open", lambda *_: Full())
    with pytest.raises(UsageError, match="No space left"):
        write_new_file(file, b"all of it")
    assert not file.exists()
