"""Finding versions that no index finds: a bounded number is looked at, from a version's id on.

Ids are given in the order of the changes, across all tables and in steps of 100, so that a range of
ids is a stretch of time. The tables' own parts of it are read by the primary key of the versions.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    TableValuedAlias,
    cast,
    func,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.orm import Session

from rowtrail.history.filters import Filters
from rowtrail.history.paging import IS_SHOWN, Alternatives, t, v

LOOKED_AT = 100_000  # versions a request, at most

#: The first look of a request is at so many, each further one at `GROWTH` times as many: what is
#: found soon costs little.
FIRST_LOOK = 5_000  # versions
GROWTH = 2

#: After this no further look is begun: on a disk that is slow, or busy, a page comes all the same.
PATIENCE = 3  # seconds

#: How many ids are between two versions that were recorded one after the other.
STEP = 100

#: Between the taking of an id and of the time no more passes than this, and no clock of a server
#: is set back by more.
MARGIN = timedelta(minutes=1)

#: So near in ids a moment is found: the rest is looked at.
NEAR = 1000 * STEP

#: So many places are looked at in a step of the search for moments.
PROBES = 16

#: Partitions of months that begin about this much later than a moment are not searched for it.
LATER = timedelta(days=40)

BIGGEST_ID = 2**63 - 1

#: What was imported has ids below 0.
LOWEST_ID = -(2**63)


class Span(NamedTuple):
    """Some ids of some tables.

    Attributes:
        tables: their numbers in the registry.
        low: the lowest of the ids.
        high: what is above the highest.
    """

    tables: list[int]
    low: int
    high: int


class Share(NamedTuple):
    """Of each table, what one of two databases answers for.

    Attributes:
        firsts: the ids from which on it is one of them, by the tables' numbers; else all is.
        is_older: whether what is below is meant, and not what is from there on.
    """

    firsts: Mapping[int, int]
    is_older: bool


class Place(NamedTuple):
    """A version, by what its partition and its index are found by."""

    table_id: int
    id: int
    changed_at: datetime


def tables_of(session: Session, filters: Filters) -> list[int]:
    """The tables that are meant, by their numbers."""
    if filters.table is not None:
        return [filters.table]
    return list(session.scalars(select(t.c.id).order_by(t.c.id)))


def span_of(session: Session, filters: Filters) -> Span:
    """The ids among which all changes are that the filters mean, as far as time tells."""
    tables = tables_of(session, filters)
    low, high = LOWEST_ID, BIGGEST_ID
    if filters.since is not None:
        [(low, _)] = crossings(session, tables, [filters.since - MARGIN])
    if filters.until is not None:
        [(_, high)] = crossings(session, tables, [filters.until + MARGIN])
    return Span(tables, low, high)


def places(
    session: Session,
    span: Span,
    alternatives: Alternatives,
    conditions: Sequence[ColumnElement[bool]],
    upward: bool,
    count: int,
) -> list[Place]:
    """The first so many versions of the span that are meant, from its upper end down.

    Args:
        session: of the reader.
        span: in which they are.
        alternatives: what an index finds.
        conditions: what is looked at in each version.
        upward: from the lower end of the span up instead.
        count: how many, at most.
    """
    parts = []
    for where in alternatives:
        wanted = wanted_tables(span.tables)
        own = (
            within(span, wanted)
            .where(*where, *conditions, IS_SHOWN)
            .order_by(v.c.id if upward else v.c.id.desc())
            .limit(count)
            .lateral("own")
        )
        parts.append(select(own).select_from(wanted.join(own, true())))
    every = union_all(*parts).subquery("every")
    order = every.c.id if upward else every.c.id.desc()
    found = session.execute(select(every).order_by(order).limit(count))
    return [Place(*row) for row in found]


def outermost(
    session: Session,
    span: Span,
    alternative: Sequence[ColumnElement[bool]],
    upward: bool,
    beyond: int = 0,
) -> Place | None:
    """The version at the upper end of the span, or at its lower end.

    Args:
        session: of the reader.
        span: where.
        alternative: what an index finds.
        upward: at the lower end.
        beyond: pass over so many of each table first.
    """
    wanted = wanted_tables(span.tables)
    order = v.c.id if upward else v.c.id.desc()
    own = (
        within(span, wanted)
        .where(*alternative)
        .order_by(order)
        .offset(beyond)
        .limit(1)
        .lateral("own")
    )
    order = own.c.id if upward else own.c.id.desc()
    found = session.execute(
        select(own).select_from(wanted.join(own, true())).order_by(order).limit(1)
    ).one_or_none()
    return None if found is None else Place(*found)


class Look(NamedTuple):
    """A part of a span that is looked at as a whole.

    Attributes:
        span: the part.
        end: the last version in it; None where the part goes to the end of the span.
        versions: about how many were looked at so far, at most.
    """

    span: Span
    end: Place | None
    versions: int


def looks(session: Session, span: Span, alternatives: Alternatives, upward: bool) -> Iterator[Look]:
    """The parts of a span that one request looks at, from its upper end down.

    Together they have `LOOKED_AT` versions, or what `PATIENCE` gives time for.

    Args:
        session: of the reader.
        span: of which they are parts.
        alternatives: what an index finds.
        upward: from the lower end of the span up instead.
    """
    begin, step, versions = time.monotonic(), FIRST_LOOK, 0
    while versions < LOOKED_AT and (not versions or time.monotonic() - begin < PATIENCE):
        step = min(step, LOOKED_AT - versions)
        end = end_of_look(session, span, alternatives, upward, step)
        versions += step
        if end is None:
            yield Look(span, None, versions)
            return
        near, span = (
            (span._replace(high=end.id + 1), span._replace(low=end.id + 1))
            if upward
            else (span._replace(low=end.id), span._replace(high=end.id))
        )
        yield Look(near, end, versions)
        step *= GROWTH


def end_of_look(
    session: Session, span: Span, alternatives: Alternatives, upward: bool, versions: int
) -> Place | None:
    """The last one of so many versions; None where the span has no more."""
    if len(span.tables) == 1 or alternatives[0]:
        return outermost(session, span, alternatives[0], upward, versions - 1)
    # Of all tables together: a range of ids holds so many versions, or fewer.
    first = outermost(session, span, [], upward)
    if first is None:
        return None
    if upward:
        edge = first.id + (versions if first.id < 0 else versions * STEP)
        near, far = span._replace(high=min(edge, span.high)), span._replace(low=edge)
    else:
        edge = first.id - versions
        if first.id > 0:
            # What was imported has one id after the other.
            edge = max(first.id - versions * STEP, -versions)
        near, far = span._replace(low=max(edge, span.low)), span._replace(high=edge)
    # The rows of a baseline have one id after the other.
    if dense := outermost(session, near, [], upward, versions - 1):
        return dense
    if far.low >= far.high or outermost(session, far, [], upward) is None:
        return None
    return outermost(session, near, [], not upward)


def crossings(
    session: Session, tables: Sequence[int], moments: Sequence[datetime]
) -> list[tuple[int, int]]:
    """Between which ids each moment lies: earlier versions are below the second, later ones above
    the first.

    As far as ids and times go together; see `MARGIN`. Those of what was imported do so within a
    table at most: what is not later than all of it lies anywhere among it.
    """
    last = outermost(session, Span(list(tables), 0, BIGGEST_ID), [], upward=False)
    found = [(0, last.id + 1 if last else BIGGEST_ID) for _ in moments]
    # Few moments are searched for in fewer steps, by more probes each.
    parts = max(2, PROBES // max(len(moments), 1))
    while last and (
        wide := [place for place, (low, high) in enumerate(found) if high - low > NEAR]
    ):
        ids, times = [], []
        for place in wide:
            low, high = found[place]
            ids += [low + (high - low) * part // parts for part in range(1, parts)]
            times += [moments[place]] * (parts - 1)
        probes = session.execute(first_versions(tables, ids, times))
        firsts = {probe.place - 1: probe.changed_at for probe in probes}
        for number, place in enumerate(wide):
            low, high = found[place]
            for probe in range(number * (parts - 1), (number + 1) * (parts - 1)):
                if probe in firsts and firsts[probe] < moments[place]:
                    low = ids[probe]
                else:
                    high = ids[probe]
                    break
            found[place] = (low, high)
    imported = session.scalar(select(func.max(t.c.imported_until)).where(t.c.id.in_(tables)))
    if imported is None:
        return found
    return [
        (LOWEST_ID if moment <= imported else low, high)
        for moment, (low, high) in zip(moments, found, strict=True)
    ]


@contextmanager
def one_by_one(session: Session) -> Iterator[None]:
    """Within it, versions are read in the order of an index, and no more than are asked for.

    A bitmap of all that match, or a sort, would be made before the first of them is read.
    """
    ways = ("bitmapscan", "seqscan", "sort")
    session.execute(select(*(func.set_config(f"enable_{way}", "off", True) for way in ways)))
    yield
    session.execute(select(*(func.set_config(f"enable_{way}", "on", True) for way in ways)))


def first_versions(
    tables: Sequence[int], ids: Sequence[int], moments: Sequence[datetime]
) -> Select[tuple[int, datetime]]:
    """The first version of any table from each id on, if it is not much later than the moment."""
    probe = (
        func.unnest(cast(list(ids), ARRAY(BigInteger)), cast(list(moments), TIMES))
        .table_valued("id", "moment", with_ordinality="place", name="probe")
        .render_derived()
    )
    wanted = wanted_tables(tables)
    own = (
        select(v.c.id, v.c.changed_at)
        .where(v.c.table_id == wanted.c.id, v.c.id >= probe.c.id)
        # Leaves out whole partitions: within one it would pass over what is later, one by one.
        .where(v.c.changed_at < func.date_trunc("month", probe.c.moment + LATER))
        .order_by(v.c.id)
        .limit(1)
        .correlate(wanted, probe)
        .lateral("own")
    )
    first = (
        select(own.c.changed_at)
        .select_from(wanted.join(own, true()))
        .order_by(own.c.id)
        .limit(1)
        .correlate(probe)
        .lateral("first")
    )
    return select(probe.c.place, first.c.changed_at).select_from(probe.join(first, true()))


def within(span: Span, wanted: TableValuedAlias) -> Select[tuple[int, int, datetime]]:
    """A table's versions of the span, to be joined laterally."""
    return (
        select(v.c.table_id, v.c.id, v.c.changed_at)
        .where(v.c.table_id == wanted.c.id, v.c.id >= span.low, v.c.id < span.high)
        .correlate(wanted)
    )


def at(found: Sequence[Place], *columns: ColumnElement[Any]) -> Subquery:
    """These versions, in this order; with these columns of theirs."""
    wanted = (
        func.unnest(
            cast([place.table_id for place in found], ARRAY(Integer)),
            cast([place.id for place in found], ARRAY(BigInteger)),
            cast([place.changed_at for place in found], TIMES),
        )
        .table_valued("table_id", "id", "changed_at", with_ordinality="place", name="wanted")
        .render_derived()
    )
    own = (
        select(*columns)
        .where(v.c.table_id == wanted.c.table_id, v.c.id == wanted.c.id)
        # Tells the partition.
        .where(v.c.changed_at == wanted.c.changed_at)
        # One by one, by the primary key.
        .limit(1)
        .correlate(wanted)
        .lateral("own")
    )
    ordered = select(own).select_from(wanted.join(own, true())).order_by(wanted.c.place)
    # The limit keeps long values out of the sort: what is made of them is made after it.
    return ordered.limit(len(found)).subquery("page")


def wanted_tables(tables: Sequence[int], part: Share | None = None) -> TableValuedAlias:
    """The numbers of tables, as a set of rows; with the first id of a part of each."""
    if part is not None:
        firsts = [part.firsts.get(one, LOWEST_ID) for one in tables]
        return (
            func.unnest(cast(list(tables), ARRAY(Integer)), cast(firsts, ARRAY(BigInteger)))
            .table_valued("id", "first", name="wanted")
            .render_derived()
        )
    return (
        func.unnest(cast(list(tables), ARRAY(Integer)))
        .table_valued("id", name="wanted")
        .render_derived()
    )


def in_share(wanted: TableValuedAlias, part: Share | None) -> list[ColumnElement[bool]]:
    """Whether a version is in the part of its table."""
    if part is None:
        return []
    return [v.c.id < wanted.c.first if part.is_older else v.c.id >= wanted.c.first]


TIMES: ARRAY[datetime] = ARRAY(TIMESTAMP(timezone=True))
