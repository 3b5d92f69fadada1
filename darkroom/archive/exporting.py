"""Write what was selected to a file or into the store: CSV, Parquet or JSON lines.

Owns where an export goes, and the rule that half a file never stands under the name
asked for. How rows become bytes is `exporting_forms`'s.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.adapters.stores.intake import MAX_OBJECT_BYTES
from darkroom.adapters.stores.protocol import Store
from darkroom.adapters.warehouse.opening import Connection, Limits
from darkroom.archive.exporting_forms import CONTENT_TYPES, Format, form_of, write
from darkroom.archive.opening import opened_library
from darkroom.archive.selecting import Selected, select
from darkroom.core.errors import UsageError

IN_STORE = "store:"
PATIENCE = Limits(time_s=3600.0)
"""An export reads everything; a search does not."""
Advance = Callable[[int], None]


def _unmoved(_count: int) -> None:
    return


@dataclass(frozen=True)
class Wish:
    """How an export should look."""

    form: Format | None = None
    """None: by the ending of the name, else CSV."""
    documents: bool = False
    """Whether each row carries the whole sidecar."""
    overwrite: bool = False
    advance: Advance = field(default=_unmoved, compare=False)


@dataclass(frozen=True)
class Exported:
    """What was written, and where."""

    output: str
    format: Format
    images: int
    size_bytes: int


def export(lab: Lab, output: Path | str, wish: Wish | None = None, **filters: object) -> Exported:
    """Export the images that pass the filters to a file."""
    with opened_library(lab, PATIENCE) as connection:
        return export_to_file(connection, select(filters), Path(output), wish or Wish())


def export_to_csv(lab: Lab, output: Path | str, **filters: object) -> Exported:
    """Export as CSV."""
    return export(lab, output, Wish("csv"), **filters)


def export_to_parquet(lab: Lab, output: Path | str, **filters: object) -> Exported:
    """Export as Parquet."""
    return export(lab, output, Wish("parquet"), **filters)


def export_to_jsonl(lab: Lab, output: Path | str, **filters: object) -> Exported:
    """Export as JSON lines."""
    return export(lab, output, Wish("jsonl"), **filters)


def export_to_file(
    connection: Connection, selected: Selected, output: Path, wish: Wish
) -> Exported:
    """Export over an open warehouse; a file of that name appears only when it is whole."""
    form = wish.form or form_of(output.name)
    with _whole_file(output, overwrite=wish.overwrite) as file:
        count = _written(connection, selected, file, form, wish)
        size_bytes = file.tell()
    return Exported(str(output), form, count, size_bytes)


def export_to_store(
    connection: Connection, selected: Selected, store: Store, key: str, wish: Wish
) -> Exported:
    """As `export_to_file`, but under a key of the store."""
    form = wish.form or form_of(key)
    if not wish.overwrite and store.head(key) is not None:
        raise UsageError("export-exists", "the store has this key already", where=key)
    with tempfile.TemporaryFile() as file:
        count = _written(connection, selected, file, form, wish)
        size_bytes = file.tell()
        if size_bytes > MAX_OBJECT_BYTES:
            message = f"{size_bytes} bytes; a store takes {MAX_OBJECT_BYTES} at once"
            raise UsageError("export-too-big", message, where=key)
        file.seek(0)
        store.put(key, file.read(), CONTENT_TYPES[form])
    return Exported(f"{IN_STORE}{key}", form, count, size_bytes)


def _written(
    connection: Connection, selected: Selected, file: IO[bytes], form: Format, wish: Wish
) -> int:
    total = 0
    for count in write(connection, selected, file, form, documents=wish.documents):
        wish.advance(count)
        total += count
    return total


def export_anywhere(
    lab: Lab, connection: Connection, selected: Selected, output: str, wish: Wish
) -> Exported:
    """Export to a file, or to `store:KEY`."""
    if not output.startswith(IN_STORE):
        return export_to_file(connection, selected, Path(output), wish)
    with opened_store(lab) as store:
        key = output.removeprefix(IN_STORE)
        return export_to_store(connection, selected, store, key, wish)


@contextmanager
def _whole_file(output: Path, *, overwrite: bool) -> Generator[IO[bytes]]:
    if not overwrite and os.path.lexists(output):
        raise UsageError("export-exists", "there is such a file already", where=str(output))
    part = output.with_name(f".{output.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(output)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        message = f"cannot be written: {reason}"
        raise UsageError("file-not-written", message, where=str(output)) from exc
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
