"""YAML that our own reader, and any other, reads back as what was written.

Owns quoting: a text that some reader might take for a number, a truth value or
nothing is always written in quotes, and nothing is ever written as an alias.
"""

import io
from typing import Any

import yaml

from darkroom.core.config.scalars import read_scalar
from darkroom.core.config.tree import Plain

_WIDTH = 100


class _Writer(yaml.SafeDumper):
    """The safe writer with our two rules."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(writer: Any, text: str) -> yaml.ScalarNode:
    reading = read_scalar(text)
    surprising = reading.written is not None or reading.refusal is not None
    quoted = surprising or not isinstance(reading.value, str)
    style = '"' if quoted else "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def to_yaml(values: dict[str, Plain]) -> str:
    """Write a mapping in the order given."""
    options: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": _WIDTH}
    target = io.StringIO()
    yaml.dump(values, target, Dumper=_Writer, default_flow_style=False, **options)
    return target.getvalue()
