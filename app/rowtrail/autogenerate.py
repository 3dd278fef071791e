"""Autogenerate: what the models say of history, compared with what the database does.

A `Versioned` model whose table is not tracked by a migration yet is tracked at the end of the
upgrade; one with other options gets them; a model that is not `Versioned` any more, and a table
that is dropped, is untracked at its beginning. A table that was tracked by hand, and that no model
wants a history of, is left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation
from alembic.operations.ops import (
    CreateForeignKeyOp,
    CreateTableOp,
    DropConstraintOp,
    DropTableOp,
    ModifyTableOps,
    UpgradeOps,
)
from alembic.util import CommandError
from sqlalchemy import Connection, Table, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from rowtrail.db import require_current
from rowtrail.errors import RowtrailError
from rowtrail.intent import INFO, Tracking, said_of, tracking_of
from rowtrail.operations import (
    MARK,
    NOT_INSTALLED,
    OneWayOps,
    TableRenamedOp,
    TrackTableOp,
    UntrackTableOp,
    log,
)


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


def compare(context: AutogenContext, upgrade: UpgradeOps) -> None:
    """Adds to the upgrade what tracks and untracks tables; its reverse is the downgrade.

    Raises:
        CommandError: a model says what cannot be meant, or the login may not read the registry.
    """
    for operation in upgrade.ops:
        if isinstance(operation, CreateTableOp):
            # Alembic would write it into the migration.
            operation.info.pop(INFO, None)
    if context.dialect.name != "postgresql":
        return
    try:
        _compare(context, upgrade)
    except RowtrailError as error:
        raise CommandError(str(error)) from error


def _compare(context: AutogenContext, upgrade: UpgradeOps) -> None:
    connection = context.connection
    assert connection is not None  # noqa: S101 (as for Alembic's own comparisons)
    own_schema = connection.dialect.default_schema_name
    tables = dict(_models(context, own_schema))
    former = _rename(upgrade, tables, own_schema)
    created = {_name(op, own_schema) for op in upgrade.ops if isinstance(op, CreateTableOp)}
    dropped = {_name(op, own_schema) for op in upgrade.ops if isinstance(op, DropTableOp)}
    wanted = {name: tracking_of(table) for name, table in tables.items()}
    # A table that the model names with its schema is there, one without is on the search path.
    places = {former.get(name, name): table.schema for name, table in tables.items()}
    places |= {name: name.schema for name in dropped}
    relations = _relations(connection, places, is_needed=any(wanted.values()))

    before: list[MigrateOperation] = []
    after: list[MigrateOperation] = []
    for name in sorted(dropped, key=str):
        relation = relations.get(name)
        if relation is not None and relation.tracking is not None:
            before.append(_untrack(name, relation))
    for name, tracking in wanted.items():
        relation = relations.get(former.get(name, name))
        schema = tables[name].schema
        if relation is None and name not in created:
            # Alembic was told not to create it.
            continue
        if tracking is None:
            if relation is not None and relation.tracking is not None and relation.is_marked:
                before.append(_untrack(former.get(name, name), relation, schema))
                log.info("Detected that %s is not Versioned any more", name)
        elif relation is None or relation.tracking is None or not relation.is_marked:
            after.append(_track(name, tracking, relation, tables[name]))
            log.info("Detected that %s is Versioned", name)
        else:
            options, options_before = _options(tracking, relation.tracking, relation.primary_key)
            if options != options_before:
                old = former.get(name, name).table
                back = TrackTableOp(old, options_before, schema=schema)
                before.append(OneWayOps([], [back]))
                after.append(OneWayOps([TrackTableOp(name.table, options, schema=schema)], []))
                log.info("Detected other options of the history of %s", name)
    upgrade.ops[:0] = before
    upgrade.ops.extend(after)


def _models(context: AutogenContext, own_schema: str | None) -> Iterator[tuple[Name, Table]]:
    """The tables of the models that the project lets autogenerate compare."""
    for table in context.sorted_tables:
        name = _name(table, own_schema)
        if name.schema == "rowtrail":
            continue
        if context.run_object_filters(table, name.table, "table", False, None):
            yield name, table


def _name(named: Any, own_schema: str | None) -> Name:
    """The name of a table, or of what creates or drops one."""
    table = named.name if isinstance(named, Table) else named.table_name
    return Name(None if named.schema in (None, own_schema) else str(named.schema), str(table))


def _track(name: Name, tracking: Tracking, relation: Relation | None, table: Table) -> TrackTableOp:
    """The beginning of a history, by migrations; who tracked the table by hand is succeeded."""
    if relation is not None and relation.problem is not None:
        raise RowtrailError(relation.problem)
    primary_key = () if relation is None else relation.primary_key
    by_hand = None if relation is None else relation.tracking
    options, _ = _options(tracking, by_hand or Tracking(primary_key), primary_key)
    if (said_of(table) or {}).get("baseline"):
        options["baseline"] = True
    return TrackTableOp(name.table, options, schema=table.schema)


def _untrack(name: Name, relation: Relation, schema: str | None = None) -> UntrackTableOp:
    """The end of the recording; its reverse tracks the table as it was."""
    schema = name.schema if schema is None else schema
    usual = Tracking(relation.primary_key)
    options, _ = _options(relation.tracking or usual, usual, relation.primary_key)
    return UntrackTableOp(
        name.table, schema=schema, reverse=TrackTableOp(name.table, options, schema=schema)
    )


def _options(
    new: Tracking, old: Tracking, primary_key: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of `op.track_table()` that lead from the old to the new, and back.

    Each has all options in which one of the two differs from what a table has by itself, so that a
    migration says the whole; where nothing is to be done they are equal.
    """
    forward: dict[str, Any] = {}
    back: dict[str, Any] = {}
    key = new.key_columns or primary_key
    if key and key != old.key_columns:
        forward["key_columns"] = list(key)
        if old.key_columns:
            back["key_columns"] = list(old.key_columns)
    for option in (field.name for field in fields(Tracking) if field.name != "key_columns"):
        usual, to, of = (getattr(tracking, option) for tracking in (Tracking(), new, old))
        if isinstance(to, tuple):
            # The order of columns says nothing.
            usual, to, of = [], list(to), list(to if set(to) == set(of) else of)
        if to != usual or of != usual:
            forward[option], back[option] = to, of
    return forward, back


def _rename(
    upgrade: UpgradeOps, tables: dict[Name, Table], own_schema: str | None
) -> dict[Name, Name]:
    """Makes one renaming of a table that is dropped and one that is created, by the model's hint.

    Returns:
        The former names, by the new ones.
    """
    creates = {_name(op, own_schema): op for op in upgrade.ops if isinstance(op, CreateTableOp)}
    drops = {_name(op, own_schema): op for op in upgrade.ops if isinstance(op, DropTableOp)}
    former: dict[Name, Name] = {}
    for name, table in tables.items():
        hint = (said_of(table) or {}).get("renamed_from")
        old = Name(name.schema, str(hint))
        if hint is None or name not in creates or old not in drops:
            continue
        former[name] = old
        renamed = TableRenamedOp(old.table, name.table, schema=table.schema)
        # Indexes are named after the table, most often: the old ones go before, the new ones come.
        of_old = [op for op in upgrade.ops if _is_of(op, old, own_schema)]
        gone = (creates[name], drops[old], *of_old)
        others = [op for op in upgrade.ops if not any(op is one for one in gone)]
        upgrade.ops[:] = [*of_old, renamed, *others]
        _keep_foreign_keys(upgrade, old, name)
        log.info("Detected that %s is named %s now; run autogenerate again after it", old, name)
    return former


def _is_of(operation: MigrateOperation, name: Name, own_schema: str | None) -> bool:
    return isinstance(operation, ModifyTableOps) and _name(operation, own_schema) == name


def _keep_foreign_keys(upgrade: UpgradeOps, old: Name, new: Name) -> None:
    """Takes out what would only drop a foreign key to the old name and create one to the new."""
    for changes in [op for op in upgrade.ops if isinstance(op, ModifyTableOps)]:
        for drop in [op for op in changes.ops if isinstance(op, DropConstraintOp)]:
            was = drop.reverse()
            if not isinstance(was, CreateForeignKeyOp) or was.referent_table != old.table:
                continue
            for create in [op for op in changes.ops if isinstance(op, CreateForeignKeyOp)]:
                if (create.referent_table, create.local_cols, create.remote_cols) == (
                    new.table,
                    was.local_cols,
                    was.remote_cols,
                ):
                    changes.ops.remove(drop)
                    changes.ops.remove(create)
                    break
        if not changes.ops:
            upgrade.ops.remove(changes)


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


def _relations(
    connection: Connection, places: dict[Name, str | None], *, is_needed: bool
) -> dict[Name, Relation]:
    """What the database has under these names, in these schemas, and how it is tracked."""
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
    if not _can_read(connection, is_needed=is_needed):
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


def _can_read(connection: Connection, *, is_needed: bool) -> bool:
    """Whether the registry can be read; where a model needs it, the login has to.

    Raises:
        RowtrailError: it is needed, and the login has no right on it, or its revision is another.
    """
    there, usable = connection.execute(
        text(
            "select n.oid is not null, coalesce(has_schema_privilege(n.oid, 'usage'), false) "
            "from (select to_regnamespace('rowtrail')::oid as oid) as n"
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
