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
from darkroom.runs.opening import refuse_early
from darkroom.runs.params import IterateParams
from darkroom.runs.preview import Preview
from darkroom.runs.report import RunReport
from darkroom.runs.telling import Closed, Event, Listener, Said, heard_by
from flows.environment import ALWAYS, PREFECT_HOME
from flows.laboratory import join
from flows.left_over import (
    drop_unsent_events,
    end_left_over,
    own_server,
    remember,
    spare_own_server,
)

USUALLY: Mapping[str, str] = {
    # its lines would stand between ours; the run has its own log
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    # a machine under load needs longer than the usual 20 s to start one
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # a server that goes away must not hold a finished run up for minutes
    "PREFECT_CLIENT_MAX_RETRIES": "3",
    # nor one that takes what it is told and never answers
    "PREFECT_API_REQUEST_TIMEOUT": "20",
}
_ASK_WITHIN_S = 5.0
_STARTING = "starting Prefect, about 10 s"


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
    refuse_early(params)
    join(home, os.environ)
    prepare(home, os.environ)
    choose_server(os.environ, listener)
    with local_errors(str(home)):  # Prefect makes its folder, but none above it
        folder = Path(os.environ["PREFECT_HOME"])
        folder.mkdir(parents=True, exist_ok=True)
        end_left_over(folder)
    with remembered(folder) as on_start:
        ear = _Ear(on_start, listener)
        with heard_by(ear.hear):
            return _carried_out(params, ear)


def choose_server(environ: MutableMapping[str, str], listener: Listener) -> None:
    """A server that is named and does not listen is done without: one is started instead."""
    if needs_own_server(environ):
        listener(Said(f"{_STARTING} (PREFECT_API_URL can name a server that runs)"))
    elif not _listens(environ["PREFECT_API_URL"]):
        del environ["PREFECT_API_URL"]
        listener(Said(f"{_STARTING}: the server that PREFECT_API_URL names does not answer"))


def _listens(url: str) -> bool:
    import requests

    try:
        requests.get(f"{url.rstrip('/')}/health", timeout=_ASK_WITHIN_S).close()
    except (requests.ConnectionError, requests.Timeout):
        return False
    except requests.RequestException:
        return True  # whatever it is, Prefect will say it better
    return True


class _Ear:
    """Hears a run for the door: that it has begun, and what it came to."""

    def __init__(self, on_start: Callable[[], None], listener: Listener) -> None:
        self._waiting = [on_start]
        self.listener = listener
        self.report: RunReport | None = None

    def hear(self, event: Event) -> None:
        """Take one event in and pass it on."""
        while self._waiting:
            self._waiting.pop()()
        if isinstance(event, Closed):
            self.report = event.report
        self.listener(event)


def _carried_out(params: IterateParams, ear: _Ear) -> RunReport | Preview:
    """Run the flow; a run that is complete stays so, whether or not Prefect can be told."""
    from flows.iterate import iterate

    try:
        with translated():
            return iterate(params.project, params.options)
    except OutsideError as error:
        if error.code != "prefect-failed" or ear.report is None:
            raise
        ear.listener(Said(f"the run is complete, but Prefect could not be told: {error.message}"))
        drop_unsent_events()
        return ear.report


@contextmanager
def remembered(folder: Path) -> Generator[Callable[[], None]]:
    """Hand out what is to be called once Prefect runs; undo it at the end."""
    records: list[Path] = []
    spare_own_server()

    def on_start() -> None:
        pid = own_server()
        if pid is not None:
            records.append(remember(folder, pid))

    try:
        yield on_start
    finally:
        for record in records:
            record.unlink(missing_ok=True)


@contextmanager
def translated() -> Generator[None]:
    """Turn what Prefect raises on its own account into our errors."""
    import httpx
    from prefect.exceptions import PrefectException, TerminationSignal

    try:
        yield
    except TerminationSignal as exc:
        raise Interrupted("interrupted", "stopped before the end") from exc
    except (PrefectException, httpx.HTTPError, RuntimeError) as exc:
        if was_stopped(exc):  # its own server was stopped with it, and could not be told
            raise Interrupted("interrupted", "stopped before the end") from exc
        message = f"{type(exc).__name__}: {str(exc)[:300]}"
        raise OutsideError("prefect-failed", message) from exc


def was_stopped(error: BaseException | None) -> bool:
    """Whether the error befell what was being done because the process was to end."""
    from prefect.exceptions import TerminationSignal

    if error is None:
        return False
    if isinstance(error, KeyboardInterrupt | Interrupted | TerminationSignal):
        return True
    return was_stopped(error.__cause__) or was_stopped(error.__context__)
