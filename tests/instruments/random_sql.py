"""Random tables, and random statements that write and change them, for hypothesis to choose."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Draw = Any

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
TYPES = ["int", "bigint", "numeric", "text", "jsonb", "json", "int[]", "timestamptz", "real"]
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
        partitions: names of its partitions.
        app_triggers: names of the application's triggers.
        is_referenced: another table refers to it.
    """

    name: str
    columns: dict[str, str]
    key: list[str]
    partitions: list[str]
    app_triggers: list[str]
    is_referenced: bool

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
        columns += draw(st.lists(st.sampled_from(VALUE_COLUMNS), max_size=4, unique=True))
        if place > 1 and kinds[0] == "one" and draw(st.booleans()):
            # One deep only, and never to a key's column: docs/concepts.md, "Limits of the order".
            on_delete = draw(st.sampled_from(["cascade", "set null", "no action"]))
            columns.append(
                f"parent int references t1 on delete {on_delete} on update cascade "
                + draw(st.sampled_from(["", "deferrable initially deferred"]))
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
            partitioned = draw(st.sampled_from(["range (id)", "list (part)"]))
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
            statements.append(
                f"do $$ begin insert into {name} (id) values {values}; "
                f"perform {track}; perform rowtrail.baseline_batch('{name}', 1); end $$"
            )
        else:
            statements.append(f"select {track}")
    return statements


@st.composite
def options(draw: Draw, kind: str = "one", names: tuple[str, ...] = ("part",)) -> str:
    """Options of track(), as arguments after the table."""
    chosen = ["key_columns => '{id}'"] if kind == "unique" else []
    if draw(st.integers(0, 2)) == 0:
        column = draw(st.sampled_from(names))
        if not (kind == "pair" and column == "part"):
            chosen.append(
                f"{draw(st.sampled_from(['exclude', 'hash', 'ignore']))} => '{{{column}}}'"
            )
    if draw(st.integers(0, 3)) == 0:
        chosen.append("truncate_rows => true")
    if draw(st.integers(0, 5)) == 0:
        chosen.append(f"actor => '{draw(st.sampled_from(['require', 'warn']))}'")
    return "".join(f", {option}" for option in chosen)


@st.composite
def app_triggers(draw: Draw, table: str, tables: list[str], function: str) -> list[str]:
    """A trigger of the application on a table, that writes back or elsewhere."""
    is_after = draw(st.integers(0, 2)) > 0
    other = draw(st.sampled_from([name for name in tables if name != table] or [table]))
    body = draw(st.sampled_from(AFTER if is_after else BEFORE)).format(t=table, u=other)
    depth = draw(st.integers(1, 3))
    name = draw(st.sampled_from(TRIGGER_NAMES)) + function
    events = draw(st.sampled_from(["insert or update", "update", "insert", "update of n"]))
    kind, when = "", "after" if is_after else "before"
    deferral = ""
    if is_after and "of n" not in events and draw(st.integers(0, 4)) == 0:
        kind, deferral = "constraint", "deferrable initially deferred"
    # At COMMIT each deferred trigger is at depth 1 again, and would go on for ever.
    condition = f"pg_trigger_depth() <= {depth}" + (" and new.n < 9" if kind else "")
    return [
        f"create or replace function on_{function}() returns trigger language plpgsql as $$ begin "
        f"if {condition} then {body} end if; return new; end $$",
        f'create {kind} trigger "{name}" {when} {events} on {table} {deferral} '
        f"for each row execute function on_{function}()",
    ]


@st.composite
def conditions(draw: Draw, table: Table) -> str:
    """Which rows of the table."""
    column = draw(st.sampled_from([*table.key, *table.key, *table.columns]))
    if column in table.key or column in ("id", "part"):
        values = st.sampled_from(table.key_literals(column))
        shape = draw(st.sampled_from(["= {}", "= {}", "in ({}, {})", ">= {}", "is not null"]))
        return f"{column} {shape.format(draw(values), draw(values))}"
    return draw(st.sampled_from([f"{column} is null", f"{column} is not null", "true"]))


@st.composite
def assignments(draw: Draw, table: Table) -> str:
    """What an UPDATE sets."""
    columns = draw(
        st.lists(
            st.sampled_from(list(table.columns)),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    chosen = []
    for column in columns:
        values = [*table.literals(column), column]
        if table.columns[column] in ("integer", "bigint", "numeric"):
            values += [f"{column} + 1", f"{column} + 1", f"7 - {column}"]
        if table.columns[column] == "text":
            values.append(f"{column} || 'x'")
        chosen.append(f"{column} = {draw(st.sampled_from(values))}")
    return ", ".join(chosen)


@st.composite
def rows(draw: Draw, table: Table) -> tuple[list[str], list[str]]:
    """Names of columns, and rows of literals for them."""
    columns = [c for c in table.columns if c in table.key or c == "id" or draw(st.booleans())]
    values = [
        "(" + ", ".join(draw(st.sampled_from(table.literals(c))) for c in columns) + ")"
        for _ in range(draw(st.integers(1, 3)))
    ]
    return columns, values


@st.composite
def inserts(draw: Draw, table: Table) -> str:
    columns, values = draw(rows(table))
    conflict = draw(st.sampled_from(["", "on conflict do nothing", "update", "update"]))
    if conflict == "update" and table.key:
        conflict = (
            f"on conflict ({', '.join(table.key)}) do update set "
            f"{draw(conflict_assignments(table))}"
        )
    elif conflict == "update":
        conflict = ""
    return f"insert into {table.name} ({', '.join(columns)}) values {', '.join(values)} {conflict}"


@st.composite
def conflict_assignments(draw: Draw, table: Table) -> str:
    column = draw(st.sampled_from(list(table.columns)))
    values = [*table.literals(column), f"{table.name}.{column}", f"excluded.{column}"]
    return f"{column} = {draw(st.sampled_from(values))}"


@st.composite
def copies(draw: Draw, table: Table) -> str:
    key = table.key or ["id"]
    lines = [
        "\t".join(draw(st.sampled_from(["1", "2", "3", "4", "5", "6"])) for _ in key)
        for _ in range(draw(st.integers(1, 3)))
    ]
    return f"copy {table.name} ({', '.join(key)}) from stdin\n" + "\n".join(lines)


@st.composite
def merges(draw: Draw, table: Table) -> str:
    key = (table.key or ["id"])[0]
    literals = table.key_literals(key)
    source = ", ".join(
        f"({value})"
        for value in draw(st.lists(st.sampled_from(literals), min_size=1, max_size=3, unique=True))
    )
    matched = draw(
        st.sampled_from(["update set " + draw(assignments(table)), "delete", "do nothing"])
    )
    columns = ", ".join(table.key or ["id"])
    others = ", ".join(["s.k", *("1" for _ in (table.key or ["id"])[1:])])
    return (
        f"merge into {table.name} using (values {source}) as s (k) on {table.name}.{key} = s.k "
        f"when matched then {matched} "
        f"when not matched then insert ({columns}) values ({others})"
    )


@st.composite
def ctes(draw: Draw, tables: list[Table]) -> str:
    """Several tables, or one of them twice, written by one statement."""
    one, two = draw(st.sampled_from(tables)), draw(st.sampled_from(tables))
    key, other_key = (one.key or ["id"])[0], (two.key or ["id"])[0]
    first = draw(
        st.sampled_from(
            [
                f"update {one.name} set {draw(assignments(one))} where {draw(conditions(one))}",
                f"delete from {one.name} where {draw(conditions(one))}",
                draw(inserts(one)),
            ]
        )
    )
    second = draw(
        st.sampled_from(
            [
                f"update {two.name} set {draw(assignments(two))} "
                f"where {other_key}::text in (select k::text from c)",
                f"delete from {two.name} where {other_key}::text in (select k::text from c)",
                f"insert into {two.name} ({', '.join(two.key or ['id'])}) "
                f"select {', '.join(['k', *('1' for _ in (two.key or ['id'])[1:])])} from c",
                draw(inserts(two)),
            ]
        )
    )
    return f"with c as ({first} returning {key} as k) {second}"


@st.composite
def writes(draw: Draw, tables: list[Table], version: int) -> str:
    """A statement that writes rows."""
    table = draw(st.sampled_from(tables))
    kind = draw(
        st.sampled_from(
            ["insert"] * 5
            + ["update"] * 6
            + ["delete"] * 2
            + ["cte", "cte", "copy", "merge", "truncate", "block"]
        )
    )
    if kind == "insert":
        return draw(inserts(table))
    if kind == "delete":
        return f"delete from {table.name} where {draw(conditions(table))}"
    if kind == "cte":
        return draw(ctes(tables))
    if kind == "copy":
        return draw(copies(table))
    if kind == "merge" and version >= 150000:
        return draw(merges(table))
    if kind == "truncate" and draw(st.integers(0, 2)) == 0:
        return f"truncate {table.name} {'cascade' if table.is_referenced else ''}"
    update = f"update {table.name} set {draw(assignments(table))} where {draw(conditions(table))}"
    if kind == "block":
        again = draw(assignments(table))
        return (
            f"do $$ begin {update}; begin update {table.name} set {again}; perform 1 / 0; "
            f"exception when division_by_zero then null; end; {update}; end $$"
        )
    if table.partitions and draw(st.integers(0, 3)) == 0:
        leaf = draw(st.sampled_from(table.partitions))
        return f"update {leaf} set {draw(assignments(table))} where {draw(conditions(table))}"
    return update


@st.composite
def schema_changes(draw: Draw, tables: list[Table]) -> str:
    """A statement of the owner that changes a table, or how it is tracked."""
    table = draw(st.sampled_from(tables))
    statement = draw(changes_of(table, tables))
    if table.key or not statement.startswith("alter"):
        return statement
    # Without a key a row is what it holds: one that is rewritten is another one, and the table
    # differs until it is recorded anew (docs/concepts.md, "Rewritten").
    return (
        f"do $$ begin {statement}; "
        f"while not (select is_done from rowtrail.baseline_batch('{table.name}', 100)) loop end loop; "
        f"end $$"
    )


@st.composite
def changes_of(draw: Draw, table: Table, tables: list[Table]) -> str:
    free = [
        c for c in table.columns if c not in table.key and c not in ("id", "part", "n", "parent")
    ]
    any_triggers = any(other.app_triggers for other in tables)
    new_name = f"x{draw(st.integers(1, 3))}"
    type_name = draw(st.sampled_from(TYPES))
    constant = draw(st.sampled_from(LITERALS["text" if type_name == "text" else "integer"]))
    kinds = ["add", "add", "add default", "add volatile", "track", "trigger", "untrack"]
    if free:
        kinds += ["drop", "rename", "type", "type"]
    if not any_triggers:
        # The application's triggers know the tables and these columns by their names.
        kinds += ["rename key", "rename table", "type key"]
    if table.partitions:
        kinds += ["partition"]
    kind = draw(st.sampled_from(kinds))
    alter = f"alter table {table.name}"
    column = draw(st.sampled_from(free)) if free else ""
    if kind == "add":
        return f"{alter} add {new_name} {type_name}"
    if kind == "add default":
        if type_name not in ("int", "bigint", "numeric", "text", "real"):
            return f"{alter} add {new_name} jsonb default '[1.0]'"
        return f"{alter} add {new_name} {type_name} default {constant}"
    if kind == "add volatile":
        return f"{alter} add {new_name} real default random()"
    if kind == "drop":
        return f"{alter} drop {column} cascade"
    if kind == "rename":
        return f"{alter} rename {column} to {new_name}"
    if kind == "type":
        if draw(st.integers(0, 2)) == 0:
            return f"{alter} alter {column} type {type_name} using null::{type_name}"
        return f"{alter} alter {column} drop default, alter {column} type text using {column}::text"
    if kind == "rename key":
        return f"{alter} rename {(table.key or ['id'])[0]} to {draw(st.sampled_from(['id', 'no']))}"
    if kind == "rename table":
        return f"{alter} rename to {draw(st.sampled_from(['a', 'b', 't1', 't2', 't3']))}"
    if kind == "type key":
        return f"{alter} alter {(table.key or ['id'])[0]} type bigint"
    if kind == "partition":
        # With rows in it their end would not be seen: docs/concepts.md, "Tracking".
        leaf = f"{table.partitions[-1]}"
        return (
            f"do $$ declare bounds text := (select pg_get_expr(relpartbound, oid) from pg_class "
            f"where oid = '{leaf}'::regclass); begin lock table {table.name}; "
            f"if not exists (select from {leaf}) then "
            f"alter table {table.name} detach partition {leaf}; "
            f"execute format('alter table {table.name} attach partition {leaf} %s', bounds); "
            f"end if; end $$"
        )
    if kind == "trigger" and not table.app_triggers:
        names = [other.name for other in tables]
        if all({"id", "n"} <= set(other.columns) for other in tables):
            return (
                "do $do$ begin "
                + "; ".join(draw(app_triggers(table.name, names, f"late_{table.name}")))
                + "; end $do$"
            )
    if kind == "trigger" and table.app_triggers:
        return f'drop trigger "{draw(st.sampled_from(table.app_triggers))}" on {table.name}'
    if kind == "untrack":
        return (
            f"do $$ begin lock table {table.name}; perform rowtrail.untrack('{table.name}'); "
            f"perform rowtrail.track('{table.name}', baseline => true); end $$"
        )
    return f"select rowtrail.track('{table.name}'{draw(options('pair', tuple(free) or ('part',)))})"
