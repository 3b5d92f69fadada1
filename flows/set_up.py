"""Make a Prefect server know all that is ours: pool, limits, blocks, deployments, automations.

Run by `darkroom up` as a process of its own (`python -m flows.set_up`), or by hand
against any server that PREFECT_API_URL names. Doing it again changes nothing.
"""

import sys

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists

from blocks.documents import make_known
from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import DarkroomError
from flows.alone import alone
from flows.automations import make_automations
from flows.deploying import deploy, listed
from flows.laboratory import POOL
from flows.launching import translated
from tasks.gpu_slot import make_limit


def set_up(lab: Lab) -> None:
    """Everything, in the order in which one part needs the other."""
    with get_client(sync_client=True) as client, alone(client):
        make_pool(client)
        make_limits(client, (EMBEDDED, *lab.config.hosts))
        make_known(client, lab)
        deploy(client, lab.home)
        make_automations(client, lab, {each.flow for each in listed()})


def make_pool(client: SyncPrefectClient) -> None:
    """The work pool whose worker runs on this machine."""
    try:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return


def make_limits(client: SyncPrefectClient, hosts: tuple[str, ...]) -> None:
    """One limit per server that draws: nobody holds a second GPU slot of it."""
    for host in hosts:
        make_limit(client, host)


def main() -> int:
    """By hand; what is wrong is said without a traceback."""
    try:
        with translated():
            set_up(open_lab())
    except DarkroomError as error:
        sys.stderr.write(f"{error.message}\n{error.hint or ''}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
