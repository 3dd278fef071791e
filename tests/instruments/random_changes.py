"""Random changes of tables and of how they are tracked, for hypothesis to choose."""

from hypothesis import strategies as st
from random_tables import LITERALS, Draw, Table, app_triggers, choose, options

# No json: the text of a json column that came later is not kept until track() is called again
# (test_events.py, test_the_text_of_a_json_column_that_came_later_is_compared).
TYPES = ["int", "bigint", "numeric", "text", "jsonb", "int[]", "timestamptz", "real"]


@st.composite
def schema_changes(draw: Draw, tables: list[Table]) -> str:
    """A statement of the owner that changes a table, or how it is tracked."""
    table = choose(draw, tables)
    statement = draw(changes_of(table, tables))
    if table.key or (" type " not in statement and "random()" not in statement):
        return statement
    # Without a key a row is what it holds: one that is rewritten is another one, and the table
    # differs until it is recorded anew (docs/concepts.md, "Rewritten").
    return (
        f"do $$ begin {statement}; while not "
        f"(select is_done from rowtrail.baseline_batch('{table.name}', 100)) loop end loop; end $$"
    )


@st.composite
def changes_of(draw: Draw, table: Table, tables: list[Table]) -> str:
    free = [
        c for c in table.columns if c not in table.key and c not in ("id", "part", "n", "parent")
    ]
    any_triggers = any(other.app_triggers for other in tables)
    new_name = f"x{draw(st.integers(1, 3))}"
    type_name = choose(draw, TYPES)
    constant = choose(draw, LITERALS["text" if type_name == "text" else "integer"])
    kinds = ["add", "add", "add default", "add volatile", "trigger"]
    if table.key:
        # Without a key a row is what is stored of it, so other options make other rows.
        kinds += ["track", "untrack"]
    if free:
        kinds += ["drop", "rename", "type", "type"]
    if not any_triggers:
        # The application's triggers know the tables and these columns by their names.
        kinds += ["rename key", "rename table"]
        if table.key and table.columns[table.key[0]] == "integer":
            # 2.5 as bigint would be another key: docs/concepts.md, "Rewritten".
            kinds += ["type key"]
    if table.partitions:
        kinds += ["partition"]
    kind = choose(draw, kinds)
    alter = f"alter table {table.name}"
    column = choose(draw, free) if free else ""
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
        return f"{alter} rename {table.ids[0]} to {choose(draw, ['id', 'no'])}"
    if kind == "rename table":
        return f"{alter} rename to {choose(draw, ['a', 'b', 't1', 't2', 't3'])}"
    if kind == "type key":
        return f"{alter} alter {table.ids[0]} type bigint"
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
        return f'drop trigger "{choose(draw, table.app_triggers)}" on {table.name}'
    if kind == "untrack":
        return (
            f"do $$ begin lock table {table.name}; perform rowtrail.untrack('{table.name}'); "
            f"perform rowtrail.track('{table.name}', "
            f"key_columns => '{{{','.join(table.key)}}}', baseline => true); end $$"
        )
    # No hash: what was recorded before it is not hashed, and differs until it is recorded again.
    new_options = draw(options("pair", free or ["part"], ("exclude", "ignore")))
    return f"select rowtrail.track('{table.name}'{new_options})"
