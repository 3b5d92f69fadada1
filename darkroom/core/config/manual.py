"""The manual of the configuration files, written from the models themselves.

Owns the Markdown tables of docs/configuration.md, so that no key is undocumented
and no documented key is gone.
"""

from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from darkroom.core.config.prompts import SLOTS, PromptTemplates
from darkroom.core.config.shapes import inner_model, parts_of

_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def keys_markdown(model: type[BaseModel]) -> str:
    """One table row per key of a file."""
    rows = ["| key | value | left out | meaning |", "|---|---|---|---|", *_rows(model, "")]
    return "\n".join(rows) + "\n"


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = prefix + name
        inner = _model_of(field.annotation)
        meaning = field.description or ""
        if inner is None:
            value = f"{_kind(field.annotation)}{_limits(field)}"
            yield f"| `{key}` | {value} | {_default(field)} | {meaning} |"
        else:
            if meaning:
                yield f"| `{key}` | {_section(field.annotation)} | {_default(field)} | {meaning} |"
            yield from _rows(inner, f"{key}{_marker(field.annotation)}.")


def _model_of(kind: object) -> type[BaseModel] | None:
    """The model of a section, of the entries of a list or of the values of a mapping."""
    mapping = next((part for part in parts_of(kind) if get_origin(part) is dict), None)
    return inner_model(get_args(mapping)[1] if mapping else kind)


def _marker(kind: object) -> str:
    origins = {get_origin(part) for part in parts_of(kind)}
    return "[]" if tuple in origins else ".NAME" if dict in origins else ""


def _section(kind: object) -> str:
    return {"[]": "list", ".NAME": "mapping of names", "": "mapping"}[_marker(kind)]


def _kind(kind: object) -> str:
    names: list[str] = []
    for part in parts_of(kind):
        if get_origin(part) is Literal:
            names += [f"`{word}`" for word in get_args(part)]
        elif get_origin(part) in (tuple, list):
            names.append("list")
        elif get_origin(part) is dict:
            names.append("mapping")
        elif part is SecretStr:
            names.append("secret")
        elif isinstance(part, type) and part in _WORDS:
            names.append(_WORDS[part])
    return ", ".join(names)


_BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}


def _limits(field: FieldInfo) -> str:
    found = [
        text.format(_number(getattr(rule, name)))
        for rule in field.metadata
        for name, text in _BOUNDS.items()
        if isinstance(getattr(rule, name, None), int | float)
    ]
    return f" ({' '.join(found)})" if found else ""


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.default
    if value is PydanticUndefined or value in (None, "", ()) or isinstance(value, BaseModel):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def templates_markdown() -> str:
    """One table row per template, with its placeholders."""
    rows = ["| template | must hold | may hold | what it is for |", "|---|---|---|---|"]
    for name, field in PromptTemplates.model_fields.items():
        needed, offered = (
            ", ".join(f"`{{{slot}}}`" for slot in slots)
            for slots in (SLOTS[name].needed, SLOTS[name].offered)
        )
        rows.append(f"| `{name}` | {needed} | {offered} | {field.description} |")
    return "\n".join(rows) + "\n"
