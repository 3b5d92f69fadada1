"""Columns on their way into the warehouse: by table, by column, values as JSON gave them.

Owns only the names; which columns a table has, and of which types, is said by
analytics/schema, and how a value fits its type by `casts`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Columns: TypeAlias = dict[str, Sequence[Any]]
Tables: TypeAlias = dict[str, Columns]


def joined(tables: Sequence[Tables]) -> Tables:
    """The same tables, one after another."""
    result: dict[str, dict[str, list[Any]]] = {}
    for some in tables:
        for name, columns in some.items():
            into = result.setdefault(name, {column: [] for column in columns})
            for column, values in columns.items():
                into[column].extend(values)
    return {name: dict(columns) for name, columns in result.items()}


def one_row(**values: object) -> Columns:
    """Columns of a single row."""
    return {name: [value] for name, value in values.items()}


def copied(document: Mapping[str, object], names: Sequence[str]) -> Columns:
    """Columns of a single row that are called as they are in the document."""
    return {name: [document.get(name)] for name in names}
