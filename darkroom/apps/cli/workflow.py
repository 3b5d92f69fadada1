"""`darkroom workflow`: what a graph means, the editor's files converted, hosts asked before."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group
from darkroom.core.errors import PreflightError
from darkroom.core.text import shortened

if TYPE_CHECKING:
    from darkroom.core.workflow.convert import Conversion
    from darkroom.core.workflow.findings import Finding
    from darkroom.core.workflow.overview import Overview

_WIDEST = 100
app = group("Workflows: what a graph means, conversion, checks against a host.")

_File = Annotated[Path, typer.Argument(help="A workflow file, or a PNG that ComfyUI saved.")]
_Table = Annotated[
    Path | None, typer.Option("--object-info", help="A saved answer of GET /object_info.")
]
_Host = Annotated[
    str | None, typer.Option("--host", help="A host of darkroom.yaml, or an address.")
]


@command(app, "show")
def show(file: _File, object_info: _Table = None, host: _Host = None) -> None:
    """Print the roles, parameters and LoRAs of a graph, and what of it is not understood."""
    from darkroom.adapters.workflow_files import open_catalogue, open_workflow
    from darkroom.core.workflow.overview import overview

    opened = open_workflow(file, open_catalogue(object_info, host))
    found = overview(opened.graph)
    _tell(opened.notes)
    console.emit(found, lambda: _show(found))


@command(app, "convert")
def convert(
    file: _File,
    object_info: _Table = None,
    host: _Host = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Where the graph goes; a new file.")
    ] = None,
) -> None:
    """Turn a file of ComfyUI's editor into the API format that servers run."""
    from darkroom.adapters.workflow_files import convert_file, need_catalogue

    converted = convert_file(file, need_catalogue(object_info, host), output)
    _tell(converted.notes)
    console.emit(_conversion(converted, output), _converted(converted, output))


@command(app, "check")
def check(
    file: _File,
    object_info: _Table = None,
    host: _Host = None,
    upload: Annotated[
        list[str] | None, typer.Option("--upload", help="An input file that will be sent before.")
    ] = None,
) -> None:
    """Compare a graph with what a host has; exit code 2 when the host cannot run it."""
    from darkroom.adapters.workflow_files import need_catalogue, open_workflow
    from darkroom.core.workflow.preflight import preflight

    catalogue = need_catalogue(object_info, host)
    opened = open_workflow(file, catalogue)
    findings = preflight(opened.graph, catalogue, uploads=upload or ())
    _tell(opened.notes)
    console.emit(findings, lambda: _show_findings(findings))
    _refuse(findings, file)


def _tell(notes: tuple[str, ...]) -> None:
    for text in notes:
        console.note(f"note: {text}")


def _conversion(converted: "Conversion", output: Path | None) -> object:
    if output is None:
        return converted.graph
    return {"output": str(output), "nodes": len(converted.graph), "notes": converted.notes}


def _converted(converted: "Conversion", output: Path | None) -> Callable[[], None] | None:
    if output is None:
        return None
    return lambda: console.say(f"{output}: {len(converted.graph)} nodes")


def _show(found: "Overview") -> None:
    console.say(f"{found.nodes} nodes; kept: {found.outputs[0]}")
    for other in found.outputs[1:]:
        console.say(f"  also gives a picture: {other}")
    rows = [(row.role, _short(row.value), " ".join(row.places)) for row in found.roles]
    console.say("")
    console.table(("role", "value", "set at"), rows)
    _show_loras(found)
    _show_stages(found)
    _show_values("further texts", found.further_texts)
    _show_values("settings", found.settings)
    _show_values("no place for", found.absent)
    _show_unparsed(found)


def _show_loras(found: "Overview") -> None:
    if found.loras:
        console.say("\nLoRAs, in the order they are applied")
        rows = [(use.name, use.strength, use.strength_clip, use.place) for use in found.loras]
        console.table(("name", "strength", "on the text", "named at"), rows)


def _show_stages(found: "Overview") -> None:
    if len(found.stages) > 1:
        console.say("\nstages, first to last")
        columns = ("node", "class", "seed", "steps", "cfg", "sampler", "scheduler", "denoise")
        console.table(columns, [tuple(vars(stage).values()) for stage in found.stages])


def _show_values(title: str, values: Mapping[str, object]) -> None:
    if values:
        console.say(f"\n{title}")
        console.table(("at", "value"), [(at, _short(value)) for at, value in values.items()])


def _show_unparsed(found: "Overview") -> None:
    if found.unparsed:
        console.say("\nunparsed: kept as they are")
        rows = [
            (one.node, one.class_type, one.reason, _names(one.inputs)) for one in found.unparsed
        ]
        console.table(("node", "class", "why", "holds"), rows)
    else:
        console.say("\nunparsed: nothing")


def _names(inputs: Mapping[str, object]) -> str:
    return _short(", ".join(f"{name}={value}" for name, value in inputs.items()))


def _short(value: object) -> str:
    if isinstance(value, tuple):
        return _short(", ".join(map(str, cast("tuple[object, ...]", value))))
    return "-" if value is None else shortened(" ".join(str(value).split()), _WIDEST)


def _show_findings(findings: "tuple[Finding, ...]") -> None:
    if not findings:
        console.say("the host can run it as it stands")
        return
    columns = ("severity", "at", "class", "what", "nearest", "allowed")
    rows = [
        (one.severity, one.place, one.class_type, one.message, one.nearest, one.allowed_text)
        for one in findings
    ]
    console.table(columns, rows)


def _refuse(findings: "tuple[Finding, ...]", file: Path) -> None:
    errors = [one for one in findings if one.severity == "error"]
    if errors:
        first = str(errors[0]).removeprefix("error: ")
        rest = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise PreflightError("preflight-failed", f"{first}{rest}", where=str(file))
