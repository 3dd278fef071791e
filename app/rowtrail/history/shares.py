"""Answers that one of two databases has whole, or of which each has a share.

What is complete here is answered here alone; what is not, is answered by the history database, and
what is counted is counted in both.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rowtrail.errors import RowtrailError
from rowtrail.history.answers import (
    OPERATIONS,
    Change,
    Deed,
    Deeds,
    Table,
    Transaction,
    WholeVersion,
)
from rowtrail.history.filters import written_moment
from rowtrail.history.looking import LOWEST_ID, Share
from rowtrail.history.older import Older, Unreadable, older_of
from rowtrail.history.paging import is_of_transaction, v

if TYPE_CHECKING:
    from rowtrail.history.moments import RowThen

#: Fails with no_data_found where the history of then was retired.
BOUNDARY = """
select rowtrail.boundary_of(:table_id, null, null, null, cast(:snapshot as pg_snapshot))
"""

#: Whether a seal saw all that a snapshot saw: also what was under way as of the one with the higher
#: number.
SEEN = """
select
  pg_snapshot_xmax(s.seen) >= pg_snapshot_xmax(cast(:snapshot as pg_snapshot))
  and not exists (
    select
    from pg_snapshot_xip(s.seen) as x
    where pg_visible_in_snapshot(x, cast(:snapshot as pg_snapshot)))
from rowtrail.seals as s
where s.id = :seal
"""

#: Whether all that a table has of up to a moment is in a seal or in those before it: in a later one
#: is what had a higher id than it has, or was under way as of it.
ALL_SEALED = """
select s.sealed_at >= :moment
  and not exists (
    select
    from rowtrail.versions as v
    where v.table_id = :table_id and v.changed_at <= :moment and v.id > s.max_id
      and not rowtrail.is_shipped(v.era, v.id, v.xid, s))
  and not exists (
    select
    from rowtrail.versions as v
    where v.table_id = :table_id and v.changed_at <= :moment and v.id > 0
      and (v.xid::text)::bigint >= (pg_snapshot_xmin(s.seen)::text)::bigint
      and not rowtrail.is_shipped(v.era, v.id, v.xid, s))
from rowtrail.seals as s
where s.id = :seal
"""


def whole_transaction(
    session: Session, era: int, xid: int, ask: Callable[[Session], Transaction | None]
) -> Transaction | None:
    """A transaction out of the database that has all of it: a seal has it wholly or not at all.

    Raises:
        Unreadable: there is nothing of it here, and the history database cannot be read.
    """
    near = ask(session)
    older = older_of(session)
    if older is None or not older.firsts:
        return near
    if near is not None:
        first = session.scalar(select(func.min(v.c.id)).where(*is_of_transaction(era, xid)))
        if first is not None and first >= older.bound(None):
            return near
    far = older.ask(ask)
    if far is None:
        if near is None:
            older.require()
        return near
    parts = [replace(part, table=older.name(part.table)) for part in far.parts]
    letters = list(OPERATIONS.values())
    parts.sort(key=lambda one: (str(one.table), one.table.id, letters.index(one.operation)))
    page = replace(far.page, changes=older.translated(far.page.changes))
    return replace(far, parts=parts, page=page)


def whole_version(
    session: Session, table_id: int, version_id: int, ask: Callable[[Session], WholeVersion | None]
) -> WholeVersion | None:
    """A version out of the database that has it; both may.

    Raises:
        Unreadable: it is not here, and the history database cannot be read.
    """
    near = ask(session)
    older = older_of(session)
    if older is None or version_id >= older.bound([table_id]):
        return near
    far = older.ask(ask)
    if far is None:
        if near is None:
            older.require()
        return near
    [change] = older.merged([] if near is None else [near.change], [far.change])
    if near is not None and change is near.change:
        return near
    return replace(far, change=change)


def moment_of(
    session: Session, ask: Callable[[Session], datetime], refusal: type[RowtrailError]
) -> datetime:
    """When a transaction ended: of one that is not wholly here, there is the last of it.

    Raises:
        RowtrailError: neither database knows it; or here does not and there cannot be read.
    """
    older = older_of(session)
    if older is None or not older.firsts:
        return ask(session)
    refused = RowtrailError("neither database knows the transaction")
    near: datetime | None = None
    try:
        near = ask(session)
    except refusal as error:
        refused = error
    if near is not None and not any(near < one for one in older.complete_from.values()):
        return near
    far: datetime | None = None
    with suppress(refusal):
        far = older.ask(ask)
    moments = [one for one in (near, far) if one is not None]
    if not moments:
        older.require()
        raise refused
    return max(moments)


def rows_then(
    session: Session,
    table: Table,
    moment: datetime | None,
    snapshot: str | None,
    ask: "Callable[[Session], tuple[list[RowThen], str | None]]",
) -> "tuple[list[RowThen], str | None]":
    """The rows of a table as they were, out of the database that knows it.

    Raises:
        Unreadable: as `is_older_then()`.
    """
    older = older_of(session)
    if older is None or not is_older_then(session, table.name.id, moment, snapshot):
        return ask(session)
    found = older.ask(ask)
    if found is None:
        older.require()
        return ask(session)
    rows, following = found
    order = older.order(table.name.id)
    in_order = [
        replace(row, values=dict(sorted(row.values.items(), key=lambda one: order(one[0]))))
        for row in rows
    ]
    return in_order, following


def is_older_then(
    session: Session, table_id: int, moment: datetime | None, snapshot: str | None
) -> bool:
    """Whether only the history database knows how a table was then.

    Raises:
        Unreadable: it does, and cannot be read or is not so far yet.
    """
    older = older_of(session)
    if older is None or table_id not in older.firsts:
        return False
    if moment is not None and moment >= older.complete_from[table_id]:
        return False
    if moment is None and is_known_here(session, table_id, snapshot):
        return False
    older.ask(lambda there: require_shipped(older, there, table_id, moment, snapshot))
    older.require()
    return not older.is_closed


def is_known_here(session: Session, table_id: int, snapshot: str | None) -> bool:
    """Whether the application's database knows how a table was by a snapshot."""
    try:
        with session.begin_nested():
            session.execute(text(BOUNDARY), {"table_id": table_id, "snapshot": snapshot})
    except DBAPIError as error:
        # Any other error will be met, and said, where the rows are asked for.
        return getattr(error.orig, "pgcode", None) != "P0002"
    return True


def require_shipped(
    older: Older, there: Session, table_id: int, moment: datetime | None, snapshot: str | None
) -> None:
    """Raises Unreadable unless the history database has all of the time that is asked for."""
    last = older.last_seal
    asked = {"seal": last.id, "table_id": table_id, "moment": moment, "snapshot": snapshot}
    if moment is None:
        is_there = there.scalar(text(SEEN), asked)
    else:
        is_there = older.here.scalar(text(ALL_SEALED), asked)
    if not is_there:
        raise Unreadable(
            f"the history of {older.names[table_id]} is in the history database up to seal "
            f"{last.id} of {written_moment(last.sealed_at)} only; run: rowtrail ship"
        )


def beside(
    session: Session,
    table: Table,
    moment: datetime | None,
    ask: Callable[[Session], tuple[Change | None, Change | None]],
) -> tuple[Change | None, Change | None]:
    """The last change up to a moment and the first after it, out of both databases."""
    near = ask(session)
    older = older_of(session)
    if older is None or table.complete_from is None or moment is None:
        return near
    earlier = near[0]
    if moment >= table.complete_from and earlier is not None and older.is_complete(earlier):
        return near
    far = older.ask(ask)
    if far is None:
        return near
    sides = [
        older.merged([near_one] if near_one else [], [far_one] if far_one else [])
        for near_one, far_one in zip(near, far, strict=True)
    ]
    return next(iter(sides[0]), None), next(reversed(sides[1]), None)


def deeds(
    session: Session, ask: Callable[[Session, Share | None, int], tuple[Deeds, int]]
) -> Deeds:
    """What somebody did, counted in both databases: in each, what it answers for.

    Args:
        session: of here.
        ask: counts in a session from an id on, and gives the id from which on it did.
    """
    older = older_of(session)
    if older is None or not older.firsts:
        return ask(session, None, LOWEST_ID)[0]
    near, low = ask(session, Share(older.firsts, is_older=False), LOWEST_ID)
    if low >= older.bound(None):
        return near
    # No further back than here.
    found = older.ask(lambda there: ask(there, Share(older.firsts, is_older=True), low))
    if found is None:
        # With what is here of what is older.
        return ask(session, None, LOWEST_ID)[0]
    far, _ = found
    every = [*near.deeds, *(replace(one, table=older.name(one.table)) for one in far.deeds)]
    return Deeds(together(every), far.looked or near.looked)


def together(deeds: Iterable[Deed]) -> list[Deed]:
    """Deeds of several parts of the history as those of all of it, the most frequent ones first."""
    known: dict[Any, Deed] = {}
    for deed in deeds:
        key = (deed.table, deed.login, deed.operation)
        if (other := known.get(key)) is not None:
            deed = replace(
                deed,
                changes=deed.changes + other.changes,
                first=min(deed.first, other.first),
                last=max(deed.last, other.last),
            )
        known[key] = deed
    letters = {word: letter for letter, word in OPERATIONS.items()}
    return sorted(
        known.values(),
        key=lambda one: (
            *(-one.changes, one.table.schema, one.table.name),
            *(one.login, letters[one.operation]),
        ),
    )


def summed(
    session: Session, ask: Callable[[Session, Share | None], dict[int, int]], most: int
) -> dict[int, int]:
    """A number of each table's versions, up to one more than the most, out of both databases."""
    older = older_of(session)
    if older is None or not older.firsts:
        return ask(session, None)
    near = ask(session, Share(older.firsts, is_older=False))
    if all(near.get(one, 0) > most for one in older.firsts):
        return near
    far = older.ask(lambda there: ask(there, Share(older.firsts, is_older=True)))
    if far is None:
        return ask(session, None)
    return {
        one: min(size + (far.get(one, 0) if one in older.firsts else 0), most + 1)
        for one, size in near.items()
    }


def counted_since(
    session: Session, since: datetime, ask: Callable[[Session, Share | None], list[Any]]
) -> list[Any]:
    """What each database counts of its share of the versions since a moment."""
    older = older_of(session)
    if older is None or not older.firsts or max(older.complete_from.values()) <= since:
        return ask(session, None)
    far = older.ask(lambda there: ask(there, Share(older.firsts, is_older=True)))
    if far is None:
        return ask(session, None)
    tables = older.firsts.keys()
    return [
        *ask(session, Share(older.firsts, is_older=False)),
        *(row for row in far if row.table_id in tables),
    ]


def is_here(session: Session, change: Change) -> bool:
    """Whether the version itself can be read by this session."""
    older = older_of(session)
    return older is None or older.is_complete(change)


def is_there(session: Session) -> bool:
    """Whether it is a session of the history database."""
    return "fields" in session.info
