"""The manual of commands and the table of errors, written from the code itself.

Owns the Markdown that `make docs` puts into docs/commands.md and docs/errors.md,
so that neither can drift from what runs. Prints nothing.
"""

from collections.abc import Iterator

import typer
import typer.main

from darkroom.apps.console import Exit
from darkroom.core import errors
from darkroom.core.error_codes import CODES

_WIDTH = 88


def command_paths() -> list[tuple[str, ...]]:
    """Every command a person can type, groups included, root first."""
    return [path for path, _help in _walk()]


def commands_markdown() -> str:
    """One section per command, holding its own `--help`."""
    sections = [f"## `{' '.join(path)}`\n\n```text\n{text}\n```\n" for path, text in _walk()]
    return "\n" + "\n".join(sections)


def _walk() -> Iterator[tuple[tuple[str, ...], str]]:
    from darkroom.apps.cli import app  # the root imports its groups; this stands above both

    yield from _visit(typer.main.get_command(app), None, ("darkroom",))


def _visit(
    command: object, parent: typer.Context | None, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    context = typer.Context(
        command,  # pyright: ignore[reportArgumentType] - typer does not export its command types
        parent=parent,
        info_name=path[-1],
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
    )
    lines = context.get_help().splitlines()
    yield path, "\n".join(line.rstrip() for line in lines).strip()
    children: dict[str, object] = getattr(command, "commands", {})
    for name, child in children.items():
        yield from _visit(child, context, (*path, name))


def errors_markdown() -> str:
    """The tree of errors, the exit codes and the registry, as tables."""
    tree = (errors.__doc__ or "").split("\n\n")[2]
    exits = "\n".join(f"| {code.value} | {_sentence(code)} |" for code in Exit)
    rows = "\n".join(f"| `{row.code}` | {row.meaning} | {row.hint} |" for row in CODES.values())
    return (
        f"\n```text\n{tree}\n```\n\n## Exit codes\n\n| code | meaning |\n|---|---|\n{exits}\n\n"
        f"## Codes\n\n| code | meaning | what to do |\n|---|---|---|\n{rows}\n\n"
    )


_EXIT_MEANINGS = {
    Exit.DONE: "done",
    Exit.NOT_ACCEPTED: "ran to the end; no image met the criteria",
    Exit.USAGE: "a flag, a name or a file is wrong",
    Exit.UNREACHABLE: "something outside did not answer or refused",
    Exit.DAMAGED: "data is not what it should be",
    Exit.OUR_MISTAKE: "a fault in Darkroom itself",
    Exit.INTERRUPTED: "interrupted; run the same command again to go on",
}


def _sentence(code: Exit) -> str:
    return _EXIT_MEANINGS[code]
