"""Deploy everything that prefect.yaml lists, and take back what it no longer lists.

Owns what counts as ours: only what an earlier set-up of ours made, as it wrote down on the
server itself. A deployment a person made, or copied from one of ours, is never touched.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.variables import Variable
from pydantic import BaseModel, ValidationError

from darkroom.core.errors import OutsideError
from flows.schedules import digests_of, restore

FILE = Path(__file__).parents[1] / "prefect.yaml"
RECORD = "darkroom_deployments"


@dataclass(frozen=True)
class Listed:
    """One deployment as prefect.yaml has it."""

    name: str
    entrypoint: str
    content: Mapping[str, Any]

    @property
    def flow(self) -> str:
        """The flow's name; it is its module's and its function's as well."""
        return self.entrypoint.rpartition(".")[2]

    @property
    def title(self) -> str:
        """As Prefect's commands call it."""
        return f"{self.flow}/{self.name}"


class Made(BaseModel):
    """What the last set-up made on a server; kept there."""

    deployments: dict[str, UUID] = {}
    schedules: dict[str, dict[str, str]] = {}
    """What the file said of them."""


def listed(file: Path = FILE) -> tuple[Listed, ...]:
    """Every deployment of a file."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    return tuple(Listed(each["name"], each["entrypoint"], each) for each in document["deployments"])


def deploy(client: SyncPrefectClient, home: Path, file: Path = FILE) -> None:
    """Deploy all of them, keep what a person did to their schedules, remove those gone."""
    record = _made_before(client)
    wanted = {(each.entrypoint, each.name): each for each in listed(file)}
    before = {each.id: each.schedules for each in _present(client, wanted)}
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    command += ["--prefect-file", str(file)]
    # where a run happens is left open: each worker's own DARKROOM_HOME says it, on its machine
    knows = {name: value for name, value in os.environ.items() if name != "DARKROOM_HOME"}
    if ended := subprocess.run(command, check=False, env=knows, cwd=home).returncode:
        message = f"`prefect deploy` of {file.name} failed ({ended}); what it said stands above"
        raise OutsideError("prefect-failed", message)
    made = Made()
    for each in _present(client, wanted):
        one = wanted[each.entrypoint or "", each.name]
        said = (record.schedules.get(one.title, {}), digests_of(one.content))
        restore(client, each.id, before.get(each.id, ()), said)
        made.deployments[one.title], made.schedules[one.title] = each.id, said[1]
    for gone in {*record.deployments.values()} - {*made.deployments.values()}:
        with suppress(ObjectNotFound):
            client.delete_deployment(gone)
    Variable.set(RECORD, made.model_dump(mode="json"), tags=["darkroom"], overwrite=True)


def _present(
    client: SyncPrefectClient, wanted: Mapping[tuple[str, str], Listed]
) -> list[DeploymentResponse]:
    """Those of the file that the server has."""
    known = client.read_deployments()
    return [each for each in known if (each.entrypoint or "", each.name) in wanted]


def _made_before(client: SyncPrefectClient) -> Made:
    known = client.read_variable_by_name(RECORD)
    try:
        return Made.model_validate(known.value if known else {})
    except ValidationError:
        return Made()
