"""`darkroom image`: look into image files and take their metadata out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command, group

if TYPE_CHECKING:
    from darkroom.adapters.image_files import ImageReport

app = group("Image files: what they are, what they say, a copy without metadata.")


@command(app, "show")
def show(file: Annotated[Path, typer.Argument(help="A PNG, JPEG or WebP.")]) -> None:
    """Decode an image completely and print its size and the text within."""
    from darkroom.adapters.image_files import report_on

    report = report_on(file)
    console.emit(report, lambda: _print_report(report))


def _print_report(report: "ImageReport") -> None:
    rows = [
        ("type", report.mime),
        ("size", f"{report.width}x{report.height}"),
        ("mode", report.mode_in),
        ("bytes", report.size_bytes),
        ("sha256", report.sha256),
    ]
    console.table(("what", "value"), rows + [("note", note) for note in report.notes])
    for keyword, text in (report.text.texts if report.text else {}).items():
        console.say(f"\n{keyword}:\n{text}")


@command(app, "strip")
def strip(
    file: Annotated[Path, typer.Argument(help="A PNG, JPEG or WebP.")],
    output: Annotated[Path, typer.Option("--output", help="Where the copy goes; a new file.")],
) -> None:
    """Write a copy without prompts, places, cameras and previews; pixels stay as they are."""
    from darkroom.adapters.image_files import strip_file

    report = strip_file(file, output)
    left_out = report.size_bytes_before - report.size_bytes_after
    console.emit(report, lambda: console.say(f"{report.output}: {left_out} bytes left out"))
