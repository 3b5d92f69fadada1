"""`darkroom hosts`: the servers that draw, what they say, and which are left alone."""

from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from darkroom.adapters.settings import Lab
    from darkroom.writepath.fleet_report import HostLine
    from darkroom.writepath.quarantine import Poison

app = group("The servers that draw: their health, which are drained, what they choked on.")

_GIB = 1024**3
_Name = Annotated[str, typer.Argument(metavar="NAME", help="A server of darkroom.yaml.")]
_Project = Annotated[str | None, typer.Option("--project", help="Of this project alone.")]
_Release = Annotated[
    str | None,
    typer.Option("--release", metavar="KEY", help="Let the job with this key be drawn again."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]
_Verbose = Annotated[bool, typer.Option("--verbose", help="Say more.")]


@app.callback(invoke_without_command=True)
def hosts(
    context: typer.Context, json_output: _Json = False, verbose_output: _Verbose = False
) -> None:
    """Ask every server how it is."""
    if context.invoked_subcommand is not None:
        return
    from darkroom.adapters.settings import open_lab
    from darkroom.writepath.fleet_report import host_lines

    lines = host_lines(open_lab())
    console.emit(lines, lambda: _show(lines))


@command(app, "drain")
def drain(name: _Name) -> None:
    """Let a server finish what it has and give it nothing more from this machine."""
    from darkroom.adapters.drained import Drains
    from darkroom.adapters.settings import open_lab

    Drains(open_lab()).drain(name)
    said = f"{name} takes nothing more; `darkroom hosts resume {name}` ends that"
    console.emit({"host": name, "is_drained": True}, lambda: console.say(said))


@command(app, "resume")
def resume(name: _Name) -> None:
    """Let a drained server draw again."""
    from darkroom.adapters.drained import Drains
    from darkroom.adapters.settings import open_lab

    Drains(open_lab()).resume(name)
    console.emit({"host": name, "is_drained": False}, lambda: console.say(f"{name} draws again"))


@command(app, "poison")
def poison(project: _Project = None, release: _Release = None) -> None:
    """List jobs that stopped one server after another, or let one be drawn again."""
    from darkroom.adapters.settings import open_lab

    lab = open_lab()
    if release is not None:
        done = _released(lab, project, release)
        said = f"{done.job_key[:12]} may be drawn again"
        console.emit(done.model_dump(by_alias=True), lambda: console.say(said))
        return
    held = _held(lab, project)
    console.emit([each.model_dump(by_alias=True) for each in held], lambda: _show_held(held))


def _released(lab: "Lab", project: str | None, key: str) -> "Poison":
    from darkroom.writepath.opening import opened_desk, stored_projects
    from darkroom.writepath.quarantine import release

    with opened_desk(lab) as desk:
        return release(desk, stored_projects(lab, desk, project), key)


def _held(lab: "Lab", project: str | None) -> "list[Poison]":
    from darkroom.writepath.opening import opened_desk, stored_projects
    from darkroom.writepath.quarantine import quarantined

    with opened_desk(lab) as desk:
        names = stored_projects(lab, desk, project)
        return [each for name in names for each in quarantined(desk.store, name)]


def _show(lines: "tuple[HostLine, ...]") -> None:
    columns = ("server", "health", "version", "device", "queue", "free", "models", "may draw")
    console.table(columns, [_row(line) for line in lines])
    for line in lines:
        if line.said:
            console.detail(f"{line.name}: {line.said}")


def _row(line: "HostLine") -> list[object]:
    queue = None if line.running is None else f"{line.running}+{line.pending}"
    free = line.vram_free_bytes if line.vram_free_bytes is not None else line.ram_free_bytes
    return [
        line.name,
        f"{line.health}, drained" if line.is_drained and line.running is None else line.health,
        line.version,
        line.device,
        queue,
        None if free is None else f"{free / _GIB:.1f} GiB",
        len(line.models) or None,
        "all" if line.may_draw is None else " ".join(line.may_draw),
    ]


def _show_held(held: "list[Poison]") -> None:
    rows = [
        [each.job_key[:12], each.project, each.run_id, each.iteration, each.host, each.cause]
        for each in held
    ]
    console.table(("key", "project", "run", "image", "last server", "cause"), rows)
