"""What the database has under the names of tables, and how it tracks them, for autogenerate."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from rowtrail.db import require_current
from rowtrail.errors import RowtrailError
from rowtrail.operations import MARK, NOT_INSTALLED, log
from rowtrail.writer.intent import Tracking


class Name(NamedTuple):
    """A table's name; the schema is None for the connection's own, as Alembic has it."""

    schema: str | None
    table: str

    def __str__(self) -> str:
        return self.table if self.schema is None else f"{self.schema}.{self.table}"


@dataclass(frozen=True)
class Relation:
    """What the database has under a name.

    Attributes:
        problem: why it can have no history, with the mend; None where it can.
        primary_key: the columns of its primary key.
        tracking: how it is tracked; None where it is not.
        is_marked: a migration tracks it.
    """

    problem: str | None
    primary_key: tuple[str, ...]
    tracking: Tracking | None = None
    is_marked: bool = False


_RELATIONS = text(
    """
    select
      w.schema_name,
      w.table_name,
      c.relkind::text as kind,
      c.relispartition as is_partition,
      array(
        select a.attname::text
        from pg_constraint as k
        cross join unnest(k.conkey) with ordinality as u (attnum, place)
        join pg_attribute as a on a.attrelid = c.oid and a.attnum = u.attnum
        where k.conrelid = c.oid and k.contype = 'p'
        order by u.place
      ) as primary_key
    from unnest(cast(:schemas as text[]), cast(:names as text[])) as w (schema_name, table_name)
    join pg_class as c on c.relname = w.table_name
    join pg_namespace as n on n.oid = c.relnamespace
    where case
      when w.schema_name is null then pg_table_is_visible(c.oid)
      else n.nspname = w.schema_name
    end
    """
).bindparams(bindparam("schemas", type_=ARRAY(Text)), bindparam("names", type_=ARRAY(Text)))

_TRACKED = text(
    """
    select
      w.schema_name,
      w.table_name,
      rowtrail.names_of(c.oid, t.key_attnums) as key_columns,
      rowtrail.names_of(c.oid, t.excluded_attnums) as exclude,
      rowtrail.names_of(c.oid, t.hashed_attnums) as hash,
      rowtrail.names_of(c.oid, t.ignored_attnums) as ignore,
      rowtrail.names_of(c.oid, t.kept_attnums) as keep,
      t.actor_policy as actor,
      t.truncate_rows,
      t.is_erasable as erasable,
      coalesce((
        select obj_description(g.oid, 'pg_trigger') = :mark
        from pg_trigger as g
        where g.tgrelid = c.oid and g.tgname = '!rowtrail_capture'), false) as is_marked
    from unnest(cast(:schemas as text[]), cast(:names as text[])) as w (schema_name, table_name)
    join pg_class as c on c.relname = w.table_name
    join pg_namespace as n on n.oid = c.relnamespace
    cross join lateral rowtrail.tracking_of(c.oid) as t
    where case
      when w.schema_name is null then pg_table_is_visible(c.oid)
      else n.nspname = w.schema_name
    end
    """
).bindparams(bindparam("schemas", type_=ARRAY(Text)), bindparam("names", type_=ARRAY(Text)))

#: By pg_class.relkind. Tables and partitioned tables can have a history.
_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}


def relations_of(
    connection: Connection, places: Mapping[Name, str | None], *, is_readable: bool
) -> dict[Name, Relation]:
    """What the database has under these names, and how it is tracked, if the registry can be read.

    Args:
        connection: to the database.
        places: the names, each with its schema, or None for what is on the search path.
        is_readable: as `can_read()` says.
    """
    if not places:
        return {}
    names = {(schema, name.table): name for name, schema in places.items()}
    listed = {
        "schemas": [schema for schema, _ in names],
        "names": [table for _, table in names],
    }
    found: dict[Name, Relation] = {}
    for row in connection.execute(_RELATIONS, listed):
        name = names[row.schema_name, row.table_name]
        found[name] = Relation(_problem(name, row.kind, row.is_partition), tuple(row.primary_key))
    if not is_readable:
        return found
    for row in connection.execute(_TRACKED, {**listed, "mark": MARK}):
        name = names[row.schema_name, row.table_name]
        tracking = Tracking(
            key_columns=tuple(row.key_columns),
            exclude=tuple(row.exclude),
            hash=tuple(row.hash),
            ignore=tuple(row.ignore),
            keep=tuple(row.keep),
            actor=row.actor,
            truncate_rows=row.truncate_rows,
            erasable=row.erasable,
        )
        known = found[name]
        found[name] = Relation(known.problem, known.primary_key, tracking, row.is_marked)
    return found


def secrets_of(connection: Connection, columns: Collection[str]) -> list[str]:
    """The columns that have the names of secrets, so that `rowtrail.track()` asks what to do."""
    asked = text(
        "select c.name from unnest(cast(:columns as text[])) with ordinality as c (name, place) "
        "where rowtrail.is_named_like_a_secret(c.name) order by c.place"
    ).bindparams(bindparam("columns", type_=ARRAY(Text)))
    return list(connection.scalars(asked, {"columns": list(columns)}))


def _problem(name: Name, kind: str, is_partition: bool) -> str | None:
    if is_partition:
        return (
            f"{name} can have no history of its own: it is a partition; "
            "let the model of the partitioned table be Versioned"
        )
    if kind in ("r", "p"):
        return None
    return (
        f"{name} can have no history: it is {_KINDS.get(kind, 'no table')}; "
        "let the models of the tables be Versioned that hold its rows"
    )


def can_read(connection: Connection, *, is_needed: bool) -> bool:
    """Whether the registry can be read; where a model needs it, the login has to.

    Raises:
        RowtrailError: it is needed, and the login has no right on it, or its revision is another.
    """
    there, usable = connection.execute(
        text(
            "select n.oid is not null, coalesce(has_schema_privilege(n.oid, 'usage'), false) "
            "from (select 1) as one left join pg_namespace as n on n.nspname = 'rowtrail'"
        )
    ).one()
    if not there:
        if is_needed:
            log.warning("%s, before this revision is run", NOT_INSTALLED)
        return False
    if not usable:
        if is_needed:
            raise RowtrailError(
                "this login has no right on rowtrail, so it cannot track its tables; "
                "let a superuser run: grant usage on schema rowtrail to <login>;"
            )
        return False
    try:
        require_current(connection)
    except RowtrailError:
        if is_needed:
            raise
        return False
    return True
