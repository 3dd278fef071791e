"""Autogenerate: what the models say of history, compared with what the database does.

A `Versioned` model whose table is not tracked by a migration yet is tracked at the end of the
upgrade; one with other options gets them; a model that is not `Versioned` any more, and a table
that is dropped, is untracked at its beginning. A table that was tracked by hand, and that no model
wants a history of, is left alone.
"""

from collections.abc import Iterator
from typing import Any

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
from sqlalchemy import Boolean, Connection, Date, DateTime, Interval, Table, Time

from rowtrail.errors import RowtrailError
from rowtrail.operations import (
    OneWayOps,
    TableRenamedOp,
    TrackTableOp,
    UntrackTableOp,
    log,
)
from rowtrail.writer.intent import INFO, Tracking, options_between, said_of, tracking_of
from rowtrail.writer.registry import Name, Relation, can_read, relations_of, secrets_of


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
    is_readable = can_read(connection, is_needed=any(wanted.values()))
    if not is_readable and not any(wanted.values()):
        # A project that has nothing to do with rowtrail, on whatever is like PostgreSQL.
        return
    relations = relations_of(connection, places, is_readable=is_readable)
    if is_readable:
        for name, tracking in wanted.items():
            if tracking is not None:
                _require_decisions(connection, tables[name], tracking)

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
            options, options_before = options_between(
                tracking, relation.tracking, relation.primary_key
            )
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


def _require_decisions(connection: Connection, table: Table, tracking: Tracking) -> None:
    """Raises where `rowtrail.track()` would ask what to do with a column named like a secret.

    Raises:
        RowtrailError: nothing is said of it; the mend is for the model.
    """
    said = {*tracking.exclude, *tracking.hash, *tracking.keep, *tracking.key_columns}
    columns = [
        column.name
        for column in table.columns
        if column.name not in said
        and not column.primary_key
        and not isinstance(column.type, Boolean | Date | DateTime | Time | Interval)
    ]
    secrets = secrets_of(connection, columns)
    if secrets:
        raise RowtrailError(
            f"{table.fullname} has columns named like secrets: {', '.join(secrets)}; say what its "
            f'history may hold of them. Nothing: __versioned__ = {{"exclude": {secrets!r}}}; '
            'a hash: "hash"; all: "keep"'
        )


def _track(name: Name, tracking: Tracking, relation: Relation | None, table: Table) -> TrackTableOp:
    """The beginning of a history, by migrations; who tracked the table by hand is succeeded."""
    if relation is not None and relation.problem is not None:
        raise RowtrailError(relation.problem)
    primary_key = () if relation is None else relation.primary_key
    by_hand = None if relation is None else relation.tracking
    options, _ = options_between(tracking, by_hand or Tracking(primary_key), primary_key)
    if (said_of(table) or {}).get("baseline"):
        options["baseline"] = True
    return TrackTableOp(name.table, options, schema=table.schema)


def _untrack(name: Name, relation: Relation, schema: str | None = None) -> UntrackTableOp:
    """The end of the recording; its reverse tracks the table as it was."""
    schema = name.schema if schema is None else schema
    usual = Tracking(relation.primary_key)
    options, _ = options_between(relation.tracking or usual, usual, relation.primary_key)
    return UntrackTableOp(
        name.table, schema=schema, reverse=TrackTableOp(name.table, options, schema=schema)
    )


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
        _keep_foreign_keys(upgrade, old, name, own_schema)
        log.info("Detected that %s is named %s now; run autogenerate again after it", old, name)
    return former


def _is_of(operation: MigrateOperation, name: Name, own_schema: str | None) -> bool:
    return isinstance(operation, ModifyTableOps) and _name(operation, own_schema) == name


def _keep_foreign_keys(upgrade: UpgradeOps, old: Name, new: Name, own_schema: str | None) -> None:
    """Takes out what would only drop a foreign key to the old name and create one to the new."""
    for changes in [op for op in upgrade.ops if isinstance(op, ModifyTableOps)]:
        for drop in [op for op in changes.ops if isinstance(op, DropConstraintOp)]:
            was = drop.reverse()
            for create in [op for op in changes.ops if isinstance(op, CreateForeignKeyOp)]:
                if (
                    isinstance(was, CreateForeignKeyOp)
                    and (_referent(was, own_schema), _referent(create, own_schema)) == (old, new)
                    and _what_it_says(was) == _what_it_says(create)
                ):
                    changes.ops.remove(drop)
                    changes.ops.remove(create)
        if not changes.ops:
            upgrade.ops.remove(changes)


def _referent(key: CreateForeignKeyOp, own_schema: str | None) -> Name:
    schema = key.kw.get("referent_schema")
    return Name(None if schema == own_schema else schema, str(key.referent_table))


def _what_it_says(key: CreateForeignKeyOp) -> tuple[Any, ...]:
    options = (key.kw.get(name) for name in ("onupdate", "ondelete", "deferrable", "initially"))
    return (list(key.local_cols), list(key.remote_cols), *options)
