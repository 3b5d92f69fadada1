"""One machine at a time sets a Prefect server up.

Most of what Prefect offers for that looks first and creates then: two machines that do it
at once fail, or make two of a thing. Owns the limit on the server that keeps them apart; a
machine that dies meanwhile loses it with its lease.
"""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from prefect.client.orchestration import SyncPrefectClient
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency

from darkroom.core.errors import OutsideError
from tasks.limits import one_at_a_time

LIMIT = "darkroom-set-up"
_LEASE_S = 60.0
_WAIT_S = 600.0


@contextmanager
def alone(client: SyncPrefectClient) -> Generator[None]:
    """Wait until no other machine sets this server up, and keep others waiting meanwhile."""
    one_at_a_time(client, LIMIT)
    held = concurrency(
        LIMIT,
        occupy=1,
        timeout_seconds=_WAIT_S,
        lease_duration=_LEASE_S,
        strict=True,
        raise_on_lease_renewal_failure=False,  # what follows may be done twice, so it goes on
    )
    with ExitStack() as stack:
        try:
            stack.enter_context(held)
        except (TimeoutError, ConcurrencySlotAcquisitionError) as exc:
            message = f"another machine sets the Prefect server up for too long ({LIMIT})"
            raise OutsideError("laboratory-busy", message) from exc
        yield
