"""Answer a question as bytes: what the process of a question does once its bounds hold.

Owns how much of an answer is on its way at once. Which statements are questions, and
DuckDB's own limits, are the adapter's.
"""

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from darkroom.adapters.warehouse.answers import Answer
from darkroom.adapters.warehouse.asking import asked
from darkroom.adapters.warehouse.limits import Limits
from darkroom.archive.apart.wire import WELL, told, told_fault
from darkroom.core.errors import DarkroomError, OutsideError, UsageError

_ROW_SHARE = 8
"""Whoever takes a row holds several copies of it for a moment."""
_PIECES_PER_ROW = 8
_MOST_SAID = 1000
_MB = 2**20


def answer(question: Mapping[str, Any], pipe: IO[bytes]) -> None:
    """Write the whole answer to a pipe; what goes wrong is told in its place."""
    limits = Limits(**question["limits"])
    try:
        with asked(Path(question["path"]), question["sql"], limits) as found:
            _write(found, limits, pipe)
        last = WELL
    except DarkroomError as error:
        last = told(_too_big(limits) if isinstance(error.__cause__, MemoryError) else error)
    except MemoryError:
        last = told(_too_big(limits))
    except BrokenPipeError:
        return  # nobody wants it any more
    except Exception as error:  # noqa: BLE001 - the outermost door of a process
        last = told_fault(error)
    pipe.write(last)
    pipe.flush()


def _too_big(limits: Limits) -> DarkroomError:
    return OutsideError("warehouse-memory", f"needs more than {limits.memory_mb} MB")


def _write(found: Answer, limits: Limits, pipe: IO[bytes]) -> None:
    found.schema.serialize()  # one that cannot be written is found out before anything is
    pipe.write(WELL)
    row_bytes = limits.memory_mb * _MB // _ROW_SHARE
    with pa.ipc.new_stream(pipe, found.schema) as stream:
        for batch in _said(found.batches, limits):
            for piece in _pieces(batch, row_bytes // _PIECES_PER_ROW):
                if piece.nbytes > row_bytes:
                    raise _row_too_big(piece, limits)
                stream.write_batch(piece)
            pipe.flush()


def _said(batches: Iterator[pa.RecordBatch], limits: Limits) -> Generator[pa.RecordBatch]:
    """Batches; what DuckDB says in their midst reaches us as Arrow's, and is put right."""
    try:
        yield from batches
    except OSError as error:
        said = str(error).strip()
        if said.startswith("Out of Memory"):
            raise _too_big(limits) from error
        if said.startswith("INTERRUPT"):
            message = f"not answered after {limits.time_s:g} s"
            raise OutsideError("sql-timeout", message) from error
        raise UsageError("sql-failed", said[:_MOST_SAID]) from error


def _row_too_big(row: pa.RecordBatch, limits: Limits) -> DarkroomError:
    message = (
        f"one row of the answer takes {row.nbytes // _MB} MB;"
        f" of {limits.memory_mb} MB it may take {limits.memory_mb // _ROW_SHARE}"
    )
    return OutsideError("warehouse-memory", message)


def _pieces(batch: pa.RecordBatch, most_bytes: int) -> Generator[pa.RecordBatch]:
    """A batch in parts that are small, or a single row each."""
    if batch.num_rows <= 1 or batch.nbytes <= most_bytes:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _pieces(batch.slice(0, half), most_bytes)
    yield from _pieces(batch.slice(half), most_bytes)
