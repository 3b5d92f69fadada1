"""`darkroom engine`: the embedded engine, which draws without a GPU or downloads."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from darkroom.adapters.engine_process import RunningEngine

app = group("The embedded engine: a small ComfyUI-compatible server on this machine.")

_Port = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Where it listens; 0 takes a free port.")
]


@command(app, "start")
def start(port: _Port = 0) -> None:
    """Start the engine, or say where it runs already."""
    from darkroom.adapters.engine_process import engine_of
    from darkroom.adapters.settings import open_lab

    found = engine_of(open_lab()).start(port)
    console.emit(found, lambda: _say_where(found))


@command(app, "stop")
def stop() -> None:
    """Stop the engine; images and inputs stay where they are."""
    from darkroom.adapters.engine_process import engine_of
    from darkroom.adapters.settings import open_lab

    stopped = engine_of(open_lab()).stop()
    console.emit({"stopped": stopped}, lambda: console.say(_ENDS[stopped]))


@command(app, "status")
def status() -> int:
    """Say whether the engine runs, and where; exit code 3 when it does not."""
    from darkroom.adapters.engine_process import engine_of
    from darkroom.adapters.settings import open_lab

    found = engine_of(open_lab()).status()
    console.emit(found, lambda: _say_where(found) if found else console.say("not running"))
    return console.Exit.DONE if found else console.Exit.UNREACHABLE


_ENDS = {True: "stopped", False: "was not running"}


def _say_where(found: "RunningEngine") -> None:
    how = "started" if found.started else "running"
    console.say(f"{how}: {found.url}")
    console.detail(f"process {found.pid}, version {found.version}, log {found.log}")
