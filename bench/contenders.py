"""Who is measured, how each is set up, and what each records.

A contender is a list of SQL statements, or a tool that bench/peers.py sets up in its own
environment. To compare another way of tracking with rowtrail, add one here.
"""

from dataclasses import dataclass, field

from bench.shapes import TABLE, Shape


@dataclass(frozen=True)
class Records:
    """What of a change is kept, in the words of the table in docs/performance.md."""

    version: str = "–"
    update: str = "–"
    index: str = "–"
    truncate: str = "–"
    who: str = "–"
    asks: str = "nothing"


@dataclass(frozen=True)
class Contender:
    """One way of recording a table's changes, or none.

    Attributes:
        name: what the tables of results and `--only` call it.
        records: what it keeps, for people.
        statements: the SQL that puts the table under its tracking; `{table}`, `{columns}` (names
            and types, no key) and `{names}` are filled in.
        peer: the tool and its level for bench/peers.py, where it is one.
        rowtrail: whether rowtrail's schema is installed first.
        extension: the extension that the server must have.
        history: the table of the recorded changes.
        others: further tables that it fills.
        unit_of_work: the statement that a writer owes it in each transaction.
        recorded: how many rows of `history` come of a row's INSERT, UPDATE and DELETE.
        reference: it is measured against, and is not one of those that compete.
    """

    name: str
    records: Records = Records()
    statements: tuple[str, ...] = ()
    peer: tuple[str, str] | None = None
    rowtrail: bool = False
    extension: str | None = None
    history: str | None = None
    others: tuple[str, ...] = ()
    unit_of_work: str | None = None
    recorded: dict[str, int] = field(
        default_factory=lambda: {"insert": 1, "update": 1, "delete": 1, "truncate": 0}
    )
    reference: bool = False

    def setup(self, shape: Shape) -> list[str]:
        """The statements for a table of this shape."""
        columns = ", ".join(f"{name} {kind}" for name, kind in shape.columns)
        fill = {"{table}": TABLE, "{columns}": columns, "{names}": shape.names}
        filled = list(self.statements)
        for mark, value in fill.items():
            filled = [statement.replace(mark, value) for statement in filled]
        return filled

    @property
    def histories(self) -> list[str]:
        """All tables that it fills."""
        return [*((self.history,) if self.history else ()), *self.others]


FLOOR = (
    'create table items_floor (changed_at timestamptz, op "char", login text, {columns})',
    "create index on items_floor (id)",
    """
    create function floor_capture() returns trigger language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$
    begin
      if tg_op = 'DELETE' then
        insert into public.items_floor select clock_timestamp(), 'D', session_user, old.*;
      else
        insert into public.items_floor
        select clock_timestamp(), left(tg_op, 1)::"char", session_user, new.*;
      end if;
      return null;
    end $$
    """,
    """
    create trigger floor_capture after insert or update or delete on {table}
    for each row execute function floor_capture()
    """,
)


def rowtrail(name: str, track: str) -> Contender:
    """rowtrail, with its table tracked by this call."""
    return Contender(
        name,
        Records(
            version="row as JSONB",
            update="new row, old values of what changed",
            index="yes",
            truncate="marker",
            who="login; actor where named",
        ),
        statements=(f"select {track}",),
        rowtrail=True,
        history="rowtrail.versions",
        recorded={"insert": 1, "update": 1, "delete": 1, "truncate": 1},
    )


def postgresql_audit(level: str) -> Contender:
    """postgresql-audit with triggers of this level (`row`, or `statement`: its default)."""
    return Contender(
        f"postgresql-audit, {level}",
        Records(
            version="row as JSONB",
            update="old row, new values of what changed",
            index="no",
            truncate="nothing",
            who="by its ORM session",
        ),
        peer=("postgresql-audit", level),
        history="activity",
        others=("transaction",),
    )


def django_pghistory(level: str) -> Contender:
    """django-pghistory with events at this level (`row`: its default, or `statement`)."""
    return Contender(
        f"django-pghistory, {level}",
        Records(
            version="typed columns",
            update="new row",
            index="yes",
            truncate="nothing",
            who="by its Django context",
        ),
        peer=("django-pghistory", level),
        history="benchmark_itemevent",
        others=("pghistory_context",),
    )


CONTENDERS = (
    Contender(
        "untracked",
        recorded={"insert": 0, "update": 0, "delete": 0, "truncate": 0},
        reference=True,
    ),
    Contender(
        "floor",
        Records(
            version="typed columns",
            update="new row",
            index="yes",
            truncate="nothing",
            who="login",
        ),
        statements=FLOOR,
        history="items_floor",
        reference=True,
    ),
    rowtrail("rowtrail", "rowtrail.track('{table}')"),
    postgresql_audit("statement"),
    postgresql_audit("row"),
    django_pghistory("row"),
    django_pghistory("statement"),
    Contender(
        "SQLAlchemy-Continuum, triggers",
        Records(
            version="typed columns",
            update="new row",
            index="yes",
            truncate="nothing",
            who="by its ORM session",
            asks="a row in its transaction table first, or nothing is recorded",
        ),
        peer=("sqlalchemy-continuum", "row"),
        extension="hstore",
        history="items_version",
        others=("transaction",),
        unit_of_work="insert into transaction (id, issued_at) "
        "values (nextval('transaction_id_seq'), now())",
    ),
    Contender(
        "table_log",
        Records(
            version="typed columns",
            update="old row and new row",
            index="no",
            truncate="nothing",
            who="login",
        ),
        statements=("select table_log_init(5, 'public', '{table}', 'public', 'items_log')",),
        extension="table_log",
        history="items_log",
        recorded={"insert": 1, "update": 2, "delete": 1, "truncate": 0},
    ),
    Contender(
        "periods",
        Records(
            version="typed columns; none of an INSERT",
            update="old row",
            index="no",
            truncate="empties the history",
            who="nobody",
            asks="two more columns in the table",
        ),
        statements=(
            "select periods.add_system_time_period('{table}', 'row_start', 'row_end')",
            "select periods.add_system_versioning('{table}')",
        ),
        extension="periods",
        history="items_history",
        recorded={"insert": 0, "update": 1, "delete": 1, "truncate": 0},
    ),
)
