"""Which servers may draw, wherever a server can be named: one, several of them, or any.

Owns the one form of that choice, a text: `studio`, `studio,attic` or `any`. A list, as YAML
has it, means the same as its names with commas between them.
"""

from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator

from darkroom.core.config.fields import host_name

ANY = "any"
"""Every host of darkroom.yaml that is not drained."""


def host_names(choice: str) -> tuple[str, ...]:
    """The names of a choice, each once, in their order."""
    return tuple(dict.fromkeys(name.strip() for name in choice.split(",")))


def _joined(value: object) -> object:
    if not isinstance(value, list):
        return value
    items = cast("list[object]", value)
    names = [each for each in items if isinstance(each, str)]
    return ",".join(names) if len(names) == len(items) else items


def _named(choice: str) -> str:
    return ",".join(host_name(name) for name in host_names(choice))


HostChoice = Annotated[str, BeforeValidator(_joined), AfterValidator(_named)]
