"""One server per session, one bucket or folder per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.stores.s3 import S3Store
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.s3_servers import RcloneServer, S3Server, moto, rclone


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneServer]:
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    with moto() as server:
        yield server


@pytest.fixture
def rclone_store(rclone_server: RcloneServer) -> Iterator[S3Store]:
    store = rclone_server.new_store()
    yield store
    store.close()


@pytest.fixture
def proxy(rclone_server: RcloneServer) -> Iterator[FaultProxy]:
    with FaultProxy(rclone_server.port) as proxy:
        yield proxy


@pytest.fixture
def behind(
    rclone_server: RcloneServer, rclone_store: S3Store, proxy: FaultProxy
) -> Iterator[S3Store]:
    """A store on rclone whose every byte passes the fault proxy."""
    store = rclone_server.store(rclone_store.settings.bucket, proxy.port)
    yield store
    store.close()


@pytest.fixture(params=["folder", "rclone", "moto", "rclone-behind-proxy"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind of store in turn, empty."""
    match request.param:
        case "folder":
            yield FolderStore(tmp_path / "store")
        case "rclone":
            yield request.getfixturevalue("rclone_store")
        case "rclone-behind-proxy":
            yield request.getfixturevalue("behind")
        case _:
            server: S3Server = request.getfixturevalue("moto_server")
            opened = server.new_store()
            yield opened
            opened.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def folder(root: Path) -> FolderStore:
    return FolderStore(root)
