"""The command `rowtrail upgrade`: the schema is installed, or brought up to date."""

from pathlib import Path

import click

from rowtrail.commands.options import as_json, on_database, opened, print_json


@click.command()
@on_database
@as_json
def upgrade(database: str | None, data: Path | None, json_wanted: bool) -> None:
    """Install rowtrail in the database, or bring it up to date.

    It can be run at any time, and by several at once. It adds the schema rowtrail, five
    roles and, as a superuser, five event triggers, which record schema changes and refuse what
    would stop the recording; it touches nothing else.
    """
    with opened(database, data, upgraded=False) as target:
        from rowtrail import schema
        from rowtrail.commands.names import database_of
        from rowtrail.db import REVISION, installed_revision

        with target.engine.connect() as connection:
            name = database_of(connection)
            before = installed_revision(connection)
        stale = schema.upgrade(target.engine)
    if json_wanted:
        print_json({"database": name, "before": before, "revision": REVISION, "stale": stale})
        return
    if before is None:
        click.echo(f"rowtrail is installed in the database {name}, revision {REVISION}")
    elif before == REVISION:
        click.echo(f"rowtrail is up to date in the database {name}, revision {REVISION}")
    else:
        click.echo(f"rowtrail is upgraded in the database {name}, revision {before} to {REVISION}")
    say_stale(stale)


def say_stale(tables: list[str]) -> None:
    """Names the tables whose triggers are of another release, and what renews them."""
    for table in tables:
        click.echo(
            f"{table} has triggers of another rowtrail; its owner runs: rowtrail track {table}"
        )
