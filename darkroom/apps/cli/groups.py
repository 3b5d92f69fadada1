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
    costs,
    demo,
    doctor,
    embed,
    engine,
    experiment_grid,
    export,
    generate,
    hosts,
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
    similar,
    sql,
    stats,
    store,
    verify,
    warehouse_backup,
    weights,
    worker,
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
    "hosts": hosts.app,
    "scores": scores.app,
    "weights": weights.app,
    "experiment": experiment_grid.app,
}
"""`darkroom NAME COMMAND`."""

COMMANDS: tuple[Callable[[typer.Typer], None], ...] = (
    demo.register,
    run.register,
    generate.register,
    score.register,
    rescore.register,
    embed.register,
    search.register,
    similar.register,
    show.register,
    compare.register,
    annotate.register,
    annotate_runs.register,
    annotate_undo.register,
    stats.register,
    costs.register,
    export.register,
    sql.register,
    patterns.register,
    importing.register,
    doctor.register,
    reconcile.register,
    verify.register,
    laboratory.register,
    worker.register,
)
"""Each adds one top-level command."""
