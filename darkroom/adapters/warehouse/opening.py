"""Open the files of a warehouse: for one writer, or for readers that can harm nothing.

Owns DuckDB's settings and the translation of its errors. A reader gets a connection that
reaches no file, no network and no Python variable, and cannot change that. It is attached
to an engine of its own: DuckDB otherwise hands out the file a process opened before,
although another has taken its place since.
"""

import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import duckdb

from darkroom.adapters.warehouse.limits import Limits
from darkroom.core.errors import DataError, OutsideError, UsageError

STORAGE_VERSION = "v1.5.0"
NAME = "warehouse"
_WRITERS_MEMORY = "256MB"
"""What does not fit is spilled; by itself DuckDB would keep most of the file in memory."""
_WRITERS_THREADS = 1
"""Two share out the memory: of a million images, what joins their parts then finds none left.
While documents are read a second one mostly waits, and takes its time from those who read."""
ROWS_PER_GROUP = 16_384
"""Whole groups are written while the next are read; the usual size would keep 400 MB waiting."""
Connection: TypeAlias = duckdb.DuckDBPyConnection


@contextmanager
def writing(path: Path) -> Generator[duckdb.DuckDBPyConnection]:
    """Open a private file for writing; it is whole in itself when this ends well."""
    with translated(str(path)):
        spill = {"temp_directory": str(path.parent / "spill"), "memory_limit": _WRITERS_MEMORY}
        connection = duckdb.connect(config=_config() | spill | {"threads": _WRITERS_THREADS})
        try:
            connection.execute(
                f"ATTACH {_quoted(path)} AS {NAME}"
                f" (STORAGE_VERSION '{STORAGE_VERSION}', ROW_GROUP_SIZE {ROWS_PER_GROUP})"
            )
            connection.execute(f"USE {NAME}")
            yield connection
            connection.execute(f"CHECKPOINT {NAME}")
            connection.execute("USE memory")
            connection.execute(f"DETACH {NAME}")
        finally:
            connection.close()


def reading(path: Path, limits: Limits | None = None) -> duckdb.DuckDBPyConnection:
    """Open a published file for reading; close the connection when done."""
    if not path.exists():
        raise UsageError("warehouse-missing", "there is no warehouse yet", where=str(path))
    with translated(str(path)):
        connection = duckdb.connect(config=_config(limits or Limits()))
        try:
            _attach(connection, path)
            connection.execute(f"USE {NAME}")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
        except BaseException:
            connection.close()
            raise
    return connection


def _attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    try:
        connection.execute(f"ATTACH {_quoted(path)} AS {NAME} (READ_ONLY)")
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise
        # somebody opened the published file for writing, which locks everybody out of it;
        # its bytes can still be read
        copy = path.with_name(f".{path.name}.{id(connection):x}.copy")
        try:
            shutil.copyfile(path, copy)
            connection.execute(f"ATTACH {_quoted(copy)} AS {NAME} (READ_ONLY)")
        finally:
            with suppress(OSError):
                copy.unlink()  # DuckDB holds it open


def _config(limits: Limits | None = None) -> dict[str, str | bool | int | float | list[str]]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
        "temp_directory": "",
    }
    if limits is not None:
        config |= {"memory_limit": f"{limits.memory_mb}MB", "threads": limits.threads}
    return config


def _quoted(path: Path) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"


@contextmanager
def translated(where: str) -> Generator[None]:
    """Turn what DuckDB raises about a file into our errors."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise OutsideError("warehouse-memory", _first_line(error), where=where) from error
    except duckdb.Error as error:
        raise DataError("warehouse-damaged", _first_line(error), where=where) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]


@contextmanager
def closing_reader(path: Path) -> Generator[Connection]:
    """As `reading`, closed at the end."""
    connection = reading(path)
    try:
        with translated(str(path)):
            yield connection
    finally:
        connection.close()
