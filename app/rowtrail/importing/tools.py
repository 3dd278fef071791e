"""The tools whose histories `rowtrail import` reads: where each keeps them, and as which queries.

What the queries give, the head of sql/imports.sql says. They are run with pg_catalog before all
else, so names are written in full. Names of people's tables are put into them by ident() and
literal() only.
"""

from collections.abc import Callable

from rowtrail.errors import RowtrailError
from rowtrail.importing.sources import (
    Asked,
    Found,
    Part,
    ident,
    image,
    micros,
    named,
    relations,
    require_table,
    states,
    the_one,
    utc,
    verbatim,
    with_names,
)


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
"""  # noqa: S608 (names by ident)
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
"""  # noqa: S608 (names by ident)
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
        before = (
            "jsonb_build_object('rowtrail.hstore', jsonb_build_array(format('%s', s.row_data)))"
        )
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
    login = "s.session_user_name::text" if "session_user_name" in source.columns else "null::text"
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
"""  # noqa: S608 (names by ident)
    place = named(asked.connection, source.schema, source.name)
    return Found(place, False, parts, [query], others)


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
"""  # noqa: S608 (names by ident)
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
        # Any JSON may be in it.
        said = f"case when jsonb_typeof({said}) = 'object' then {said} end"
        left_out = [name for name in relation.columns if name.startswith("pgh_")]
        moment = utc(relation, "pgh_created_at", "s")
        is_number = relation.columns["pgh_id"] in ("int2", "int4", "int8")
        place = (
            ("s.pgh_id::bigint", "''::text") if is_number else (micros(moment), "s.pgh_id::text")
        )
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
"""  # noqa: S608 (names by ident)
        )
    parts = [
        Part(target, named(asked.connection, relation.schema, relation.name))
        for relation, target in found
    ]
    place_name = asked.schema or (found[0][0].schema if found else "public")
    return Found(named(asked.connection, place_name), True, parts, queries, others)


#: What `--from` takes.
TOOLS: dict[str, Callable[[Asked], Found]] = {
    "postgresql-audit": postgresql_audit,
    "supa_audit": supa_audit,
    "audit-trigger": audit_trigger,
    "sqlalchemy-continuum": sqlalchemy_continuum,
    "django-pghistory": django_pghistory,
}
