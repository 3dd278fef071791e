"""The commands `rowtrail track` and `rowtrail untrack`: a history begins, and ends."""

from pathlib import Path
from typing import Any

import click

from rowtrail.commands.options import as_json, on_database, opened, print_json


@click.command()
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


@click.command()
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
