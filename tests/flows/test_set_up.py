"""Setting a real Prefect server up: again changes nothing, what a person did stays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL

from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.errors import OutsideError
from flows.automations import BLOCK, TELLING, ZOMBIES, make_automations
from flows.deploying import deploy
from flows.reconcile import reconcile
from flows.set_up import make_limits, make_pool
from tasks.gpu_slot import limit_of
from tests.fakes.webhook_receiver import webhook_receiver

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]  # `prefect deploy` loads a lot each time
SECRET = "canary-signing-secret"
LISTED = """
definitions:
  here: &here {work_pool: {name: darkroom}, tags: [darkroom]}
deployments:
  - name: default
    entrypoint: flows.sync.sync
    schedules: [{slug: hourly, cron: "HOURLY", timezone: UTC, active: false}]
    <<: *here
"""
ANOTHER = """
  - {name: another, entrypoint: flows.sync.sync, <<: *here}
"""


@pytest.fixture
def reconciles(client: SyncPrefectClient) -> Iterator[None]:
    """Automations start this deployment."""
    made = client.create_deployment(client.create_flow(reconcile), "default")
    yield
    client.delete_deployment(made)


@pytest.fixture
def client(prefect_server: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncPrefectClient]:
    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value() or "")
    with get_client(sync_client=True) as made:
        make_pool(made)
        yield made


def lab(home: Path, told: str, **environ: str) -> Lab:
    (home / "darkroom.yaml").write_text(f"notify: {told}\n")
    return open_lab(environ=environ, cwd=home)


def ours(client: SyncPrefectClient) -> dict[str, Any]:
    return {each.name: each for each in client.read_deployments() if each.tags == ["darkroom"]}


def schedules(client: SyncPrefectClient) -> set[tuple[str, bool]]:
    found = client.read_deployment_schedules(ours(client)["default"].id)
    return {(each.schedule.cron, each.active) for each in found}


def test_pool_and_limits_are_made_once(client: SyncPrefectClient) -> None:
    for _ in range(2):
        make_pool(client)
        make_limits(client, ("embedded",))
    pools = [pool.name for pool in client.read_work_pools()]
    assert pools.count("darkroom") == 1
    assert client.read_global_concurrency_limit_by_name(limit_of("embedded")).limit == 1


def test_deploying_again_doubles_nothing_loses_nothing_and_takes_back_what_is_gone(
    client: SyncPrefectClient, tmp_path: Path
) -> None:
    file = tmp_path / "prefect.yaml"
    file.write_text(LISTED.replace("HOURLY", "7 * * * *") + ANOTHER)
    deploy(client, tmp_path, file)
    first = ours(client)
    assert set(first) == {"default", "another"}
    hourly = first["default"].schedules[0]
    client.update_deployment_schedule(first["default"].id, hourly.id, active=True)
    client.create_deployment_schedules(
        first["default"].id, [(CronSchedule(cron="0 5 * * *"), True)]
    )
    copied = client.create_deployment(first["default"].flow_id, "a copy", tags=["darkroom"])
    file.write_text(LISTED.replace("HOURLY", "7 * * * *"))
    deploy(client, tmp_path, file)
    again = ours(client)
    assert set(again) == {"default", "a copy"}
    assert again["default"].id == first["default"].id
    assert schedules(client) == {("7 * * * *", True), ("0 5 * * *", True)}
    file.write_text(LISTED.replace("HOURLY", "9 * * * *"))
    deploy(client, tmp_path, file)
    assert schedules(client) == {("9 * * * *", False), ("0 5 * * *", True)}
    client.delete_deployment(copied)


def test_a_file_that_cannot_be_deployed_is_an_error_of_ours(
    client: SyncPrefectClient, tmp_path: Path
) -> None:
    file = tmp_path / "prefect.yaml"
    file.write_text("deployments: [{name: x, entrypoint: flows.nowhere.nothing}]\n")
    with pytest.raises(OutsideError, match="prefect deploy"):
        deploy(client, tmp_path, file)


def telling(client: SyncPrefectClient) -> dict[str, Any]:
    known = client.read_automations()
    return {each.name.removeprefix(TELLING).strip(): each for each in known if TELLING in each.name}


def test_the_server_tells_only_what_no_run_tells_itself(
    client: SyncPrefectClient, tmp_path: Path, reconciles: None
) -> None:
    flows = {"iterate", "sync", "rescore", "patterns"}
    secrets = {"DARKROOM_NOTIFY_URL": "http://127.0.0.1:9/canary-in-url"}
    for _ in range(2):
        make_automations(client, lab(tmp_path, "{}", **secrets), flows)
    assert len([one for one in client.read_automations() if one.name == ZOMBIES]) == 1
    heard = {
        name: each.trigger.match_related.model_dump()["prefect.resource.name"]
        for name, each in telling(client).items()
    }
    assert heard == {
        "completed": ["patterns", "rescore"],
        "failed": ["patterns", "rescore", "sync"],
        "crashed": ["patterns"],
        "stands still": ["iterate", "rescore", "sync"],
    }
    shown = client.read_block_document_by_name(BLOCK, "webhook", include_secrets=False)
    assert "canary" not in shown.model_dump_json()
    assert shown.data["allow_private_urls"] is False
    make_automations(client, lab(tmp_path, "{events: [done]}", **secrets), flows)
    assert set(telling(client)) == {"completed"}
    make_automations(client, lab(tmp_path, "{}"), flows)
    assert telling(client) == {}


def test_the_servers_message_shows_who_sent_it_and_holds_no_secret(
    client: SyncPrefectClient, tmp_path: Path, reconciles: None
) -> None:
    from prefect.blocks.webhook import Webhook

    from darkroom.core.notices import standing_token

    with webhook_receiver() as receiver:
        given = {"DARKROOM_NOTIFY_URL": receiver.url, "DARKROOM_NOTIFY_SECRET": SECRET}
        make_automations(client, lab(tmp_path, "{allow_private: true}", **given), {"sync"})
        block = Webhook.load(BLOCK)
        assert block.headers.get_secret_value()["X-Darkroom-Token"] == standing_token(SECRET)
        assert block.url.get_secret_value() == receiver.url
    make_automations(client, lab(tmp_path, "{}"), {"sync"})
