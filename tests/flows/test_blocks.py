"""Blocks on a real Prefect server: what they keep, hide and lend, and that they stay readable."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate
from pydantic import SecretStr

from blocks.comfyui import ComfyBlock
from blocks.connecting import BLOCKS, connected
from blocks.documents import block_name, described, make_known
from blocks.store import StoreBlock
from blocks.vision import VisionBlock
from blocks.warehouse import WarehouseBlock
from darkroom.adapters.settings import open_lab
from darkroom.core.config.forms import Connections
from darkroom.core.errors import OutsideError, UsageError
from flows.sync import sync
from tests.fakes.archives import Archive
from tests.fakes.comfy_server import running_server
from tests.fakes.s3_servers import S3Server, rclone
from tests.fakes.stored_images import commit

CANARY = "canary-key-4711"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None) -> Path:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return tmp_path


@pytest.fixture(scope="module")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with rclone(tmp_path_factory.mktemp("blocks")) as server:
        yield server


def over_rest(slug: str, name: str) -> dict[str, Any]:
    """As the UI sees it."""
    with get_client(sync_client=True) as client:
        return client.read_block_document_by_name(name, slug, include_secrets=False).data


def test_keys_are_kept_and_never_shown(home: Path) -> None:
    StoreBlock(access_key=SecretStr("who"), secret_key=SecretStr(CANARY)).save("hidden")
    VisionBlock(provider="openai", api_key=SecretStr(CANARY)).save("hidden")
    shown = [over_rest(slug, "hidden") for slug in ("darkroom-store", "darkroom-vision")]
    assert CANARY not in json.dumps(shown)
    assert "****" in str(shown[0]["secret_key"])
    assert StoreBlock.load("hidden").secret_key.get_secret_value() == CANARY


@pytest.mark.parametrize("kind", BLOCKS, ids=lambda kind: kind.__name__)
def test_no_field_is_required_and_every_field_is_explained(kind: type[Any]) -> None:
    schema = kind.model_json_schema()
    assert "required" not in schema
    assert all(field["description"] for field in schema["properties"].values())
    assert kind.get_description()


def test_a_block_from_before_its_later_fields_can_be_read(home: Path) -> None:
    StoreBlock(bucket="old", region="x").save("old")
    with get_client(sync_client=True) as client:
        known = client.read_block_document_by_name("old", "darkroom-store")
        before = BlockDocumentUpdate(
            data={"bucket": "old", "root": None}, merge_existing_data=False
        )
        client.update_block_document(known.id, before)
    found = StoreBlock.load("old")
    assert (found.bucket, found.region, found.root) == ("old", "", "")


def test_what_darkroom_yaml_describes_is_made_once_and_never_changed(home: Path) -> None:
    (home / "darkroom.yaml").write_text(
        "hosts: {gpu_box-2: {url: 'http://box:8188'}}\nproviders: {ollama: {max_concurrent: 2}}\n"
    )
    lab = open_lab(environ={"OLLAMA_API_KEY": CANARY, "DARKROOM_HOME": str(home)})
    with get_client(sync_client=True) as client:
        first = make_known(client, lab)
        assert {"darkroom-comfyui/gpu-box-2", "darkroom-vision/ollama"} <= set(first)
        ComfyBlock(url="http://theirs:1").save("gpu-box-2", overwrite=True)
        assert make_known(client, lab) == ()
    assert ComfyBlock.load("gpu-box-2").url == "http://theirs:1"
    assert all(CANARY not in block.model_dump_json() for _, block in described(lab))


def test_only_what_a_run_names_has_an_effect(home: Path) -> None:
    (home / "darkroom.yaml").write_text("hosts: {box: {url: 'http://file'}}\n")
    StoreBlock(root="elsewhere").save("other", overwrite=True)
    WarehouseBlock(path="w.duckdb").save("other", overwrite=True)
    ComfyBlock(url="http://block").save("box", overwrite=True)
    ComfyBlock(host="big_one", url="http://big").save("big-one", overwrite=True)
    VisionBlock(api_key=SecretStr(CANARY), max_concurrent=3).save("openrouter", overwrite=True)
    names = Connections(
        store="other", warehouse="other", servers=["box", "big-one"], providers=["openrouter"]
    )
    with connected(names):
        lab = open_lab()
    assert (lab.store_root, lab.warehouse) == (home / "elsewhere", home / "w.duckdb")
    assert {name: host.url for name, host in lab.config.hosts.items()} == {
        "box": "http://block",
        "big_one": "http://big",
    }
    key = lab.secrets.api_key("openrouter")
    assert key is not None
    assert key.get_secret_value() == CANARY
    with connected(Connections()):
        plain = open_lab()
    assert plain.store_root == home / "projects"
    assert plain.config.hosts["box"].url == "http://file"
    assert not plain.config.providers


def test_a_block_that_is_not_there_is_named(home: Path) -> None:
    with pytest.raises(UsageError) as caught, connected(Connections(store="nowhere")):
        pass
    assert (caught.value.code, caught.value.where) == ("block-missing", "darkroom-store/nowhere")
    assert "darkroom-store/nowhere" in str(caught.value)  # all that Prefect shows of it


def test_a_prefect_that_does_not_answer_is_an_error_from_outside(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(StoreBlock, "load", silent)
    with pytest.raises(OutsideError) as caught, connected(Connections(store="any")):
        pass
    assert caught.value.code == "prefect-failed"
    assert CANARY not in str(caught.value)


def test_every_block_gives_back_its_adapter(home: Path, bucket_server: S3Server) -> None:
    with running_server() as (_, url):
        assert ComfyBlock(host="x", url=url).check().kind == "comfyui"
    assert StoreBlock().check().store
    settings = bucket_server.settings("images")
    bucket_server.new_store().close()
    in_bucket = _bucket_block(bucket_server, "images").store()
    assert in_bucket.name == settings.bucket_url
    in_bucket.store.close()
    judge = VisionBlock(provider="openai", base_url="http://127.0.0.1:9/v1").judge("eyes")
    assert judge is not None
    archive = Archive(StoreBlock().store())
    archive.image(1)
    sync()
    WarehouseBlock().check()
    with pytest.raises(UsageError):
        WarehouseBlock(path="none.duckdb").check()


def _bucket_block(server: S3Server, bucket: str) -> StoreBlock:
    return StoreBlock(
        kind="s3",
        endpoint=f"http://127.0.0.1:{server.port}",
        bucket=bucket,
        access_key=SecretStr(server.access_key),
        secret_key=SecretStr(server.secret_key),
    )


def test_a_run_on_a_block_leaves_its_keys_nowhere(home: Path, bucket_server: S3Server) -> None:
    store = bucket_server.new_store()
    _bucket_block(bucket_server, store.settings.bucket).save("team", overwrite=True)
    commit(home / "local", 1)
    for path in (home / "local").rglob("*"):
        if path.is_file():
            key = path.relative_to(home / "local").as_posix()
            store.put(key, path.read_bytes(), "application/octet-stream")
    state = sync(connections=Connections(store="team"), return_state=True)
    assert state.result().added == 1
    assert sync().added == 0  # the folder is empty: another store, another warehouse content
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
        assert run.parameters["connections"]["store"] == "team"
        told = [run.model_dump_json(), *(log.message for log in client.read_logs())]
    written = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    secret = bucket_server.secret_key
    assert all(secret not in text for text in told)
    assert all(secret.encode() not in data for data in written)
    store.close()


def test_a_hosts_name_becomes_one_that_prefect_takes() -> None:
    assert block_name("gpu_box--2_") == "gpu-box-2"
