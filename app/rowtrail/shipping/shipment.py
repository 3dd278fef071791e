"""Copies the history to a history database: seal by seal, each in one transaction there.

sql/shipping.sql says what is copied, takes it in and verifies it; copying.py passes it on as it is.
"""

import uuid
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any, NamedTuple

import psycopg2

from rowtrail.errors import RowtrailError
from rowtrail.shipping.copying import copy, one_snapshot, rows, run, session
from rowtrail.shipping.meeting import LAST_SEAL, Meeting, Side

#: So many versions that the index by time does not know yet would be read for each seal.
MANY = 10_000

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

LATER_SEAL = "select min(s.id) from rowtrail.seals as s where s.id > %s"


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

    def prepare(self) -> None:
        """Looks whether the one can be the history database of the other, and makes it so."""
        meeting = Meeting(self.here, self.there, self.is_moved)
        meeting.hold()
        self.id, self.warnings = meeting.id, meeting.warnings

    def go_on(self, said: Callable[[Progress], None]) -> None:
        """Ships what is finished and sealed here and not there yet.

        Args:
            said: is told of each seal and import that is there.
        """
        with (
            closing(session(self.here.engine)) as here,
            closing(session(self.there.engine)) as there,
        ):
            self._connections = [here, there]
            try:
                self._ship_imports(here, there, said)
                while (done := self._ship_next(here, there)) is not None:
                    said(done)
                self._note(here, there)
            finally:
                self._connections = []

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
        copy(here, there, f"select {call}", "pg_temp.came (said)")
        # The registry, where it is another than last time.
        [(digest,)] = rows(here, REGISTRY)
        if self._tables_sent != bytes(digest):
            copy(here, there, COPY_TABLES, "pg_temp.came_tables (said)")
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
        return copy(here, there, query, f"rowtrail.versions ({VERSIONS})", self._count)

    def _copy_all(
        self, here: Any, there: Any, parts: Sequence[tuple[str, str]], number: int
    ) -> None:
        for query, table in parts:
            copy(here, there, query.format(number=number, columns=COLUMNS), table)

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

    def _count(self) -> None:
        self.copied += 1
        if self.copied % 1000 == 0:
            self.show(self.copied)
