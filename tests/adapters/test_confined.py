"""Nothing outside the allowed folders is read, and nothing that is no plain file."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters.confined import Refused, find_file, is_inside, read_bounded
from darkroom.adapters.json_files import read_json


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "file.txt").write_text("inside", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("outside", encoding="utf-8")
    (tmp_path / "rooted").mkdir()
    return root


def find(root: Path, name: str) -> Path | None:
    return find_file(name, [root], [root])


@pytest.mark.parametrize("name", ["sub/file.txt", "./sub/file.txt", "sub/../sub/file.txt"])
def test_files_inside_are_found(root: Path, name: str) -> None:
    found = find(root, name)
    assert found is not None
    assert found.read_text(encoding="utf-8") == "inside"


def test_an_absolute_name_is_accepted_only_when_it_leads_inside(root: Path) -> None:
    assert find(root, str(root / "sub" / "file.txt")) is not None
    with pytest.raises(Refused, match="leads out"):
        find(root, str(root.parent / "secret.txt"))


@pytest.mark.parametrize(
    "name",
    ["../secret.txt", "sub/../../secret.txt", "/etc/passwd", "..\\secret.txt", "../rooted", "/"],
)
def test_names_that_lead_out_are_refused(root: Path, name: str) -> None:
    with pytest.raises(Refused, match="leads out"):
        find(root, name)


def test_a_name_that_leads_out_is_refused_whether_or_not_it_exists(root: Path) -> None:
    with pytest.raises(Refused, match="leads out"):
        find(root, "../no-such-file")


@pytest.mark.parametrize("name", ["a\0b", "x" * 2000])
def test_names_no_file_system_takes_are_refused(root: Path, name: str) -> None:
    with pytest.raises(Refused):
        find(root, name)


def test_links_are_followed_before_they_are_judged(root: Path) -> None:
    (root / "out.txt").symlink_to(root.parent / "secret.txt")
    (root / "folder").symlink_to(root.parent)
    (root / "in.txt").symlink_to(root / "sub" / "file.txt")
    assert find(root, "in.txt") is not None
    for name in ("out.txt", "folder/secret.txt"):
        with pytest.raises(Refused, match="leads out"):
            find(root, name)


def test_links_that_lead_nowhere_or_in_circles_are_refused(root: Path) -> None:
    (root / "dangling").symlink_to(root / "no-such-file")
    (root / "circle").symlink_to(root / "circle")
    with pytest.raises(Refused, match="leads nowhere"):
        find(root, "dangling")
    with pytest.raises(Refused, match="cannot be read"):
        find(root, "circle")


def test_folders_and_pipes_are_refused_without_waiting(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(Refused, match="no regular file"):
        find(root, "pipe")
    with pytest.raises(Refused, match="is a folder"):
        find(root, "sub")


def test_a_missing_file_is_no_file(root: Path) -> None:
    assert find(root, "nothing.txt") is None


def test_a_folder_beside_with_the_same_start_is_outside(root: Path) -> None:
    assert not is_inside(root.parent / "rooted", [root])


def test_a_file_longer_than_allowed_is_refused(root: Path) -> None:
    path = root / "sub" / "file.txt"
    assert read_bounded(path, 6) == b"inside"
    with pytest.raises(Refused, match="6 bytes long; 5 are allowed"):
        read_bounded(path, 5)


def test_a_file_that_pretends_to_be_empty_is_still_bounded() -> None:
    if not Path("/proc/self/maps").exists():
        pytest.skip("needs /proc")
    with pytest.raises(Refused, match="longer than"):
        read_bounded(Path("/proc/self/maps"), 10)


def test_a_file_that_fails_while_it_is_read_is_refused() -> None:
    if not Path("/proc/self/mem").exists():
        pytest.skip("needs /proc")
    with pytest.raises(Refused, match="cannot be read"):
        read_bounded(Path("/proc/self/mem"), 100)


@given(st.text(alphabet="./\\ab\0~%", max_size=12))
def test_no_name_ever_leads_out(name: str) -> None:
    root = Path(__file__).parent
    try:
        found = find_file(name, [root], [root])
    except Refused:
        return
    assert found is None or is_inside(found, [root])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": 1', "is not JSON"),
        (b'{"a": NaN}', "holds NaN"),
        (b'{"a": -Infinity}', "holds -Infinity"),
        (b'{"a": 1, "b": 2, "a": 3}', "has the key 'a' twice"),
        (b"[" * 200_000, "nested too deeply"),
        (b"\xff", "is not UTF-8"),
        (b"9" * 5000, "a number that is too long"),
        (b" " * 9_000_000, "8000000 are allowed"),
    ],
    ids=["cut", "nan", "infinity", "twice", "deep", "bytes", "long", "large"],
)
def test_json_is_read_strictly(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "w.json"
    path.write_bytes(text)
    with pytest.raises(Refused, match=message):
        read_json(path)


def test_plain_json_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": [1, "x", null]}')
    assert read_json(path) == {"a": [1, "x", None]}
