"""The command `rowtrail downgrade`: rowtrail goes, or back to an earlier revision."""

from pathlib import Path

import click

from rowtrail.commands.options import on_database, opened
from rowtrail.commands.upgrade import say_stale


@click.command()
@on_database
@click.option("--delete-history", is_flag=True, help="Remove it with all versions.")
@click.option("--to", "revision", metavar="REVISION", help="Go back to this revision instead.")
@click.option(
    "--sql",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder sql of the release of that revision.",
)
@click.option("--forget", is_flag=True, help="Lose what only later revisions keep.")
def downgrade(
    database: str | None,
    data: Path | None,
    delete_history: bool,
    revision: str | None,
    folder: Path | None,
    forget: bool,
) -> None:
    """Remove rowtrail from the database: its triggers, its schema, its roles; or go back.

    All history is lost with it, so where there is any, nothing is done without --delete-history.
    The tables themselves stay as they are.

    With --to nothing of the history is lost: the schema goes back to an earlier revision, with the
    functions of its release, in one transaction, while writers go on. Run it before you install
    that release:

    \b
      pip download --no-deps rowtrail==0.1.0 && unzip -q rowtrail-0.1.0-*.whl 'rowtrail/sql/*'
      rowtrail downgrade --to 0001 --sql rowtrail/sql
    """
    if revision is not None:
        go_back(database, data, revision, folder, forget, delete_history)
        return
    if folder is not None or forget:
        raise click.UsageError("--sql and --forget go with --to REVISION")
    from sqlalchemy import text

    with opened(database, data, upgraded=False) as target:
        from rowtrail import schema
        from rowtrail.commands.names import database_of
        from rowtrail.commands.reports import COUNTED
        from rowtrail.db import installed_revision
        from rowtrail.errors import RowtrailError

        with target.engine.connect() as connection:
            name = database_of(connection)
            if installed_revision(connection) is None:
                click.echo(
                    f"rowtrail is not installed in the database {name}; there is nothing to remove"
                )
                return
            bounded = "select count(*) from (select from rowtrail.versions limit :counted + 1) as v"
            versions = connection.scalar(text(bounded), {"counted": COUNTED}) or 0
        if versions and not delete_history:
            number = f"more than {COUNTED:,}" if versions > COUNTED else f"{versions:,}"
            raise RowtrailError(
                f"{number} version{'s' * (versions != 1)} in the database {name} would be lost; "
                "to remove them too: rowtrail downgrade --delete-history"
            )
        schema.remove(target.engine)
    click.echo(f"rowtrail is removed from the database {name}")


def go_back(
    database: str | None,
    data: Path | None,
    revision: str,
    folder: Path | None,
    forget: bool,
    delete_history: bool,
) -> None:
    """Takes the schema back to an earlier revision."""
    if delete_history:
        raise click.UsageError("--to keeps the history; leave out --delete-history")
    if folder is None:
        raise click.UsageError(
            f"--to needs --sql: the folder sql of the release of revision {revision}, with its "
            "functions"
        )
    with opened(database, data, upgraded=False) as target:
        from rowtrail import schema
        from rowtrail.commands.names import database_of

        before, stale = schema.downgrade(target.engine, revision, folder, forget)
        with target.engine.connect() as connection:
            name = database_of(connection)
    click.echo(
        f"rowtrail is taken back in the database {name}, revision {before} to {revision}; "
        "now install its release"
    )
    say_stale(stale)
