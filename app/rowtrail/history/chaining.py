"""Lists of changes out of two databases, as one would give them.

A question is asked here; where its answer reaches below the first complete id, it is asked in the
history database as well, and both answers become one: of what both have, that of there is right,
but for what was erased here since. What only is here is kept, where it was not shipped yet.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import TypeVar

from sqlalchemy.orm import Session

from rowtrail.history.answers import Change, Cursor, Page
from rowtrail.history.looking import LOWEST_ID, Place, Span
from rowtrail.history.older import Older, older_of
from rowtrail.history.paging import PAGE

Answer = TypeVar("Answer")

#: What a session is asked, from a cursor on.
Ask = Callable[[Session, Cursor], Page]


def paged(session: Session, tables: Iterable[int] | None, cursor: Cursor, ask: Ask) -> Page:
    """A page of changes, newest first, out of both databases.

    Args:
        session: of here.
        tables: whose changes; None for all.
        cursor: where the page begins.
        ask: gives the page of a session.
    """
    near = ask(session, cursor)
    older = older_of(session)
    if older is None:
        return near
    bound = older.bound(tables)
    upward = cursor.after is not None
    if is_complete(near, cursor, bound):
        return near
    begin = cursor
    if not upward:
        begin = Cursor(before=bound if cursor.before is None else min(cursor.before, bound))
    far = older.ask(lambda there: ask(there, begin))
    if far is None:
        return near
    page = page_of_both(older, near, far, cursor, bound)
    rest = page.newer if upward else page.older
    if len(page.changes) < PAGE and rest is not None and page.looked is None:
        # Some of here were no answers: the page goes on.
        more = paged(session, tables, rest, ask)
        page = joined(page, more, upward)
    return page


def is_complete(near: Page, cursor: Cursor, bound: int) -> bool:
    """Whether there is nothing older that the page of here could lack."""
    if bound == LOWEST_ID:
        return True
    if cursor.after is not None:
        return cursor.after >= bound - 1 and near.older is not None
    return near.older is not None and (near.older.before or LOWEST_ID) >= bound


def page_of_both(older: Older, near: Page, far: Page, cursor: Cursor, bound: int) -> Page:
    """One page out of two that begin at the same place, or there at the bound."""
    upward = cursor.after is not None
    if upward:
        ends = [page.newer.after if page.newer else None for page in (near, far)]
        if ends[1] is not None and ends[1] >= bound - 1:
            # From there on all is here.
            ends[1] = None
        known = [end for end in ends if end is not None]
        end = min(known, default=None)
        is_behind = bool(near.older or far.older)
    else:
        ends = [page.older.before if page.older else None for page in (near, far)]
        known = [end for end in ends if end is not None]
        end = max(known, default=None)
        is_behind = bool(
            near.newer or (far.newer and cursor.before is not None and cursor.before <= bound)
        )
    changes = older.merged(near.changes, far.changes)
    if end is not None:
        changes = [one for one in changes if (one.id <= end if upward else one.id >= end)]
    looked = None
    if len(changes) > PAGE:
        changes = changes[-PAGE:] if upward else changes[:PAGE]
        end = changes[0].id if upward else changes[-1].id
    else:
        looked = next(
            (page.looked for page, own in zip((near, far), ends, strict=True) if own == end), None
        )
    edge = None
    if is_behind:
        edge = near.older or far.older if upward else near.newer or far.newer
        if changes and upward:
            edge = Cursor(before=changes[-1].id)
        elif changes:
            edge = Cursor(after=changes[0].id)
    ahead = None
    if end is not None:
        ahead = Cursor(after=end) if upward else Cursor(before=end)
    return Page(
        changes,
        older=edge if upward else ahead,
        newer=ahead if upward else edge,
        looked=looked,
    )


def joined(page: Page, more: Page, upward: bool) -> Page:
    """A page with the beginning of the one that follows it."""
    room = PAGE - len(page.changes)
    is_cut = len(more.changes) > room
    if upward:
        added = more.changes[-room:]
        end = Cursor(after=added[0].id) if is_cut else more.newer
        return Page([*added, *page.changes], page.older, end, None if is_cut else more.looked)
    added = more.changes[:room]
    end = Cursor(before=added[-1].id) if is_cut else more.older
    return Page([*page.changes, *added], end, page.newer, None if is_cut else more.looked)


def nearest(
    session: Session, tables: Iterable[int] | None, ask: Callable[[Session], int | None], start: int
) -> int | None:
    """The least id that is found above another one, out of both databases."""
    near = ask(session)
    older = older_of(session)
    if older is None or start >= older.bound(tables) - 1:
        return near
    far = older.ask(ask)
    return min((one for one in (near, far) if one is not None), default=None)


def listed(
    session: Session,
    table_id: int,
    before: int,
    ask: Callable[[Session, int], list[tuple[Change, Answer]]],
    translate: Callable[[list[tuple[Change, Answer]]], list[tuple[Change, Answer]]],
) -> list[tuple[Change, Answer]]:
    """A page of one table's changes below an id, each with what else is known of it.

    Args:
        session: of here.
        table_id: of the table.
        before: the id.
        ask: gives the page of a session.
        translate: makes of what is known there what it is by today's names.
    """
    near = ask(session, before)
    older = older_of(session)
    if older is None:
        return near
    bound = older.bound([table_id])
    is_full = len(near) == PAGE
    if bound == LOWEST_ID or (is_full and near[-1][0].id >= bound):
        return near
    far = older.ask(lambda there: ask(there, min(before, bound)))
    if not far:
        return near
    known = {change.id: more for change, more in [*translate(far), *near]}
    changes = older.merged([one for one, _ in near], [one for one, _ in far])
    ends = [page[-1][0].id for page in (near, far) if len(page) == PAGE]
    end = max(ends, default=LOWEST_ID)
    return [(one, known[one.id]) for one in changes if one.id >= end][:PAGE]


def newest(session: Session, most: int, ask: Callable[[Session], list[Change]]) -> list[Change]:
    """The newest change of each table that has one, newest first, out of both databases."""
    near = ask(session)
    older = older_of(session)
    if older is None or not older.firsts:
        return near
    complete = {change.table.id for change in near if older.is_complete(change)}
    if older.firsts.keys() <= complete:
        return near
    far = older.ask(ask)
    if far is None:
        return near
    found: dict[int, Change] = {}
    for change in older.merged(near, far):
        found.setdefault(change.table.id, change)
    return list(found.values())[:most]


def one_of_each_era(session: Session, ask: Callable[[Session], list[Change]]) -> list[Change]:
    """A change of each transaction of a number, by their eras, out of both databases."""
    near = ask(session)
    older = older_of(session)
    if older is None or not older.firsts:
        return near
    far = older.ask(ask)
    if far is None:
        return near
    found = {change.era: change for change in near}
    found |= {change.era: change for change in older.translated(far)}
    return [found[era] for era in sorted(found)]


def walked(
    session: Session,
    tables: Iterable[int] | None,
    span_of: Callable[[Session], Span],
    step: Callable[[Session, Span], tuple[list[Place], int | None]],
) -> Iterator[tuple[Session, list[Place], int]]:
    """Versions, oldest first, some at a time: of both databases up to the bound, then of here.

    Args:
        session: of here.
        tables: whose versions; None for all.
        span_of: gives among which ids of a session they are.
        step: gives the first of them, and up to which id it has looked; None for all of the span.

    Yields:
        The session that has them, some of them, and the id up to which was looked.

    Raises:
        Unreadable: the history database cannot be read: a file is whole or it is none.
    """
    span = span_of(session)
    older = older_of(session)
    bound = LOWEST_ID if older is None else older.bound(tables)
    if older is not None and span.low < bound:
        older_span = older.ask(span_of)
        if older_span is not None:
            older_span = older_span._replace(high=min(older_span.high, bound))
        older.require()
        while older_span is not None and older_span.low < bound:
            part = older_span
            far = older.ask(lambda there, part=part: step(there, part))  # type: ignore[misc]
            older.require()
            near = step(session, span._replace(high=min(span.high, bound)))
            ends = [end for _, end in (near, far or ([], None)) if end is not None]
            end = min(ends, default=bound - 1)
            yield from runs(older, session, near[0], far[0] if far else [], end)
            span = span._replace(low=max(span.low, end + 1))
            older_span = part._replace(low=max(part.low, end + 1))
    while True:
        found, end_of_step = step(session, span)
        if end_of_step is None:
            yield session, found, found[-1].id if found else span.low
            return
        yield session, found, end_of_step
        span = span._replace(low=end_of_step + 1)


def runs(
    older: Older, here: Session, near: list[Place], far: list[Place], end: int
) -> Iterator[tuple[Session, list[Place], int]]:
    """Versions of both databases up to an id, in order, those of one database together."""
    there = older.there()
    found = {one.id: (there, one) for one in far}
    erased = older.erased_here([(one.table_id, one.id) for one in near if one.id in found])
    found |= {one.id: (here, one) for one in near if one.id in erased}
    lonely = [one for one in near if one.id not in found]
    hidden = older.are_there(
        [
            (one.table_id, one.id)
            for one in lonely
            if one.id < older.firsts.get(one.table_id, LOWEST_ID)
        ]
    )
    found |= {one.id: (here, one) for one in lonely if one.id not in hidden}
    ordered = [found[number] for number in sorted(found) if number <= end]
    for source, run in groupby(ordered, key=lambda one: one[0]):
        places = [place for _, place in run]
        if source is not None:
            yield source, places, places[-1].id
