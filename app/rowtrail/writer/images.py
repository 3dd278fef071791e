"""The rows of a table as they were, as a FROM of SQLAlchemy: values as the columns of today have
them, by PostgreSQL's own conversion, so that every type works that the live table works with.

Each source has the columns that are asked for, and beside them those of `BESIDE`: which version it
is of, when that was recorded, and what of it was erased since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    literal_column,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, OID, TIMESTAMP
from sqlalchemy.sql.selectable import Subquery
from sqlalchemy.types import TypeDecorator, UserDefinedType

from rowtrail.errors import RowtrailError
from rowtrail.models import Version
from rowtrail.writer.row_keys import name_of, relid_of

#: What each source has beside the table's columns.
BESIDE = ("rowtrail version", "rowtrail changed_at", "rowtrail erased")

_TABLES = table(
    "tables",
    column("id", Integer),
    column("relid", OID),
    column("hashed_attnums", ARRAY(Integer)),
    schema="rowtrail",
)
_BOUNDARY = "boundary"


class _Snapshot(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "pg_snapshot"


@dataclass(frozen=True)
class Boundary:
    """Which versions count: those up to a moment, up to a transaction, or within a snapshot."""

    moment: datetime | None = None
    transaction: str | None = None
    snapshot: str | None = None

    def __str__(self) -> str:
        if self.moment is not None:
            return self.moment.isoformat(sep=" ")
        if self.transaction is not None:
            return f"transaction {self.transaction}"
        return f"snapshot {self.snapshot}"

    def as_sql(self) -> list[ColumnElement[Any]]:
        """The arguments moment, transaction and snapshot of rowtrail's functions."""
        return [
            cast(literal(self.moment, TIMESTAMP(timezone=True)), TIMESTAMP(timezone=True)),
            cast(literal(self.transaction, Text), Text),
            cast(cast(literal(self.snapshot, Text), Text), _Snapshot),
        ]


def boundary_of(
    moment: "datetime | Version | None", transaction: str | None, snapshot: str | None
) -> Boundary:
    """The boundary that a person named.

    Raises:
        RowtrailError: it is not exactly one, or a moment without its offset from UTC.
    """
    if isinstance(moment, Version):
        transaction = transaction_of(moment)
        moment = None
    if moment is not None and not isinstance(moment, datetime):
        raise RowtrailError(
            f"as of when? A datetime with its offset, or a version, not {moment!r}; "
            'a transaction is named by transaction="1-4711"'
        )
    if sum(one is not None for one in (moment, transaction, snapshot)) != 1:
        raise RowtrailError("as of when? Give a moment, a transaction or a snapshot: one of them")
    if moment is not None and moment.utcoffset() is None:
        raise RowtrailError(
            f"{moment} could be in any zone; give it its offset, as datetime(…, tzinfo=UTC) has it"
        )
    return Boundary(moment, transaction, snapshot)


def transaction_of(version: Version) -> str:
    """The transaction that a version is of, as SQL names it: `1-4711`."""
    return f"{version.era}-{version.xid}"


def as_of(
    of_table: Table,
    columns: Sequence[Column[Any]],
    boundary: Boundary,
    key: ColumnElement[str] | None = None,
) -> Subquery:
    """The rows within a boundary, or that of one key, which is found by index."""
    of_key = cast(key, Text)
    bound = (
        select(
            func.rowtrail.boundary_of(_TABLES.c.id, of_key, *boundary.as_sql()).label(_BOUNDARY),
            _hashed(),
        )
        # Asked once, not for each row.
        .offset(literal_column("0"))
        .correlate(_TABLES)
        .lateral("asked")
    )
    up_to: Any = literal_column(f"(asked.{_BOUNDARY}).event_id")
    dropped_since = exists().where(
        Version.table_id == _TABLES.c.id,
        Version.row_key == "",
        Version.op == "S",
        func.jsonb_exists(Version.data, "dropped"),
        Version.id > up_to,
    )
    replayed = (
        func.rowtrail.replay_until(
            # Of a table that was dropped since, the columns of that day are the nearest.
            _TABLES.c.id, bound.c[_BOUNDARY], case((dropped_since, up_to)), of_key,
        )
        .table_valued(
            column("row_key", Text), column("data", JSONB), column("verbatim", JSONB),
            column("id", BigInteger), column("changed_at", TIMESTAMP(timezone=True)),
        )
        .lateral("replayed")
    )  # fmt: skip
    typed = _typed(of_table, columns, replayed.c.data, bound.c.hashed)
    erased = (
        select(Version.erased)
        .where(
            Version.table_id == _TABLES.c.id,
            Version.row_key == replayed.c.row_key,
            Version.id == replayed.c.id,
            Version.changed_at == replayed.c.changed_at,
        )
        .scalar_subquery()
    )
    any_erased = exists().where(
        Version.table_id == _TABLES.c.id,
        Version.row_key == "",
        Version.op == "S",
        func.jsonb_exists(Version.data, "erased"),
    )
    return (
        select(
            *_values(columns, typed, replayed.c.verbatim),
            replayed.c.id.label(BESIDE[0]),
            replayed.c.changed_at.label(BESIDE[1]),
            # Looked up for each row only where something was erased at all.
            case((any_erased, erased)).label(BESIDE[2]),
        )
        .select_from(_TABLES.join(bound, true()).join(replayed, true()).join(typed, true()))
        .where(_TABLES.c.relid == relid_of(of_table))
        .subquery()
    )


def at(of_table: Table, columns: Sequence[Column[Any]], version_id: int) -> Subquery:
    """The row that one version has; none where there is no such version of a row of the table."""
    known = Version.__table__.alias("recorded")
    bound = select(_hashed()).offset(literal_column("0")).correlate(_TABLES).lateral("asked")
    image = (
        func.rowtrail.version_of(known.c.id)
        .table_valued(column("data", JSONB), column("verbatim", JSONB))
        .lateral("image")
    )
    typed = _typed(of_table, columns, image.c.data, bound.c.hashed)
    return (
        select(
            *_values(columns, typed, image.c.verbatim),
            known.c.id.label(BESIDE[0]),
            known.c.changed_at.label(BESIDE[1]),
            known.c.erased.label(BESIDE[2]),
        )
        .select_from(
            _TABLES.join(known, known.c.table_id == _TABLES.c.id)
            .join(bound, true())
            .join(image, true())
            .join(typed, true())
        )
        .where(
            _TABLES.c.relid == relid_of(of_table),
            known.c.id == version_id,
            # Not asked of what is of no row, which would be an error.
            known.c.op.in_(["I", "U", "D", "B"]),
        )
        .subquery()
    )


def is_tracked(of_table: Table) -> ColumnElement[bool]:
    """Whether the table is in the registry, for whoever asks."""
    return exists().where(_TABLES.c.relid == relid_of(of_table))


def tracked(tables: Sequence[Table]) -> Select[Any]:
    """One row: of each table whether its history can be read, and whether there is one."""
    known: list[Any] = []
    for number, one in enumerate(tables):
        somebody_reads = exists().select_from(
            func.rowtrail.tracking_of(relid_of(one)).table_valued(column("id"))
        )
        known += [is_tracked(one).label(f"r{number}"), somebody_reads.label(f"t{number}")]
    return select(*known)


def _hashed() -> ColumnElement[Any]:
    return func.rowtrail.names_of(
        _TABLES.c.relid, _TABLES.c.hashed_attnums, type_=ARRAY(Text)
    ).label("hashed")


def _typed(of_table: Table, columns: Sequence[Column[Any]], data: Any, hashed: Any) -> Any:
    """The image as a row of the table's type."""
    row_type: Any = literal_column(f"null::{name_of(of_table)}")
    return (
        func.jsonb_populate_record(row_type, func.rowtrail.without_hashes(data, hashed))
        .table_valued(*(column(one.name, one.type) for one in columns))
        .lateral("typed")
    )


def _values(columns: Sequence[Column[Any]], typed: Any, verbatim: Any) -> list[Any]:
    return [
        (
            # A json column's own text, where JSONB would not give it back.
            func.coalesce(
                cast(func.jsonb_extract_path_text(verbatim, one.name), one.type),
                typed.c[one.name],
                type_=one.type,
            ).label(one.name)
            if _is_json(one.type)
            else typed.c[one.name]
        )
        for one in columns
    ]


def _is_json(type_: Any) -> bool:
    inner = type_.impl_instance if isinstance(type_, TypeDecorator) else type_
    return isinstance(inner, JSON) and not isinstance(inner, JSONB)
