"""The SQL of the warehouse as files: schema, views, checks and named queries.

Owns where they are and which parameters a query takes. A query is one file whose first
line says what one row is; values reach it as named parameters only, never as text.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeAlias, cast

from darkroom.core.errors import UsageError

Part: TypeAlias = Literal["schema", "views", "checks", "queries", "sync"]
_NAME = re.compile(r"[a-z0-9_]+(?:/[a-z0-9_]+)*\Z")
_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")
_HALVES = re.compile(r"[\ud800-\udfff]")
"""Halves of surrogate pairs: how Python shows bytes of a command line that are no UTF-8."""
_IN_UTF_8 = "give it in UTF-8"
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", re.DOTALL)


@dataclass(frozen=True)
class Query:
    """One named query."""

    name: str
    text: str
    grain: str
    """What one row is."""
    parameters: frozenset[str]

    def bound(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values to execute it with; what is left out is NULL, what is unknown refused."""
        unknown = sorted(values.keys() - self.parameters)
        if unknown:
            known = ", ".join(sorted(self.parameters)) or "none"
            raise UsageError(
                "query-parameter-unknown",
                f"{self.name} has no parameter {', '.join(unknown)[:200]}; it has: {known}",
            )
        return texts_checked({name: values.get(name) for name in sorted(self.parameters)})


def is_text(value: object) -> bool:
    """Whether all texts in a value can be text of a database: a byte that is no UTF-8 cannot."""
    match value:
        case str():
            return value.isascii() or not _HALVES.search(value)
        case list() | tuple():
            return all(is_text(one) for one in cast("Sequence[object]", value))
        case _:
            return True


def texts_checked(values: Mapping[str, object]) -> dict[str, object]:
    """The values of parameters, if each can be asked for."""
    for name, value in values.items():
        if not is_text(value):
            raise UsageError("selection-invalid", f"{name}: {value!r} is no text", hint=_IN_UTF_8)
    return dict(values)


def folder(part: Part) -> Path:
    """Where the files of one part are; wheels are always unpacked, so it is a real folder."""
    return Path(str(files("analytics"))) / part


@cache
def query(name: str) -> Query:
    """A named query of analytics/queries, e.g. `search` or `patterns/cells`."""
    if not _NAME.match(name) or not (folder("queries") / f"{name}.sql").is_file():
        near = get_close_matches(name, query_names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else ""
        raise UsageError("query-unknown", f"there is no query {name[:80]!r}", hint=hint)
    return _read(folder("queries") / f"{name}.sql", name)


def query_names() -> list[str]:
    """All named queries."""
    root = folder("queries")
    return sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.sql"))


@cache
def statements(part: Part) -> tuple[Query, ...]:
    """All files of one part, in the order of their names."""
    root = folder(part)
    return tuple(_read(path, path.stem) for path in sorted(root.glob("*.sql")))


@cache
def schema_id(reader: str) -> str:
    """Names the shape of a warehouse: another SQL or another reader means another shape."""
    texts = [q.text for part in ("schema", "views") for q in statements(part)]
    return hashlib.sha256("\0".join([reader, *texts]).encode()).hexdigest()[:16]


def _read(path: Path, name: str) -> Query:
    text = path.read_text(encoding="utf-8")
    grain = text.partition("\n")[0].removeprefix("--").strip()
    parameters = frozenset(_PARAMETER.findall(_NO_CODE.sub(" ", text)))
    return Query(name, text, grain, parameters)


def statement(part: Part, name: str) -> str:
    """The text of one file that is no named query of users."""
    return next(found.text for found in statements(part) if found.name == name)
