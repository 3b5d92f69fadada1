"""Ask a warehouse something, within limits of time and memory.

Owns the one statement that may be asked, and its end when time is up.
"""

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from darkroom.adapters.warehouse.answers import Answer, frame_of_table
from darkroom.adapters.warehouse.limits import Limits
from darkroom.adapters.warehouse.opening import Connection, reading
from darkroom.core.errors import OutsideError, UsageError

_ROWS_PER_BATCH = 10_000
_ASKING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
Values = Mapping[str, object]


@contextmanager
def asked(path: Path, sql: str, limits: Limits) -> Generator[Answer]:
    """Put one statement of a person to the warehouse; it can read and nothing else."""
    connection = reading(path, limits)
    try:
        with within(connection, limits):
            _insist_on_question(connection, sql)
            found = connection.execute(sql).to_arrow_reader(_ROWS_PER_BATCH)
            yield Answer(tuple(found.schema.names), found.schema, iter(found))
    finally:
        connection.close()


def _insist_on_question(connection: Connection, sql: str) -> None:
    found = connection.extract_statements(sql)
    # a PIVOT that finds its columns itself comes as several; what DuckDB adds has no text
    told = [one for one in found if one.query or one.type != duckdb.StatementType.TRANSACTION]
    is_more = any(one.query or one.type != duckdb.StatementType.CREATE for one in told[:-1])
    if is_more or not told:
        count = sum(bool(one.query) or one.type in _ASKING for one in told)
        raise UsageError("sql-refused", f"one statement is taken, not {count}")
    kind = told[-1].type
    if kind not in _ASKING:
        raise UsageError("sql-refused", f"{kind.name} changes something; only questions do")
    if len(told) != len(found):
        message = f"{kind.name} cannot go before a PIVOT that finds its columns itself"
        hint = "name its columns: PIVOT table ON column IN ('a', 'b') USING count(*)"
        raise UsageError("sql-refused", message, hint=hint)


@contextmanager
def within(connection: Connection, limits: Limits) -> Generator[None]:
    """Translate what DuckDB raises about a statement, and end it when its time is up."""
    timer = threading.Timer(limits.time_s, connection.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        message = f"not answered after {limits.time_s:g} s"
        raise OutsideError("sql-timeout", message) from error
    except duckdb.OutOfMemoryException as error:
        message = f"needs more than {limits.memory_mb} MB"
        raise OutsideError("warehouse-memory", message) from error
    except duckdb.PermissionException as error:
        raise UsageError("sql-refused", _said(error)) from error
    except (duckdb.Error, pa.ArrowException) as error:
        raise UsageError("sql-failed", _said(error)) from error
    finally:
        timer.cancel()
        timer.join()


def _said(error: Exception) -> str:
    """What DuckDB said, with the place it points to."""
    return str(error)[:1000].strip()


def frame_of(connection: Connection, text: str, values: Values) -> Any:
    """The answer as a pandas frame; whole numbers with gaps stay whole numbers."""
    return frame_of_table(connection.execute(text, dict(values)).to_arrow_table())


def rows_of(connection: Connection, text: str, values: Values) -> list[dict[str, object]]:
    """The answer as one dict per row."""
    found = connection.execute(text, dict(values))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
