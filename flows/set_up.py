"""Make a Prefect server know all that is ours: pool, limits, automation, deployments.

Run by `darkroom up` as a process of its own (`python -m flows.set_up`), or by hand
against any server that PREFECT_API_URL names. Doing it again changes nothing.
"""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events import (
    AutomationCore,
    ChangeFlowRunState,
    EventTrigger,
    Posture,
    ResourceSpecification,
)
from prefect.exceptions import ObjectAlreadyExists

from darkroom.adapters.settings import open_lab
from darkroom.core.config.fields import EMBEDDED
from flows.laboratory import POOL

_ZOMBIES = "darkroom: a run whose process died"
_SILENT_FOR = timedelta(seconds=90)  # three heartbeats


def set_up(home: Path) -> None:
    """Everything, in the order in which one part needs the other."""
    hosts = (EMBEDDED, *open_lab().config.hosts)
    with get_client(sync_client=True) as client:
        make_pool(client)
        make_limits(client, hosts)
        make_automation(client)
    deploy(home)


def make_pool(client: SyncPrefectClient) -> None:
    """The work pool whose worker runs on this machine."""
    try:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return


def make_limits(client: SyncPrefectClient, hosts: tuple[str, ...]) -> None:
    """One limit per server that draws: nobody holds a second GPU slot of it."""
    for host in hosts:
        client.upsert_global_concurrency_limit_by_name(name=limit_of(host), limit=1)


def limit_of(host: str) -> str:
    """The name of a server's limit."""
    return f"gpu:{host}"


def make_automation(client: SyncPrefectClient) -> None:
    """A run that stopped giving signs of life is Crashed, not Running for ever."""
    if not client.read_automations_by_name(name=_ZOMBIES):
        client.create_automation(_zombie_automation())


def _zombie_automation() -> AutomationCore:
    return AutomationCore(
        name=_ZOMBIES,
        description="Marks runs as crashed whose process gave no sign of life.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENT_FOR,
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                force=True,
                state=StateType.CRASHED,
                message="Its process gave no sign of life; run it again and it goes on.",
            )
        ],
    )


def deploy(home: Path) -> None:
    """Everything that prefect.yaml of this installation lists."""
    listed = Path(__file__).parents[1] / "prefect.yaml"
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    command += ["--prefect-file", str(listed)]
    subprocess.run(command, check=True, env={**os.environ, "DARKROOM_HOME": str(home)})


if __name__ == "__main__":
    set_up(open_lab().home)
