"""The command `rowtrail erase`."""

import csv
from collections.abc import Mapping
from pathlib import Path

import click

from rowtrail.commands.options import as_json, on_database, opened, print_json

ERASE = """
select erasure, versions, erased_values
from rowtrail.erase(
  :table, :key, cast(:columns as text[]), :reason, :force, cast(:elsewhere as jsonb))
"""

#: What the history database has of the row; asked there.
ERASABLE = """
select rowtrail.erasable(:table, :key, cast(:columns as text[]))::text
"""

GRANTS = (
    "let a superuser run: grant usage on schema rowtrail to {login}; "
    "grant execute on function rowtrail.erase to {login};"
)


@click.command(context_settings={"ignore_unknown_options": True})
@on_database
@click.argument("table")
@click.argument("key")
@click.argument("columns", metavar="[COLUMN]…", nargs=-1)
@click.option("--reason", metavar="TEXT", required=True, help="Why: it stays on the time line.")
@click.option(
    "--force",
    is_flag=True,
    help="Also in versions that were sealed while TABLE was not erasable; what is left of them "
    "cannot be verified then.",
)
@click.option(
    "--history-database",
    metavar="URL",
    envvar="HISTORY_DATABASE_URL",
    show_envvar=True,
    help="The history database, where the history is shipped to one: it is asked which versions "
    "only it has, and rowtrail ship erases them there.",
)
@as_json
def erase(
    database: str | None,
    data: Path | None,
    table: str,
    key: str,
    columns: tuple[str, ...],
    reason: str,
    force: bool,
    history_database: str | None,
    json_wanted: bool,
) -> None:
    """Erase values of a row from the history of TABLE, for good.

    KEY is the row's key; a key of several columns is a JSON array, such as '[42, 1]'. Of the row
    all versions are meant, also under the keys that it had before and has had since. Without a
    COLUMN all are erased but those of the key. In TABLE itself the values have to be gone already.

    Seals still verify what is left, if TABLE was erasable (rowtrail track --erasable) when they
    were made. What was erased, by whom and why is an event on the time line of TABLE. Backups, and
    other copies of the database, keep what they have.
    """
    if not reason.strip():
        raise click.BadParameter("it is empty; say why", param_hint="'--reason'")
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    with opened(database, data) as target:
        from rowtrail.commands.terminal import printable
        from rowtrail.db import ALONE
        from rowtrail.errors import RowtrailError

        named = [name for given in columns for name in next(csv.reader([given]), [])]
        asked = {"table": table, "key": key, "columns": named or None}
        elsewhere = None
        if history_database is not None:
            elsewhere = found_there(history_database, data, asked)
        try:
            with target.engine.begin() as connection:
                connection.execute(text(ALONE))
                done = connection.execute(
                    text(ERASE),
                    {**asked, "reason": reason, "force": force, "elsewhere": elsewhere},
                ).one()
        except ProgrammingError as error:
            if "permission denied for function erase" not in str(error.orig):
                raise
            login = target.engine.url.username
            raise RowtrailError(
                f"{login} may not erase from the history; {GRANTS.format(login=login)}"
            ) from None
    if json_wanted:
        print_json({"table": table, "key": key, **done._asdict()})
    elif done.erasure is None:
        click.echo(f"{printable(table)}, key {printable(key)}: there was nothing to erase")
    else:
        values = f"{done.erased_values:,} value{'s' * (done.erased_values != 1)}"
        versions = f"{done.versions:,} version{'s' * (done.versions != 1)}"
        click.echo(
            f"{printable(table)}, key {printable(key)}: "
            f"{values} erased from {versions}, erasure {done.erasure}"
        )


def found_there(history_database: str, data: Path | None, asked: Mapping[str, object]) -> str:
    """What the history database has of the row, as rowtrail.erase() takes it."""
    from sqlalchemy import text

    from rowtrail.commands.target import open_database
    from rowtrail.db import require_current
    from rowtrail.errors import RowtrailError

    with open_database(history_database, data) as there, there.engine.connect() as connection:
        require_current(connection)
        if not connection.scalar(text("select rowtrail.is_history_database()")):
            raise RowtrailError(
                f"{there.engine.url.database} is no history database; name the one to which "
                "rowtrail ship brings this history: HISTORY_DATABASE_URL"
            )
        return str(connection.scalar(text(ERASABLE), asked))
