"""Import, backup, restore, search and what people say, where the store is an S3 server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.importing.sources import sdgen
from darkroom.adapters.secret_values import NAMES
from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores import opened_store
from darkroom.apps import cli
from tests.fakes.s3_servers import RcloneServer, rclone

Captured = pytest.CaptureFixture[str]
CALM = ("search", "--tests", "include", "--extra", "mood=calm")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneServer]:
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, server: RcloneServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home whose store is a bucket of its own."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("DARKROOM_S3_ACCESS_KEY", server.access_key)
    monkeypatch.setenv("DARKROOM_S3_SECRET_KEY", server.secret_key)
    _use_bucket(tmp_path, server)
    return tmp_path


def _use_bucket(home: Path, server: RcloneServer) -> None:
    store = server.new_store()
    bucket = store.settings.bucket
    store.close()
    place = f"endpoint: 'http://127.0.0.1:{server.port}', bucket: {bucket}"
    (home / "darkroom.yaml").write_text(f"store: {{kind: s3, {place}}}\n")


def _asked(capsys: Captured, *arguments: str) -> Any:
    assert cli.main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def _keys() -> list[str]:
    lab = open_lab()
    with opened_store(lab) as store:
        return sorted(store.iter_keys())


def test_an_import_is_searched_annotated_backed_up_and_restored_into_another_bucket(
    home: Path, server: RcloneServer, capsys: Captured
) -> None:
    sdgen(home / "source", 6)
    report = _asked(capsys, "import", str(home / "source"), "--project", "old")
    assert report["imported"] == 6
    found = _asked(capsys, "search", "--tests", "include")
    image = found[0]["image"]
    assert len(found) == 6
    _asked(capsys, "note", image, "--extra", "mood=calm")
    assert [row["image"] for row in _asked(capsys, *CALM)] == [image]
    _asked(capsys, "warehouse", "backup", "--images", "--output", str(home / "all.zip"))
    before = _keys()
    _use_bucket(home, server)
    restored = _asked(capsys, "warehouse", "restore", "--backup", str(home / "all.zip"))
    assert restored["restored"] == len(before)
    assert _keys() == before
    assert [row["image"] for row in _asked(capsys, *CALM)] == [image]
    again = _asked(capsys, "import", str(home / "source"), "--project", "old")
    assert (again["imported"], again["skipped"]) == (0, 6)
