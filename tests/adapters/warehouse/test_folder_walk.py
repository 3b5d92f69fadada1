"""What a folder holds, told in the order of keys while it is being looked at."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse import folder_walk
from darkroom.adapters.warehouse.folder_walk import Walk
from darkroom.adapters.warehouse.listing import ENTRIES
from darkroom.adapters.warehouse.packed import Packed
from darkroom.adapters.warehouse.places import kind_of

RUN = "2026-12-01_00-00-01"
_FOLDERS = st.sampled_from(["a", "a-b", "a.b", "a0", "working", "input", "images", "human", RUN])
_NAMES = st.sampled_from(["a.png.json", "a-b.png.json", "run.json", "a.txt", "z.webp.json"])
_KEYS = st.builds(
    lambda folders, name: "/".join([*folders, name]), st.lists(_FOLDERS, max_size=4), _NAMES
)


@settings(max_examples=60, deadline=None)
@given(st.frozensets(_KEYS, max_size=12))
def test_a_folder_tells_what_a_bucket_with_the_same_keys_would_in_the_same_order(
    keys: frozenset[str],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        for key in keys:
            path = store.root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"{}")
        told = [(key, kind) for key, kind, *_ in Walk(store.root, {}).rows()]
    assert told == [(key, kind_of(key)) for key in sorted(keys) if kind_of(key)]


def test_what_is_taken_away_or_replaced_while_it_is_told_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.png.json").write_text("{}", encoding="utf-8")
    rows = Walk(tmp_path, {}).rows()
    assert next(rows)[0] == "a.png.json"
    (tmp_path / "b.png.json").unlink()
    (tmp_path / "c.png.json").unlink()
    (tmp_path / "c.png.json").symlink_to(tmp_path / "a.png.json")
    assert [key for key, *_ in rows] == ["d.png.json"]


def test_a_folder_that_goes_while_the_others_are_told_is_remembered_as_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_walk, "_UNSETTLED_NS", 0)
    for name in ("a", "b"):
        (tmp_path / name / "images").mkdir(parents=True)
        (tmp_path / name / "images" / "x.png.json").write_text("{}", encoding="utf-8")
    found = Walk(tmp_path, {})
    rows = found.rows()
    assert next(rows)[0] == "a/images/x.png.json"
    (tmp_path / "b" / "images" / "x.png.json").unlink()
    (tmp_path / "b" / "images").rmdir()
    (tmp_path / "b").rmdir()
    assert not list(rows)
    folders = dict(found.listing(Packed(ENTRIES)).folders)
    assert folders.pop("b") is None
    assert set(folders) == {"", "a", "a/images"}
    assert None not in folders.values()
