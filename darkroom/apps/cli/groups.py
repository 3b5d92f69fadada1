"""The list of commands, in the order `darkroom --help` shows them.

A group is one module: `app = group("What it is about.")`, then functions under
`@command(app, "name")`. A top-level command is a module with a function
`register(root)` that says `command(root, "name")(function)`.
"""

from collections.abc import Callable

import typer

from darkroom.apps.cli import (
    config,
    demo,
    doctor,
    engine,
    generate,
    image,
    project,
    reconcile,
    rules,
    run,
    sidecar,
    store,
    workflow,
)

GROUPS: dict[str, typer.Typer] = {
    "project": project.app,
    "rules": rules.app,
    "config": config.app,
    "workflow": workflow.app,
    "sidecar": sidecar.app,
    "image": image.app,
    "store": store.app,
    "engine": engine.app,
}
"""`darkroom NAME COMMAND`."""

COMMANDS: tuple[Callable[[typer.Typer], None], ...] = (
    demo.register,
    run.register,
    generate.register,
    doctor.register,
    reconcile.register,
)
"""Each adds one top-level command."""
