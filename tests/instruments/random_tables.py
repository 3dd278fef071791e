"""Random tables with triggers of an application, for hypothesis to choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import strategies as st

Draw = st.DrawFn
Chosen = TypeVar("Chosen")

#: Literals by type. They differ in what is easily lost: scale, text of json, NULL within.
LITERALS = {
    "integer": ["0", "1", "2", "3", "7", "null"],
    "bigint": ["0", "1", "5000000000", "null"],
    "numeric": ["0", "1.0", "1.00", "2.5", "'NaN'", "null"],
    "real": ["0", "0.1", "'-0'", "'Infinity'", "null"],
    "text": ["''", "'a'", "'b'", "'ä\"'", "repeat('long', 900)", "null"],
    "jsonb": ["'{\"a\": 1.0}'", "'{\"a\": 1.00}'", "'null'", "'[1, 2]'", "null"],
    "json": ['\'{"b": 1, "a": 2}\'', '\'{"a": 2, "b":1}\'', '\'{"a":1,"a":2}\'', "null"],
    "integer[]": ["'{}'", "'{1,2}'", "'{1,NULL}'", "'{{1},{2}}'", "null"],
    "timestamp with time zone": ["'2026-01-01 12:00Z'", "'infinity'", "null"],
    "bytea": ["'\\x00ff'", "''", "null"],
    "boolean": ["true", "false", "null"],
}
KEYS = {
    "integer": [str(n) for n in range(1, 7)],
    "bigint": [str(n) for n in range(1, 7)],
    "numeric": ["1", "1.0", "2", "2.50", "2.5", "3"],
    "text": ["'a'", "'b'", "'c'", "'k' || repeat('k', 1100)", "'5'"],
}
VALUE_COLUMNS = [
    "note text",
    "doc jsonb",
    "raw json",
    "price numeric default 0.0",
    "tags int[]",
    "at timestamptz",
    "amount real",
    "bytes bytea default '\\x'",
    "flag boolean not null default false",
    "twice int generated always as (n * 2) stored",
]
# Before and after ours in the order of names, which is that of firing.
TRIGGER_NAMES = ["!a", "!rowtrail_capture_", "app"]

#: What triggers of the application do, after a change of a row.
AFTER = [
    "update {t} set n = n + 1 where id = new.id;",
    "update {t} set n = n where id = new.id;",
    "update {t} set n = n + 10 where id <> new.id;",
    "if new.n % 2 = 1 then update {t} set n = n * 2 where id >= new.id; end if;",
    "update {u} set n = n + 1;",
    "update {u} set n = new.n where id = new.id;",
    "delete from {u} where id = new.id;",
    "insert into {u} (id, n) values (new.id, new.n) on conflict do nothing;",
    "if new.n = 3 then delete from {t} where id = new.id; end if;",
    "if new.n = 2 then update {t} set id = id where id = new.id; end if;",
    "if new.n = 7 then delete from {t} where id = new.id; "
    "insert into {t} (id, n) values (new.id, 8); end if;",
    "begin update {t} set n = n + 1; perform 1 / (new.n % 2); "
    "exception when division_by_zero then null; end;",
    "begin update {u} set n = n + 1; insert into {t} (id) values (new.id); "
    "exception when others then update {t} set n = n + 1 where id = new.id; end;",
    "perform set_config('shop.seen', 'yes', true);",
]
BEFORE = [
    "new.n := new.n + 1;",
    "if new.n = 3 then return null; end if;",
    "update {u} set n = n + 1 where id <> new.id;",
    "if tg_op = 'INSERT' then update {t} set n = n + 1 where id = new.id; end if;",
    "if tg_op = 'UPDATE' and new.n % 3 = 1 then new := old; end if;",
]


@dataclass(frozen=True)
class Table:
    """A table as a session sees it now.

    Attributes:
        name: its name, without schema.
        columns: name and type of each that can be written, in order.
        key: names of its key's columns.
        is_arbiter: ON CONFLICT may name the key.
        partitions: names of its partitions.
        app_triggers: names of the application's triggers.
        is_referenced: another table refers to it.
    """

    name: str
    columns: dict[str, str]
    key: list[str]
    is_arbiter: bool
    partitions: list[str]
    app_triggers: list[str]
    is_referenced: bool

    @property
    def ids(self) -> list[str]:
        """The key, or the column that would be it."""
        return self.key or ["id" if "id" in self.columns else next(iter(self.columns))]

    def key_literals(self, column: str) -> list[str]:
        return KEYS.get(self.columns[column], LITERALS["integer"])

    def literals(self, column: str) -> list[str]:
        if column in self.key or column in ("id", "part"):
            return self.key_literals(column)
        return [*LITERALS.get(self.columns[column], ["null"]), "default"]


#: What Table holds, of all tables there are, in the order they were made.
LOOK = """
select
  c.relname,
  (
    select jsonb_object_agg(a.attname, format_type(a.atttypid, null))
    from pg_attribute as a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''),
  coalesce((
    select jsonb_agg(a.attname order by k.place)
    from pg_index as i
    cross join lateral unnest(i.indkey::int2[]) with ordinality as k (number, place)
    join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.number
    where i.indrelid = c.oid and i.indisunique), '[]'),
  exists (
    select from pg_index as i where i.indrelid = c.oid and i.indisunique and i.indimmediate),
  coalesce((
    select jsonb_agg(i.inhrelid::regclass::text order by 1)
    from pg_inherits as i where i.inhparent = c.oid), '[]'),
  coalesce((
    select jsonb_agg(t.tgname order by 1)
    from pg_trigger as t
    where t.tgrelid = c.oid and not t.tgisinternal and t.tgname not like '!rowtrail%'), '[]'),
  exists (select from pg_constraint as f where f.confrelid = c.oid)
from pg_class as c
where c.relnamespace = 'shop'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.oid
"""


def choose(draw: Draw, options: Sequence[Chosen]) -> Chosen:
    """One of these."""
    return draw(st.sampled_from(options))


@st.composite
def schemas(draw: Draw) -> list[str]:
    """The statements that make random tables, and begin their history."""
    statements: list[str] = []
    kinds: list[str] = []
    number = draw(st.integers(1, 3))
    with_triggers = draw(st.booleans())
    for place in range(1, number + 1):
        name = f"t{place}"
        kind = draw(
            st.sampled_from(
                ["one"] * 4
                + ["numeric", "pair", "pair", "deferrable", "deferred", "unique", "none"]
                # Triggers write the key of one table to another.
                + ([] if with_triggers else ["text", "text"])
            )
        )
        kinds.append(kind)
        id_type = {"numeric": "numeric", "text": "text"}.get(kind, "int")
        columns = [f"id {id_type}", "part int default 1", "n int default 0"]
        # Without a key nothing tells apart rows whose json differs only in how it is written.
        others = [c for c in VALUE_COLUMNS if kind != "none" or c != "raw json"]
        columns += draw(st.lists(st.sampled_from(others), max_size=4, unique=True))
        if place > 1 and kinds[0] == "one" and draw(st.booleans()):
            # One deep only, and never to a key's column: docs/concepts.md, "Limits of the order".
            on_delete = choose(draw, ["cascade", "set null", "no action"])
            columns.append(
                f"parent int references t1 on delete {on_delete} on update cascade "
                + choose(draw, ["", "deferrable initially deferred"])
            )
        key = {
            "pair": ["primary key (id, part)"],
            "deferrable": ["primary key (id) deferrable"],
            "deferred": ["primary key (id) deferrable initially deferred"],
            "unique": ["unique (id)"],
            "none": [],
        }.get(kind, ["primary key (id)"])
        if kind == "unique":
            columns[0] += " not null"
        partitioned = ""
        if kind in ("one", "pair", "none") and draw(st.integers(0, 3)) == 0:
            partitioned = choose(draw, ["range (id)", "list (part)"])
            if kind == "one":
                partitioned = "range (id)"
        statements.append(
            f"create table {name} ({', '.join(columns + key)})"
            + (f" partition by {partitioned}" if partitioned else "")
        )
        if partitioned:
            low, high = (
                ("from (minvalue) to (3)", "from (3) to (5)")
                if partitioned == "range (id)"
                else ("in (1)", "in (2, 3)")
            )
            statements.append(f"create table {name}_low partition of {name} for values {low}")
            statements.append(f"create table {name}_high partition of {name} for values {high}")
            statements.append(f"create table {name}_rest partition of {name} default")
    names = [f"t{place}" for place in range(1, number + 1)]
    for name in names:
        if with_triggers:
            for which in range(draw(st.integers(0, 2))):
                statements += draw(app_triggers(name, names, f"{name}_{which}"))
    statements.append(
        "grant select, insert, update, delete, truncate on all tables in schema shop to public"
    )
    for name, kind in zip(names, kinds, strict=True):
        track = f"rowtrail.track('{name}'{draw(options(kind))})"
        if draw(st.integers(0, 3)) == 0:
            # One statement: rows from before count as different until their baseline has begun.
            values = "('a'), ('b')" if kind == "text" else "(1), (2), (4)"
            statements.append(f"insert into {name} (id) values {values}")
            statements.append(
                f"do $$ begin perform {track}; perform rowtrail.baseline_batch('{name}', 1); end $$"
            )
        else:
            statements.append(f"select {track}")
    return statements


@st.composite
def options(
    draw: Draw,
    kind: str,
    names: Sequence[str] = ("part",),
    treatments: Sequence[str] = ("exclude", "hash", "ignore"),
) -> str:
    """Options of track(), as arguments after the table."""
    chosen = ["key_columns => '{id}'"] if kind == "unique" else []
    if draw(st.integers(0, 2)) == 0:
        column = choose(draw, names)
        if not (kind == "pair" and column == "part"):
            chosen.append(f"{choose(draw, treatments)} => '{{{column}}}'")
    if draw(st.integers(0, 3)) == 0:
        chosen.append("truncate_rows => true")
    if draw(st.integers(0, 5)) == 0:
        chosen.append(f"actor => '{choose(draw, ['require', 'warn'])}'")
    return "".join(f", {option}" for option in chosen)


@st.composite
def app_triggers(draw: Draw, table: str, tables: list[str], function: str) -> list[str]:
    """A trigger of the application on a table, that writes back or elsewhere."""
    is_after = draw(st.integers(0, 2)) > 0
    other = choose(draw, [name for name in tables if name != table] or [table])
    body = choose(draw, AFTER if is_after else BEFORE).format(t=table, u=other)
    depth = draw(st.integers(1, 3))
    name = choose(draw, TRIGGER_NAMES) + function
    events = choose(draw, ["insert or update", "update", "insert", "update of n"])
    kind, when = "", "after" if is_after else "before"
    deferral = ""
    if is_after and "of n" not in events and draw(st.integers(0, 4)) == 0:
        kind, deferral = "constraint", "deferrable initially deferred"
    condition = f"pg_trigger_depth() <= {depth}"
    if kind:
        # At COMMIT each deferred trigger is at depth 1 again: what it does must come to an end.
        condition = "new.n < 9"
        body = f"update {table} set n = n + 1 where id = new.id and n = new.n;"
    return [
        f"create or replace function on_{function}() returns trigger language plpgsql as $$ begin "
        f"if {condition} then {body} end if; return new; end $$",
        f'create {kind} trigger "{name}" {when} {events} on {table} {deferral} '
        f"for each row execute function on_{function}()",
    ]
