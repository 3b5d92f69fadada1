"""What keys a model has, as people would write them.

Owns the walk over model classes that finds the fields at a place, every dotted
key of a file and the type a flag's value is read as.
"""

import types
from collections.abc import Iterator
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from darkroom.core.config.tree import Path

Model = type[BaseModel]


def fields_at(model: Model, path: Path) -> tuple[str, ...]:
    """The keys a mapping at this place may have; empty where it may have any, or none."""
    kind: object = model
    for step in path:
        kind = _step_into(kind, step)
    inner = inner_model(kind)
    return tuple(inner.model_fields) if inner else ()


def kind_at(model: Model, path: Path) -> object:
    """The annotation at a path, or None where the model has no such key."""
    kind: object = model
    for step in path:
        kind = _step_into(kind, step)
    return kind


def keys_of(model: Model, prefix: str = "") -> Iterator[str]:
    """Every dotted key a file of this model may hold outside lists."""
    for name, field in model.model_fields.items():
        yield prefix + name
        inner = inner_model(field.annotation)
        if inner is not None and not _is_list(field.annotation):
            yield from keys_of(inner, f"{prefix}{name}.")


def holds_text(kind: object) -> bool:
    """Whether a place holds text and nothing else, so that a flag's value is taken as it is."""
    return {part for part in parts_of(kind) if part is not type(None)} == {str}


def holds_secret(kind: object) -> bool:
    """Whether a place holds a secret."""
    return SecretStr in parts_of(kind)


def _step_into(kind: object, step: str | int) -> object:
    if isinstance(step, int):
        return next(iter(_arguments(kind)), None)
    model = inner_model(kind)
    if model is not None and not _is_list(kind):
        field = model.model_fields.get(step)
        return field.annotation if field else None
    mapping = next((part for part in parts_of(kind) if get_origin(part) is dict), None)
    return get_args(mapping)[1] if mapping else None


def _arguments(kind: object) -> tuple[object, ...]:
    listed = next((part for part in parts_of(kind) if get_origin(part) in (tuple, list)), None)
    return get_args(listed) if listed else ()


def _is_list(kind: object) -> bool:
    return bool(_arguments(kind))


def inner_model(kind: object) -> Model | None:
    """The model a place holds, directly or as the items of a list."""
    for part in (*parts_of(kind), *(p for item in _arguments(kind) for p in parts_of(item))):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def parts_of(kind: object) -> tuple[object, ...]:
    """The kinds a union or an annotation stands for."""
    origin = get_origin(kind)
    if origin is Annotated:
        return parts_of(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return tuple(part for option in get_args(kind) for part in parts_of(option))
    return (kind,)
