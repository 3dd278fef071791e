"""The tools whose histories `rowtrail import` reads: where each keeps them, and as which queries.

What the queries give, the head of sql/imports.sql says. They are run with pg_catalog before all
else, so names are written in full.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, text

from rowtrail.errors import RowtrailError

COLUMNS = """
select n.nspname as schema, c.relname as name, c.relkind, c.relrowsecurity, a.attname as column,
  case when y.typtype = 'd' and y.typname = 'hstore' then 'hstore' else y.typname end as type
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
    return f"(extract(epoch from {moment}) * 1000000)::bigint"


def with_names(
    asked: Asked, source: Relation, schema_column: str, table_column: str
) -> tuple[list[Part], list[str], str]:
    """For a source with one table for all: its parts, what is not tracked, and a map to join."""
    rows = asked.connection.execute(
        text(
            f"select distinct s.{ident(schema_column)}::text as schema, "
            f"s.{ident(table_column)}::text as name "
            f"from {ident(source.schema)}.{ident(source.name)} as s order by 1, 2"
        )
    ).all()
    source_table = named(asked.connection, source.schema, source.name)
    parts, values, others = [], [], []
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


def postgresql_audit(asked: Asked) -> Found:
    """The tables `activity` and `transaction` of postgresql-audit, 0.13 and later."""
    activity = the_one(
        asked,
        "postgresql-audit",
        "activity",
        None,
        "id schema_name table_name issued_at native_transaction_id verb old_data changed_data "
        "transaction_id",
    )
    transaction = the_one(
        asked._replace(schema=activity.schema),
        "postgresql-audit",
        "transaction",
        None,
        "id native_transaction_id issued_at",
    )
    parts, others, names = with_names(asked, activity, "schema_name", "table_name")
    actor = "t.actor_id::text" if "actor_id" in transaction.columns else "null::text"
    address = "client_addr" in transaction.columns
    schema = ident(activity.schema)
    query = f"""
select
  s.id::bigint as a, ''::text as c, s.id::text as source_id, m.table_id::int,
  case s.verb when 'insert' then 'I' when 'update' then 'U' when 'delete' then 'D'
    when 'truncate' then 'T' end as op,
  case when s.verb in ('update', 'delete') then s.old_data end as before,
  case s.verb when 'insert' then s.changed_data
    when 'update' then s.old_data || s.changed_data end as after,
  null::jsonb as verbatim, {utc(activity, "issued_at", "s")} as changed_at,
  coalesce(s.native_transaction_id::text::bigint, s.id) as xid, {actor} as actor,
  null::text as login,
  {"jsonb_build_object('client_addr', t.client_addr)" if address else "null::jsonb"} as said,
  s.xmin::text::bigint as wrote
from {schema}.activity as s
join {names} on m.schema_name = s.schema_name and m.table_name = s.table_name
left join {schema}.transaction as t on t.id = s.transaction_id
"""
    place = named(asked.connection, activity.schema, "activity")
    return Found(place, False, parts, [query], others)


def supa_audit(asked: Asked) -> Found:
    """The table audit.record_version of supa_audit."""
    source = the_one(
        asked,
        "supa_audit",
        "record_version",
        "audit",
        "id op ts table_schema table_name record old_record",
    )
    parts, others, names = with_names(asked, source, "table_schema", "table_name")
    moment = utc(source, "ts", "s")
    has_user = "auth_uid" in source.columns
    role = "jsonb_build_object('auth_role', s.auth_role)"
    query = f"""
select
  s.id::bigint as a, ''::text as c, s.id::text as source_id, m.table_id::int,
  case s.op::text when 'INSERT' then 'I' when 'UPDATE' then 'U' when 'DELETE' then 'D'
    when 'TRUNCATE' then 'T' when 'SNAPSHOT' then 'B' end as op,
  s.old_record as before, s.record as after, null::jsonb as verbatim, {moment} as changed_at,
  {micros(moment)} as xid, {"s.auth_uid::text" if has_user else "null::text"} as actor,
  null::text as login, {role if "auth_role" in source.columns else "null::jsonb"} as said,
  s.xmin::text::bigint as wrote
from {ident(source.schema)}.record_version as s
join {names} on m.schema_name = s.table_schema::text and m.table_name = s.table_name::text
"""
    place = named(asked.connection, source.schema, source.name)
    return Found(place, False, parts, [query], others)


def audit_trigger(asked: Asked) -> Found:
    """The table audit.logged_actions of audit-trigger, with hstore, jsonb or json."""
    source = the_one(
        asked,
        "audit-trigger",
        "logged_actions",
        "audit",
        "event_id schema_name table_name action_tstamp_tx transaction_id action row_data "
        "changed_fields",
    )
    parts, others, names = with_names(asked, source, "schema_name", "table_name")
    kind = source.columns["row_data"]
    if kind not in ("hstore", "jsonb", "json") or source.columns["changed_fields"] != kind:
        raise RowtrailError(
            f"{source.schema}.logged_actions has row_data of the type {kind}; "
            "hstore, jsonb and json are known"
        )
    if kind == "hstore":
        before = "jsonb_build_object('rowtrail.hstore', jsonb_build_array(format('%s', s.row_data)))"
        after = (
            "jsonb_build_object('rowtrail.hstore', "
            "jsonb_build_array(format('%s', s.row_data), format('%s', s.changed_fields)))"
        )
    else:
        before = "s.row_data::jsonb"
        after = "s.row_data::jsonb || coalesce(s.changed_fields::jsonb, '{}')"
    clock = "action_tstamp_clk" if "action_tstamp_clk" in source.columns else "action_tstamp_tx"
    is_inet = source.columns.get("client_addr") == "inet"
    address = "host(s.client_addr)" if is_inet else "s.client_addr::text"
    said = ", ".join(
        f"'{name}', {shown}"
        for name, shown in (
            ("application_name", "s.application_name"),
            ("client_addr", address),
            ("client_query", "left(s.client_query, 1000)"),
        )
        if name in source.columns
    )
    login = (
        "s.session_user_name::text" if "session_user_name" in source.columns else "null::text"
    )
    # Of a trigger for each statement there is no row.
    query = f"""
select
  s.event_id::bigint as a, ''::text as c, s.event_id::text as source_id, m.table_id::int,
  case when s.action = 'T' then 'T' when s.row_data is not null then s.action::text end as op,
  case when s.action in ('U', 'D') and s.row_data is not null then {before} end as before,
  case when s.row_data is null then null when s.action = 'I' then {before}
    when s.action = 'U' then {after} end as after,
  null::jsonb as verbatim, {utc(source, clock, "s")} as changed_at,
  coalesce(s.transaction_id, {micros(utc(source, "action_tstamp_tx", "s"))}) as xid,
  null::text as actor, {login} as login, jsonb_build_object({said}) as said,
  s.xmin::text::bigint as wrote
from {ident(source.schema)}.logged_actions as s
join {names} on m.schema_name = s.schema_name and m.table_name = s.table_name
"""
    place = named(asked.connection, source.schema, source.name)
    return Found(place, False, parts, [query], others)


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
    found, others = [], []
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


def sqlalchemy_continuum(asked: Asked) -> Found:
    """The tables `…_version` and `transaction` of SQLAlchemy-Continuum."""
    own = "transaction_id operation_type"
    found, others = states(
        asked,
        "SQLAlchemy-Continuum",
        own,
        "_version",
        lambda one: one.name.endswith("_version") or bool(asked.mapped),
    )
    schemas = {one.schema for one, _ in found}
    if len(schemas) > 1:
        raise RowtrailError(
            f"SQLAlchemy-Continuum has tables in {' and '.join(sorted(schemas))}; "
            "say which by --schema"
        )
    place = next(iter(schemas), asked.schema or "public")
    transaction = the_one(
        asked._replace(schema=place), "SQLAlchemy-Continuum", "transaction", None, "id issued_at"
    )
    actor = "t.user_id::text" if "user_id" in transaction.columns else "null::text"
    address = "jsonb_build_object('remote_addr', t.remote_addr)"
    said = address if "remote_addr" in transaction.columns else "null::jsonb"
    queries = []
    for relation, target in found:
        marks = [
            name
            for name in relation.columns
            if name.endswith("_mod") and name.removesuffix("_mod") in relation.columns
        ]
        left_out = ["transaction_id", "end_transaction_id", "operation_type", *marks]
        key = ", ".join(f"s.{ident(name)}" for name in target.key)
        queries.append(
            f"""
select
  s.transaction_id::bigint as a, jsonb_build_array({key})::text as c,
  s.transaction_id::text as source_id, {target.table_id}::int as table_id,
  case s.operation_type when 0 then 'I' when 1 then 'U' when 2 then 'D' end as op,
  null::jsonb as before, {image(relation, left_out)} as after, {verbatim(relation)} as verbatim,
  {utc(transaction, "issued_at", "t")} as changed_at, s.transaction_id::bigint as xid,
  {actor} as actor, null::text as login, {said} as said, t.xmin::text::bigint as wrote
from {ident(relation.schema)}.{ident(relation.name)} as s
left join {ident(transaction.schema)}.transaction as t on t.id = s.transaction_id
"""
        )
    parts = [
        Part(target, named(asked.connection, relation.schema, relation.name))
        for relation, target in found
    ]
    return Found(named(asked.connection, place), True, parts, queries, others)


def django_pghistory(asked: Asked) -> Found:
    """The event tables and `pghistory_context` of django-pghistory."""
    found, others = states(
        asked, "django-pghistory", "pgh_id pgh_created_at pgh_label", "event", lambda _: True
    )
    everywhere = relations(asked._replace(schema=None))
    contexts = [one for one in everywhere if one.name == "pghistory_context"]
    queries = []
    for relation, target in found:
        same = [one for one in contexts if one.schema == relation.schema]
        context = next(iter(same or contexts), None)
        join, said = "", "null::jsonb"
        if relation.columns.get("pgh_context") == "jsonb":
            said = "s.pgh_context"
        elif context is not None and "pgh_context_id" in relation.columns:
            require_table(context)
            join = (
                f"left join {ident(context.schema)}.{ident(context.name)} as t "
                "on t.id = s.pgh_context_id"
            )
            said = "t.metadata"
        left_out = [name for name in relation.columns if name.startswith("pgh_")]
        moment = utc(relation, "pgh_created_at", "s")
        is_number = relation.columns["pgh_id"] in ("int2", "int4", "int8")
        place = ("s.pgh_id::bigint", "''::text") if is_number else (micros(moment), "s.pgh_id::text")
        queries.append(
            f"""
select
  {place[0]} as a, {place[1]} as c, s.pgh_id::text as source_id, {target.table_id}::int as table_id,
  case
    when s.pgh_label ~* '(insert|create|add)' then 'I'
    when s.pgh_label ~* '(delete|remove)' then 'D'
    else 'U'
  end as op,
  null::jsonb as before, {image(relation, left_out)} as after, {verbatim(relation)} as verbatim,
  {moment} as changed_at, {micros(moment)} as xid, {said} ->> 'user' as actor, null::text as login,
  coalesce({said}, '{{}}') - 'user'::text || jsonb_build_object('pgh_label', s.pgh_label) as said,
  s.xmin::text::bigint as wrote
from {ident(relation.schema)}.{ident(relation.name)} as s
{join}
"""
        )
    parts = [
        Part(target, named(asked.connection, relation.schema, relation.name))
        for relation, target in found
    ]
    place_name = asked.schema or (found[0][0].schema if found else "public")
    return Found(named(asked.connection, place_name), True, parts, queries, others)


#: What `--from` takes.
SOURCES: dict[str, Callable[[Asked], Found]] = {
    "postgresql-audit": postgresql_audit,
    "supa_audit": supa_audit,
    "audit-trigger": audit_trigger,
    "sqlalchemy-continuum": sqlalchemy_continuum,
    "django-pghistory": django_pghistory,
}
