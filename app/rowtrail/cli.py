"""The command `rowtrail`.

Imports are in the functions that need them, so that `rowtrail --help` answers at once.
"""

import os
import signal
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from rowtrail import __version__
from rowtrail.commands import integrity, restore_check
from rowtrail.commands.archive import archive, from_archive, row_out_of
from rowtrail.commands.as_of import as_of, diff
from rowtrail.commands.erase import erase
from rowtrail.commands.feed import feed
from rowtrail.commands.import_ import import_
from rowtrail.commands.maintain import maintain, retention
from rowtrail.commands.options import (
    CANNOT,
    DONE,
    FOUND_WRONG,
    INTERRUPTED,
    as_json,
    filters_of,
    on_changes,
    on_database,
    opened,
    plural,
    print_json,
    with_history,
)
from rowtrail.commands.ship import ship

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: So many versions are shown to people unless they ask for more.
SHOWN = 20

#: The forms of an export, by the ending of the file.
FORMS = {".csv": "csv", ".parquet": "parquet"}


def main() -> NoReturn:
    """Runs the command; every error is one line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Like any tool in a pipe: `rowtrail history orders 42 | head` ends when head does.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = rowtrail.main(prog_name="rowtrail", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "rowtrail"
        fail(f"{error.format_message().rstrip('.')}; see {command} --help")
    except click.ClickException as error:
        fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except Exception as error:
        from rowtrail.errors import RowtrailError

        if isinstance(error, RowtrailError):
            fail(str(error))
        if isinstance(error, UnicodeEncodeError):
            fail(f"{error.object!a} is no text in {error.encoding}; write it in that encoding")
        if os.environ.get("ROWTRAIL_TRACEBACK"):
            raise
        fail(
            f"unexpected {type(error).__name__}: {error}; "
            "run it again with ROWTRAIL_TRACEBACK=1, and report what it prints"
        )
    sys.exit(status)


def fail(message: str) -> NoReturn:
    """Ends with one line that says what is wrong and how to mend it."""
    line = " ".join(message.split())
    click.echo(f"rowtrail: {line}", err=True)
    sys.exit(CANNOT)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rowtrail", message="%(prog)s %(version)s")
@click.pass_context
def rowtrail(context: click.Context) -> None:
    """The row history of a PostgreSQL database, written by the database itself.

    Which database: --database or the variable DATABASE_URL names it, by any PostgreSQL URL
    (postgresql://user@host:5432/name) or libpq's own form ('host=… dbname=…'). With neither, the
    embedded PostgreSQL is used; --database embedded:NAME is another database of it.

    \b
    Exit status:
      0  done
      1  something is not as it must be (status: a table is not tracked as it
         must be; verify: see there; demo: the versions do not replay to the live tables;
         undo-sql: something was changed since, and is not put back)
      2  wrong usage, or it cannot be done; one line on stderr says why
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@rowtrail.command()
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


@rowtrail.command()
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


def say_stale(tables: list[str]) -> None:
    """Names the tables whose triggers are of another release, and what renews them."""
    for table in tables:
        click.echo(
            f"{table} has triggers of another rowtrail; its owner runs: rowtrail track {table}"
        )


@rowtrail.command()
@on_database
@click.argument("table")
@click.option(
    "--key",
    metavar="COLUMN[,…]",
    multiple=True,
    help="The columns of a unique key; without it, the primary key or the replica identity.",
)
@click.option(
    "--exclude", metavar="COLUMN[,…]", multiple=True, help="Columns that are never stored."
)
@click.option(
    "--hash",
    "hashed",
    metavar="COLUMN[,…]",
    multiple=True,
    help="Columns of which a salted SHA-256 is stored: equality shows, the value does not.",
)
@click.option(
    "--keep",
    metavar="COLUMN[,…]",
    multiple=True,
    help="Columns named like secrets that are stored all the same.",
)
@click.option(
    "--ignore",
    metavar="COLUMN[,…]",
    multiple=True,
    help="Columns that make no version when only they changed.",
)
@click.option(
    "--truncate-rows/--no-truncate-rows",
    default=None,
    help="Record each row of a TRUNCATE, not only that it was.",
)
@click.option(
    "--erasable/--not-erasable",
    "erasable",
    default=None,
    help="Seal its versions so that values of them can be erased, and the rest still verifies.",
)
@click.option(
    "--actor",
    type=click.Choice(["allow", "warn", "require"]),
    help="What a change meets whose transaction names no actor.",
)
@as_json
def track(
    database: str | None,
    data: Path | None,
    table: str,
    key: tuple[str, ...],
    exclude: tuple[str, ...],
    hashed: tuple[str, ...],
    keep: tuple[str, ...],
    ignore: tuple[str, ...],
    truncate_rows: bool | None,
    erasable: bool | None,
    actor: str | None,
    json_wanted: bool,
) -> None:
    """Begin the history of TABLE, as its owner.

    TABLE is named as in SQL (orders, shop.orders, '"Orders"'); a name that needs quotes there may
    be given without them. Again is a no-op, or changes the options that are given.
    """
    call = (
        "select rowtrail.track(cast(cast(:oid as oid) as regclass), "
        "cast(:key as text[]), cast(:exclude as text[]), actor => :actor, "
        "hash => cast(:hash as text[]), keep => cast(:keep as text[]), "
        "ignore => cast(:ignore as text[]), truncate_rows => :truncate_rows, "
        "erasable => :erasable)"
    )
    options = {
        "key": columns_of(key),
        "exclude": columns_of(exclude),
        "hash": columns_of(hashed),
        "keep": columns_of(keep),
        "ignore": columns_of(ignore),
        "truncate_rows": truncate_rows,
        "erasable": erasable,
        "actor": actor,
    }
    change_tracking(database, data, table, call, options, json_wanted)


@rowtrail.command()
@on_database
@click.argument("table")
@click.option("--reason", metavar="TEXT", help="Why: it stays on the table's time line.")
@as_json
def untrack(
    database: str | None, data: Path | None, table: str, reason: str | None, json_wanted: bool
) -> None:
    """Stop the history of TABLE, as its owner. What was recorded stays."""
    call = "select rowtrail.untrack(cast(cast(:oid as oid) as regclass), :reason)"
    change_tracking(database, data, table, call, {"reason": reason}, json_wanted)


@rowtrail.command()
@on_database
@click.argument("table")
@click.option(
    "--batch", type=click.IntRange(min=1), default=10_000, show_default=True, help="Rows a commit."
)
@as_json
def baseline(
    database: str | None, data: Path | None, table: str, batch: int, json_wanted: bool
) -> None:
    """Record the rows that TABLE had before it was tracked, as its owner.

    Writers go on meanwhile. Interrupted, it goes on where it was when it is called again; again
    after that is a no-op.
    """
    with opened(database, data) as target:
        from rowtrail.commands.baseline import Progress, record
        from rowtrail.commands.names import find_table
        from rowtrail.commands.terminal import counting, printable

        with target.engine.connect() as connection:
            oid = find_table(connection, table)
        progress = Progress(0, 0, 0)
        with counting(f"recording the rows of {printable(table)}") as show:
            for progress in record(target.engine, oid, batch):
                show(progress.seen, progress.rows)
    if json_wanted:
        print_json({"seen": progress.seen, "recorded": progress.recorded})
    else:
        click.echo(
            f"{printable(table)}: {progress.recorded:,} rows recorded, "
            f"{progress.seen - progress.recorded:,} had a version already"
        )


def change_tracking(
    database: str | None,
    data: Path | None,
    table: str,
    call: str,
    options: dict[str, Any],
    json_wanted: bool,
) -> None:
    """Calls the function in the database that begins or ends a history, and says what it said."""
    from sqlalchemy import text

    with opened(database, data) as target:
        from rowtrail.commands.names import find_table

        with target.engine.begin() as connection:
            oid = find_table(connection, table)
            said = connection.scalar(text(call), {"oid": oid, **options})
            # Not rowtrail.status(): the owner of a table need not be one who may read history.
            state = text(
                "select rowtrail.full_name(w.relid) as name, t.id, t.key_columns, "
                "t.excluded_columns, t.hashed_columns, t.ignored_columns, t.truncate_rows, "
                "t.is_erasable "
                "from (select cast(cast(:oid as oid) as regclass) as relid) as w "
                "left join rowtrail.tracking_of(w.relid) as t on true"
            )
            found = connection.execute(state, {"oid": oid}).one()
    if not json_wanted:
        from rowtrail.commands.terminal import printable

        click.echo(printable(str(said)))
        return
    print_json(
        {
            "table": found.name,
            "state": "untracked" if found.id is None else "tracked",
            "key": found.key_columns,
            "excluded": found.excluded_columns,
            "hashed": found.hashed_columns,
            "ignored": found.ignored_columns,
            "truncate_rows": found.truncate_rows,
            "erasable": found.is_erasable,
            "said": said,
        }
    )


def columns_of(given: tuple[str, ...]) -> list[str] | None:
    """The columns that were named: by one option or several, with commas or without.

    A name with a comma or a quote in it is quoted as in SQL.
    """
    import csv

    if not given:
        return None
    return [name for line in csv.reader(given, doublequote=True) for name in line]


@rowtrail.command()
@on_database
@click.option(
    "--models",
    "models",
    metavar="MODULE[:NAME]",
    envvar="ROWTRAIL_MODELS",
    show_envvar=True,
    help="The models of a project, to look whether the database does what they want.",
)
@as_json
def status(database: str | None, data: Path | None, models: str | None, json_wanted: bool) -> int:
    """Show what is tracked, and whether it is as it must be.

    Exit status 1 if some table is not tracked as it must be, or not as a Versioned model of
    --models wants it, or rowtrail is not installed or older; what mends it is shown. MODULE is one
    that imports the models: every metadata, base and SQLAlchemy() in it counts, or the one of NAME,
    as shop.models:db. The tables that are not tracked are named; nothing is wrong with them.
    """
    from rowtrail.errors import NotUpgraded

    with opened(database, data, upgraded=False) as target:
        from rowtrail.commands import reports
        from rowtrail.commands.names import database_of
        from rowtrail.db import REVISION, installed_revision, require_current

        with target.engine.connect() as connection:
            name = database_of(connection)
            try:
                require_current(connection)
            except NotUpgraded as error:
                if json_wanted:
                    found = {"database": name, "revision": installed_revision(connection)}
                    print_json(found | {"problem": str(error), "mend": "rowtrail upgrade"})
                else:
                    click.echo(str(error))
                return FOUND_WRONG
            tables = reports.status(connection)
            not_tracked = reports.not_tracked(connection)
            recorded = reports.records_schema_changes(connection)
            guarded = reports.is_guarded(connection)
            unfinished = reports.unfinished_imports(connection)
            history_of = reports.history_of(connection)
            shipped = reports.history_database(connection)
            wishes = None
            if models is not None:
                from rowtrail.commands.wishes import find_metadatas, unmet

                wishes = list(unmet(connection, find_metadatas(models)))
    if json_wanted:
        state: dict[str, Any] = {"database": name, "revision": REVISION}
        state |= {"records_schema_changes": recorded, "is_guarded": guarded}
        state |= {"tables": tables, "not_tracked": not_tracked, "unfinished_imports": unfinished}
        state |= {"history_of": history_of, "history_database": shipped}
        print_json(state if wishes is None else state | {"models": wishes})
    else:
        from rowtrail.commands.terminal import show_shipping, show_status

        if history_of is not None:
            # Nothing is recorded here, by triggers or otherwise.
            recorded = guarded = True
            not_tracked = []
        show_status(tables, recorded, guarded, not_tracked, wishes)
        show_shipping(history_of, shipped)
        for one in unfinished:
            click.echo(
                f"\nThe import from {one['source']} is not finished: {one['rows_read']:,} of "
                f"{one['rows']:,} rows were read.\n"
                f"It goes on by: rowtrail import --from {one['source']}"
            )
    return FOUND_WRONG if wishes or any(table["mend"] for table in tables) else DONE


for command in (
    integrity.verify,
    integrity.seal,
    integrity.digest,
    integrity.prove,
    restore_check.restore_check,
):
    rowtrail.add_command(command)


@rowtrail.command(context_settings={"ignore_unknown_options": True})
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


rowtrail.add_command(archive)
rowtrail.add_command(as_of)
rowtrail.add_command(diff)
rowtrail.add_command(erase)
rowtrail.add_command(feed)
rowtrail.add_command(import_)
rowtrail.add_command(maintain)
rowtrail.add_command(retention)
rowtrail.add_command(ship)


@rowtrail.command("undo-sql")
@on_database
@click.option("--row", nargs=2, metavar="TABLE KEY", help="What happened to a row, with --to.")
@click.option(
    "--to", metavar="VERSION|MOMENT", help="The version or moment that the row goes back to."
)
@click.option(
    "--version", "version_id", type=click.IntRange(min=1), metavar="ID", help="One version."
)
@click.option("--transaction", metavar="ERA-XID", help="A transaction, as the pages name it.")
@click.option("--actor", metavar="NAME", help="What an actor did, with --since.")
@click.option("--since", metavar="MOMENT", help="From then on; UTC unless it names a zone.")
@click.option("--until", metavar="MOMENT", help="Before then; without it, until now.")
@click.option("--table", metavar="TABLE", help="Of this table only.")
@as_json
def undo_sql(
    database: str | None,
    data: Path | None,
    row: tuple[str, str] | None,
    to: str | None,
    version_id: int | None,
    transaction: str | None,
    actor: str | None,
    since: str | None,
    until: str | None,
    table: str | None,
    json_wanted: bool,
) -> int:
    """Write the SQL that would put something back, to read and then to run.

    Nothing is changed: the patch goes to stdout. What it leaves as it is, since it was changed
    later or is not in the history, goes to stderr, and the exit status is then 1.

    \b
      rowtrail undo-sql --transaction 1-4711 > undo.sql
      rowtrail undo-sql --row orders 42 --to '2026-11-01 12:00Z'
      rowtrail undo-sql --version 1200
      rowtrail undo-sql --actor alice --since '2026-11-01' --table orders
    """
    if (row is None) != (to is None):
        raise click.UsageError("--row and --to go together: which row, and back to what")
    if row is not None and table is not None:
        raise click.UsageError("--row names the table; leave out --table")
    ways = (row, version_id, transaction, since or actor)
    if sum(way is not None for way in ways) != 1:
        raise click.UsageError(
            "give one of --row, --version, --transaction, or --actor and --since"
        )
    from simplejson import RawJSON, dumps

    with opened(database, data) as target:
        from rowtrail.commands import undo
        from rowtrail.commands.terminal import conflict_line

        undoing = undo.Undoing(
            row[0] if row else table,
            *(row[1] if row else None, to, version_id, transaction, actor, since, until),
        )
        found = 0
        # One snapshot: the patch and what is said of it belong together.
        with target.engine.connect().execution_options(
            isolation_level="REPEATABLE READ"
        ) as connection:
            if json_wanted:
                lines = undo.conflicts_as_json(connection, undoing)
                rows = [RawJSON(line) for line in lines]
                found = len(rows)
                sql = "\n".join(undo.patch(connection, undoing))
                click.echo(dumps({"sql": sql, "conflicts": rows}, ensure_ascii=False))
            else:
                for line in undo.patch(connection, undoing):
                    click.echo(line)
                for conflict in undo.conflicts(connection, undoing):
                    found += 1
                    click.echo(f"rowtrail: {conflict_line(conflict)}", err=True)
    return FOUND_WRONG if found else DONE


@rowtrail.command()
@on_database
@with_history
@click.argument("table", required=False)
@on_changes
@click.option(
    "--csv", "form", flag_value="csv", help="One line a changed column, for spreadsheets."
)
@click.option("--jsonl", "form", flag_value="jsonl", help="One line of JSON a version, exactly.")
@click.option("--parquet", "form", flag_value="parquet", help="One row a version, by columns.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Written whole or not at all; without it, standard output.",
)
def export(
    database: str | None,
    data: Path | None,
    older: str | None,
    table: str | None,
    form: str | None,
    output: Path | None,
    **given: Any,
) -> None:
    """Write the changes of TABLE, or of all tables, oldest first.

    Without --csv, --jsonl or --parquet the ending of FILE tells which, else it is JSON Lines: one
    version a line, as the database has it. Parquet has the same as columns. CSV has one line for
    each changed column; a text that a spreadsheet would take for a formula (it begins with = + - @,
    a tab or a line's end) has an apostrophe before it. The options say which changes; all that are
    given have to hold.
    """
    with opened(database, data) as target:
        from rowtrail.commands.export import export as write
        from rowtrail.commands.names import find_history
        from rowtrail.commands.terminal import counting, printable

        with target.engine.connect() as connection:
            of = find_history(connection, table) if table is not None else None
            if of is not None and given["key"]:
                given["key"] = key_of(connection, of.key_columns, given["key"])
        filters = filters_of(of.table_id if of else None, given)
        file = None if output is None or str(output) == "-" else output
        form = form or FORMS.get(file.suffix.lower() if file else "", "jsonl")
        if form == "parquet" and file is None and sys.stdout.isatty():
            raise click.UsageError("Parquet is nothing for a terminal; name a file with -o")
        with counting(f"exporting {printable(table or 'all tables')}") as show:
            written = write(target.engine, filters, form, file, show, older)
    if file is not None:
        what = "row" if form == "parquet" else "line"
        click.echo(f"{file}: {plural(written, what)}", err=True)


def key_of(connection: "Connection", columns: list[str], key: str) -> str:
    """The row's key as rowtrail writes it, from one that a person wrote."""
    from sqlalchemy import text

    call = text("select rowtrail.key_from(:columns, :key)")
    return str(connection.scalar(call, {"columns": columns, "key": key}))


@rowtrail.command()
@on_database
@click.option("--host", default="127.0.0.1", show_default=True, help="Others need ROWTRAIL_AUTH.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port; without it 5000, or the next one that is free.",
)
def serve(database: str | None, data: Path | None, host: str, port: int | None) -> None:
    """Serve the pages of the history on this machine, until Ctrl-C.

    They ask nobody for a password, unless the variable ROWTRAIL_AUTH says how: proxy, where a proxy
    in front names the person; basic, by a file that rowtrail password writes; oidc, by a provider
    of OpenID Connect. Only then they can be served at an address that others reach. The reads are
    logged: on stderr, or in the file that ROWTRAIL_READ_LOG names.
    """
    from rowtrail.commands.serve import log_reads, require_guarded
    from rowtrail.commands.serve import serve as serve_pages

    host = require_guarded(host)
    log_reads()
    with opened(database, data) as target:
        serve_pages(
            target,
            host,
            port,
            lambda url: click.echo(f"rowtrail: the history is at {url} (Ctrl-C ends)"),
        )


@rowtrail.command()
@click.argument("person")
@click.option(
    "--file",
    metavar="FILE",
    envvar="ROWTRAIL_PASSWORDS",
    show_envvar=True,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Of the people and the hashes of their passwords.",
)
def password(person: str, file: Path) -> None:
    """Set the password by which PERSON reads the pages, where ROWTRAIL_AUTH is basic.

    It is asked for twice. The file is made if there is none; a running rowtrail serve reads it
    again by itself. Whoever is to read no more is deleted from it with an editor.
    """
    from rowtrail.reader.passwords import require_name, set_password

    require_name(person)
    given = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    was_there = set_password(file, person, given)
    click.echo(f"{file}: {person} has {'another' if was_there else 'a'} password")


@rowtrail.command()
@on_database
@click.option("--no-serve", is_flag=True, help="End after the summary.")
@click.option(
    "--seconds", type=click.IntRange(min=1), default=10, show_default=True, help="pgbench's run."
)
@click.option(
    "--clients", type=click.IntRange(1, 50), default=4, show_default=True, help="pgbench's clients."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Of the pages; without it 5000 or the next."
)
def demo(
    database: str | None,
    data: Path | None,
    no_serve: bool,
    seconds: int,
    clients: int,
    port: int | None,
) -> int:
    """Try it all on real input, in about 20 seconds, then look at it in the browser.

    It tracks pgbench's tables and runs pgbench on them, writes through Flask-SQLAlchemy, runs a
    psql script, and checks that the versions replay to the live tables.

    On the embedded PostgreSQL it works in a database rowtrail_demo, made anew each time; in a
    database that you name, in a schema rowtrail_demo. Nothing else is touched.
    """
    from rowtrail.demo import run

    with opened(database, data, upgraded=False) as target:
        return run(target, seconds=seconds, clients=clients, serve_pages=not no_serve, port=port)


if __name__ == "__main__":
    main()
