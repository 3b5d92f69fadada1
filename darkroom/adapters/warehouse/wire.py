"""What the owner of a worker and the worker say to each other over two pipes.

Owns the form: a request is one line of JSON, an answer one line of JSON and then every
table as a stream of Arrow. Both ends are of one version, started by one another.
"""

import base64
from typing import IO, TypeAlias

import orjson
import pyarrow as pa

from darkroom.adapters.warehouse.listing import Entry
from darkroom.adapters.warehouse.reading import Portion
from darkroom.adapters.warehouse.shaping import Shapes

Asked: TypeAlias = list[tuple[str, Entry]]
"""The documents of one portion: key and entry."""


def send_shapes(shapes: Shapes, pipe: IO[bytes]) -> None:
    """Tell a worker which tables there are, before anything else."""
    told = {
        name: base64.b64encode(schema.serialize().to_pybytes()).decode()
        for name, schema in shapes.items()
    }
    _send(told, pipe)


def receive_shapes(pipe: IO[bytes]) -> Shapes:
    """What `send_shapes` told; empty where the owner went away instead."""
    told = orjson.loads(pipe.readline() or b"{}")
    return {
        name: pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))
        for name, text in told.items()
    }


def send_request(asked: Asked, pipe: IO[bytes]) -> None:
    """Ask for what these documents mean."""
    rows = [(key, entry.kind, entry.size_bytes, entry.modified_ns) for key, entry in asked]
    _send(rows, pipe)


def receive_request(pipe: IO[bytes]) -> Asked | None:
    """The next request, or None when the owner wants no more."""
    line = pipe.readline()
    if not line.endswith(b"\n"):
        return None
    return [(key, Entry(*rest)) for key, *rest in orjson.loads(line)]


def send_answer(portion: Portion, pipe: IO[bytes]) -> None:
    """Give every table of a portion that has rows."""
    tables = {name: table for name, table in portion.tables.items() if table.num_rows}
    _send({"tables": list(tables), "refused": portion.refused}, pipe)
    for table in tables.values():
        with pa.ipc.new_stream(pipe, table.schema) as stream:
            stream.write_table(table)
    pipe.flush()


def receive_answer(pipe: IO[bytes]) -> Portion:
    """The answer to the request before; OSError or ArrowException where none comes."""
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head = orjson.loads(line)
    tables = {name: _table(pipe) for name in head["tables"]}
    return Portion(tables, head["refused"])


def _table(pipe: IO[bytes]) -> pa.Table:
    with pa.ipc.open_stream(pipe) as stream:
        return stream.read_all()


def _send(message: object, pipe: IO[bytes]) -> None:
    pipe.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
    pipe.flush()
