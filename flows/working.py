"""The worker of a further machine: for a Prefect server that several machines share.

Owns what such a worker must find before it takes anything, and the settings it runs with. The
worker itself is Prefect's, and takes this process over: who ends this process ends it, and it
ends its runs, which go on where `reconcile` starts them again.
"""

import os
import platform
import sys
from collections.abc import Mapping, MutableMapping
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

import requests

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.durable import local_errors
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import OutsideError, UsageError
from flows.environment import ALWAYS, OUTLIVES_READERS, PREFECT_HOME, WHOLE_LABORATORY
from flows.laboratory import HEARTBEAT_S, POOL

AT_ONCE = 2
"""While one image is judged and stored, the other is drawn."""
USUALLY: Mapping[str, str] = {
    **OUTLIVES_READERS,
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": HEARTBEAT_S,
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # a server that is replaced is away for some seconds
    "PREFECT_CLIENT_MAX_RETRIES": "8",
}
"""What a person has not set otherwise."""
_URL = "PREFECT_API_URL"
_ASK_WITHIN_S = 10.0
_REFUSED = {401, 403}


def work(lab: Lab, name: str | None = None, at_once: int = AT_ONCE) -> NoReturn:
    """Become a worker; returns only by an error."""
    prepare(lab, os.environ)
    make_ready(lab)
    said = ("worker", "start", "--pool", POOL, "--type", "process")
    told = ("--name", name or platform.node(), "--limit", str(at_once), "--install-policy", "never")
    command = [sys.executable, "-P", "-m", "prefect", *said, *told]
    with local_errors(str(lab.home)):
        os.chdir(lab.home)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, os.environ)


def prepare(lab: Lab, environ: MutableMapping[str, str]) -> None:
    """Set what Prefect reads when it is imported; refuse where nobody said which server."""
    if not environ.get(_URL):
        raise UsageError("worker-without-server", f"{_URL} is not set", where=_URL)
    environ.update(ALWAYS)
    environ["DARKROOM_HOME"] = str(lab.home)
    environ.setdefault("PREFECT_HOME", str(lab.home / PREFECT_HOME))
    for each, value in USUALLY.items():
        environ.setdefault(each, value)
    environ.pop(WHOLE_LABORATORY, None)  # others have workers as well


def make_ready(lab: Lab) -> None:
    """Find the server and its pool, and register the limit of this machine's own engine."""
    url = _shown(os.environ[_URL])
    _reach(os.environ[_URL])
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound, PrefectException

    from tasks.gpu_slot import make_limit

    try:
        with get_client(sync_client=True) as client:
            client.read_work_pool(POOL)
            for host in lab.config.hosts or (EMBEDDED,):
                make_limit(client, host)
    except ObjectNotFound as exc:
        message = f"the Prefect server has no work pool {POOL!r}"
        raise OutsideError("worker-not-set-up", message, where=url) from exc
    except (PrefectException, httpx.HTTPError) as exc:
        status = exc.response.status_code if isinstance(exc, httpx.HTTPStatusError) else None
        if status in _REFUSED:
            message = f"the Prefect server refuses us (status {status})"
            raise OutsideError("worker-refused", message, where=url) from exc
        message = f"the Prefect server does not answer as it should: {type(exc).__name__}"
        raise OutsideError("worker-server-away", message, where=url) from exc


def _shown(url: str) -> str:
    """Without the name and password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _reach(url: str) -> None:
    """Ask once, at once: Prefect's own client would try for minutes."""
    try:
        requests.get(f"{url.rstrip('/')}/health", timeout=_ASK_WITHIN_S).close()
    except requests.RequestException as exc:
        message = f"no Prefect server answers ({type(exc).__name__})"
        raise OutsideError("worker-server-away", message, where=_shown(url)) from exc
