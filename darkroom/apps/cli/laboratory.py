"""`darkroom up`, `down` and `status`: the local laboratory as a whole."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.core.errors import Interrupted

if TYPE_CHECKING:
    from darkroom.adapters.settings import Lab
    from darkroom.adapters.supervision import PartState

_USUAL_PORT = 4200
_Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=1,
        max=65535,
        help="Where the Prefect server listens; else where it did when its keeper was killed, "
        f"else {_USUAL_PORT}.",
        show_default=False,
    ),
]
_SAID = {
    "waiting": "waits for the parts before it",
    "starting": "is starting",
    "healthy": "runs",
    "restarting": "failed and is tried again",
    "done": "is done",
    "stopped": "is stopped",
    "left": "runs, and nobody keeps it",
}


def up(port: _Port = None) -> None:
    """Start Prefect, a worker and the engine here, and wait until all of it works."""
    from darkroom.adapters.settings import open_lab
    from flows.laboratory import Laboratory, earlier_port
    from flows.laboratory import status as status_of

    lab = open_lab()
    if port is None and (port := earlier_port(lab.home)):
        console.note(f"the Prefect server listens on port {port} again; --port names another")
    try:
        state = Laboratory(lab, port or _USUAL_PORT).up(_tell)
    except KeyboardInterrupt:
        if status_of(lab.home) is None:
            raise
        hint = "`darkroom status` shows it, `darkroom up` waits again, `darkroom down` ends it"
        message = "nobody waits any more; the laboratory goes on starting"
        raise Interrupted("interrupted", message, hint=hint) from None
    console.emit(_as_rows(state.parts.values()), lambda: _say_parts(state.parts.values()))


def down() -> None:
    """End all that `darkroom up` started."""
    from flows import laboratory

    ended = laboratory.down(_lab_as_it_is())
    console.emit({"ended": ended}, lambda: console.say("ended" if ended else "was not running"))


def status() -> int:
    """Say which parts of the laboratory run; exit code 3 when not all of them do."""
    from flows import laboratory

    lab = _lab_as_it_is()
    state = laboratory.status(lab.home)
    if state is not None:
        console.emit(_as_rows(state.parts.values()), lambda: _say_parts(state.parts.values()))
        return console.Exit.DONE if state.is_up else console.Exit.UNREACHABLE
    left = laboratory.left(lab)
    console.emit(_as_rows(left), lambda: _say_left(left))
    return console.Exit.UNREACHABLE


def register(root: typer.Typer) -> None:
    """Add the three commands."""
    command(root, "up")(up)
    command(root, "down")(down)
    command(root, "status")(status)


def _lab_as_it_is() -> "Lab":
    """What runs is seen and ended even while somebody's edit of a file has broken it."""
    from darkroom.adapters.settings import read_lab

    lab, problems = read_lab()
    for problem in problems:
        console.warn(str(problem))
    return lab


def _tell(part: "PartState") -> None:
    said = f"{part.name} {_SAID[part.condition]}"
    console.note(f"{said}: {part.message}" if part.message else said)


def _as_rows(parts: Iterable["PartState"]) -> list[dict[str, object]]:
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
        for part in parts
    ]


def _say_left(parts: Sequence["PartState"]) -> None:
    _say_parts(parts)
    if parts:
        console.say("its keeper was killed: `darkroom up` starts anew, `darkroom down` ends these")
    else:
        console.say("not running; `darkroom up` starts it")


def _say_parts(parts: Iterable["PartState"]) -> None:
    for part in parts:
        console.say(f"{part.name:<16} {_SAID[part.condition]:<28} {part.address or ''}".rstrip())
        if part.message:
            console.detail(part.message)
