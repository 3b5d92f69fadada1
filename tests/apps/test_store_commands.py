"""`darkroom store` as a person or a script meets it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from darkroom.adapters.secret_values import NAMES
from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores import open_lab_store
from darkroom.adapters.stores.spool import SpooledStore
from darkroom.apps import cli
from darkroom.core.errors import StoreUnavailable, UsageError
from tests.fakes.s3_servers import RcloneServer, S3Server, moto, rclone

Captured = pytest.CaptureFixture[str]
Configure = Callable[[S3Server, str], None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and none of this machine's own settings."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def configure(home: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write darkroom.yaml and the credentials for a server."""

    def write(server: S3Server, bucket: str) -> None:
        text = (
            f"store: {{kind: s3, endpoint: 'http://127.0.0.1:{server.port}', bucket: {bucket}}}\n"
        )
        (home / "darkroom.yaml").write_text(text)
        monkeypatch.setenv("DARKROOM_S3_ACCESS_KEY", server.access_key)
        monkeypatch.setenv("DARKROOM_S3_SECRET_KEY", server.secret_key)

    return write


@pytest.fixture(autouse=True)
def few_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom.adapters.stores.probe_s3._MORE_THAN_A_PAGE", 3)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneServer]:
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


def test_the_default_store_passes_and_is_a_folder(home: Path, capsys: Captured) -> None:
    assert cli.main(["store", "check"]) == 0
    out = capsys.readouterr().out
    assert "containment" in out
    assert "none needed" in out
    assert not (home / "projects" / "darkroom-probe").exists()


def test_a_folder_has_no_bucket_to_make_public(capsys: Captured) -> None:
    assert cli.main(["store", "check", "--public-read"]) == 2
    assert "store-has-no-bucket" in capsys.readouterr().err


def test_a_good_server_passes_and_shows_no_secret(
    server: RcloneServer, configure: Configure, capsys: Captured
) -> None:
    configure(server, "lab-cli")
    assert cli.main(["store", "check", "--create-bucket", "--json", "--verbose"]) == 0
    shown = capsys.readouterr()
    findings = json.loads(shown.out)["findings"]
    assert {finding["verdict"] for finding in findings} == {"ok"}
    assert server.secret_key not in shown.out + shown.err
    assert "secret key set (32 characters)" in shown.out


def test_a_server_that_lets_anyone_in_is_refused_unless_allowed(
    configure: Configure, capsys: Captured
) -> None:
    with moto() as careless:
        configure(careless, "lab-cli")
        assert cli.main(["store", "check", "--create-bucket"]) == 3
        shown = capsys.readouterr()
        assert "insecure" in shown.out
        assert "store-insecure" in shown.err
        assert cli.main(["store", "check", "--allow-insecure-store"]) == 0


def test_a_server_that_is_away_is_unreachable(configure: Configure, capsys: Captured) -> None:
    configure(S3Server(1), "lab-cli")
    assert cli.main(["store", "check", "--json"]) == 3
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "store-unavailable"


def test_a_server_without_credentials_is_a_usage_error(
    home: Path, server: RcloneServer, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(server, "lab-cli")
    monkeypatch.delenv("DARKROOM_S3_ACCESS_KEY")
    monkeypatch.delenv("DARKROOM_S3_SECRET_KEY")
    with pytest.raises(UsageError):
        open_lab_store(open_lab())
    assert cli.main(["store", "check"]) == 2


def spool_one(home: Path) -> SpooledStore:
    store = open_lab_store(open_lab())

    def away(*_arguments: object, **_how: object) -> str:
        raise StoreUnavailable("store-unavailable", "away")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.store, "put", away)
        store.put("demo/a.png", b"x", "image/png")
    return store


def test_what_waits_is_told_and_delivered(home: Path, capsys: Captured) -> None:
    store = spool_one(home)
    assert cli.main(["store", "status"]) == 0
    assert "store-unavailable" in capsys.readouterr().out
    assert cli.main(["store", "drain"]) == 0
    assert "1 delivered, 0 still wait" in capsys.readouterr().out
    assert store.store.get("demo/a.png") == b"x"


def test_a_delivery_that_stops_says_why(home: Path, configure: Configure, capsys: Captured) -> None:
    spool_one(home)
    configure(S3Server(1), "lab-cli")
    assert cli.main(["store", "drain", "--json"]) == 3
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"sent": 0, "left": 1, "set_aside": 0}
    assert json.loads(shown.err)["error"]["code"] == "store-unavailable"
