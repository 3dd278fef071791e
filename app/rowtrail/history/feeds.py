"""The changes of a table or of all tables, newest first, filtered as a person likes.

A page costs the same however long the history is: it is found by an index, or a bounded number of
versions is looked at, and then the page says how far.
"""

from collections.abc import Iterator

from sqlalchemy import func, select, true, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from rowtrail.history import chaining, events, shares
from rowtrail.history.answers import (
    OPERATIONS,
    Change,
    Cursor,
    Deed,
    Deeds,
    Looked,
    Page,
    TableName,
)
from rowtrail.history.filters import Filters
from rowtrail.history.looking import (
    LOWEST_ID,
    Look,
    Place,
    Share,
    Span,
    at,
    in_share,
    looks,
    outermost,
    places,
    span_of,
    wanted_tables,
)
from rowtrail.history.matching import Wanted, alternatives_of, conditions_of
from rowtrail.history.paging import (
    IS_SHOWN,
    NAMES,
    OLD,
    OP,
    PAGE,
    changes_of,
    metadata,
    named,
    t,
    v,
)


def feed(session: Session, filters: Filters, cursor: Cursor) -> Page:
    """The changes that the filters mean, from the cursor on, newest first.

    Without filters, or with no more than a key, they are found by an index. Else at most about
    `looking.LOOKED_AT` versions are looked at; where that is not to the end, the page has `looked`.
    """
    wanted = Wanted.by(filters)
    tables = None if filters.table is None else [filters.table]
    return chaining.paged(
        session,
        tables,
        cursor,
        lambda one, begin: page_of_span(one, span_of(one, filters), wanted, begin),
    )


def page_of_span(session: Session, span: Span, wanted: Wanted, cursor: Cursor) -> Page:
    """The changes of the span that are wanted, from the cursor on, newest first; as `feed()`."""
    upward = cursor.after is not None
    here = from_cursor(span, cursor)
    found, last = look(session, here, wanted, upward, PAGE + 1)
    changes = events.described(session, shown(session, found[:PAGE], upward))
    ahead = looked = None
    if len(found) > PAGE:
        ahead = found[PAGE - 1].id
    elif last.end is not None:
        ahead = last.end.id
        looked = Looked(last.versions, last.end.changed_at)
    edge = None
    behind = behind_cursor(span, cursor)
    if behind is not None and has_some(session, behind, wanted):
        edge = behind.high if upward else max(behind.low - 1, LOWEST_ID)
        if changes:
            edge = changes[0].id
    newest, oldest = (ahead, edge) if upward else (edge, ahead)
    return Page(
        changes[::-1] if upward else changes,
        older=None if oldest is None else Cursor(before=oldest),
        newer=None if newest is None else Cursor(after=newest),
        looked=looked,
    )


def walk(
    session: Session, filters: Filters, size: int
) -> Iterator[tuple[Session, list[Place], int]]:
    """All changes that the filters mean, oldest first, about so many at a time.

    Yields:
        The session that has them, some of them, perhaps none, and the id up to which was looked.
    """
    wanted = Wanted.by(filters)

    def step(one: Session, span: Span) -> tuple[list[Place], int | None]:
        found, last = look(one, span, wanted, True, size)
        if len(found) == size:
            return found, found[-1].id
        return found, None if last.end is None else last.end.id

    tables = None if filters.table is None else [filters.table]
    return chaining.walked(session, tables, lambda one: span_of(one, filters), step)


def deeds_of(session: Session, filters: Filters) -> Deeds:
    """What somebody did: how often, to which tables, by which logins; as far as one look goes."""
    return shares.deeds(session, lambda one, share, low: deeds_in(one, filters, share, low))


def deeds_in(
    session: Session, filters: Filters, share: Share | None, low: int
) -> tuple[Deeds, int]:
    """The same of one database, or of the part of each table that it answers for, from an id on.

    Returns:
        It, and the id from which on it was counted.
    """
    found: list[Deed] = []
    looked, reached = None, low
    span = span_of(session, filters)
    span = span._replace(low=max(span.low, low))
    for part in looks(session, span, alternatives_of(filters), False):
        found += deeds_of_part(session, part.span, filters, share)
        looked = part.end and Looked(part.versions, part.end.changed_at)
        reached = low if part.end is None else part.end.id
    return Deeds(shares.together(found), looked), reached


def deeds_of_part(
    session: Session, span: Span, filters: Filters, share: Share | None
) -> Iterator[Deed]:
    """What was done in a part of the history, for each table, login and operation."""
    wanted = wanted_tables(span.tables, share)
    own = (
        select(v.c.table_id, v.c.login, OP.label("op"), v.c.changed_at)
        .where(v.c.table_id == wanted.c.id, v.c.id >= span.low, v.c.id < span.high)
        .where(*conditions_of(filters), IS_SHOWN)
        .where(*in_share(wanted, share))
        .correlate(wanted)
        .lateral("own")
    )
    counted = (
        select(
            *(own.c.table_id, own.c.login, own.c.op, func.count().label("changes")),
            func.min(own.c.changed_at).label("first"),
            func.max(own.c.changed_at).label("last"),
        )
        .select_from(wanted.join(own, true()))
        .group_by(own.c.table_id, own.c.login, own.c.op)
        .subquery("counted")
    )
    found = session.execute(
        select(counted, *NAMES).select_from(named(counted.join(t, t.c.id == counted.c.table_id)))
    )
    for row in found:
        yield Deed(
            TableName.of(row), row.login, OPERATIONS[row.op], row.changes, row.first, row.last
        )


def look(
    session: Session, span: Span, wanted: Wanted, upward: bool, count: int
) -> tuple[list[Place], Look]:
    """The first so many changes of the span that are wanted, and the last look for them."""
    if not wanted.needs_looking:
        every = places(session, span, wanted.alternatives, wanted.conditions, upward, count)
        return every, Look(span, None, 0)
    found: list[Place] = []
    for part in looks(session, span, wanted.alternatives, upward):
        found += places(
            *(session, part.span, wanted.alternatives, wanted.conditions, upward),
            count - len(found),
        )
        if len(found) == count:
            break
    return found, part


def from_cursor(span: Span, cursor: Cursor) -> Span:
    """The part of the span that the page is of."""
    if cursor.after is not None:
        return span._replace(low=max(span.low, cursor.after + 1))
    if cursor.before is not None:
        return span._replace(high=min(span.high, cursor.before))
    return span


def behind_cursor(span: Span, cursor: Cursor) -> Span | None:
    """The part of the span before the page begins; None where it begins at the end."""
    if cursor.after is not None:
        return span._replace(high=min(span.high, cursor.after + 1))
    if cursor.before is not None:
        return span._replace(low=max(span.low, cursor.before))
    return None


def has_some(session: Session, span: Span, wanted: Wanted) -> bool:
    """Whether the span has a change that is wanted; if it takes a look, whether any version."""
    if wanted.needs_looking:
        return any(outermost(session, span, one, False) for one in wanted.alternatives)
    return bool(places(session, span, wanted.alternatives, [], False, 1))


def shown(session: Session, found: list[Place], upward: bool) -> list[Change]:
    """The changes at these places, with the beginnings of their values."""
    if not found:
        return []
    data = type_coerce(v.c.data, JSONB).label("data")
    return changes_of(session, at(found, *metadata(session), data, OLD.label("old")), upward)
