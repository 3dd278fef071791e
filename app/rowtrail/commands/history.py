"""The command `rowtrail history`: the versions of a row."""

from pathlib import Path

import click

from rowtrail.commands.archive import from_archive, row_out_of
from rowtrail.commands.options import DONE, as_json, on_database, opened, with_history

#: So many versions are shown to people unless they ask for more.
SHOWN = 20


@click.command(context_settings={"ignore_unknown_options": True})
@on_database
@with_history
@click.argument("table")
@click.argument("key")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many versions; without it {SHOWN} for people, all for --json.",
)
@from_archive
@as_json
def history(
    database: str | None,
    data: Path | None,
    older: str | None,
    table: str,
    key: str,
    limit: int | None,
    archive: str | None,
    json_wanted: bool,
) -> int:
    """Show the versions of one row, newest first.

    KEY is the row's key; a key of several columns is a JSON array, such as '[42, 1]'. The history
    of a table that was dropped can be read too. With --json each version is one line, exactly as
    the database has it. A row without versions is no error: nothing is printed but a line on
    stderr, and the exit status is 0.

    With --archive the archive is read too, and what both have is shown once, as the database has
    it; where no database is named, the archive alone. What the archive alone has shows its columns
    by the names of then.
    """
    if archive is not None and database is None and data is None:
        return row_out_of(archive, (), table, key, limit, SHOWN, json_wanted)
    with opened(database, data) as target:
        from rowtrail.commands import reports
        from rowtrail.commands.completing import completed, row_versions
        from rowtrail.commands.names import find_history
        from rowtrail.commands.terminal import printable, show_history

        with target.engine.connect() as connection, completed(connection, older) as session:
            of = find_history(connection, table)
            query = reports.VERSIONS_AS_JSON if json_wanted else reports.VERSIONS_FOR_PEOPLE
            if archive is not None:
                every = row_versions(session, query, of.table_id, of.key_columns, key, None)
                known = ((row.id, row.line if json_wanted else row) for row in every)
                return row_out_of(archive, known, of.name, key, limit, SHOWN, json_wanted)
            # One more than is shown tells whether there are more.
            bound = limit if json_wanted else (limit or SHOWN) + 1
            rows = row_versions(session, query, of.table_id, of.key_columns, key, bound)
            shown = 0
            if json_wanted:
                for row in rows:
                    click.echo(row.line)
                    shown += 1
            else:
                shown = show_history(rows, (limit or SHOWN))
        if not shown:
            several = f"; its key is a JSON array of {', '.join(of.key_columns)}"
            click.echo(
                f"rowtrail: {printable(of.name)} has no version of a row {printable(key)}"
                + printable(several if len(of.key_columns) > 1 else ""),
                err=True,
            )
        elif not json_wanted and shown > (limit or SHOWN):
            click.echo(f"… and older ones: --limit {10 * (limit or SHOWN)} shows more", err=True)
    return DONE
