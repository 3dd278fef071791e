"""The questions that people ask of history. All SQL of the reader is here.

Every question is bounded, however long the history: pages are found by an index from a version's
id on, counting stops early, and long values are cut on the server.
"""

from dataclasses import replace

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Text,
    cast,
    func,
    literal,
    not_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from rowtrail.errors import RowtrailError
from rowtrail.history import chaining, events, shares
from rowtrail.history.answers import (
    OPERATIONS,
    Change,
    Cursor,
    Page,
    Part,
    Table,
    TableName,
    TableSummary,
    Transaction,
    WholeVersion,
)
from rowtrail.history.finding import canonical
from rowtrail.history.looking import LOWEST_ID, Share, in_share, one_by_one, wanted_tables
from rowtrail.history.paging import (
    IS_SHOWN,
    METADATA,
    NAMES,
    OLD,
    OP,
    is_of_transaction,
    named,
    nearest,
    page_of,
    pg_attribute,
    t,
    v,
)

COUNTED = 10_000  # versions; counting stops there

BIGGEST_INT = 2**31 - 1
BIGGEST_BIGINT = 2**63 - 1


class NotThere(RowtrailError):
    """What was asked for is not in the history."""


def tables(session: Session) -> list[TableSummary]:
    """What is and was tracked, by name, with the size of its history and its last change."""
    sizes = shares.summed(session, sizes_in, COUNTED)
    newest = (
        select(*METADATA)
        .where(v.c.table_id == t.c.id)
        .order_by(v.c.id.desc())
        .limit(1)
        .correlate(t)
        .lateral("newest")
    )
    found = session.execute(select(*newest.c, *NAMES).select_from(named(t.join(newest, true()))))
    last = {row.table_id: Change.of(row) for row in found}
    return [
        TableSummary(
            table=table,
            versions=min(sizes[table.name.id], COUNTED),
            has_more=sizes[table.name.id] > COUNTED,
            last=last.get(table.name.id),
        )
        for table in map(Table.of, session.execute(REGISTRY))
    ]


def sizes_in(session: Session, share: Share | None) -> dict[int, int]:
    """How many versions each table has, counted up to one more than `COUNTED`."""
    wanted: FromClause = t
    within: list[ColumnElement[bool]] = []
    if share is not None:
        parts = wanted_tables(list(session.scalars(select(t.c.id))), share)
        wanted, within = parts, in_share(parts, share)
    some = (
        select(literal(1))
        .where(v.c.table_id == wanted.c.id, *within)
        .order_by(v.c.id)
        .limit(COUNTED + 1)
        .correlate(wanted)
    )
    size = select(func.count()).select_from(some.lateral("some")).scalar_subquery()
    with one_by_one(session):
        found = session.execute(select(wanted.c.id, size.label("size")))
        return {row.id: row.size for row in found}


def database_name(session: Session) -> str:
    """The database that all this is about."""
    return str(session.scalar(select(func.current_database())))


def table(session: Session, table_id: int) -> Table:
    """One table of the registry.

    Raises:
        NotThere: there is none with this number.
    """
    found = None
    if table_id <= BIGGEST_INT:
        found = session.execute(REGISTRY.where(t.c.id == table_id)).one_or_none()
    if found is None:
        raise NotThere(f"no table has the number {table_id}; /tables lists all that have a history")
    return Table.of(found)


def columns(session: Session, table: Table) -> list[str]:
    """The columns of the table, by their names of today; none of one that was dropped."""
    found = session.scalars(
        select(pg_attribute.c.attname)
        .select_from(pg_attribute.join(t, t.c.relid == pg_attribute.c.attrelid))
        .where(t.c.id == table.name.id, pg_attribute.c.attnum > 0)
        .where(not_(pg_attribute.c.attisdropped))
        .order_by(pg_attribute.c.attnum)
    )
    return list(found)


def row(session: Session, table: Table, key: str, cursor: Cursor) -> Page:
    """The versions of one row, newest first, with those that gave it another key or this one.

    Where the whole table was truncated while the row was there, that marker stands among them; so
    do changes of the table's schema.

    Raises:
        NotThere: no version has this key.
    """
    in_table = v.c.table_id == table.name.id
    alternatives = [
        [in_table, v.c.row_key == key, v.c.op.not_in(["T", "S"])],
        [in_table, v.c.old_key == key],
    ]
    tables = [table.name.id]
    page = chaining.paged(
        session, tables, cursor, lambda one, begin: page_of(one, alternatives, begin)
    )
    if not (page.changes or page.newer or page.older):
        raise NotThere(f"no version of {table.name} has the key {key!r}")
    newer = None
    if page.newer and page.newer.after is not None:
        after = page.newer.after
        newer = chaining.nearest(
            session,
            tables,
            lambda one: nearest(one, alternatives, v.c.id > after, upward=True),
            after,
        )
    changes = with_truncations(session, page.changes, key, newer)
    changes = events.beside(session, changes, key, newer)
    return Page(changes, older=page.older, newer=page.newer)


def canonical_key(session: Session, table: Table, key: str) -> str | None:
    """A composite key as rowtrail writes it, [42, 1] for [42,1]; None where it is written so."""
    if len(table.key_columns) < 2:
        return None
    written = canonical(session, key)
    return written if written != key else None


def transaction(session: Session, era: int, xid: int, cursor: Cursor) -> Transaction:
    """What one transaction changed, in the order in which it did.

    Raises:
        NotThere: it changed no row of a tracked table.
    """
    found = None
    if era <= BIGGEST_INT and xid <= BIGGEST_BIGINT:
        found = shares.whole_transaction(
            session, era, xid, lambda one: transaction_in(one, era, xid, cursor)
        )
    if found is None:
        raise NotThere(f"the transaction {era}-{xid} changed no row of a tracked table")
    return found


def transaction_in(session: Session, era: int, xid: int, cursor: Cursor) -> Transaction | None:
    """What one transaction changed, as one database has it; None where it has nothing of it."""
    where = is_of_transaction(era, xid)
    some = (
        select(v.c.table_id, OP.label("op"), v.c.changed_at)
        .where(*where, IS_SHOWN)
        .limit(COUNTED + 1)
        .subquery("some")
    )
    counted = (
        select(
            *(*NAMES, t.c.id.label("table_id"), some.c.op, func.count().label("changes")),
            *(
                func.min(some.c.changed_at).label("first"),
                func.max(some.c.changed_at).label("last"),
            ),
        )
        .select_from(named(some.join(t, t.c.id == some.c.table_id)))
        .group_by(t.c.id, *NAMES, some.c.op)
        .order_by(*NAMES, some.c.op)
    )
    groups = session.execute(counted).all()
    if not groups:
        return None
    parts = [Part(TableName.of(one), OPERATIONS[one.op], one.changes) for one in groups]
    has_more = sum(part.changes for part in parts) > COUNTED
    if not has_more:
        # All of it was seen, so its months are known: no other partition is looked into again.
        first, last = min(one.first for one in groups), max(one.last for one in groups)
        where.append(v.c.changed_at.between(first, last))
    page = page_of(session, [where], Cursor(after=LOWEST_ID) if cursor == Cursor() else cursor)
    page = with_events(session, page)
    page.changes.reverse()
    if has_more:
        # One more than is said was counted, to know that there are more.
        largest = max(parts, key=lambda part: part.changes)
        parts[parts.index(largest)] = replace(largest, changes=largest.changes - 1)
    return Transaction(era, str(xid), parts, has_more, page)


def version(session: Session, table_id: int, version_id: int) -> WholeVersion:
    """One version, whole.

    Raises:
        NotThere: this table has no version with this id.
    """
    found = None
    if table_id <= BIGGEST_INT and abs(version_id) <= BIGGEST_BIGINT:
        found = shares.whole_version(
            session, table_id, version_id, lambda one: version_in(one, table_id, version_id)
        )
    if found is None:
        raise NotThere(f"the table with the number {table_id} has no version {version_id}")
    return found


def version_in(session: Session, table_id: int, version_id: int) -> WholeVersion | None:
    """One version as one database has it; None where it has not."""
    found = session.execute(
        select(
            *METADATA,
            *NAMES,
            cast(v.c.data, Text).label("data_text"),
            cast(OLD, Text).label("old_text"),
            cast(v.c.verbatim, Text).label("verbatim_text"),
        )
        .select_from(named(v.join(t, t.c.id == v.c.table_id)))
        .where(v.c.table_id == table_id, v.c.id == version_id)
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    return WholeVersion(Change.of(found), found.data_text, found.old_text, found.verbatim_text)


status = func.rowtrail.status().table_valued("table_id", "state", "mend", name="status")

REGISTRY = (
    select(
        *(t.c.id.label("table_id"), *NAMES, status.c.state, status.c.mend),
        *(t.c.key_columns, t.c.excluded_columns, t.c.hashed_columns, t.c.ignored_columns),
        *(t.c.is_erasable, cast(t.c.retention, Text).label("retention"), t.c.complete_from),
        *(t.c.tracked_since, t.c.tracked_by, t.c.untracked_at),
    )
    .select_from(named(t.join(status, status.c.table_id == t.c.id)))
    .order_by("table_schema", "name", t.c.id)
)


def with_events(session: Session, page: Page) -> Page:
    """A page whose schema changes say what they changed."""
    return replace(page, changes=events.described(session, page.changes))


def with_truncations(
    session: Session, changes: list[Change], key: str, newer: int | None
) -> list[Change]:
    """A row's versions, newest first, with a TRUNCATE of the table where one ended the row.

    Args:
        newer: the id of the row's next version after these.
    """
    next_ids = [newer, *(change.id for change in changes)]
    next_changes = [None, *changes]
    # Where an UPDATE or DELETE follows, the row was there all the time.
    ends = {
        change.id: next_id
        for change, next_id, following in zip(changes, next_ids, next_changes, strict=False)
        if change.row_key == key
        and change.operation in ("insert", "update", "baseline")
        and not (following and following.operation == "delete")
        and not (following and following.operation == "update" and following.old_key in (None, key))
    }
    if not ends:
        return changes
    left = (
        func.unnest(cast(list(ends), ARRAY(BigInteger)))
        .table_valued("id", name="left_at")
        .render_derived()
    )
    marker = (
        select(*METADATA)
        .where(v.c.table_id == changes[0].table.id, v.c.row_key == "", v.c.op == "T")
        .where(v.c.id > left.c.id)
        .order_by(v.c.id)
        .limit(1)
        .correlate(left)
        .lateral("marker")
    )
    everything = named(left.join(marker, true()).join(t, t.c.id == marker.c.table_id))
    found = session.execute(
        select(*marker.c, *NAMES, left.c.id.label("left_at")).select_from(everything)
    )
    markers = []
    for row in found:
        end = ends[row.left_at]
        if end is None or row.id < end:
            markers.append(Change.of(row))
    return sorted([*changes, *markers], key=lambda change: change.id, reverse=True)
