"""A table, or one of its rows, as it was: at a moment, after a transaction, or by a snapshot.

What was committed then, and what the rows held, is said by rowtrail.rows_as_of() in sql/as_of.sql.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Text,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rowtrail.errors import RowtrailError, explain
from rowtrail.history import shares
from rowtrail.history.answers import Change, Table, Value
from rowtrail.history.filters import moment_of, written_moment
from rowtrail.history.looking import BIGGEST_ID, LOWEST_ID, MARGIN, Span, crossings, places
from rowtrail.history.paging import (
    METADATA,
    NAMES,
    excerpt,
    has_name,
    named,
    pg_attribute,
    t,
    v,
    was_erased,
)

Answer = TypeVar("Answer")

ROWS = 50  # rows a page

#: The codes for what a person can have written wrong: a snapshot, a transaction.
REFUSED = ("22P02", "P0002")


class BadBoundary(RowtrailError):
    """A boundary that cannot be meant."""


@dataclass(frozen=True)
class Boundary:
    """Up to where changes count; exactly one of them is given.

    Attributes:
        at: a moment (UTC).
        transaction: the last change of this one, as 1-4711: its era and its number.
        snapshot: what a query saw that had this `pg_current_snapshot()`.
        seal: what this seal saw, and those before it.
    """

    at: datetime | None = None
    transaction: str | None = None
    snapshot: str | None = None
    seal: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Boundary":
        """From the parameters of a URL; without any it is now.

        Raises:
            BadBoundary: one of them is not of its form, or there is more than one.
            BadFilter: `at` is no moment.
        """
        names = ("at", "transaction", "snapshot", "seal")
        texts = {name: given.get(name) or None for name in names}
        if sum(text is not None for text in texts.values()) > 1:
            raise BadBoundary(
                "as of a moment, a transaction, a snapshot or a seal: give one of the four"
            )
        transaction, snapshot = texts["transaction"], texts["snapshot"]
        if transaction is not None and not re.fullmatch(r"[0-9]{1,9}-[0-9]{1,18}", transaction):
            raise BadBoundary(
                f"a transaction is its era and its number, such as 1-4711, not {transaction[:80]!r}"
            )
        if snapshot is not None and not re.fullmatch(r"[0-9]+:[0-9]+:[0-9,]*", snapshot):
            raise BadBoundary(
                f"a snapshot is as pg_current_snapshot() has it, such as 4711:4720:4713, "
                f"not {snapshot[:80]!r}"
            )
        seal = texts["seal"]
        if seal is not None and not re.fullmatch(r"[1-9][0-9]{0,17}", seal):
            raise BadBoundary(f"a seal is its number, such as 17, not {seal[:80]!r}")
        at = moment_of("at", texts["at"])
        if (transaction, snapshot, seal, at) == (None, None, None, None):
            at = datetime.now(UTC)
        return cls(at, transaction, snapshot, None if seal is None else int(seal))

    def arguments(self) -> dict[str, str]:
        """The parameters of a URL."""
        given = {
            "at": None if self.at is None else written_moment(self.at),
            "transaction": self.transaction,
            "snapshot": self.snapshot,
            "seal": None if self.seal is None else str(self.seal),
        }
        return {name: text for name, text in given.items() if text is not None}


@dataclass(frozen=True)
class RowThen:
    """A row as it was.

    Attributes:
        row_key: its key then.
        id: its newest version then.
        changed_at: the time of that (UTC).
        values: its columns by their names of that day; of a long value the beginning.
    """

    row_key: str
    id: int
    changed_at: datetime
    values: dict[str, Value]


@dataclass(frozen=True)
class Then:
    """What there was.

    Attributes:
        boundary: up to where changes counted.
        moment: its time (UTC); None for a snapshot or a seal's, which has none.
        columns: of the rows, in the order of the table.
        rows: by key, `ROWS` of them at most.
        next_key: after which more may follow. Where there are fewer rows, only some of the keys
            were looked at.
        earlier: the last change that counted, of the row or of the whole table; None where there
            is none, or with a snapshot or a seal.
        later: the first that did not.
    """

    boundary: Boundary
    moment: datetime | None
    columns: list[str]
    rows: list[RowThen]
    next_key: str | None
    earlier: Change | None
    later: Change | None

    @property
    def before(self) -> Boundary | None:
        """As it was before the last change that counted."""
        if self.earlier is None:
            return None
        return Boundary(at=self.earlier.changed_at - timedelta(microseconds=1))

    @property
    def after(self) -> Boundary | None:
        """As it was after the transaction of the next change."""
        if self.later is None:
            return None
        return Boundary(transaction=f"{self.later.era}-{self.later.xid}")


def as_of(
    session: Session, table: Table, boundary: Boundary, key: str | None, after_key: str | None
) -> Then:
    """The rows of a table as they were, or one of them.

    Args:
        session: of the reader.
        table: whose rows.
        boundary: up to where changes count.
        key: the row; None for all.
        after_key: of all, those with keys after this one.

    Raises:
        BadBoundary: the history does not know the transaction or the seal, or it is no snapshot.
    """
    moment = boundary.at
    if (transaction := boundary.transaction) is not None:
        moment = shares.moment_of(session, lambda one: end_of(one, transaction), BadBoundary)
    snapshot = boundary.snapshot
    if (seal := boundary.seal) is not None:
        snapshot = accepted(
            session,
            lambda one: str(one.scalar(select(cast(func.rowtrail.snapshot_of_seal(seal), Text)))),
        )
    shown, next_key = shares.rows_then(
        session,
        table,
        moment,
        snapshot,
        lambda one: rows(one, table, moment, snapshot, key, after_key),
    )
    columns: dict[str, None] = {}
    for row in shown:
        columns.update(dict.fromkeys(row.values))
    return Then(
        boundary,
        moment,
        list(columns),
        shown,
        next_key,
        *shares.beside(session, table, moment, lambda one: neighbours(one, table, key, moment)),
    )


def accepted(session: Session, question: Callable[[Session], Answer]) -> Answer:
    """What a session answers; what a person wrote wrong is their error."""
    try:
        return question(session)
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) not in REFUSED:
            raise
        session.rollback()
        raise BadBoundary(explain(error)) from None


def end_of(session: Session, transaction: str) -> datetime:
    """The time of the last change of a transaction."""
    moment = func.rowtrail.moment_of(transaction, type_=DateTime(True))
    return accepted(session, lambda one: one.execute(select(moment)).scalar_one())


def rows(
    session: Session,
    table: Table,
    moment: datetime | None,
    snapshot: str | None,
    key: str | None,
    after_key: str | None,
) -> tuple[list[RowThen], str | None]:
    """The rows as of a moment or a snapshot, by key, and after which key more may follow."""
    return accepted(session, lambda one: rows_in(one, table, moment, snapshot, key, after_key))


def rows_in(
    session: Session,
    table: Table,
    moment: datetime | None,
    snapshot: str | None,
    key: str | None,
    after_key: str | None,
) -> tuple[list[RowThen], str | None]:
    """The same; raises what the database refuses."""
    # The moment stands for the transaction.
    bound = (moment, null(), literal(snapshot, Text).op("::")(literal_column("pg_snapshot")))
    if key is None:
        asked = func.rowtrail.page_as_of(
            table.name.id, cast(literal(after_key), Text), ROWS + 1, *bound
        )
    else:
        asked = func.rowtrail.rows_as_of(table.name.id, cast(literal(key), Text), *bound)
    then = asked.table_valued(
        column("row_key", Text),
        column("data", JSONB),
        column("verbatim", JSONB),
        column("id", BigInteger),
        column("changed_at", DateTime(True)),
        with_ordinality="place",
        name="rows_then",
    ).render_derived()
    each = func.jsonb_each(then.c.data).table_valued(
        column("key", Text), column("value", JSONB), name="each"
    )
    erased = (
        select(v.c.erased)
        .where(v.c.table_id == table.name.id, v.c.id == then.c.id)
        .limit(1)
        .correlate(then)
        .scalar_subquery()
    )
    value = excerpt(each.c.value, erased=was_erased("data.", each.c.key, erased))
    ordered = (
        select(func.json_build_array(each.c.key, *value).label("field"))
        .select_from(each.outerjoin(pg_attribute, has_name(table.name.id, each.c.key)))
        .order_by(pg_attribute.c.attnum.nulls_last(), each.c.key)
        .correlate(then)
        .lateral("ordered")
    )
    fields = select(func.json_agg(ordered.c.field, type_=JSON)).select_from(ordered)
    found = session.execute(
        select(
            then.c.row_key, then.c.id, then.c.changed_at, fields.scalar_subquery().label("fields")
        ).order_by(then.c.place)
    ).all()
    shown = [
        RowThen(
            row.row_key,
            row.id,
            row.changed_at,
            {name: Value(*said) for name, *said in row.fields or ()},
        )
        for row in found[:ROWS]
        if row.id is not None
    ]
    if found and found[-1].id is None:
        # So far it has looked.
        return shown, found[-1].row_key
    return shown, shown[-1].row_key if len(found) > ROWS else None


def neighbours(
    session: Session, table: Table, key: str | None, moment: datetime | None
) -> tuple[Change | None, Change | None]:
    """The last change up to a moment and the first after it, of the table or for a row."""
    if moment is None:
        return None, None
    tables = [table.name.id]
    [(low, _), (_, high)] = crossings(session, tables, [moment - MARGIN, moment + MARGIN])
    sides = (
        (Span(tables, LOWEST_ID, high), v.c.changed_at <= moment),
        (Span(tables, low, BIGGEST_ID), v.c.changed_at > moment),
    )
    of_all = ["T", "S"]
    alternatives: list[list[ColumnElement[bool]]] = [[]]
    if key is not None:
        alternatives = [
            [v.c.row_key == key, v.c.op.not_in(of_all)],
            [v.c.old_key == key],
            # What was done to the whole table was done to the row.
            [v.c.row_key == "", v.c.op.in_(of_all)],
        ]
    found: list[Change | None] = []
    for upward, (side, condition) in enumerate(sides):
        nearest = places(session, side, alternatives, [condition], bool(upward), 1)
        found.append(change_at(session, table, nearest[0].id) if nearest else None)
    return found[0], found[1]


def change_at(session: Session, table: Table, version_id: int) -> Change:
    row = session.execute(
        select(*METADATA, *NAMES)
        .select_from(named(v.join(t, t.c.id == v.c.table_id)))
        .where(v.c.table_id == table.name.id, v.c.id == version_id)
        .limit(1)
    ).one()
    return Change.of(row)
