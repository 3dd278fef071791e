"""Copies the history to a history database: seal by seal, each in one transaction there.

sql/shipping.sql says what is copied, takes it in and verifies it. What passes through here is
passed on as it is, in binary form, by a pipe between two COPYs: no more of it than the pipe holds
is ever in memory, and no value of it is read.
"""

import os
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, NamedTuple

import psycopg2
from sqlalchemy import Connection, Engine, text

from rowtrail.db import ALONE, CONNECT_TIMEOUT, REVISION, installed_revision
from rowtrail.errors import NewerSchema, NotUpgraded, RowtrailError
from rowtrail.proof.verify import pin_names

CHUNK = 1 << 18  # bytes

#: So many versions that the index by time does not know yet would be read for each seal.
MANY = 10_000

#: Of both sides. One database is told from another by what cannot be the same of two.
WHO = """
select
  current_database()::text as database, session_user::text as login,
  pg_postmaster_start_time() as started, getdatabaseencoding()::text as encoding,
  pg_is_in_recovery() as is_standby,
  (select d.oid from pg_database as d where d.datname = current_database())::bigint as oid
"""

SYSTEM = "select rowtrail.system_identifier() as it"

LAST_SEAL = "select s.id, s.hash from rowtrail.seals as s order by s.id desc limit 1"

ORIGIN = "select (o).* from (select rowtrail.origin() as o) as w where (o).id is not null"

SHIPPING = "select (s).* from (select rowtrail.shipping_now() as s) as w where (s).id is not null"

#: What is taken as it is, whatever the login or the database has set.
SETTINGS = (
    "set search_path = pg_catalog, pg_temp",
    "set timezone = 'UTC'",
    "set bytea_output = 'hex'",
    "set statement_timeout = 0",
    "set lock_timeout = 0",
    # PostgreSQL has it from 17 on.
    "select set_config('transaction_timeout', '0', false) "
    "where current_setting('transaction_timeout', true) is not null",
    "set idle_in_transaction_session_timeout = 0",
    "set row_security = on",
    # What is noted to be there is there after a crash as well.
    "select set_config('synchronous_commit', 'local', false) "
    "where current_setting('synchronous_commit') = 'off'",
    "set client_min_messages = warning",
    "select set_config('client_encoding', getdatabaseencoding(), false)",
)

NEXT_IMPORTS = """
select i.id from rowtrail.imports as i where i.finished_at is not null order by i.id
"""

THERE = "select coalesce(max(s.id), 0) from rowtrail.seals as s"

#: The columns of versions, in the order in which they are copied.
VERSIONS = (
    "id, changed_at, xid, table_id, era, file, early_in, old_ctid, new_ctid, op, row_key, old_key, "
    "actor, login, data, old, verbatim, context, erased"
)

COLUMNS = ", ".join(f"v.{name}" for name in VERSIONS.split(", "))

#: Where what is not yet of the history is put, for sql/shipping.sql.
PUT = (
    "create temporary table if not exists came (said jsonb not null) on commit delete rows",
    "create temporary table if not exists came_tables (said jsonb not null) on commit delete rows",
)

PUT_ERASED = (
    "create temporary table came_versions (like rowtrail.versions) on commit drop",
    "create temporary table came_salts (like rowtrail.seal_salts) on commit drop",
    "create temporary table came_erased (like rowtrail.erased_versions) on commit drop",
)

SEAL = """
select
  quote_literal(s::text) as made, coalesce(quote_literal(b::text), 'null') as before, s.versions
from rowtrail.seals as s
left join rowtrail.seals as b on b.id = s.id - 1
where s.id = %s
"""

#: The versions that a seal closes, by the two seals themselves: so the indexes find them.
MEMBERS = "rowtrail.members_of({made}::rowtrail.seals, {before}::rowtrail.seals)"

IMPORTED = "rowtrail.imported_by({number})"

MONTHS = """
select array(
  select distinct date_trunc('month', v.changed_at) from {versions} as v
  where isfinite(v.changed_at))::text
"""

#: What goes into the tables of the history as it is: the query and the table.
OF_SEAL = (
    (
        "select l.seal_id, l.part, l.ids, l.leaves from rowtrail.seal_leaves as l "
        "where l.seal_id = {number}",
        "rowtrail.seal_leaves (seal_id, part, ids, leaves)",
    ),
    (
        "select s.version_id, s.salt from rowtrail.seal_salts as s "
        "join (select unnest(l.ids) as id from rowtrail.seal_leaves as l "
        "where l.seal_id = {number}) as m on m.id = s.version_id",
        "rowtrail.seal_salts (version_id, salt)",
    ),
    (
        "select e.version_id, e.salts, e.commitments from rowtrail.erased_versions as e "
        "join (select unnest(l.ids) as id from rowtrail.seal_leaves as l "
        "where l.seal_id = {number}) as m on m.id = e.version_id",
        "rowtrail.erased_versions (version_id, salts, commitments)",
    ),
)

OF_IMPORT = (
    (
        "select l.import_id, l.part, l.ids, l.leaves from rowtrail.import_leaves as l "
        "where l.import_id = {number}",
        "rowtrail.import_leaves (import_id, part, ids, leaves)",
    ),
)

#: What was erased since it came, as it is now: by the erasures that a seal closes.
OF_ERASURES = (
    (
        "select {columns} from rowtrail.erased_by_seal({number}) as v",
        f"pg_temp.came_versions ({VERSIONS})",
    ),
    (
        "select s.version_id, s.salt from rowtrail.erased_by_seal({number}) as v "
        "join rowtrail.seal_salts as s on s.version_id = v.id",
        "pg_temp.came_salts (version_id, salt)",
    ),
    (
        "select e.version_id, e.salts, e.commitments "
        "from rowtrail.erased_by_seal({number}) as v "
        "join rowtrail.erased_versions as e on e.version_id = v.id",
        "pg_temp.came_erased (version_id, salts, commitments)",
    ),
)

SELECT_VERSIONS = "select {columns} from {versions} as v"

HAS_ERASURES = """
select exists (select from pg_temp.came as c where c.said -> 'erasures' <> '[]')
"""

REGISTRY = """
select sha256(convert_to(rowtrail.shipped_tables()::text, getdatabaseencoding()))
"""

COPY_TABLES = """
select t from (select rowtrail.shipped_tables() as t) as w where t is not null
"""

FOUND_IMPORT = "select 1 from rowtrail.imports as i where i.id = %s"

IMPORTS_THERE = "select i.id from rowtrail.imports as i order by i.id"

LOST = """
select count(*) from rowtrail.retired_leaves as r where r.seal_id > :number and r.seal_id <= :noted
"""

#: By what an import is told from another one with its number.
IMPORTS = """
select i.id, i.begun_at, i.finished_at, i.source, i.first_id, i.rows
from rowtrail.imports as i where i.finished_at is not null
"""

#: Of imports, the first of which something was retired since it was finished.
LOST_IMPORT = """
select t.import_id
from rowtrail.import_tables as t
where t.import_id = any (:imports)
group by t.import_id
having sum(t.versions) > (
  select coalesce(sum(cardinality(l.ids)), 0)
  from rowtrail.import_leaves as l where l.import_id = t.import_id)
order by t.import_id
limit 1
"""

LATER_SEAL = "select min(s.id) from rowtrail.seals as s where s.id > %s"

SAME_DATABASE = """
select
  pg_postmaster_start_time() = :started
  and exists (
    select from pg_locks as l
    where l.pid = :pid
      and l.database = (select d.oid from pg_database as d where d.datname = current_database())
      and l.relation = cast('rowtrail.origin' as regclass))
"""


def settle(connection: Connection) -> None:
    """From now on in this session, all is read, and names mean what they are to mean."""
    pin_names(connection)
    connection.execute(text("set row_security = on"))
    connection.commit()


class Side(NamedTuple):
    """A database that is shipped from or to."""

    engine: Engine
    place: str


class Progress(NamedTuple):
    """How far shipping has come.

    Attributes:
        what: `seal` or `import`.
        number: of it.
        versions: how many it has.
    """

    what: str
    number: int
    versions: int


class Shipping:
    """Ships from one database to another.

    Args:
        here: the database whose history it is.
        there: the history database.
        is_moved: whether `here` has taken the place of the database whose history is there.
        show: is told how many versions have been copied.

    Raises:
        RowtrailError: it cannot be done; why, and the mend.
    """

    def __init__(
        self, here: Side, there: Side, is_moved: bool, show: Callable[[int], None]
    ) -> None:
        self.here, self.there, self.is_moved, self.show = here, there, is_moved, show
        self.copied = 0
        self.id: uuid.UUID | str = ""
        self.warnings: list[str] = []
        self._connections: list[Any] = []
        self._tables_sent: bytes | None = None
        self._unsummarized = 0

    def cancel(self) -> None:
        """Ends what runs, wherever it is: nothing of what was not whole is kept."""
        for connection in list(self._connections):
            with suppress(psycopg2.Error):
                connection.cancel()

    # Who is who.

    def prepare(self) -> None:
        """Looks whether the one can be the history database of the other, and makes it so."""
        with self.here.engine.connect() as here:
            settle(here)
            mine = here.execute(text(WHO)).one()
            if here.scalar(text("select rowtrail.is_history_database()")):
                raise RowtrailError(
                    f"the database {mine.database} is a history database itself; ship from the "
                    "database whose history it holds"
                )
            system = here.scalar(text(SYSTEM))
            last = here.execute(text(LAST_SEAL)).one_or_none()
            if last is None:
                raise RowtrailError(
                    f"nothing is sealed in the database {mine.database} yet, and only seals are "
                    "shipped; make one: rowtrail seal"
                )
            shipping = here.execute(text(SHIPPING)).one_or_none()
            with self.there.engine.connect() as there:
                settle(there)
                theirs = there.execute(text(WHO)).one()
                self._require_other(mine, theirs)
                revision = installed_revision(there)
            if revision is None:
                from rowtrail import schema

                self._require_none(shipping)
                schema.upgrade(self.there.engine)
            elif revision < REVISION:
                raise NotUpgraded(
                    f"the history database {theirs.database} is at revision {revision}, and this "
                    f"one at {REVISION}; run for it: rowtrail upgrade --database URL"
                )
            elif revision > REVISION:
                raise NewerSchema(
                    f"the history database {theirs.database} is at revision {revision}, which this "
                    f"rowtrail does not know (it knows up to {REVISION}); upgrade both: "
                    "pip install -U rowtrail, and rowtrail upgrade"
                )
            with self.there.engine.connect() as there:
                settle(there)
                self._require_not_this(here, there)
                self.id = self._meet(there, mine, system, shipping)
                self._require_same_history(here, there, shipping)
            here.rollback()
            with here.begin():
                here.execute(
                    text("select rowtrail.begin_shipping(:id, :place)"),
                    {"id": self.id, "place": self.there.place},
                )

    def _require_other(self, mine: Any, theirs: Any) -> None:
        if theirs.is_standby:
            raise RowtrailError(
                f"the database {theirs.database} that is to be the history database is on a "
                "standby, which takes nothing; name its primary server"
            )
        if mine.encoding != theirs.encoding:
            raise RowtrailError(
                f"the history database {theirs.database} has the encoding {theirs.encoding}, and "
                f"{mine.database} has {mine.encoding}, over which its seals are made; make it so: "
                f"create database history encoding '{mine.encoding}' template template0;"
            )

    def _require_not_this(self, here: Connection, there: Connection) -> None:
        """Raises where both are one database: a lock that is held here is seen there then."""
        here.execute(text("lock table rowtrail.origin in access share mode"))
        known = here.execute(
            text("select pg_backend_pid() as pid, pg_postmaster_start_time() as started")
        ).one()
        if there.scalar(text(SAME_DATABASE), known._asdict()):
            raise RowtrailError(
                "the history database is this database itself; make another one for it, on another "
                "server if it can be: create database history;"
            )
        there.rollback()

    def _require_none(self, shipping: Any) -> None:
        """Raises where the history is shipped somewhere, and so not here."""
        if shipping is not None:
            raise RowtrailError(
                f"this history is shipped to another history database, at {shipping.place}; "
                "end that first: rowtrail ship --stop --reason TEXT"
            )

    def _meet(
        self, there: Connection, mine: Any, system: int | None, shipping: Any
    ) -> uuid.UUID | str:
        """The id of the history database; makes it one, where it is empty."""
        known = there.execute(text(ORIGIN)).one_or_none()
        there.rollback()
        if known is None:
            self._require_none(shipping)
            made = uuid.uuid4()
            with there.begin():
                there.execute(text(ALONE))
                self._as_owner(there)
                there.execute(
                    text("select rowtrail.become_history_database(:id, :system, :database)"),
                    {"id": made, "system": system, "database": mine.database},
                )
            return made
        is_other = known.database != mine.database or (
            None not in (known.system_identifier, system) and known.system_identifier != system
        )
        if is_other and not self.is_moved:
            raise RowtrailError(
                f"{self.there.place} is the history database of {known.database} in the cluster "
                f"{known.system_identifier}, and this is {mine.database} in {system}; where this "
                "database has taken the place of that one, and is no copy of it: "
                "rowtrail ship --moved"
            )
        return uuid.UUID(str(known.id))

    def _note_moved(self, there: Connection, mine: Any, system: int | None) -> None:
        with there.begin():
            self._as_owner(there)
            there.execute(
                text("select rowtrail.move_origin(:system, :database)"),
                {"system": system, "database": mine.database},
            )

    def _require_same_history(self, here: Connection, there: Connection, shipping: Any) -> None:
        """Raises where what is there is not what was sealed here."""
        came = there.execute(text(LAST_SEAL)).one_or_none()
        there.rollback()
        if shipping is not None and str(shipping.history_id) != str(self.id):
            self._require_none(shipping)
        number = 0 if came is None else came.id
        if came is not None:
            mine = here.scalar(
                text("select s.hash from rowtrail.seals as s where s.id = :id"), {"id": came.id}
            )
            if mine is None:
                raise RowtrailError(
                    f"the history database has seal {came.id}, which is not here: this database "
                    "was restored to a moment before it; restore it to a later one, or ship to "
                    "another history database"
                )
            if bytes(mine) != bytes(came.hash):
                raise RowtrailError(
                    f"seal {came.id} in the history database is another than here: since one of "
                    "the seals before, the two are not the same history; this database was "
                    "restored, or one of them was changed: run rowtrail verify in both"
                )
        imports = self._require_same_imports(here, there, shipping)
        if shipping is not None and shipping.seal_id > number:
            lost = here.scalar(text(LOST), {"number": number, "noted": shipping.seal_id})
            if lost:
                raise RowtrailError(
                    f"the history database has seal {number} as its last, and had "
                    f"{shipping.seal_id}: it was restored from a backup; versions of the seals "
                    "between were retired here since, and are nowhere else: restore it from a "
                    "later backup; or, if there is none: rowtrail ship --stop, and ship again"
                )
            self.warnings.append(
                f"the history database had seal {shipping.seal_id}, and has {number} as its last: "
                "it was restored from a backup; what is missing is shipped again"
            )
            here.rollback()
            with here.begin():
                here.execute(
                    text("select rowtrail.note_shipped(:id, :seal, :hash, :imports)"),
                    {
                        "id": self.id,
                        "seal": number,
                        "hash": None if came is None else bytes(came.hash),
                        "imports": imports,
                    },
                )
        if self.is_moved:
            here.rollback()
            mine_now = here.execute(text(WHO)).one()
            self._note_moved(there, mine_now, here.scalar(text(SYSTEM)))
        here.rollback()

    def _require_same_imports(
        self, here: Connection, there: Connection, shipping: Any
    ) -> list[int]:
        """Raises where an import there is none of here; gives those that are there."""
        mine = {one.id: one for one in here.execute(text(IMPORTS))}
        came = list(there.execute(text(IMPORTS)))
        there.rollback()
        for one in came:
            if mine.get(one.id) != one:
                raise RowtrailError(
                    f"the history database has an import {one.id}, from {one.source}, which is not "
                    "here: this database was restored to a moment before it; restore it to a later "
                    "one, or ship to another history database"
                )
        numbers = sorted(one.id for one in came)
        missing = [] if shipping is None else [i for i in shipping.imports if i not in numbers]
        lost = here.scalar(text(LOST_IMPORT), {"imports": missing})
        if lost is not None:
            raise RowtrailError(
                f"the history database had import {lost}, and has it no more: it was restored from "
                "a backup; versions of it were retired here since, and are nowhere else: restore "
                "it from a later backup; or, if there is none: rowtrail ship --stop, and ship again"
            )
        return numbers

    def _as_owner(self, there: Connection) -> None:
        there.exec_driver_sql("set local role rowtrail_owner")

    # What is shipped.

    def go_on(self, said: Callable[[Progress], None]) -> None:
        """Ships what is finished and sealed here and not there yet.

        Args:
            said: is told of each seal and import that is there.
        """
        with (
            closing(self._session(self.here.engine)) as here,
            closing(self._session(self.there.engine)) as there,
        ):
            self._connections = [here, there]
            try:
                self._ship_imports(here, there, said)
                while (done := self._ship_next(here, there)) is not None:
                    said(done)
                self._note(here, there)
            finally:
                self._connections = []

    def _session(self, engine: Engine) -> Any:
        """A connection of psycopg2's own, which COPY takes."""
        options: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT,
            "application_name": "rowtrail",
            **engine.dialect.create_connect_args(engine.url)[1],
        }
        connection = psycopg2.connect(**options)
        with connection.cursor() as cursor:
            for setting in SETTINGS:
                cursor.execute(setting)
        connection.commit()
        return connection

    def _ship_imports(self, here: Any, there: Any, said: Callable[[Progress], None]) -> None:
        came = {row[0] for row in rows(there, IMPORTS_THERE)}
        there.rollback()
        wanted = [row[0] for row in rows(here, NEXT_IMPORTS)]
        here.rollback()
        for number in wanted:
            if number in came:
                continue
            with one_snapshot(here, there):
                versions = IMPORTED.format(number=number)
                self._make_months(here, there, versions)
                self._begin(there)
                # Somebody else may have shipped it meanwhile.
                if not rows(there, FOUND_IMPORT, number):
                    self._put_said(here, there, f"rowtrail.shipped_import({number})")
                    copied = self._copy_versions(here, there, versions)
                    self._copy_all(here, there, OF_IMPORT, number)
                    rows(there, "select rowtrail.receive_import()")
                    there.commit()
                    said(Progress("import", number, copied))
            self._note(here, there)

    def _ship_next(self, here: Any, there: Any) -> Progress | None:
        """Ships the seal after the last one there; None where there is none."""
        done = None
        while done is None:
            with one_snapshot(here, there):
                [(last,)] = rows(there, THERE)
                there.rollback()
                number = last + 1
                found = rows(here, SEAL, number)
                if not found:
                    [(later,)] = rows(here, LATER_SEAL, last)
                    if later is not None:
                        raise RowtrailError(
                            f"seal {number} is missing here, and seal {later} is not; seals are "
                            "shipped in order: run rowtrail verify"
                        )
                    return None
                [(made, before, sealed)] = found
                versions = MEMBERS.format(made=made, before=before)
                self._make_months(here, there, versions)
                self._begin(there)
                # Somebody else may have shipped it meanwhile.
                if rows(there, THERE) == [(last,)]:
                    self._put_said(here, there, f"rowtrail.shipped_seal({number})")
                    self._copy_versions(here, there, versions)
                    self._copy_all(here, there, OF_SEAL, number)
                    if rows(there, HAS_ERASURES) == [(True,)]:
                        run(there, *PUT_ERASED)
                        self._copy_all(here, there, OF_ERASURES, number)
                    rows(there, "select rowtrail.receive_seal()")
                    there.commit()
                    done = Progress("seal", number, sealed)
                    self._summarize(there, sealed)
        self._note(here, there)
        return done

    def _summarize(self, there: Any, versions: int) -> None:
        """Lets an index know of what has come, where that is much."""
        self._unsummarized += versions
        if self._unsummarized >= MANY:
            run(there, "set local role rowtrail_owner")
            rows(there, "select rowtrail.summarize_times()")
            there.commit()
            self._unsummarized = 0

    def _begin(self, there: Any) -> None:
        """Begins to take in there: nobody else does meanwhile, and who reads does not wait."""
        run(
            there,
            "set local role rowtrail_owner",
            "lock table rowtrail.origin in share row exclusive mode",
        )

    def _put_said(self, here: Any, there: Any, call: str) -> None:
        run(there, *PUT)
        self._copy(here, there, f"select {call}", "pg_temp.came (said)")
        # The registry, where it is another than last time.
        [(digest,)] = rows(here, REGISTRY)
        if self._tables_sent != bytes(digest):
            self._copy(here, there, COPY_TABLES, "pg_temp.came_tables (said)")
            rows(there, "select rowtrail.receive_tables(c.said) from pg_temp.came_tables as c")
            self._tables_sent = bytes(digest)

    def _make_months(self, here: Any, there: Any, versions: str) -> None:
        """Makes the partitions of what comes; in a transaction of its own, which is short."""
        [(months,)] = rows(here, MONTHS.format(versions=versions))
        self._begin(there)
        rows(there, "select rowtrail.make_months(%s::timestamptz[])", months)
        there.commit()

    def _copy_versions(self, here: Any, there: Any, versions: str) -> int:
        query = SELECT_VERSIONS.format(columns=COLUMNS, versions=versions)
        return self._copy(here, there, query, f"rowtrail.versions ({VERSIONS})", self._count)

    def _copy_all(
        self, here: Any, there: Any, parts: Sequence[tuple[str, str]], number: int
    ) -> None:
        for query, table in parts:
            self._copy(here, there, query.format(number=number, columns=COLUMNS), table)

    def _note(self, here: Any, there: Any) -> None:
        """Notes here what is there."""
        found = rows(there, LAST_SEAL)
        number, digest = found[0] if found else (0, None)
        imports = [row[0] for row in rows(there, IMPORTS_THERE)]
        there.rollback()
        here.rollback()
        with here.cursor() as cursor:
            cursor.execute(
                "select rowtrail.note_shipped(%s, %s, %s, %s::bigint[])",
                [str(self.id), number, digest, imports],
            )
        here.commit()

    def _copy(
        self,
        here: Any,
        there: Any,
        query: str,
        table: str,
        count: Callable[[], None] | None = None,
    ) -> int:
        """Copies what a query here gives into a table there; gives the number of rows.

        Args:
            here: a connection of psycopg2's.
            there: another one.
            query: what is copied.
            table: with its columns.
            count: is called for each row.
        """
        reading, writing = os.pipe()
        failed: list[BaseException] = []

        def read() -> None:
            try:
                with os.fdopen(writing, "wb", buffering=CHUNK) as out, here.cursor() as cursor:
                    target = out if count is None else Counted(out, count)
                    cursor.copy_expert(f"copy ({query}) to stdout (format binary)", target)
            except BaseException as error:
                failed.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        with os.fdopen(reading, "rb", buffering=CHUNK) as coming, there.cursor() as cursor:
            source = Checked(coming, reader, failed)
            try:
                cursor.copy_expert(f"copy {table} from stdin (format binary)", source, CHUNK)
            except BaseException:
                # Not closed at once: who wrote to a pipe that nobody reads would be ended by that.
                with suppress(psycopg2.Error):
                    here.cancel()
                while coming.read(CHUNK):
                    pass
                reader.join()
                if source.is_cut:
                    raise failed[0] from None
                raise
            number: int = cursor.rowcount
        reader.join()
        return number

    def _count(self) -> None:
        self.copied += 1
        if self.copied % 1000 == 0:
            self.show(self.copied)


class Counted:
    """A file to which COPY writes: one row at a time.

    Args:
        out: where the rows go.
        count: is called for each.
    """

    def __init__(self, out: Any, count: Callable[[], None]) -> None:
        self.out, self.count = out, count

    def write(self, data: bytes) -> None:
        """Takes a row."""
        self.out.write(data)
        self.count()


class Checked:
    """A file from which COPY reads: its end is the end of all rows, not of those that came.

    Args:
        coming: the rows.
        reader: the thread that they come from.
        failed: what has ended it, if something has.
    """

    def __init__(self, coming: Any, reader: threading.Thread, failed: list[BaseException]) -> None:
        self.coming, self.reader, self.failed = coming, reader, failed
        self.is_cut = False

    def read(self, size: int) -> bytes:
        """Gives what has come; nothing at the end.

        Raises:
            RuntimeError: not all rows came.
        """
        found: bytes = self.coming.read(size)
        if not found:
            self.reader.join()
            if self.failed:
                self.is_cut = True
                raise RuntimeError("not all rows came")
        return found


@contextmanager
def one_snapshot(here: Any, there: Any) -> Iterator[None]:
    """What is read here is of one moment; what is not committed there, is not there."""
    here.set_session(isolation_level="REPEATABLE READ", readonly=True)
    try:
        yield
    finally:
        with suppress(psycopg2.Error):
            there.rollback()
        with suppress(psycopg2.Error):
            here.rollback()
            here.set_session(isolation_level="READ COMMITTED", readonly=False)


def run(connection: Any, *statements: str) -> None:
    """Runs statements, one after the other."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rows(connection: Any, query: str, *values: Any) -> list[Any]:
    """What a query gives."""
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return list(cursor.fetchall())
