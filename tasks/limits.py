"""A named limit on a Prefect server, made once however many processes ask for it at once.

Owns only that it is there. What is counted against it is the caller's; a limit that a person
changed stays as it is.
"""

from contextlib import suppress

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound


def one_at_a_time(client: SyncPrefectClient, name: str) -> GlobalConcurrencyLimitResponse:
    """The limit of that name; a new one lets one holder in."""
    try:
        return client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        with suppress(ObjectAlreadyExists):  # another process made it in this moment
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=1))
        return client.read_global_concurrency_limit_by_name(name)
