"""`darkroom worker`: a further machine of a laboratory of several."""

from typing import Annotated

import typer

from darkroom.apps.cli.door import command

_Name = Annotated[
    str | None, typer.Option("--name", help="Its name on the server; else this machine's.")
]
_Limit = Annotated[
    int, typer.Option("--limit", min=1, max=64, help="Runs it carries out at the same time.")
]


def worker(name: _Name = None, limit: _Limit = 2) -> None:
    """Carry runs out for the Prefect server that PREFECT_API_URL names, until ended."""
    from darkroom.adapters.settings import open_lab
    from flows.working import work

    work(open_lab(), name, limit)


def register(root: typer.Typer) -> None:
    """Add the command."""
    command(root, "worker")(worker)
