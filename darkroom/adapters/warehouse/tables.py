"""Columns on their way into the warehouse: by table, by column, values as JSON gave them.

Owns only the names; which columns a table has, and of which types, is said by
analytics/schema, and how a value fits its type by `casts`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Columns: TypeAlias = dict[str, Sequence[Any]]
Tables: TypeAlias = dict[str, Columns]


def joined(tables: Sequence[Tables]) -> Tables:
    """The same tables, one after another; a column that some rows lack is NULL in those."""
    result: dict[str, dict[str, list[Any]]] = {}
    counts: dict[str, int] = {}
    for some in tables:
        for name, columns in some.items():
            before = counts.get(name, 0)
            counts[name] = before + _count(columns)
            _append(result.setdefault(name, {}), columns, before, counts[name])
    return {name: dict(columns) for name, columns in result.items()}


def _count(columns: Columns) -> int:
    return len(next(iter(columns.values()), ()))


def _append(into: dict[str, list[Any]], columns: Columns, before: int, after: int) -> None:
    for column, values in columns.items():
        into.setdefault(column, [None] * before).extend(values)
    for values in into.values():
        values.extend([None] * (after - len(values)))


def one_row(**values: object) -> Columns:
    """Columns of a single row."""
    return {name: [value] for name, value in values.items()}


def copied(document: Mapping[str, object], names: Sequence[str]) -> Columns:
    """Columns of a single row that are called as they are in the document."""
    return {name: [document.get(name)] for name in names}
