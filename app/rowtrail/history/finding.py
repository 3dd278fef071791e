"""Where a text that somebody has in hand is found: as a row's key, a transaction or an actor."""

import re
from dataclasses import dataclass

from sqlalchemy import BigInteger, Text, cast, literal, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rowtrail.history import chaining
from rowtrail.history.answers import Change, Deeds
from rowtrail.history.feeds import deeds_of
from rowtrail.history.filters import Filters
from rowtrail.history.looking import LOOKED_AT
from rowtrail.history.paging import METADATA, NAMES, named, t, v

MOST = 20  # rows, or transactions of that number

BIGGEST = 2**63 - 1
BIGGEST_ERA = 2**31 - 1


@dataclass(frozen=True)
class Hits:
    """What bears a name or a number.

    Attributes:
        rows: the last change of each row with that key, one of a table.
        transactions: a change of each transaction with that number, one of an era.
        deeds: what an actor of that name did.
    """

    rows: list[Change]
    transactions: list[Change]
    deeds: Deeds


def find(session: Session, wanted: str) -> Hits:
    """What is found under a text: by an index, and of an actor as far as one look goes."""
    return Hits(
        rows=chaining.newest(session, MOST, lambda one: rows_with(one, wanted)),
        transactions=chaining.one_of_each_era(session, lambda one: transactions_with(one, wanted))[
            :MOST
        ],
        deeds=deeds_of(session, Filters(actor=wanted)),
    )


def rows_with(session: Session, key: str) -> list[Change]:
    """The last change of each table's row with this key, however a composite one is spaced."""
    keys = sorted({key, canonical(session, key)})
    newest = (
        select(*METADATA)
        .where(v.c.table_id == t.c.id, v.c.row_key.in_(keys))
        .where(v.c.op.not_in(["T", "S"]))
        .order_by(v.c.id.desc())
        .limit(1)
        .correlate(t)
        .lateral("newest")
    )
    found = session.execute(
        select(*newest.c, *NAMES)
        .select_from(named(t.join(newest, true())))
        .order_by(newest.c.id.desc())
        .limit(MOST)
    )
    return [Change.of(row) for row in found]


def canonical(session: Session, key: str) -> str:
    """A JSON array as PostgreSQL writes it; any other text as it is."""
    if not key.startswith("["):
        return key
    try:
        with session.begin_nested():
            return str(session.scalar(select(cast(cast(literal(key, Text), JSONB), Text))))
    except DBAPIError:
        return key


def transactions_with(session: Session, wanted: str) -> list[Change]:
    """A change of each transaction with this number, as `48213` or, with its era, `1-48213`."""
    read = re.fullmatch(r"(?:([0-9]{1,10})-)?([0-9]{1,19})", wanted)
    if read is None or int(read[2]) > BIGGEST or int(read[1] or 0) > BIGGEST_ERA:
        return []
    # The expression of the index versions_time.
    where = [cast(cast(v.c.xid, Text), BigInteger) == int(read[2])]
    if read[1]:
        where.append(v.c.era == int(read[1]))
    some = select(v.c.era).where(*where).limit(LOOKED_AT).subquery("some")
    eras = select(some.c.era).group_by(some.c.era).order_by(some.c.era).limit(MOST).subquery("eras")
    one = (
        select(*METADATA)
        .where(*where, v.c.era == eras.c.era)
        .limit(1)
        .correlate(eras)
        .lateral("one")
    )
    found = session.execute(
        select(*one.c, *NAMES)
        .select_from(named(eras.join(one, true()).join(t, t.c.id == one.c.table_id)))
        .order_by(one.c.era)
    )
    return [Change.of(row) for row in found]
