"""Changes as Parquet, for what reads columns: DuckDB, Spark, pandas. Needs pyarrow."""

from collections.abc import Iterable
from typing import Any, BinaryIO

from rowtrail.errors import RowtrailError

#: A row group is written when it has so many rows, or its documents so many characters.
ROWS = 100_000
CHARACTERS = 64_000_000

#: So many rows are Python objects at once, which take several times the memory of columns.
OBJECTS = 1000

HINT = "Parquet needs a library: pip install 'rowtrail[parquet]'"


def write(out: BinaryIO, rows: Iterable[Any]) -> int:
    """Writes the rows of `exports.records()`.

    Times are UTC in microseconds; data, old, verbatim and context are JSON as text, since Parquet's
    numbers would lose what JSON's have.

    Args:
        out: the file.
        rows: what is to be written.

    Returns:
        How many rows it were.

    Raises:
        RowtrailError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise RowtrailError(HINT) from None
    # What repeats is a number of a dictionary, in the file; readers see text.
    word = pa.string()
    schema = pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("changed_at", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("table_id", pa.int32(), nullable=False),
            pa.field("table", word),
            pa.field("operation", word, nullable=False),
            pa.field("row_key", pa.string(), nullable=False),
            pa.field("old_key", pa.string()),
            pa.field("actor", word),
            pa.field("login", word, nullable=False),
            pa.field("era", pa.int32(), nullable=False),
            pa.field("xid", pa.int64(), nullable=False),
            pa.field("context", pa.string()),
            pa.field("data", pa.string()),
            pa.field("old", pa.string()),
            pa.field("verbatim", pa.string()),
            pa.field("erased", pa.list_(pa.string())),
        ]
    )
    written = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        group: list[Any] = []
        objects: list[dict[str, Any]] = []
        count = size = 0
        for row in rows:
            objects.append(row._asdict())
            count += 1
            size += sum(len(text or "") for text in (row.data, row.old, row.verbatim, row.context))
            is_full = count == ROWS or size > CHARACTERS
            if is_full or len(objects) == OBJECTS:
                group.append(pa.RecordBatch.from_pylist(objects, schema=schema))
                objects.clear()
            if is_full:
                writer.write_table(pa.Table.from_batches(group, schema))
                group.clear()
                written += count
                count = size = 0
        if objects:
            group.append(pa.RecordBatch.from_pylist(objects, schema=schema))
        if group:
            writer.write_table(pa.Table.from_batches(group, schema))
    return written + count
