"""The filters of a search as options of a command, under their own names or `--where-...`.

Owns one translation: from `core.selection.FILTERS` to options, so that every command
that takes images takes the same filters.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from darkroom.core.selection import FILTERS, Filter

Function = Callable[..., Any]
WHERE = "where-"


def with_filters(prefix: str = "") -> Callable[[Function], Function]:
    """Add an option per filter; the function gets those given as its argument `filters`."""

    def decorate(function: Function) -> Function:
        names = {_parameter(item, prefix): item.name for item in FILTERS}

        @functools.wraps(function)
        def wrapper(**arguments: Any) -> Any:
            asked = {name: arguments.pop(parameter) for parameter, name in names.items()}
            given = {name: value for name, value in asked.items() if value is not None}
            return function(**arguments, filters=given)

        own = inspect.signature(function, eval_str=True)
        kept = [p for p in own.parameters.values() if p.name != "filters"]
        parameters = [*kept, *(_option(item, prefix) for item in FILTERS)]
        wrapper.__signature__ = own.replace(parameters=parameters)  # pyright: ignore[reportAttributeAccessIssue]
        return wrapper

    return decorate


def _parameter(item: Filter, prefix: str) -> str:
    return f"{prefix}{item.name}".replace("-", "_")


def _option(item: Filter, prefix: str) -> inspect.Parameter:
    flag = f"{prefix}{item.name}".replace("_", "-")
    metavar = "|".join(item.choices) or None
    match item.kind:
        case "flag":
            told = typer.Option(f"--{flag}/--{prefix}not-{item.name}", help=item.help)
            kind: Any = Annotated[bool | None, told]
        case "texts":
            kind = Annotated[
                list[str] | None, typer.Option(f"--{flag}", help=item.help, metavar=metavar)
            ]
        case "least":
            kind = Annotated[float | None, typer.Option(f"--{flag}", help=item.help)]
        case _:
            kind = Annotated[str | None, typer.Option(f"--{flag}", help=item.help, metavar=metavar)]
    name = _parameter(item, prefix)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
