"""What there is to import: the tables that another tool made, and those here that they are of."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, text

from rowtrail.errors import RowtrailError

COLUMNS = """
select n.nspname as schema, c.relname as name, c.relkind, a.attname as column,
  -- One of somebody's own may be named as one of PostgreSQL's.
  case when y.oid < 16384 or y.typname = 'hstore' then y.typname::text
    else pg_catalog.format_type(y.oid, null) end as type
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type as y on y.oid = a.atttypid
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname not in ('pg_catalog', 'information_schema', 'rowtrail')
  and (cast(:schema as text) is null or n.nspname = :schema)
order by 1, 2, a.attnum
"""

QUOTED = "select pg_catalog.quote_ident(:name)"


class Relation(NamedTuple):
    """A table of a source: its schema, its name, and the types of its columns by their names."""

    schema: str
    name: str
    kind: str
    columns: dict[str, str]


class Target(NamedTuple):
    """A table that has a history here: its number, schema and name, and its key."""

    table_id: int
    schema: str
    name: str
    key: tuple[str, ...]


class Part(NamedTuple):
    """A tracked table, and the table of the source that has its rows."""

    target: Target
    source_table: str


class Found(NamedTuple):
    """What there is to import.

    Attributes:
        place: where the tool keeps it: a table, or a schema.
        is_state: it keeps how rows were, and not what changed.
        parts: the tracked tables of which it has something.
        queries: its rows, of the parts.
        not_tracked: the tables, as the source names them, that are not tracked here.
    """

    place: str
    is_state: bool
    parts: list[Part]
    queries: list[str]
    not_tracked: list[str]


class Asked(NamedTuple):
    """What somebody wants to import.

    Attributes:
        connection: as somebody who may read the source.
        schema: in which the tool keeps it; None where it is to be found.
        targets: the tables that are wanted, and have a history here.
        mapped: the tables of the source, by full name, of which somebody said whose rows they have.
        all_targets: every table that has a history here.
    """

    connection: Connection
    schema: str | None
    targets: list[Target]
    mapped: Mapping[str, int]


def ident(name: str) -> str:
    """The name as SQL needs it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """The text as SQL needs it, with a backslash as it is."""
    if "\\" in value:
        return " E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + value.replace("'", "''") + "'"


def relations(asked: Asked) -> list[Relation]:
    """The tables and views of the database, or of the schema."""
    found: dict[tuple[str, str], Relation] = {}
    for row in asked.connection.execute(text(COLUMNS), {"schema": asked.schema}):
        relation = found.setdefault(
            (row.schema, row.name), Relation(row.schema, row.name, row.relkind, {})
        )
        relation.columns[row.column] = row.type
    return list(found.values())


def named(connection: Connection, *names: str) -> str:
    """A name of several parts for people: quoted where SQL needs it."""
    return ".".join(str(connection.scalar(text(QUOTED), {"name": name})) for name in names)


def the_one(asked: Asked, tool: str, name: str, schema: str | None, wanted: str) -> Relation:
    """The table of this name that has these columns.

    Args:
        asked: what is wanted.
        tool: whose table it is.
        name: of the table.
        schema: the one that the tool makes; None where people choose it.
        wanted: its columns.
    """
    where = asked.schema or schema
    here = [one for one in relations(asked) if one.name == name and where in (None, one.schema)]
    if not here:
        place = f"the schema {where}" if where else "any schema"
        raise RowtrailError(
            f"{tool} is not here: there is no table {name} in {place}; "
            "--schema says where it keeps its history"
        )
    columns = wanted.split()
    fit = [one for one in here if not missing(one, columns)]
    if not fit:
        raise RowtrailError(
            f"{here[0].schema}.{name} has no column {missing(here[0], columns)[0]}: "
            f"it is no table of {tool}, or of a version of it that is not known here"
        )
    if len(fit) > 1:
        places = " and ".join(one.schema for one in fit)
        raise RowtrailError(f"{name} is in {places}; say which by --schema")
    require_table(fit[0])
    return fit[0]


def require_table(relation: Relation) -> None:
    """A view could run what its owner likes, as whoever imports."""
    if relation.kind not in ("r", "p"):
        raise RowtrailError(
            f"{relation.schema}.{relation.name} is no table; import from the table behind it"
        )


def missing(relation: Relation, columns: list[str]) -> list[str]:
    """Those of the columns that it does not have."""
    return [name for name in columns if name not in relation.columns]


def utc(relation: Relation, column: str, alias: str) -> str:
    """A time of the source: without a time zone it is UTC, as these tools write it."""
    if relation.columns[column] == "timestamp":
        return f"{alias}.{ident(column)} at time zone 'UTC'"
    return f"{alias}.{ident(column)}"


def micros(moment: str) -> str:
    """A number for a transaction that has none: the time of its beginning, in microseconds."""
    number = f"(extract(epoch from {moment}) * 1000000)::bigint"
    return f"case when isfinite({moment}) then {number} else 0 end"


def with_names(
    asked: Asked, source: Relation, schema_column: str, table_column: str
) -> tuple[list[Part], list[str], str]:
    """For a source with one table for all: its parts, what is not tracked, and a map to join."""
    query = (
        f"select s.{schema_column}::text as schema, s.{table_column}::text as name "  # noqa: S608
        f"from {ident(source.schema)}.{ident(source.name)} as s"
    )
    asked.connection.execute(text("select rowtrail.bind_source(:query)"), {"query": query})
    rows = asked.connection.execute(
        text("select distinct s.schema, s.name from pg_temp.rowtrail_source as s order by 1, 2")
    ).all()
    source_table = named(asked.connection, source.schema, source.name)
    parts: list[Part] = []
    values, others = [], []
    by_name = {(one.schema, one.name): one for one in asked.targets}
    by_id = {one.table_id: one for one in asked.targets}
    for row in rows:
        full = named(asked.connection, row.schema, row.name)
        mapped = asked.mapped.get(full)
        target = by_name.get((row.schema, row.name)) if mapped is None else by_id.get(mapped)
        if target is None:
            others.append(full)
            continue
        if target not in [part.target for part in parts]:
            parts.append(Part(target, source_table))
        values.append(f"({literal(row.schema)}, {literal(row.name)}, {target.table_id})")
    known = ", ".join(values) or "(null, null, null)"
    return parts, others, f"(values {known}) as m (schema_name, table_name, table_id)"


def states(
    asked: Asked, tool: str, columns: str, ending: str, told: Callable[[Relation], bool]
) -> tuple[list[tuple[Relation, Target]], list[str]]:
    """For a tool with a table for each table: which are whose, and which are not tracked here."""
    known = [one for one in relations(asked) if not missing(one, columns.split()) and told(one)]
    if not known:
        where = f"in the schema {asked.schema}" if asked.schema else "here"
        raise RowtrailError(
            f"{tool} is not here: no table {where} has the columns {', '.join(columns.split())}"
        )
    found: list[tuple[Relation, Target]] = []
    others = []
    by_name = {(one.schema, one.name): one for one in asked.targets}
    by_id = {one.table_id: one for one in asked.targets}
    for relation in known:
        full = named(asked.connection, relation.schema, relation.name)
        mapped = asked.mapped.get(full)
        target = (
            by_name.get((relation.schema, relation.name.removesuffix(ending)))
            if mapped is None
            else by_id.get(mapped)
        )
        if target is None:
            others.append(full)
            continue
        require_table(relation)
        if target in [one for _, one in found]:
            raise RowtrailError(
                f"two tables of {tool} are of {target.schema}.{target.name}; "
                "import one of them: --map says which"
            )
        if lacking := missing(relation, list(target.key)):
            raise RowtrailError(
                f"{full} has no column {lacking[0]}, which is in the key of {target.name}"
            )
        found.append((relation, target))
    return found, others


def verbatim(relation: Relation) -> str:
    """The texts of json columns, where JSONB does not give them back."""
    documents = [name for name, kind in relation.columns.items() if kind == "json"]
    pairs = ", ".join(
        f"{literal(name)}, case when s.{ident(name)}::text <> s.{ident(name)}::jsonb::text "
        f"then s.{ident(name)}::text end"
        for name in documents
    )
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))" if pairs else "null::jsonb"


def image(relation: Relation, left_out: list[str]) -> str:
    """The row as JSON, without the tool's own columns."""
    return f"to_jsonb(s) - array[{', '.join(map(literal, left_out))}]::text[]"
