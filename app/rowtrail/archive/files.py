"""The files of an archive, each of them Parquet.

table=12/month=2025-01/versions-1.parquet   the versions of a table in a month, by key, time and id
ids/table=12/month=2025-01/ids-1.parquet    the ids of those that are to be in it
seals/seals-1.parquet                       the texts of the seals, from the first one on
seals/leaves-1.parquet                      the leaves of the seals that close what is archived
manifest.json                               which files there are, with the hash of each
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from rowtrail.proof.records import Version

#: A row group is written when it has so many versions, or its documents so many characters: the
#: history of one row is in one or two of them.
ROWS = 20_000
CHARACTERS = 32_000_000

#: So many versions are Python objects at once.
OBJECTS = 1000

LEAF = 32  # bytes

#: So many leaves are in a row group of leaves, about.
LEAVES = 1_000_000

#: What Parquet says of a file for people and programs, as JSON under this name.
METADATA = b"rowtrail"

#: Numbers that grow, or differ little: they take a few bits as differences.
DIFFERENCES = ("id", "changed_at", "xid", "seal", "place")

#: What repeats is a number of a dictionary, in the file.
REPEATED = ("table_id", "era", "file", "early_in", "op", "actor", "login", "context")

#: High enough that a month takes half of what level 1 makes of it, at half the speed.
LEVEL = 9


def schema_of_versions() -> Any:
    """The columns of rowtrail.versions, documents as the server's text, and what proves them."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    texts = (
        *("old_ctid", "new_ctid", "op", "row_key", "old_key", "actor", "login", "data", "old"),
        *("verbatim", "context", "erased_salts", "erased_commitments"),
    )
    types = dict.fromkeys(Version._fields, number) | dict.fromkeys(texts, text)
    types |= {
        "changed_at": pa.timestamp("us", tz="UTC"),
        "table_id": pa.int32(),
        "era": pa.int32(),
        "erased": pa.list_(text),
        "salt": pa.binary(),
    }
    known = {
        "id",
        "changed_at",
        "xid",
        "table_id",
        "era",
        "op",
        "row_key",
        "login",
        "seal",
        "place",
    }
    return pa.schema([pa.field(name, of, name not in known) for name, of in types.items()])


class VersionsFile:
    """A file of versions that is being written.

    Args:
        file: its place on this machine.
        about: what it says of itself.
    """

    def __init__(self, file: Path, about: dict[str, Any]) -> None:
        from pyarrow import parquet

        self._schema = schema_of_versions()
        self._about = about
        encoded = dict.fromkeys(DIFFERENCES, "DELTA_BINARY_PACKED")
        # One key after the other, in their order.
        encoded["row_key"] = "DELTA_BYTE_ARRAY"
        self._out = parquet.ParquetWriter(
            file,
            self._schema,
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=list(REPEATED),
            column_encoding=encoded,
        )
        self._objects: list[Version] = []
        self._group: list[Any] = []
        self._characters = 0
        self._in_group = 0
        self.rows = 0
        self.first: int | None = None
        self.last: int | None = None

    def add(self, v: Version) -> None:
        """Adds a version, which comes after those that were added."""
        self._objects.append(v)
        self.rows += 1
        self._in_group += 1
        if self.first is None or self.last is None:
            self.first = self.last = v.changed_at
        elif v.changed_at < self.first:
            self.first = v.changed_at
        elif v.changed_at > self.last:
            self.last = v.changed_at
        for text in (v.data, v.old, v.verbatim, v.context):
            if text is not None:
                self._characters += len(text)
        is_full = self._in_group == ROWS or self._characters > CHARACTERS
        if is_full or len(self._objects) == OBJECTS:
            self._make_columns()
        if is_full:
            self._end_group()

    def _make_columns(self) -> None:
        import pyarrow as pa

        if self._objects:
            columns = [
                # A number of microseconds is a time as it is.
                pa.array(column, pa.int64()).cast(field.type)
                if pa.types.is_timestamp(field.type)
                else pa.array(column, field.type)
                for column, field in zip(
                    zip(*self._objects, strict=True), self._schema, strict=True
                )
            ]
            self._group.append(pa.RecordBatch.from_arrays(columns, schema=self._schema))
            self._objects.clear()

    def _end_group(self) -> None:
        import pyarrow as pa

        if self._group:
            self._out.write_table(pa.Table.from_batches(self._group, self._schema))
            self._group.clear()
        self._characters = self._in_group = 0

    def close(self) -> None:
        """Ends the file, which says then what is in it."""
        self._make_columns()
        self._end_group()
        about = self._about | {"rows": self.rows, "first": self.first, "last": self.last}
        for name in ("first", "last"):
            about[name] = None if about[name] is None else written(about[name])
        self._out.add_key_value_metadata({METADATA: json.dumps(about, ensure_ascii=False)})
        self._out.close()


def versions_in(file: Any, groups: Iterable[int] | None = None) -> Iterator[Version]:
    """The versions in a file, or in some of its row groups, in their order.

    Args:
        file: an open pyarrow.parquet.ParquetFile.
    """
    import pyarrow as pa

    wanted = None if groups is None else list(groups)
    if wanted == []:
        return
    for batch in file.iter_batches(OBJECTS, wanted, columns=list(Version._fields)):
        columns = [
            (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
            for column in batch.columns
        ]
        yield from map(Version._make, zip(*columns, strict=True))


def write_ids(file: Path, ids: Iterable[int]) -> None:
    """Writes ids, in their order, a few bits each."""
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(
        pa.table({"id": pa.array(sorted(ids), pa.int64())}),
        file,
        compression="zstd",
        use_dictionary=False,
        column_encoding={"id": "DELTA_BINARY_PACKED"},
    )


def write_seals(file: Path, texts: Iterable[tuple[int, str]]) -> int:
    """Writes the texts of seals, each with its number; gives how many they were."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([("seal", pa.int64()), ("text", pa.string())])
    number = 0
    with parquet.ParquetWriter(
        file, schema, compression="zstd", compression_level=LEVEL, use_dictionary=False
    ) as out:
        for rows in some(texts, ROWS):
            columns = zip(*rows, strict=True)
            arrays = [pa.array(one, of.type) for one, of in zip(columns, schema, strict=True)]
            out.write_table(pa.Table.from_arrays(arrays, schema=schema))
            number += len(rows)
    return number


def write_leaves(file: Path, parts: Iterable[tuple[int, int, list[int], bytes]]) -> None:
    """Writes parts of the leaves of seals: seal, part, the ids of its versions, their leaves."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema(
        [
            ("seal", pa.int64()),
            ("part", pa.int32()),
            ("ids", pa.list_(pa.field("element", pa.int64()))),
            ("leaves", pa.large_binary()),
        ]
    )
    with parquet.ParquetWriter(
        file,
        schema,
        # Hashes cannot be compressed.
        compression={"seal": "zstd", "part": "zstd", "ids.list.element": "zstd", "leaves": "none"},
        use_dictionary=False,
        column_encoding={
            "seal": "DELTA_BINARY_PACKED",
            "part": "DELTA_BINARY_PACKED",
            "ids.list.element": "DELTA_BINARY_PACKED",
            "leaves": "PLAIN",
        },
    ) as out:
        group: list[tuple[int, int, list[int], bytes]] = []
        size = 0
        for part in parts:
            group.append(part)
            size += len(part[2])
            if size >= LEAVES or len(group) == ROWS:
                write_rows(out, group, schema)
                group, size = [], 0
        if group:
            write_rows(out, group, schema)


def write_rows(out: Any, rows: list[Any], schema: Any) -> None:
    """Writes rows as a row group."""
    import pyarrow as pa

    columns = zip(*rows, strict=True)
    arrays = [pa.array(one, of.type) for one, of in zip(columns, schema, strict=True)]
    out.write_table(pa.Table.from_arrays(arrays, schema=schema))


def some(items: Iterable[Any], most: int) -> Iterator[list[Any]]:
    """The items, so many at a time."""
    group: list[Any] = []
    for item in items:
        group.append(item)
        if len(group) == most:
            yield group
            group = []
    if group:
        yield group


def rows_of(file: Any) -> Iterator[Any]:
    """The rows of a small file, or of one whose rows are large, as tuples."""
    for group in range(file.num_row_groups):
        for batch in file.iter_batches(OBJECTS, [group]):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def hash_of(file: Any) -> str:
    """SHA-256 of what is in an open file, in hexadecimal."""
    found = sha256()
    while content := file.read(1 << 20):
        found.update(content)
    return found.hexdigest()


def written(microseconds: int) -> str:
    """A time, as ISO 8601 has it, in UTC."""
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds")
