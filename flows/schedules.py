"""What a person did to schedules stays, although deploying again replaces them all.

Owns the difference between what prefect.yaml says and what a person made of it: a schedule
that was switched on, moved or given other parameters stays so until prefect.yaml itself says
something else of it, and one that a person added stays for ever.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import DeploymentSchedule

Digests = Mapping[str, str]
"""What prefect.yaml said of each schedule, by its slug."""


def digests_of(content: Mapping[str, Any]) -> dict[str, str]:
    """What one deployment of prefect.yaml says of its schedules."""
    return {
        each["slug"]: hashlib.sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()
        for each in content.get("schedules") or ()
    }


def restore(
    client: SyncPrefectClient,
    deployment: UUID,
    before: Iterable[DeploymentSchedule],
    said: tuple[Digests, Digests],
) -> None:
    """Give a deployment back what a person did; `said` is what the file said before and says."""
    earlier, now = said
    present = {each.slug: each for each in client.read_deployment_schedules(deployment)}
    for old in before:
        slug = old.slug or ""
        if slug in now:
            if earlier.get(slug) == now[slug]:
                client.update_deployment_schedule(
                    deployment,
                    present[slug].id,
                    active=old.active,
                    schedule=old.schedule,
                    parameters=old.parameters,
                )
        elif slug not in earlier:
            client.create_deployment_schedules(deployment, [_copy(old)])


def _copy(old: DeploymentSchedule) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(
        schedule=old.schedule,
        active=old.active,
        max_scheduled_runs=old.max_scheduled_runs,
        parameters=old.parameters,
        slug=old.slug,
    )
