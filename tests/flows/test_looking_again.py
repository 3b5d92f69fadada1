"""What `reconcile` does about runs it cannot settle: look again soon, or tell of them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun

from flows import reconcile as module
from flows.reconcile import reconcile
from flows.recovering import DEPLOYMENT, Recovered
from tests.fakes.webhook_receiver import webhook_receiver


@pytest.fixture
def client(prefect_server: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as made:
        yield made


@pytest.fixture
def deployed(client: SyncPrefectClient) -> Iterator[UUID]:
    made = client.create_deployment(client.create_flow(reconcile), DEPLOYMENT.partition("/")[2])
    yield made
    client.delete_deployment(made)


def test_a_run_that_only_just_began_has_somebody_look_again_once(
    client: SyncPrefectClient, deployed: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Recovered] = [Recovered(too_early=["a run"]), Recovered(too_early=["a run"])]
    monkeypatch.setattr(module, "recover", lambda *_args, **_kinds: looked.pop())
    monkeypatch.setattr(module, "datetime", _Noon)
    for _ in range(2):
        module._recovered(client, tmp_path)
    asked = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployed]))
    (found,) = client.read_flow_runs(flow_run_filter=asked)
    assert found.state is not None
    assert found.state.is_scheduled()


class _Noon(module.datetime):
    """Both look within one span."""

    @classmethod
    def now(cls, tz: object = None) -> module.datetime:
        return module.datetime(2100, 1, 1, 12, 0, 0, tzinfo=module.UTC)


def test_a_run_that_is_given_up_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None
) -> None:
    (tmp_path / "darkroom.yaml").write_text(
        "notify: {allow_private: true, retries: 0, timeout_s: 60}\n"
    )
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    run = FlowRun(id=uuid4(), flow_id=uuid4(), parameters={"project": "demo"})

    @flow(name="telling")
    def tells() -> None:
        module._tell_given_up(run, "iterate")

    tells()  # nobody is named: nothing is told
    with webhook_receiver() as receiver:
        monkeypatch.setenv("DARKROOM_NOTIFY_URL", receiver.url)
        tells()
    (said,) = receiver.said
    assert (said["event"], said["flow"], said["project"], said["status"]) == (
        "failed",
        "iterate",
        "demo",
        "given-up",
    )
