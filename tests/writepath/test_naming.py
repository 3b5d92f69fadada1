"""Runs that begin in one second, on one machine or several, never share a name."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from darkroom.adapters.stores import FolderStore
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.core.errors import StoreUnavailable, UsageError
from darkroom.writepath.desk import Desk
from darkroom.writepath.locks import Locks
from darkroom.writepath.naming import new_run
from tests.fakes.s3_servers import RcloneServer, rclone
from tests.writepath.scenes import PROJECT, Scene

AT = datetime(2026, 1, 9, 22, 25, 59, 400_000, tzinfo=UTC)
NAME = "2026-01-09_22-25-59"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneServer]:
    with rclone(tmp_path_factory.mktemp("s3")) as server:
        yield server


def desk_on(store: Store, folder: Path, at: datetime = AT) -> Desk:
    return Desk(store, Locks(folder), now=lambda: at)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_machines_that_begin_at_once_get_names_of_their_own(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    def store() -> Store:
        if kind == "folder":
            return FolderStore(tmp_path / "projects")
        server: RcloneServer = request.getfixturevalue("s3")
        return server.store("names")

    if kind == "s3":
        request.getfixturevalue("s3").store("names").create_bucket()
    at_once = Barrier(6)

    def begin(number: int) -> list[str]:
        # real pauses: who met others has to come back at another moment
        desk = Desk(store(), Locks(tmp_path / f"locks-{number}"), now=lambda: AT)
        names: list[str] = []
        for _ in range(2):
            at_once.wait(60)
            names.append(new_run(desk, PROJECT).run_id)
        return names

    with ThreadPoolExecutor(6) as pool:
        names = [name for some in pool.map(begin, range(6)) for name in some]
    assert len(set(names)) == 12
    assert all(name.startswith(NAME) for name in names)


def test_a_run_that_has_documents_keeps_its_name_when_its_note_is_old(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    store = FolderStore(scene.root)
    assert new_run(desk_on(store, tmp_path / "a"), PROJECT).run_id == NAME
    store.put(f"{PROJECT}/working/{NAME}/run.json", b"{}", "application/json")
    late = AT + timedelta(hours=2)
    assert new_run(desk_on(store, tmp_path / "a", late), PROJECT).run_id != NAME
    assert [file.name.partition(".")[0] for file in scene.files("naming/*")] == [
        "2026-01-10_00-25-59"
    ]
    assert new_run(desk_on(store, tmp_path / "a"), PROJECT).run_id == f"{NAME}-2"


@dataclass
class Deaf:
    """A store whose PUT does not come through."""

    store: Store

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    def put(self, *_told: object, **_more: object) -> str:
        raise StoreUnavailable("store-unreachable", "gone", where="test")


def test_a_store_that_is_away_stops_no_run_from_beginning(tmp_path: Path) -> None:
    deaf = Deaf(FolderStore(tmp_path / "projects"))
    spooled = SpooledStore(deaf, tmp_path / "spool")
    assert new_run(desk_on(spooled, tmp_path / "a"), PROJECT).run_id == NAME
    assert list((tmp_path / "spool").glob("**/*naming*")) == []


@dataclass
class Crowded(Deaf):
    """A store in which somebody else asks for the same name at the same moment."""

    def put(self, key: str, data: bytes, kind: str, *, lasting: bool = True) -> str:
        head, _, _ = key.removesuffix(".json").rpartition(".")
        self.store.put(f"{head}.{'0' * 26}.json", data, kind, lasting=lasting)
        return self.store.put(key, data, kind, lasting=lasting)


def test_who_never_is_alone_gives_up_and_leaves_no_note_of_its_own(tmp_path: Path) -> None:
    crowded = Crowded(FolderStore(tmp_path / "projects"))
    with pytest.raises(UsageError) as caught:
        new_run(desk_on(crowded, tmp_path / "a"), PROJECT)
    assert caught.value.code == "run-unnamed"
    left = [file.name.split(".")[1] for file in Scene(tmp_path).files("naming/*")]
    assert set(left) == {"0" * 26}
