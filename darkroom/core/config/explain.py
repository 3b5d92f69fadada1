"""Every effective value, and where it comes from.

Owns the flat list behind `darkroom config show`. A secret shows only that it is
set and how long it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel, SecretStr

from darkroom.core.config.tree import Node, Path, dotted, find

BUILT_IN = "built in"


@dataclass(frozen=True)
class Setting:
    """One effective value."""

    key: str
    value: object
    origin: str


def explained(model: BaseModel, tree: Node) -> tuple[Setting, ...]:
    """The values of a checked document in the order of its model."""
    rows = _flat(cast("Mapping[str, object]", model.model_dump()), ())
    return tuple(Setting(dotted(path), value, _origin(tree, path)) for path, value in rows)


def _origin(tree: Node, path: Path) -> str:
    node = find(tree, path)
    return str(node.origin) if node is not None else BUILT_IN


def _flat(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    match value:
        case SecretStr():
            yield path, secret_state(value)
        case dict() if value:
            for key, item in cast("dict[str, object]", value).items():
                yield from _flat(item, (*path, key))
        case list() | tuple() if any(
            isinstance(item, dict) for item in cast("tuple[object]", value)
        ):
            for index, item in enumerate(cast("tuple[object]", value)):
                yield from _flat(item, (*path, index))
        case tuple():
            yield path, list(cast("tuple[object, ...]", value))
        case _:
            yield path, value


def secret_state(secret: SecretStr | None) -> str:
    """What may be said of a secret."""
    return f"set ({len(secret)} characters)" if secret else "unset"
