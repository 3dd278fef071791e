"""Takes the schema back to an earlier revision, or out of the database."""

from collections.abc import Collection
from pathlib import Path

from alembic import command, context
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from rowtrail.db import installed_revision
from rowtrail.errors import RowtrailError
from rowtrail.patience import Watch, patiently
from rowtrail.schema.files import alembic_config, config_of, files_of
from rowtrail.schema.migration import explained, migration
from rowtrail.schema.upgrading import bring_up_to_date

#: The columns of the tables; partitions have those of theirs.
COLUMNS = """
select c.relname::text, a.attname::text
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'rowtrail'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
"""


def downgrade(engine: Engine, revision: str, folder: Path, forget: bool) -> tuple[str, list[str]]:
    """Takes the schema and its functions back to an earlier revision, while writers go on.

    Args:
        engine: of the database.
        revision: to which.
        folder: the folder `sql` of the release of that revision, whose functions are installed.
        forget: whether what only later revisions keep may be lost.

    Returns:
        The revision that it had, and the tables whose triggers are of another release.

    Raises:
        RowtrailError: there is no such revision, something would be lost, a right is missing, or
            somebody keeps a lock that it needs.
    """
    before = ""

    def once(watch: Watch) -> None:
        nonlocal before
        with migration(engine, watch, folder) as connection:
            before = require_later(connection, revision)
            held = columns_with_rows(connection)
            command.downgrade(config_of(connection, forget=True), revision)
            # Of all tables and columns, whatever each revision says itself.
            lost = sorted({table for table, _ in held - columns_with_rows(connection, held)})
            if lost and not forget:
                raise RowtrailError(
                    f"what is in {', '.join(f'rowtrail.{table}' for table in lost)} would be lost: "
                    f"revision {revision} has no place for it; to lose it: --forget"
                )

    files_of(folder)
    with explained(engine):
        patiently(engine, once, "the downgrade")
        return before, bring_up_to_date(engine)


def remove(engine: Engine) -> None:
    """Removes the schema with all history, the triggers, and the roles that nothing else needs.

    Raises:
        RowtrailError: something that is not rowtrail's depends on it (it is named), a right is
            missing, or somebody keeps a lock that it needs.
    """

    def once(watch: Watch) -> None:
        with migration(engine, watch) as connection:
            command.downgrade(config_of(connection, forget=True), "base")

    with explained(engine):
        patiently(engine, once, "the removal")


def require_later(connection: Connection, revision: str) -> str:
    """The revision of the schema, which has to be later than this one.

    Raises:
        RowtrailError: it is not, or there is no such revision.
    """
    scripts = ScriptDirectory.from_config(alembic_config())
    known = [script.revision for script in scripts.walk_revisions()]
    if revision not in known:
        raise RowtrailError(f"there is no revision {revision}; there are {', '.join(known[::-1])}")
    installed = installed_revision(connection)
    if installed is None:
        raise RowtrailError("rowtrail is not installed in this database; there is nothing to undo")
    if known.index(installed) >= known.index(revision):
        raise RowtrailError(f"the schema rowtrail is at revision {installed} already")
    return installed


def columns_with_rows(
    connection: Connection, of: Collection[tuple[str, str]] | None = None
) -> set[tuple[str, str]]:
    """The columns of the tables that have rows; of these, if they are given, which are there."""
    columns = {(table, column) for table, column in connection.execute(text(COLUMNS))}
    if of is not None:
        return columns & set(of)
    filled = {
        table
        for table in {table for table, _ in columns}
        if connection.scalar(text(f'select exists (select from rowtrail."{table}")'))  # noqa: S608
    }
    return {(table, column) for table, column in columns if table in filled}


def require_forgotten(connection: Connection, tables: Collection[str], revision: str) -> None:
    """Refuses to undo a revision that keeps something, unless it may be lost: `alembic -x forget`.

    Args:
        connection: of the migration.
        tables: that go with the revision.
        revision: the one before.

    Raises:
        CommandError: it would be lost; Alembic says so in a line.
    """
    may_be_lost = context.get_x_argument(as_dictionary=True)
    if context.config.attributes.get("forget") or "forget" in may_be_lost:
        return
    lost = [
        f"rowtrail.{table}"
        for table in sorted(tables)
        if connection.scalar(text(f'select exists (select from rowtrail."{table}")'))  # noqa: S608
    ]
    if lost:
        raise CommandError(
            f"what is in {', '.join(lost)} would be lost: revision {revision} has no place for "
            "it; to lose it: alembic -x forget downgrade …, or rowtrail downgrade … --forget"
        )
