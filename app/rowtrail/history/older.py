"""The history database beside the application's: whether it can be read, and what it has of older.

The application's database ("here") has all of a table from the first version on that is complete;
of what is older it kept only what is needed since. The history database ("there") has the older
part whole, up to the last seal that was shipped, under the same ids. `chaining.py` and `shares.py`
make one answer out of both.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import URL, BigInteger, Integer, Select, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from rowtrail.db import ENGINE_OPTIONS, may_be_of_schema, no_database, require_current
from rowtrail.errors import RowtrailError, explain
from rowtrail.history.answers import Change, Field, Table, TableName
from rowtrail.history.looking import BIGGEST_ID, LOWEST_ID
from rowtrail.history.paging import FIELDS, NAMES, named, pg_attribute, t, v

Answer = TypeVar("Answer")

#: How long a history database that could not be read is left alone.
PAUSE = 10  # seconds

#: A connection to it that nothing is heard of any more is given up after about so long: pages that
#: need nothing of it are not to wait for it, and each thread that waits is one less that answers.
SILENCE = 10  # seconds

#: For its engines: without these, what is sent into a connection of which all packets are dropped
#: would be sent again for a quarter of an hour, and an answer be waited for for hours.
CONNECT_ARGS = {
    **ENGINE_OPTIONS["connect_args"],
    "tcp_user_timeout": SILENCE * 1000,
    "keepalives_idle": SILENCE // 2,
    "keepalives_interval": SILENCE // 4,
    "keepalives_count": 2,
}

#: More columns than a table can have.
ALL_FIELDS = 2000

#: What makes it a history database, and of this history: the digest of its last seal.
ORIGIN = "select exists (select from rowtrail.origin)"
LAST_SEAL = "select s.id, s.hash, s.sealed_at from rowtrail.seals as s order by s.id desc limit 1"
SEAL_HERE = "select s.hash from rowtrail.seals as s where s.id = :id"

#: Whether something was retired here of a seal that is not there.
LOST = "select exists (select from rowtrail.retired_leaves as r where r.seal_id > :id)"

#: What is newer than the last seal there, in seals, and how long the first of them has been there.
BEHIND = """
select count(*) as seals, coalesce(extract(epoch from now() - min(s.sealed_at)), 0) as seconds
from rowtrail.seals as s
where s.id > :id
"""

#: By the numbers of their files, as JSON.
PARTITIONS = """
select coalesce(json_object_agg(c.relfilenode, rowtrail.full_name(c.oid::regclass))::text, '{}')
from pg_class as c
where c.relispartition and c.relkind = 'r'
  and c.relnamespace <> 'rowtrail'::regnamespace
"""


class Unreadable(RowtrailError):
    """The history database cannot be read, and the answer needs it."""


class Denied(RowtrailError):
    """Who asks may not read the history database."""


@dataclass
class HistoryDatabase:
    """A history database, for as long as the program runs.

    Attributes:
        url: of it.
        begin: opens a session that only reads, as who asks.
        trouble: why it could not be read the last time.
        until: so long that is not tried again, by time.monotonic().
        is_checked: whether it was seen to be the one of this history.
        complete_from: since when its history of tables is complete of which something was retired
            there too, by their numbers, as of the last time that it was asked.
    """

    url: URL
    begin: Callable[[], Session]
    trouble: str | None = None
    until: float = 0
    is_checked: bool = False
    complete_from: dict[int, datetime] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def is_left_alone(self) -> bool:
        """Whether it is not asked now: it could not be read, or one asks whether it can be again.

        Who is told that it is not is that one, for as long as it is left alone after that.
        """
        with self._lock:
            if self.trouble is None:
                return False
            now = time.monotonic()
            if now < self.until:
                return True
            self.until = now + PAUSE
            return False

    def note(self, error: Exception, lasts: bool) -> str:
        """Notes why it cannot be read, and says so.

        Args:
            error: what was met.
            lasts: whether it is to be expected the next time as well.
        """
        said = "older history is missing: the history database cannot be read: "
        said += " ".join(self.explained(error).split())
        # As of the application's database: what passes by itself tells nothing of the schema.
        if not isinstance(error, DBAPIError) or may_be_of_schema(error):
            self.is_checked = False
        # What does not last tells nothing of whether it can be read.
        self.until = time.monotonic() + PAUSE if lasts else 0
        if lasts:
            self.trouble = said
        return said

    def explained(self, error: Exception) -> str:
        """What a person is told of an error."""
        if isinstance(error, PoolTimeout):
            return "all connections to it are in use"
        if isinstance(error, OperationalError) and (
            error.connection_invalidated or error.statement is None
        ):
            return str(no_database(error, self.url)).replace("DATABASE_URL", "HISTORY_DATABASE_URL")
        if isinstance(error, DBAPIError):
            return explain(error)
        return str(error)


@dataclass(frozen=True)
class Shipped:
    """How far the history is in the history database.

    Attributes:
        trouble: why it cannot be read; None where it can.
        lost: what is missing in it that is not here either; None where nothing is.
        seal: the last one there; None where there is none.
        sealed_at: when that was made (UTC).
        seals_behind: how many are here only.
        seconds_behind: for how long the first of these has been here; 0 for none.
    """

    trouble: str | None
    lost: str | None = None
    seal: int | None = None
    sealed_at: datetime | None = None
    seals_behind: int | None = None
    seconds_behind: float | None = None


@dataclass
class Older:
    """What the history database has of what is older, for one session here.

    Attributes:
        here: the session of the application's database.
        place: the history database.
        closed: why it is closed to who asks; None where it is open.
        tell: is told why older history is missing from an answer.
        begin: begins a session there, if another one than the usual.
    """

    here: Session
    place: HistoryDatabase
    closed: Callable[[], str | None] = lambda: None
    tell: Callable[[str], object] = lambda _: None
    begin: Callable[[], Session] | None = None
    trouble: str | None = None
    is_closed: bool = False
    lost: str | None = None
    last_seal: Any = None
    _there: Session | None = None
    _firsts: dict[int, int] | None = None
    complete_from: dict[int, datetime] = field(default_factory=dict)
    _names: dict[int, TableName] | None = None
    _numbers: dict[int, dict[str, int]] = field(default_factory=dict)

    # Where what is here ends -------------------------------------------------------------------

    @property
    def firsts(self) -> dict[int, int]:
        """The first id that is complete here, of each table of which something was retired."""
        if self._firsts is None:
            first = (
                select(func.min(v.c.id))
                .where(v.c.table_id == t.c.id, v.c.changed_at >= t.c.complete_from)
                .correlate(t)
                .scalar_subquery()
            )
            query = select(t.c.id, t.c.complete_from, first.label("first"))
            found = self.here.execute(query.where(t.c.complete_from.is_not(None))).all()
            self.complete_from = {row.id: row.complete_from for row in found}
            self._firsts = {row.id: BIGGEST_ID if row.first is None else row.first for row in found}
        return self._firsts

    def bound(self, tables: Iterable[int] | None) -> int:
        """Below which id something of these tables, or of any, may be there only."""
        firsts = self.firsts
        wanted = firsts.keys() if tables is None else tables
        return max((firsts[one] for one in wanted if one in firsts), default=LOWEST_ID)

    def is_complete(self, change: Change) -> bool:
        """Whether all of the change's table is here from it on."""
        return change.id >= self.firsts.get(change.table.id, LOWEST_ID)

    def lacks_before(self, table: Table) -> datetime | None:
        """What was not needed since then is in neither database; None where nothing is known of."""
        ends = (table.complete_from, self.place.complete_from.get(table.name.id))
        return None if None in ends else min(one for one in ends if one is not None)

    # Asking there ------------------------------------------------------------------------------

    def ask(self, question: Callable[[Session], Answer]) -> Answer | None:
        """What the history database answers; None where it cannot, and then `trouble` says why."""
        there = self.there()
        if there is None:
            return None
        try:
            return question(there)
        except (DBAPIError, PoolTimeout) as error:
            there.rollback()
            is_gone = bool(getattr(error, "connection_invalidated", False))
            self.say(self.place.note(error, lasts=is_gone))
            return None

    def there(self) -> Session | None:
        """A session of the history database; None where it cannot be read."""
        if self._there is None and self.trouble is None:
            if closed := self.closed():
                self.is_closed = True
                self.say(f"older history is in the history database, {closed}")
                return None
            if self.place.is_left_alone():
                self.say(str(self.place.trouble))
                return None
            try:
                self._there = (self.begin or self.place.begin)()
                self.check(self._there)
                self._there.info.update(fields=ALL_FIELDS, partitions=self.partitions())
                self.place.trouble = None
            except (RowtrailError, DBAPIError, PoolTimeout) as error:
                self.close()
                self.say(self.place.note(error, lasts=not isinstance(error, Denied | PoolTimeout)))
        # Who waited for one answer in vain does not wait for the next.
        return None if self.trouble is not None else self._there

    def check(self, there: Session) -> None:
        """Makes sure that it is the history database of this history, and looks how far it is."""
        if not self.place.is_checked:
            require_current(there.connection())
            if not there.scalar(text(ORIGIN)):
                raise RowtrailError("it holds no history of another database; name another one")
        self.last_seal = there.execute(text(LAST_SEAL)).one_or_none()
        if self.last_seal is None:
            raise RowtrailError("nothing was shipped to it yet; run: rowtrail ship")
        hash_here = self.here.scalar(text(SEAL_HERE), {"id": self.last_seal.id})
        if hash_here is None or bytes(hash_here) != bytes(self.last_seal.hash):
            raise RowtrailError(
                f"it holds the history of another database: its seal {self.last_seal.id} "
                "is not one of here; check HISTORY_DATABASE_URL"
            )
        self.place.is_checked = True
        retired = select(t.c.id, t.c.complete_from).where(t.c.complete_from.is_not(None))
        self.place.complete_from = {row.id: row.complete_from for row in there.execute(retired)}
        if self.here.scalar(text(LOST), {"id": self.last_seal.id}):
            # What it has is shown, but not as if it were all.
            self.lost = (
                "older history is missing: the history database has seal "
                f"{self.last_seal.id} as its last, and of later ones versions were retired here; "
                "restore it to a later moment"
            )
            self.tell(self.lost)

    def say(self, trouble: str) -> None:
        self.trouble = trouble
        self.tell(trouble)

    def require(self) -> None:
        """Raises what `trouble` says, if the history database could not be read.

        Raises:
            Unreadable: it could not, by no fault of who asks.
        """
        if self.trouble is not None and not self.is_closed:
            raise Unreadable(self.trouble)

    def close(self) -> None:
        """Ends its session there, if it has one."""
        if self._there is not None:
            self._there.close()
            self._there = None

    def shipped(self) -> Shipped:
        """How far the history is there."""
        if self.there() is None:
            return Shipped(self.trouble)
        behind = self.here.execute(text(BEHIND), {"id": self.last_seal.id}).one()
        return Shipped(
            None,
            self.lost,
            self.last_seal.id,
            self.last_seal.sealed_at,
            behind.seals,
            float(behind.seconds),
        )

    # What is there, as here has it -------------------------------------------------------------

    @property
    def names(self) -> dict[int, TableName]:
        """The tables by their numbers, with their names of today."""
        if self._names is None:
            found = self.here.execute(
                select(t.c.id.label("table_id"), *NAMES).select_from(named(t))
            )
            self._names = {row.table_id: TableName.of(row) for row in found}
        return self._names

    def name(self, table: TableName) -> TableName:
        """The name of today of a table, which another database may not know yet."""
        return self.names.get(table.id, table)

    def order(self, table_id: int) -> Callable[[str], int]:
        """Where a column stands in the table as it is today; one that is gone, after all."""
        if table_id not in self._numbers:
            found = self.here.execute(
                select(pg_attribute.c.attname, pg_attribute.c.attnum)
                .select_from(pg_attribute.join(t, t.c.relid == pg_attribute.c.attrelid))
                .where(t.c.id == table_id)
            )
            self._numbers[table_id] = {row.attname: row.attnum for row in found}
        numbers = self._numbers[table_id]
        # PostgreSQL cuts a longer name in the same way.
        return lambda name: numbers.get(name.encode()[:63].decode(errors="ignore"), ALL_FIELDS)

    def translated(self, changes: Sequence[Change]) -> list[Change]:
        """Changes of there, with names and orders of today."""
        return [
            replace(
                change,
                table=self.name(change.table),
                fields=self.in_order(change.table.id, change.fields),
            )
            for change in changes
        ]

    def in_order(self, table_id: int, fields: Sequence[Field]) -> list[Field]:
        """The columns of a change in the order of the table, as many as are shown."""
        order = self.order(table_id)
        return sorted(fields, key=lambda one: order(one.column))[:FIELDS]

    def partitions(self) -> str:
        """The partitions of here by their files, as JSON: by these a move says where it led."""
        return str(self.here.scalar(text(PARTITIONS)))

    def merged(self, near: Iterable[Change], far: Iterable[Change]) -> list[Change]:
        """Changes of here and of there, by their ids; each of them once.

        Args:
            near: of here.
            far: of there.
        """
        wanted = [change for change in far if not self.is_complete(change)]
        older = {change.id: change for change in self.translated(wanted)}
        found = dict(older)
        lonely = []
        for change in near:
            other = older.get(change.id)
            if other is not None:
                if change.operation == "schema" or change.erased not in (None, other.erased):
                    found[change.id] = change
            elif self.is_complete(change):
                found[change.id] = change
            else:
                lonely.append(change)
        hidden = self.are_there([(change.table.id, change.id) for change in lonely])
        found |= {change.id: change for change in lonely if change.id not in hidden}
        return [found[number] for number in sorted(found, reverse=True)]

    def are_there(self, places: Sequence[tuple[int, int]]) -> set[int]:
        """Which of these versions are there, though no answer: halves of moves.

        Args:
            places: the tables and the ids.
        """
        if not places:
            return set()
        query = versions_at(places)
        return set(self.ask(lambda there: list(there.scalars(query))) or ())

    def erased_here(self, places: Sequence[tuple[int, int]]) -> set[int]:
        """Of which of these versions values were erased here, which may not be shipped yet.

        Args:
            places: the tables and the ids.
        """
        if not places:
            return set()
        return set(self.here.scalars(versions_at(places).where(v.c.erased.is_not(None))))


def versions_at(places: Sequence[tuple[int, int]]) -> Select[tuple[int]]:
    """The ids of those of these versions that are in a database, by tables and ids."""
    wanted = (
        func.unnest(
            cast([table for table, _ in places], ARRAY(Integer)),
            cast([number for _, number in places], ARRAY(BigInteger)),
        )
        .table_valued("table_id", "id", name="wanted")
        .render_derived()
    )
    return select(v.c.id).join_from(
        wanted, v, (v.c.table_id == wanted.c.table_id) & (v.c.id == wanted.c.id)
    )


def older_of(session: Session) -> Older | None:
    """What completes this session's history; None where no history database is named."""
    found: Older | None = session.info.get("older")
    return found
