"""A backup holds what is true, is verified whole before anything is restored, replaces nothing."""

import json
import zipfile
from pathlib import Path

import pytest

from darkroom.adapters.stores import FolderStore
from darkroom.apps import console
from darkroom.apps.cli import main
from darkroom.archive.backup import LIST, backup, restore
from darkroom.core.errors import DataError, UsageError

OBJECTS = {
    "demo/working/r/images/iteration_001.png": (b"picture", "image/png"),
    "demo/working/r/images/iteration_001.png.json": (b'{"a":1}', "application/json"),
    "demo/working/r/human/x.json": (b'{"b":2}', "application/json"),
    "other/working/r/run.json": (b'{"c":3}', "application/json"),
    "demo/logs/app.log": (b"words", "text/plain"),
}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path / "store")
    for key, (data, kind) in OBJECTS.items():
        made.put(key, data, kind)
    return made


def keys(store: FolderStore) -> set[str]:
    return set(store.iter_keys())


def test_documents_come_back_and_images_only_when_asked_for(
    store: FolderStore, tmp_path: Path
) -> None:
    for images, lacking in ((False, {"iteration_001.png", "app.log"}), (True, {"app.log"})):
        file = tmp_path / f"{images}.zip"
        report = backup(store, file, images=images)
        fresh = FolderStore(tmp_path / f"fresh-{images}")
        back = restore(fresh, file)
        assert report.objects == back.restored == len(OBJECTS) - len(lacking)
        assert {key.rpartition("/")[2] for key in keys(store) - keys(fresh)} == lacking
        assert all(fresh.get(key) == store.get(key) for key in keys(fresh))


def test_one_project_is_backed_up_alone(store: FolderStore, tmp_path: Path) -> None:
    assert backup(store, tmp_path / "b.zip", "other").objects == 1


def test_what_is_there_stays_even_where_it_differs(store: FolderStore, tmp_path: Path) -> None:
    backup(store, tmp_path / "b.zip")
    store.put("demo/working/r/human/x.json", b'{"b":"newer"}', "application/json")
    store.delete("other/working/r/run.json")
    report = restore(store, tmp_path / "b.zip")
    assert store.get("demo/working/r/human/x.json") == b'{"b":"newer"}'
    assert (report.restored, report.there_already) == (1, 1)
    assert report.kept == ("demo/working/r/human/x.json",)


def test_a_dry_run_verifies_and_writes_nothing(store: FolderStore, tmp_path: Path) -> None:
    backup(store, tmp_path / "b.zip")
    fresh = FolderStore(tmp_path / "fresh")
    assert restore(fresh, tmp_path / "b.zip", dry_run=True).restored == 3
    assert keys(fresh) == set()


def test_an_existing_file_is_not_overwritten(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        backup(store, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as refused:
        backup(store, tmp_path / "file" / "b.zip")
    assert refused.value.code == "file-not-written"


def _listing(file: Path, **changes: object) -> None:
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read(LIST)) | changes
        entries = {name: archive.read(name) for name in archive.namelist() if name != LIST}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        archive.writestr(LIST, json.dumps(about))


DAMAGES = {
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-40]),
    "another content": lambda file: _listing(
        file, objects={"demo/working/r/human/x.json": "0" * 64}
    ),
    "an object that is missing": lambda file: _listing(file, objects={"gone.json": "0" * 64}),
    "a key that leaves the store": lambda file: _listing(file, objects={"../x.json": "0" * 64}),
    "another kind": lambda file: _listing(file, schema="darkroom.backup/9"),
    "no list": lambda file: _listing(file, objects=None),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_backup_that_cannot_be_trusted_restores_nothing(
    store: FolderStore, tmp_path: Path, damage: str
) -> None:
    file, fresh = tmp_path / "b.zip", FolderStore(tmp_path / "fresh")
    backup(store, file)
    DAMAGES[damage](file)
    with pytest.raises(DataError) as refused:
        restore(fresh, file)
    assert refused.value.code == "backup-damaged"
    assert keys(fresh) == set()


def test_a_flipped_byte_is_noticed(store: FolderStore, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    backup(store, file, images=True)
    data = bytearray(file.read_bytes())
    data[data.index(b"picture")] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(DataError, match="cannot be read"):
        restore(FolderStore(tmp_path / "fresh"), file)


def test_a_backup_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        restore(FolderStore(tmp_path / "s"), tmp_path / "none.zip")


def test_both_commands_work_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    console.configure(as_json=False, verbose=False)
    store = FolderStore(tmp_path / "projects")
    for key, (data, kind) in OBJECTS.items():
        store.put(key, data, kind)
    assert main(["warehouse", "backup"]) == 0
    heard = capsys.readouterr()
    assert "3 objects" in heard.out
    assert "without the images" in heard.err
    (file,) = (tmp_path / ".darkroom" / "backups").iterdir()
    store.delete("other/working/r/run.json")
    store.put("demo/working/r/human/x.json", b"{}", "application/json")
    for more, verb in (["--dry-run"], "would be restored"), ([], "restored"):
        assert main(["warehouse", "restore", "--backup", str(file), *more]) == 0
        heard = capsys.readouterr()
        assert f"1 {verb}, 1 there already" in heard.out
        assert "human/x.json differs" in heard.err
    assert store.get("other/working/r/run.json") == b'{"c":3}'
    target = str(tmp_path / "mine.zip")
    assert main(["warehouse", "backup", "--images", "--project", "demo", "--output", target]) == 0
    assert "3 objects" in capsys.readouterr().out
    assert main(["warehouse", "backup", "--project", "dmeo"]) == 0
    assert "nothing is backed up" in capsys.readouterr().err
