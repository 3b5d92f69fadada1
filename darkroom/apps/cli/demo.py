"""`darkroom demo`: a sheet of images from the embedded engine, judged and kept."""

from typing import TYPE_CHECKING

import typer

from darkroom.apps import console
from darkroom.apps.cli.door import command
from darkroom.core.errors import NotAccepted

if TYPE_CHECKING:
    from darkroom.writepath.showcase import Showcase


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    command(root, "demo")(demo)


def demo() -> None:
    """Draw a sheet of images on the embedded engine and show where they are."""
    from darkroom.adapters.settings import open_lab
    from darkroom.writepath.showcase import PROMPTS, show

    console.note("starting the embedded engine; no GPU and no download is needed")
    with console.progress("drawing", len(PROMPTS)) as advance:
        shown = show(open_lab(), advance)
    console.emit(shown, lambda: _show(shown))
    if not any(item.accepted for item in shown.shown):
        raise NotAccepted("demo-nothing-drawn", "not one image shows what its prompt states")


def _show(found: "Showcase") -> None:
    rows = [
        (item.prompt, f"{item.facts_met}/{item.facts}", ", ".join(item.missed) or item.error or "")
        for item in found.shown
    ]
    console.table(("prompt", "facts", "missed"), rows)
    met = sum(item.accepted for item in found.shown)
    console.say(f"\n{met} of {len(found.shown)} images show all that their prompts state")
    same = "the same pixels" if found.redrawn_same else "OTHER pixels"
    console.say(f"the first image, drawn again from its sidecar alone: {same}")
    console.say(f"\nthe sheet:          {found.sheet}")
    console.say(f"images and sidecars: projects/demo/working/{found.run_id}/images/")
    console.say("look at one with:    darkroom sidecar show IMAGE.png.json")
