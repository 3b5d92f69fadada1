"""The Prefect server that the environment names, asked over HTTP alone.

Owns one question whose answer no run notices before it is too late: where that server keeps the
leases of its limits. In memory, as it does unless it is told otherwise, a restart of the server
loses them, and what a killed run held is held for ever.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import requests
from pydantic import BaseModel, Field, ValidationError

from darkroom.adapters.doctor.findings import Check, doubtful, passed

_URL, _AUTH = "PREFECT_API_URL", "PREFECT_API_AUTH_STRING"
_TIMEOUT_S = (3.0, 5.0)
_NAME = "prefect server"
_KEPT = (
    "start it with PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE="
    "prefect.server.concurrency.lease_storage.filesystem, several with prefect_redis.lease_storage"
)


class _Concurrency(BaseModel):
    lease_storage: Annotated[str, Field(max_length=200)]


class _Server(BaseModel):
    concurrency: _Concurrency


class _Settings(BaseModel):
    """The little we read of what the server says of itself."""

    server: _Server


def scheduler_checks(environ: Mapping[str, str]) -> Iterator[Check]:
    """What the named server says; nothing where none is named."""
    if url := environ.get(_URL, ""):
        yield _asked(url.rstrip("/"), environ.get(_AUTH))


def _asked(url: str, auth: str | None) -> Check:
    name, _, password = (auth or "").partition(":")
    where = _shown(url)
    try:
        with requests.get(
            f"{url}/admin/settings", auth=(name, password) if auth else None, timeout=_TIMEOUT_S
        ) as answer:
            if not answer.ok:
                said = f"{where} refuses us (status {answer.status_code})"
                return doubtful(_NAME, said, f"check {_URL} and {_AUTH}")
            told = _Settings.model_validate_json(answer.content)
    except requests.RequestException as exc:
        said = f"{where} does not answer ({type(exc).__name__}); runs go on without it"
        return doubtful(_NAME, said, f"start it, or correct {_URL}")
    except ValidationError:
        said = f"{where} does not say where it keeps the leases of its limits"
        return doubtful(_NAME, said, "see docs/deployments.md")
    if told.server.concurrency.lease_storage.endswith(".memory"):
        said = f"{where} keeps leases in memory: once it restarts, a killed run's slot stays taken"
        return doubtful(_NAME, said, _KEPT)
    return passed(_NAME, f"{where} answers and keeps leases through a restart")


def _shown(url: str) -> str:
    """Without the name and password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
