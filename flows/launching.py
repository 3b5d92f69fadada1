"""Start a flow from a command line: with the Prefect server that is configured, or without any.

Owns the environment Prefect is given, which must stand before Prefect is imported, and
the translation of its own failures into ours. Nothing of Prefect is imported before
a flow is really started.
"""

import os
from collections.abc import Callable, Generator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores.durable import local_errors
from darkroom.core.errors import Interrupted, OutsideError
from darkroom.runs.params import IterateParams
from darkroom.runs.preview import Preview
from darkroom.runs.report import RunReport
from darkroom.runs.telling import Event, Listener, heard_by
from flows.left_over import end_left_over, own_server, remember

PREFECT_HOME = ".darkroom/prefect"
ALWAYS: Mapping[str, str] = {
    # nothing is told to anybody
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}
USUALLY: Mapping[str, str] = {
    # its lines would stand between ours; the run has its own log
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    # a machine under load needs longer than the usual 20 s to start one
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def prepare(home: Path, environ: MutableMapping[str, str]) -> None:
    """Set what Prefect reads when it is imported; what a person set is left as it is."""
    environ.update(ALWAYS)
    environ.setdefault("PREFECT_HOME", str(home / PREFECT_HOME))
    for name, value in USUALLY.items():
        environ.setdefault(name, value)


def needs_own_server(environ: Mapping[str, str]) -> bool:
    """Whether Prefect has to start a server of its own first, which takes about 10 s."""
    return not environ.get("PREFECT_API_URL")


def run_iterate(params: IterateParams, listener: Listener) -> RunReport | Preview:
    """Carry the flow out in this process and return what it came to."""
    home = open_lab(params.sets).home
    prepare(home, os.environ)
    with local_errors(str(home)):  # Prefect makes its folder, but none above it
        folder = Path(os.environ["PREFECT_HOME"])
        folder.mkdir(parents=True, exist_ok=True)
        end_left_over(folder)
    from flows.iterate import iterate

    with _remembered(folder) as on_start, heard_by(_after(on_start, listener)), _translated():
        return iterate(params)


@contextmanager
def _remembered(folder: Path) -> Generator[Callable[[], None]]:
    """Hand out what is to be called once Prefect runs; undo it at the end."""
    records: list[Path] = []

    def on_start() -> None:
        pid = own_server()
        if pid is not None:
            records.append(remember(folder, pid))

    try:
        yield on_start
    finally:
        for record in records:
            record.unlink(missing_ok=True)


def _after(on_start: Callable[[], None], listener: Listener) -> Listener:
    """A listener that first does something, once."""
    waiting = [on_start]

    def hear(event: Event) -> None:
        while waiting:
            waiting.pop()()
        listener(event)

    return hear


@contextmanager
def _translated() -> Generator[None]:
    """Turn what Prefect raises on its own account into our errors."""
    import httpx
    from prefect.exceptions import PrefectException, TerminationSignal

    try:
        yield
    except TerminationSignal as exc:
        raise Interrupted("interrupted", "stopped before the end") from exc
    except (PrefectException, httpx.HTTPError, RuntimeError) as exc:
        message = f"{type(exc).__name__}: {str(exc)[:300]}"
        raise OutsideError("prefect-failed", message) from exc
