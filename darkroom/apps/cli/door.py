"""How a command joins the command line: with `--json` and `--verbose` on every one."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

_OUTPUT_OPTIONS = {
    "json_output": Annotated[
        bool, typer.Option("--json", help="Print data as JSON on stdout, errors as JSON on stderr.")
    ],
    "verbose_output": Annotated[
        bool, typer.Option("--verbose", help="Say more, including the causes of an error.")
    ],
}

Command = Callable[..., Any]


def group(text: str) -> typer.Typer:
    """Make a group of commands, e.g. `darkroom store`."""
    return typer.Typer(help=text, rich_markup_mode=None)


def command(app: typer.Typer, name: str) -> Callable[[Command], Command]:
    """Register a command under a name; the console has read both options already."""

    def register(function: Command) -> Command:
        app.command(name)(_with_output_options(function))
        return function

    return register


def _with_output_options(function: Command) -> Command:
    @functools.wraps(function)
    def wrapper(**arguments: Any) -> Any:
        for name in _OUTPUT_OPTIONS:
            arguments.pop(name)
        return function(**arguments)

    signature = inspect.signature(function, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in _OUTPUT_OPTIONS.items()
    ]
    parameters = [*signature.parameters.values(), *added]
    wrapper.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportAttributeAccessIssue]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper
