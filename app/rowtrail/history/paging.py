"""How a page of versions is read: from a version's id on, by an index, with long values cut."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    FromClause,
    Join,
    Text,
    and_,
    any_,
    case,
    cast,
    column,
    func,
    not_,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy import table as sql_table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from rowtrail.history.answers import Change, Cursor, Page
from rowtrail.models import TrackedTable, Version

PAGE = 50  # versions
EXCERPT = 500  # characters of a value
FIELDS = 100  # columns of a version

#: What tells which versions are meant: all conditions of one of the alternatives. The alternatives
#: exclude each other, and each is found by an index of its own.
Alternatives = Sequence[Sequence[ColumnElement[bool]]]

t = TrackedTable.__table__
v = Version.__table__
pg_class = sql_table(
    "pg_class", column("oid"), column("relname"), column("relnamespace"), schema="pg_catalog"
)
pg_namespace = sql_table("pg_namespace", column("oid"), column("nspname"), schema="pg_catalog")
pg_attribute = sql_table(
    "pg_attribute",
    *(column("attrelid"), column("attname"), column("attnum"), column("attisdropped", Boolean)),
    schema="pg_catalog",
)

#: An UPDATE that moves a row to another partition is stored as D and I. The I stands for both.
IS_MOVE = and_(v.c.op == "I", v.c.old_key.is_not(None))
MOVE = (v.c.table_id, v.c.old_key, v.c.era, v.c.xid, v.c.id)

#: Holds for all versions but the other half of a move.
IS_SHOWN = or_(
    v.c.op != "D",
    not_(
        func.rowtrail.is_moved_on(
            *(v.c.table_id, v.c.row_key, v.c.era, v.c.xid, v.c.id), type_=Boolean
        )
    ),
)

#: What people read the version as.
OP = case((IS_MOVE, "U"), else_=v.c.op)

#: What the changed columns held before.
OLD = case(
    (IS_MOVE, func.rowtrail.changed_by_move(*MOVE, v.c.data, type_=JSONB)),
    else_=type_coerce(v.c.old, JSONB),
)

#: The columns of a version but for the row itself, which may be long.
METADATA: list[ColumnElement[Any]] = [
    *(v.c.id, v.c.table_id, OP.label("op"), v.c.row_key, v.c.old_key, v.c.changed_at),
    *(v.c.era, v.c.xid, v.c.actor, v.c.login, cast(v.c.context, Text).label("context")),
    v.c.erased,
    case((IS_MOVE, func.rowtrail.partitions_of_move(*MOVE, v.c.file))).label("moved"),
]


def metadata(session: Session) -> list[ColumnElement[Any]]:
    """`METADATA`, as this session has it: partitions are known by the database that has them."""
    partitions: str | None = session.info.get("partitions")
    if partitions is None:
        return METADATA
    former = v.alias("former")
    before = (
        select(former.c.file)
        .where(former.c.table_id == v.c.table_id, former.c.row_key == v.c.old_key)
        .where(former.c.id < v.c.id, former.c.op == "D")
        .where(former.c.era == v.c.era, former.c.xid == v.c.xid)
        .order_by(former.c.id.desc())
        .limit(1)
        .correlate(v)
        .scalar_subquery()
    )
    names = cast(cast(partitions, Text), JSONB)
    sides = [names.op("->>")(cast(file, Text)) for file in (before, v.c.file)]
    moved = case((IS_MOVE, func.json_build_array(*sides, type_=JSON))).label("moved")
    return [*METADATA[:-1], moved]


#: A table's name as of now or, after it was dropped, as last seen; quoted where SQL needs it.
NAMES: list[ColumnElement[Any]] = [
    func.quote_ident(func.coalesce(pg_namespace.c.nspname, t.c.schema_name)).label("table_schema"),
    func.quote_ident(func.coalesce(pg_class.c.relname, t.c.table_name)).label("name"),
]


def named(tables: FromClause) -> Join:
    """The registry, or a join with it, together with what `NAMES` needs."""
    return tables.outerjoin(pg_class, pg_class.c.oid == t.c.relid).outerjoin(
        pg_namespace, pg_namespace.c.oid == pg_class.c.relnamespace
    )


def is_of_transaction(era: int, xid: int) -> list[ColumnElement[bool]]:
    """Whether a version is of this transaction, as the index versions_time finds it."""
    return [cast(cast(v.c.xid, Text), BigInteger) == xid, v.c.era == era]


def page_of(session: Session, alternatives: Alternatives, cursor: Cursor) -> Page:
    """The versions that are meant, from the cursor on, newest first."""
    upward = cursor.after is not None
    behind = None
    start: ColumnElement[bool] = true()
    if cursor.after is not None:
        start, behind = v.c.id > cursor.after, v.c.id <= cursor.after
    elif cursor.before is not None:
        start, behind = v.c.id < cursor.before, v.c.id >= cursor.before
    found = read(session, alternatives, start, upward)
    changes = found[:PAGE]
    ahead = changes[-1].id if len(found) > PAGE else None
    edge = None
    if behind is not None and nearest(session, alternatives, behind, not upward) is not None:
        edge = changes[0].id if changes else None
        if edge is None:
            edge = cursor.after + 1 if cursor.after is not None else (cursor.before or 0) - 1
    newest, oldest = (ahead, edge) if upward else (edge, ahead)
    return Page(
        changes[::-1] if upward else changes,
        older=None if oldest is None else Cursor(before=oldest),
        newer=None if newest is None else Cursor(after=newest),
    )


def read(
    session: Session,
    alternatives: Alternatives,
    start: ColumnElement[bool],
    upward: bool,
) -> list[Change]:
    """The next versions from there, one more than fill a page."""
    data = type_coerce(v.c.data, JSONB).label("data")
    old = OLD.label("old")
    parts = [
        select(*metadata(session), data, old)
        .where(*where, start, IS_SHOWN)
        .order_by(v.c.id if upward else v.c.id.desc())
        .limit(PAGE + 1)
        for where in alternatives
    ]
    page: FromClause = parts[0].subquery("page")
    if len(parts) > 1:
        every = union_all(*parts).subquery("every")
        order = every.c.id if upward else every.c.id.desc()
        page = select(every).order_by(order).limit(PAGE + 1).subquery("page")
    return changes_of(session, page, upward)


def changes_of(session: Session, page: FromClause, upward: bool) -> list[Change]:
    """The changes that some versions are, with the beginnings of their values.

    Args:
        session: of the reader.
        page: their `METADATA`, `data` and `old`.
        upward: oldest first.
    """
    fields = fields_of(page, session.info.get("fields", FIELDS))
    shown = [one for one in page.c if one.name not in ("data", "old")]
    everything = named(page.join(t, t.c.id == page.c.table_id).join(fields, true()))
    order = page.c.id if upward else page.c.id.desc()
    found = select(*shown, *NAMES, *fields.c).select_from(everything).order_by(order)
    return [Change.of(row) for row in session.execute(found)]


def nearest(
    session: Session,
    alternatives: Alternatives,
    start: ColumnElement[bool],
    upward: bool,
) -> int | None:
    """The id of the first version from there."""
    order = v.c.id if upward else v.c.id.desc()
    ids = [
        session.scalar(select(v.c.id).where(*where, start, IS_SHOWN).order_by(order).limit(1))
        for where in alternatives
    ]
    found = [one for one in ids if one is not None]
    return (min if upward else max)(found, default=None)


def fields_of(page: FromClause, most: int) -> LateralFromClause:
    """The columns that each version of a page shows, in the table's own order; so many at most."""
    pairs = (column("key", Text), column("value", JSONB))
    # Both are unpacked once: a long value is decompressed whole for each look at its row.
    # A schema change is no row; events.py says what it changed.
    row = case((page.c.op != "S", func.coalesce(page.c.old, page.c.data)))
    before = func.jsonb_each(row).table_valued(*pairs, name="before")
    after = func.jsonb_each(case((page.c.op == "U", page.c.data))).table_valued(
        *pairs, name="after"
    )
    former = case((page.c.op == "U", "old."), else_="data.")
    own = and_(
        pg_attribute.c.attrelid == t.c.relid, pg_attribute.c.attname == func.name(before.c.key)
    )
    shown = (
        select(
            func.json_build_array(
                before.c.key,
                *excerpt(before.c.value, erased=was_erased(former, before.c.key, page.c.erased)),
                *excerpt(after.c.value, erased=was_erased("data.", before.c.key, page.c.erased)),
            ).label("field"),
            func.count().over().label("columns"),
        )
        .select_from(
            before.outerjoin(after, after.c.key == before.c.key).outerjoin(pg_attribute, own)
        )
        .order_by(pg_attribute.c.attnum.nulls_last(), before.c.key)
        .limit(most)
        .correlate(page, t)
        .lateral("shown")
    )
    return select(
        func.json_agg(shown.c.field, type_=JSON).label("fields"),
        func.max(shown.c.columns).label("columns"),
    ).lateral("fields")


def has_name(table_id: int, name: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the row of the catalogue is of the table's column with this name."""
    relid = select(t.c.relid).where(t.c.id == table_id).scalar_subquery()
    return and_(pg_attribute.c.attrelid == relid, pg_attribute.c.attname == func.name(name))


def was_erased(
    document: ColumnElement[str] | str, name: ColumnElement[str], erased: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Whether the value of a column was erased from a version.

    Args:
        document: where it was: `data.` or `old.`.
        name: of the column, as it was recorded.
        erased: the places of the version that were erased.
    """
    # A query in ANY would be one of many rows.
    places = func.coalesce(erased, cast([], ARRAY(Text)), type_=ARRAY(Text))
    return func.concat(document, name) == any_(places)


def excerpt(
    value: ColumnElement[Any],
    longest: int = EXCERPT,
    erased: ColumnElement[bool] | None = None,
) -> tuple[ColumnElement[Any], ...]:
    """The kind of a JSON value (`erased`, where that holds), its beginning as text, its length."""
    kind: ColumnElement[Any] = func.jsonb_typeof(value)
    content = case(
        (kind == "string", value.op("#>>")(cast([], ARRAY(Text)))), else_=cast(value, Text)
    )
    shown = kind if erased is None else case((erased, "erased"), else_=kind)
    return shown, func.left(content, longest), func.length(content)
