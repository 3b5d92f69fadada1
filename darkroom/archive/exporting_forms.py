"""How rows become CSV, Parquet or JSON lines, a batch at a time.

Owns the three forms. Memory does not grow with the number of images.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import IO, Any, Literal, get_args

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from darkroom.adapters.warehouse.opening import Connection
from darkroom.archive.selecting import Selected
from darkroom.core.errors import UsageError

Format = Literal["csv", "parquet", "jsonl"]
FORMATS: tuple[Format, ...] = get_args(Format)
CONTENT_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/x-ndjson",
}
_ROWS = 5_000


def form_of(name: str) -> Format:
    """The form that a name's ending asks for; CSV where it has none."""
    last = name.replace("\\", "/").rpartition("/")[2]
    match last.rpartition(".")[2].lower() if "." in last else "":
        case "parquet":
            return "parquet"
        case "jsonl" | "ndjson":
            return "jsonl"
        case "csv" | "":
            return "csv"
        case other:
            message = f"the ending .{other[:20]} names no form: say --format {'|'.join(FORMATS)}"
            raise UsageError("usage", message, where=name[:200])


def write(
    connection: Connection, selected: Selected, file: IO[bytes], form: Format, *, documents: bool
) -> Iterator[int]:
    """Write the selected images; yields the number of rows of each batch."""
    if form == "jsonl":
        return _lines(connection, selected, file, documents=documents)
    text, values = selected.ahead_of("export", {"documents": documents})
    # pyarrow's stubs know little of readers, batches and writers
    reader: Any = connection.execute(text, values).to_arrow_reader(_ROWS)
    columns = [name for name in reader.schema.names if documents or name != "document"]
    schema: Any = pa.schema([reader.schema.field(name) for name in columns])
    return _batches(reader, columns, _writer(file, form, schema))


def _writer(file: IO[bytes], form: Format, schema: Any) -> Any:
    if form == "parquet":
        return pq.ParquetWriter(file, schema, compression="zstd")
    return pacsv.CSVWriter(file, schema)


def _batches(reader: Any, columns: list[str], writer: Any) -> Generator[int]:
    with closing(writer):
        for batch in reader:
            writer.write_batch(batch.select(columns))
            yield batch.num_rows


def _lines(
    connection: Connection, selected: Selected, file: IO[bytes], *, documents: bool
) -> Generator[int]:
    text, values = selected.ahead_of("export_lines", {"documents": documents})
    result = connection.execute(text, values)
    while rows := result.fetchmany(_ROWS):
        file.write("".join(f"{row[0]}\n" for row in rows).encode())
        yield len(rows)
