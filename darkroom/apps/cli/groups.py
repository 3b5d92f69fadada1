"""The list of commands, in the order `darkroom --help` shows them.

A group is one module: `app = group("What it is about.")`, then functions under
`@command(app, "name")`. A top-level command is a module with a function
`register(root)` that says `command(root, "name")(function)`.
"""

from collections.abc import Callable

import typer

from darkroom.apps.cli import (
    annotate,
    annotate_runs,
    annotate_undo,
    compare,
    config,
    demo,
    doctor,
    engine,
    export,
    generate,
    image,
    importing,
    judge,
    laboratory,
    patterns,
    project,
    reconcile,
    rescore,
    rules,
    run,
    score,
    scores,
    search,
    show,
    sidecar,
    sql,
    stats,
    store,
    warehouse_backup,
    weights,
    workflow,
)

GROUPS: dict[str, typer.Typer] = {
    "project": project.app,
    "rules": rules.app,
    "config": config.app,
    "workflow": workflow.app,
    "sidecar": sidecar.app,
    "image": image.app,
    "judge": judge.app,
    "store": store.app,
    "warehouse": warehouse_backup.app,
    "engine": engine.app,
    "scores": scores.app,
    "weights": weights.app,
}
"""`darkroom NAME COMMAND`."""

COMMANDS: tuple[Callable[[typer.Typer], None], ...] = (
    demo.register,
    run.register,
    generate.register,
    score.register,
    rescore.register,
    search.register,
    show.register,
    compare.register,
    annotate.register,
    annotate_runs.register,
    annotate_undo.register,
    stats.register,
    export.register,
    sql.register,
    patterns.register,
    importing.register,
    doctor.register,
    reconcile.register,
    laboratory.register,
)
"""Each adds one top-level command."""
