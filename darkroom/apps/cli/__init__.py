"""The `darkroom` command: the root and its groups.

Owns the list of commands and the translation of the parser's complaints into
our errors. A command parses, calls one function and emits; heavy libraries are
imported inside commands, so that `darkroom --help` answers at once.
"""

import signal
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from darkroom import __version__
from darkroom.apps import console
from darkroom.apps.cli import groups
from darkroom.core.errors import DarkroomError, Interrupted, UsageError

app = typer.Typer(
    name="darkroom",
    help="A laboratory for diffusion images: experiments on ComfyUI, judged, kept, queryable.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, _group in groups.GROUPS.items():
    app.add_typer(_group, name=_name)
for _register in groups.COMMANDS:
    _register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.say(f"darkroom {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
    json_output: bool = typer.Option(False, "--json", help="Data and errors as JSON."),
    verbose_output: bool = typer.Option(False, "--verbose", help="Say more."),
) -> None:
    """Hold the options that stand before any command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; the console script's entry point."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    asked = arguments[: arguments.index("--")] if "--" in arguments else arguments
    console.configure(as_json="--json" in asked, verbose="--verbose" in asked)
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _run(arguments)
    except DarkroomError as error:
        return console.fail(error)
    except (KeyboardInterrupt, typer.Abort):
        return console.fail(Interrupted("interrupted", "stopped before the end"))
    except BrokenPipeError:
        sys.stdout = None  # the reader went away; nothing is left to tell it
        return console.Exit.DONE
    except Exception as error:  # noqa: BLE001 - the outermost door: nothing may reach the user raw
        # a library that is being loaded makes an error of its own of Ctrl-C
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            return console.fail(Interrupted("interrupted", "stopped before the end"))
        return console.fail_unexpectedly(error)


def _run(arguments: list[str]) -> int:
    try:
        outcome: object = app(arguments, prog_name="darkroom", standalone_mode=False)
    except TyperException as error:
        message = error.format_message() or "this command line is incomplete"
        raise UsageError("usage", message) from error
    if outcome == console.Exit.INTERRUPTED:
        raise Interrupted("interrupted", "stopped before the end")
    return outcome if isinstance(outcome, int) else console.Exit.DONE


def _stop(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
