"""Random statements that write the rows of tables, for hypothesis to choose."""

from hypothesis import strategies as st
from random_tables import Draw, Table, choose


@st.composite
def conditions(draw: Draw, table: Table) -> str:
    """Which rows of the table."""
    column = choose(draw, [*table.key, *table.key, *table.columns])
    if column in table.key or column in ("id", "part"):
        values = st.sampled_from(table.key_literals(column))
        shape = choose(draw, ["= {}", "= {}", "in ({}, {})", ">= {}", "is not null"])
        return f"{column} {shape.format(draw(values), draw(values))}"
    return choose(draw, [f"{column} is null", f"{column} is not null", "true"])


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
        chosen.append(f"{column} = {choose(draw, values)}")
    return ", ".join(chosen)


@st.composite
def rows(draw: Draw, table: Table) -> tuple[list[str], list[str]]:
    """Names of columns, and rows of literals for them."""
    columns = [c for c in table.columns if c in table.key or c == "id" or draw(st.booleans())]
    values = [
        "(" + ", ".join(choose(draw, table.literals(c)) for c in columns) + ")"
        for _ in range(draw(st.integers(1, 3)))
    ]
    return columns, values


@st.composite
def inserts(draw: Draw, table: Table) -> str:
    columns, values = draw(rows(table))
    conflict = choose(draw, ["", "on conflict do nothing", "update", "update"])
    if conflict == "update" and table.is_arbiter:
        conflict = (
            f"on conflict ({', '.join(table.key)}) do update set "
            f"{draw(conflict_assignments(table))}"
        )
    elif conflict == "update":
        conflict = ""
    return f"insert into {table.name} ({', '.join(columns)}) values {', '.join(values)} {conflict}"


@st.composite
def conflict_assignments(draw: Draw, table: Table) -> str:
    column = choose(draw, list(table.columns))
    values = [*table.literals(column), f"{table.name}.{column}", f"excluded.{column}"]
    return f"{column} = {choose(draw, values)}"


@st.composite
def copies(draw: Draw, table: Table) -> str:
    key = table.ids
    lines = [
        "\t".join(choose(draw, ["1", "2", "3", "4", "5", "6"]) for _ in key)
        for _ in range(draw(st.integers(1, 3)))
    ]
    return f"copy {table.name} ({', '.join(key)}) from stdin\n" + "\n".join(lines)


@st.composite
def merges(draw: Draw, table: Table) -> str:
    key = table.ids[0]
    literals = table.key_literals(key)
    source = ", ".join(
        f"({value})"
        for value in draw(st.lists(st.sampled_from(literals), min_size=1, max_size=3, unique=True))
    )
    matched = draw(
        st.sampled_from(["update set " + draw(assignments(table)), "delete", "do nothing"])
    )
    columns = ", ".join(table.ids)
    others = ", ".join(["s.k", *("1" for _ in table.ids[1:])])
    return (
        f"merge into {table.name} using (values {source}) as s (k) on {table.name}.{key} = s.k "
        f"when matched then {matched} "
        f"when not matched then insert ({columns}) values ({others})"
    )


@st.composite
def ctes(draw: Draw, tables: list[Table]) -> str:
    """Several tables, or one of them twice, written by one statement."""
    one, two = choose(draw, tables), choose(draw, tables)
    key, other_key = one.ids[0], two.ids[0]
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
                f"insert into {two.name} ({', '.join(two.ids)}) "
                f"select {', '.join(['k', *('1' for _ in two.ids[1:])])} from c",
                draw(inserts(two)),
            ]
        )
    )
    return f"with c as ({first} returning {key} as k) {second}"


@st.composite
def writes(draw: Draw, tables: list[Table], version: int) -> str:
    """A statement that writes rows."""
    table = choose(draw, tables)
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
        leaf = choose(draw, table.partitions)
        return f"update {leaf} set {draw(assignments(table))} where {draw(conditions(table))}"
    return update
