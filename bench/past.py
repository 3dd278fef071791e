"""A long past for three tables, written straight into the tables of who records it.

Which row change number n is of, and what it makes of the row, is arithmetic on n: so the same past
is written anywhere, in any pieces, and as fast as the server inserts. Of ten changes five are of
orders, which live two weeks each, four of a thousandth as many rows of stock, which change all the
time, and one of customers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.databases import Bare

DAYS = 120

#: Numbers of changes are multiples of this: then the arithmetic comes out even.
UNIT = 100_000

#: So many changes are written by one statement.
CHUNK = 100_000

#: The first transaction has this number.
FIRST_XID = 1_000_000


@dataclass(frozen=True)
class Kind:
    """A table of the past.

    Attributes:
        name: of the table.
        definition: what stands between the brackets of CREATE TABLE.
        turns: of ten changes, which are of this table: from the first to below the second.
        column_names: in the order of the table.
        values: an SQL expression for each column, by `key`, `revision` (0 for the INSERT) and `n`.
        changed: for each column that an UPDATE may change, whether it does.
        last: the revision that deletes every twentieth row; none for never.
    """

    name: str
    definition: str
    turns: tuple[int, int]
    values: dict[str, str]
    changed: dict[str, str]
    last: int | None = None


KINDS = (
    Kind(
        "orders",
        "id bigint primary key, customer_id bigint references customers, status text, "
        "amount numeric(12,2), currency char(3), note text, paid boolean, updated_at timestamptz",
        (0, 5),
        {
            "id": "{key}",
            "customer_id": "1 + mod({key} * 31, {customers})",
            "status": "(array['new', 'paid', 'packed', 'sent', 'delivered', 'closed'])"
            "[1 + {revision}]",
            "amount": "(mod({key} * 7919, 100000) / 100.0)::numeric(12,2)",
            "currency": "'EUR'::char(3)",
            "note": "'please leave order ' || {key} || ' with the neighbours'",
            "paid": "{revision} > 0",
            "updated_at": "{moment}",
        },
        {"status": "true", "paid": "{revision} = 1", "updated_at": "true"},
        last=5,
    ),
    Kind(
        "stock",
        "id bigint primary key, article text, quantity int, place text, updated_at timestamptz",
        (5, 9),
        {
            "id": "{key}",
            "article": "'article ' || {key}",
            "quantity": "(1000 - mod({revision} * 7, 1000))::int",
            "place": "'aisle ' || mod({key}, 40)",
            "updated_at": "{moment}",
        },
        {"quantity": "true", "updated_at": "true"},
    ),
    Kind(
        "customers",
        "id bigint primary key, name text, email text, city text, credit numeric(12,2), "
        "updated_at timestamptz",
        (9, 10),
        {
            "id": "{key}",
            "name": "'Customer ' || {key}",
            "email": "'customer' || {key} || '@example.org'",
            "city": "'City ' || mod({key} + {revision} / 2, 500)",
            "credit": "({revision} * 100)::numeric(12,2)",
            "updated_at": "{moment}",
        },
        {"city": "mod({revision}, 2) = 0", "credit": "true", "updated_at": "true"},
    ),
)


class Past:
    """So many changes in the last four months.

    Args:
        changes: how many; a multiple of `UNIT`.
        end: when the last one happened.
        days: in so many days before it.
    """

    def __init__(self, changes: int, end: datetime | None = None, days: int = DAYS) -> None:
        if changes < UNIT or changes % UNIT:
            raise ValueError(f"a past has a multiple of {UNIT:,} changes, not {changes:,}")
        self.changes = changes
        self.step = timedelta(days=days) // changes
        self.begin = (end or datetime.now(UTC)).replace(microsecond=0) - self.step * changes
        #: An order is updated when so many others were.
        self.batch = changes // 100
        self.rows = {"stock": changes // 1000, "customers": changes // 50}

    # Numbers of changes, as SQL -------------------------------------------------------------------

    def moment(self, n: str) -> str:
        """When the change was made."""
        microseconds = self.step // timedelta(microseconds=1)
        return (
            f"(timestamptz '{self.begin.isoformat()}' + ({n}) * "
            f"interval '{microseconds} microseconds')"
        )

    @staticmethod
    def transaction(n: str) -> str:
        """Its transaction: five changes each, and one of 20,000 in each million."""
        place = f"mod({n}, 1000000)"
        return (
            f"({FIRST_XID} + case when {place} >= 900000 and {place} < 920000 "
            f"then {n} - {place} + 900000 else {n} end / 5)"
        )

    @staticmethod
    def actor(transaction: str) -> str:
        """Who did it: 200 people, nobody in every tenth transaction, and one very early."""
        return (
            f"case when {transaction} = {FIRST_XID + 4100} then 'mallory' "
            f"when mod({transaction}, 10) > 0 then 'user' || mod({transaction} / 10, 200) end"
        )

    @staticmethod
    def transaction_of(n: int) -> int:
        """The transaction of a change that is of none of the large ones."""
        return FIRST_XID + n // 5

    def key_of(self, kind: Kind, n: int) -> int:
        """The key of the row that this change of the table is of."""
        first, end = kind.turns
        own = (end - first) * (n // 10) + n % 10 - first
        if kind.name == "orders":
            return own // (6 * self.batch) * self.batch + 1 + own % self.batch * 7919 % self.batch
        return 1 + own % self.rows[kind.name] * 7919 % self.rows[kind.name]

    def own(self, kind: Kind, n: str) -> str:
        """Which change of its table it is, from 0."""
        first, end = kind.turns
        return f"({end - first} * (({n}) / 10) + mod(({n}), 10) - {first})"

    def number(self, kind: Kind, own: str) -> str:
        """The number of a change among all, from that in its table."""
        first, end = kind.turns
        return f"(10 * (({own}) / {end - first}) + mod(({own}), {end - first}) + {first})"

    def key(self, kind: Kind, own: str) -> str:
        """The key of the row."""
        if kind.name == "orders":
            born = f"({own}) / {6 * self.batch} * {self.batch}"
            return f"({born} + 1 + mod(mod(({own}), {self.batch}) * 7919, {self.batch}))"
        rows = self.rows[kind.name]
        return f"(1 + mod(mod(({own}), {rows}) * 7919, {rows}))"

    def revision(self, kind: Kind, own: str) -> str:
        """How often the row was changed before."""
        if kind.name == "orders":
            return f"(mod(({own}), {6 * self.batch}) / {self.batch})"
        return f"(({own}) / {self.rows[kind.name]})"

    def since_last(self, kind: Kind) -> int:
        """How many changes of all tables lie between two of one row."""
        between = self.batch if kind.name == "orders" else self.rows[kind.name]
        first, end = kind.turns
        return between * 10 // (end - first)

    # Rows, as SQL ---------------------------------------------------------------------------------

    def fill(self, kind: Kind, expression: str, back: int = 0) -> str:
        """An expression of the row after change n; or of the one before it."""
        n = f"(n - {back * self.since_last(kind)})" if back else "n"
        filled = expression.replace("{moment}", self.moment(n))
        filled = filled.replace("{revision}", f"(revision - {back})" if back else "revision")
        return filled.replace("{key}", "key").replace("{customers}", str(self.rows["customers"]))

    def row(self, kind: Kind, back: int = 0) -> str:
        """The select list of the row after change n, or before it."""
        return ", ".join(
            f"{self.fill(kind, value, back)} as {name}" for name, value in kind.values.items()
        )

    def image(self, kind: Kind, back: int = 0) -> str:
        """The row as JSON."""
        return f"(select to_jsonb(r) from (select {self.row(kind, back)}) as r)"

    def changed(self, kind: Kind, back: int = 0) -> str:
        """The columns that an UPDATE changed, as JSON: as they are after it, or before it."""
        always, sometimes = [], ""
        for name, is_changed in kind.changed.items():
            pair = f"'{name}', {self.fill(kind, kind.values[name], back)}"
            if is_changed == "true":
                always.append(pair)
            else:
                when = self.fill(kind, is_changed)
                sometimes += f" || case when {when} then jsonb_build_object({pair}) else '{{}}' end"
        return f"(jsonb_build_object({', '.join(always)}){sometimes})"

    @staticmethod
    def operation(kind: Kind) -> str:
        """I, U or D."""
        deletes = "" if kind.last is None else (
            f"when revision = {kind.last} and mod(key, 20) = 0 then 'D' "
        )  # fmt: skip
        return f"case when revision = 0 then 'I' {deletes}else 'U' end"

    def changes_of(self, kind: Kind, selected: str, numbers: str) -> str:
        """A SELECT over the changes of a table; `numbers` is a FROM item with a column n."""
        own = self.own(kind, "n")
        first, end = kind.turns
        return (
            f"select {selected} from (select n, {self.key(kind, own)} as key, "
            f"{self.revision(kind, own)} as revision from {numbers} "
            f"where mod(n, 10) >= {first} and mod(n, 10) < {end} offset 0) as c"
        )

    def rows_today(self, kind: Kind) -> str:
        """A SELECT of the rows that there are after all changes."""
        first, end = kind.turns
        own = self.changes // 10 * (end - first)
        cycle = self.batch if kind.name == "orders" else self.rows[kind.name]
        # The last changes of a full cycle are those after which no other came.
        life = 6 * self.batch if kind.name == "orders" else own
        selected = f"select {self.row(kind)} from (select {self.number(kind, 'own')} as n, "
        where = "" if kind.last is None else (
            f" where not (revision = {kind.last} and mod(key, 20) = 0)"
        )  # fmt: skip
        return (
            f"{selected}{self.key(kind, 'own')} as key, {self.revision(kind, 'own')} as revision "
            f"from generate_series(0::bigint, {own - 1}) as own "
            f"where own + {cycle} >= {own} or mod(own, {life}) >= {life - cycle}) as c{where}"
        )

    def chunks(self) -> Iterator[str]:
        """All numbers in pieces: FROM items with a column n."""
        for low in range(0, self.changes, CHUNK):
            high = min(low + CHUNK, self.changes) - 1
            yield f"generate_series({low}::bigint, {high}) as g (n)"


def make_tables(database: Bare) -> None:
    """Makes the tables of the past, empty."""
    for kind in reversed(KINDS):
        database.execute(f"create table {kind.name} ({kind.definition})")


def fill_tables(database: Bare, past: Past) -> None:
    """Fills them with the rows of today."""
    for kind in reversed(KINDS):
        database.execute(f"insert into {kind.name} {past.rows_today(kind)}")
        database.execute(f"vacuum analyze {kind.name}")


@contextmanager
def without_indexes(database: Bare, tables: list[str]) -> Iterator[None]:
    """Drops the indexes that are no constraints, and makes them anew when the tables are full."""
    names = ", ".join(f"'{name}'::regclass" for name in tables)
    found = database.execute(f"""
        select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
        from pg_index as i
        where i.indrelid in ({names})
          and not exists (select from pg_constraint as c where c.conindid = i.indexrelid)
    """)
    for name, _ in found:
        database.execute(f"drop index {name}")
    yield
    for _, definition in found:
        # Of a partitioned table it is made for its partitions too.
        database.execute(definition.replace(" ON ONLY ", " ON "))


def write(database: Bare, statements: Callable[[str], list[str]], past: Past) -> Iterator[int]:
    """Writes the past by the statements of each piece; yields how many changes are written."""
    # What the foreign keys of a peer would check is right by itself.
    database.execute("set session_replication_role = replica")
    done = 0
    for numbers in past.chunks():
        for statement in statements(numbers):
            database.execute(statement)
        done += CHUNK
        yield done
    database.execute("reset session_replication_role")


# Who records it -----------------------------------------------------------------------------------


def write_rowtrail(database: Bare, past: Past) -> Iterator[int]:
    """The past as rowtrail.capture() would have recorded it."""
    known = track_tables(database, past)
    month = past.begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month < datetime.now(UTC):
        following = (month + timedelta(days=31)).replace(day=1)
        database.execute(
            f"create table if not exists rowtrail.versions_{month:%Y_%m} partition of "
            f"rowtrail.versions for values from ('{month.isoformat()}') to "
            f"('{following.isoformat()}')"
        )
        month = following

    def statements(numbers: str) -> list[str]:
        return [insert_versions("rowtrail.versions", past, known, numbers)]

    with without_indexes(database, ["rowtrail.versions"]):
        yield from write(database, statements, past)
    end_of_ids(database, past)
    # As autovacuum does: it also sums up what the index by time and transaction has not yet.
    database.execute("vacuum analyze rowtrail.versions")
    database.execute("analyze rowtrail.tables")


#: Of each table, its number in the registry and the file that holds its rows.
Known = dict[str, tuple[int, int]]


def track_tables(
    database: Bare, past: Past, fill: Callable[[Bare, Past], None] = fill_tables
) -> Known:
    """Makes the tables as they are after the past, and tracks them as if since its beginning."""
    database.execute("set timezone = 'UTC'")
    make_tables(database)
    fill(database, past)
    for kind in KINDS:
        database.execute(f"select rowtrail.track('{kind.name}')")
    database.execute(f"update rowtrail.tables set tracked_since = '{past.begin.isoformat()}'")
    return {
        name: (number, file)
        for name, number, file in database.execute(
            "select table_name, id, pg_relation_filenode(relid) from rowtrail.tables"
        )
    }


def insert_versions(table: str, past: Past, known: Known, numbers: str) -> str:
    """The INSERT of the versions with these numbers, into rowtrail.versions or a part of it."""
    parts = []
    for kind in KINDS:
        number, file = known[kind.name]
        place = "('(' || key / 60 + revision - {} || ',' || 1 + mod(key, 60) || ')')::tid"
        operation = past.operation(kind)
        parts.append(past.changes_of(
            kind,
            f"n, {number} as table_id, {file}::oid as file, "
            f"case when revision > 0 then {place.format(1)} end as was, "
            f"case when {operation} <> 'D' then {place.format(0)} end as is, "
            f"({operation})::\"char\" as op, key::text as row_key, "
            # A deleted row is as its last update left it.
            f"case when {operation} = 'D' then {past.image(kind, 1)} "
            f"else {past.image(kind)} end as data, "
            f"case when {operation} = 'U' then {past.changed(kind, 1)} end as old",
            "(select s.n) as one",
        ))  # fmt: skip
    return f"""
        insert into {table} (
          id, changed_at, xid, table_id, file, old_ctid, new_ctid, op, row_key, actor, login,
          data, old, context)
        select
          100 * (s.n + 1), {past.moment("s.n")}, s.xid::text::xid8, c.table_id, c.file, c.was,
          c.is, c.op, c.row_key, {past.actor("s.xid")}, 'shop', c.data, c.old,
          case when mod(s.xid, 4) = 0 then jsonb_build_object('request', md5(s.xid::text)) end
        from (select n, {past.transaction("n")} as xid from {numbers}) as s
        cross join lateral ({" union all ".join(parts)}) as c
    """


def end_of_ids(database: Bare, past: Past) -> None:
    """What is recorded from now on comes after the past."""
    database.execute(f"select setval('rowtrail.version_id', {100 * (past.changes + 1)})")


def write_postgresql_audit(database: Bare, past: Past) -> Iterator[int]:
    """The past as postgresql-audit's triggers and its session would have recorded it."""

    def statements(numbers: str) -> list[str]:
        transactions = f"select distinct {past.transaction('n')} as xid from {numbers}"
        parts = []
        for kind in KINDS:
            operation = past.operation(kind)
            parts.append(past.changes_of(
                kind,
                f"'{kind.name}' as table_name, '{kind.name}'::regclass::oid::int as relid, "
                f"case {operation} when 'I' then 'insert' when 'U' then 'update' else 'delete' end "
                "as verb, "
                f"case when revision = 0 then '{{}}' else {past.image(kind, 1)} end as was, "
                f"case {operation} when 'I' then {past.image(kind)} "
                f"when 'U' then {past.changed(kind)} else '{{}}' end as changed",
                "(select s.n) as one",
            ))  # fmt: skip
        return [
            f"insert into transaction (id, native_transaction_id, issued_at, actor_id) "
            f"select xid, xid::text::xid8, {past.moment(f'(xid - {FIRST_XID}) * 5')} "
            f"at time zone 'UTC', {past.actor('xid')} from ({transactions}) as t "
            "order by t.xid",
            f"""
            insert into activity (
              id, schema_name, table_name, relid, issued_at, native_transaction_id, verb, old_data,
              changed_data, transaction_id)
            select
              s.n + 1, 'public', c.table_name, c.relid, {past.moment("s.n")} at time zone 'UTC',
              s.xid::text::xid8, c.verb, c.was, c.changed, s.xid
            from (select n, {past.transaction("n")} as xid from {numbers}) as s
            cross join lateral ({" union all ".join(parts)}) as c
            """,
        ]

    with without_indexes(database, ["activity", "transaction"]):
        yield from write(database, statements, past)
    database.execute("vacuum analyze activity, transaction")


def write_django_pghistory(database: Bare, past: Past) -> Iterator[int]:
    """The past as django-pghistory's triggers and its middleware would have recorded it."""

    def statements(numbers: str) -> list[str]:
        began = past.moment(f"(xid - {FIRST_XID}) * 5")
        found = [
            "insert into pghistory_context (id, created_at, updated_at, metadata) "
            f"select md5(xid::text)::uuid, {began}, {began}, "
            f"jsonb_build_object('user', {past.actor('xid')}, 'url', '/orders') "
            f"from (select distinct {past.transaction('n')} as xid from {numbers}) as t"
        ]
        for kind in KINDS:
            names = ", ".join(kind.values)
            operation = past.operation(kind)
            found.append(
                f"insert into {event_table(kind)} (pgh_created_at, pgh_label, pgh_obj_id, "
                f"pgh_context_id, {names}) "
                + past.changes_of(
                    kind,
                    f"{past.moment('n')}, case {operation} when 'I' then 'insert' when 'U' then "
                    f"'update' else 'delete' end, key, md5(({past.transaction('n')})::text)::uuid, "
                    + ", ".join(
                        f"case when {operation} = 'D' then {past.fill(kind, value, 1)} "
                        f"else {past.fill(kind, value)} end"
                        for value in kind.values.values()
                    ),
                    numbers,
                )
            )
        return found

    tables = [event_table(kind) for kind in KINDS]
    with without_indexes(database, [*tables, "pghistory_context"]):
        yield from write(database, statements, past)
    database.execute(f"vacuum analyze {', '.join(tables)}, pghistory_context")


def event_table(kind: Kind) -> str:
    """Where django-pghistory keeps the events of a table."""
    return f"benchmark_{kind.name.removesuffix('s')}event"
