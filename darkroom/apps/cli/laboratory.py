"""`darkroom up`, `down` and `status`: the local laboratory as a whole."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command

if TYPE_CHECKING:
    from darkroom.adapters.supervision import PartState, State

_Port = Annotated[
    int, typer.Option("--port", min=1, max=65535, help="Where the Prefect server listens.")
]
_SAID = {
    "waiting": "waits for the parts before it",
    "starting": "is starting",
    "healthy": "runs",
    "restarting": "failed and is tried again",
    "done": "is done",
    "stopped": "is stopped",
}


def up(port: _Port = 4200) -> None:
    """Start Prefect, a worker and the engine here, and wait until all of it works."""
    from darkroom.adapters.settings import open_lab
    from flows.laboratory import Laboratory

    state = Laboratory(open_lab(), port).up(_tell)
    console.emit(_as_rows(state), lambda: _say_state(state))


def down() -> None:
    """End all that `darkroom up` started."""
    from darkroom.adapters.settings import open_lab
    from flows import laboratory

    ended = laboratory.down(open_lab().home)
    console.emit({"ended": ended}, lambda: console.say("ended" if ended else "was not running"))


def status() -> int:
    """Say which parts of the laboratory run; exit code 3 when not all of them do."""
    from darkroom.adapters.settings import open_lab
    from flows import laboratory

    state = laboratory.status(open_lab().home)
    if state is None:
        console.emit([], lambda: console.say("not running; `darkroom up` starts it"))
        return console.Exit.UNREACHABLE
    console.emit(_as_rows(state), lambda: _say_state(state))
    return console.Exit.DONE if state.is_up else console.Exit.UNREACHABLE


def register(root: typer.Typer) -> None:
    """Add the three commands."""
    command(root, "up")(up)
    command(root, "down")(down)
    command(root, "status")(status)


def _tell(part: "PartState") -> None:
    said = f"{part.name} {_SAID[part.condition]}"
    console.note(f"{said}: {part.message}" if part.message else said)


def _as_rows(state: "State") -> list[dict[str, object]]:
    return [
        {
            "part": part.name,
            "condition": part.condition,
            "pid": part.process.pid if part.process else None,
            "restarts": part.restarts,
            "address": part.address,
            "log": part.log,
            "message": part.message,
        }
        for part in state.parts.values()
    ]


def _say_state(state: "State") -> None:
    for part in state.parts.values():
        console.say(f"{part.name:<16} {_SAID[part.condition]:<28} {part.address or ''}".rstrip())
        if part.message:
            console.detail(part.message)
