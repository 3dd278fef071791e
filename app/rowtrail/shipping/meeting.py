"""Whether one database can be the history database of another, and what makes it so."""

import uuid
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, text

from rowtrail.db import ALONE, REVISION, installed_revision
from rowtrail.errors import NewerSchema, NotUpgraded, RowtrailError
from rowtrail.proof.verify import pin_names

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

SAME_DATABASE = """
select
  pg_postmaster_start_time() = :started
  and exists (
    select from pg_locks as l
    where l.pid = :pid
      and l.database = (select d.oid from pg_database as d where d.datname = current_database())
      and l.relation = cast('rowtrail.origin' as regclass))
"""


class Side(NamedTuple):
    """A database that is shipped from or to."""

    engine: Engine
    place: str


class Meeting:
    """Two databases that are made one history.

    Args:
        here: the database whose history it is.
        there: the history database.
        is_moved: whether `here` has taken the place of the database whose history is there.
    """

    def __init__(self, here: Side, there: Side, is_moved: bool) -> None:
        self.here, self.there, self.is_moved = here, there, is_moved
        self.id: uuid.UUID | str = ""
        self.warnings: list[str] = []

    def hold(self) -> None:
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


def settle(connection: Connection) -> None:
    """From now on in this session, all is read, and names mean what they are to mean."""
    pin_names(connection)
    connection.execute(text("set row_security = on"))
    connection.commit()
