"""The command `rowtrail import`: what another tool had recorded becomes versions.

rowtrail/importing/imports.py does it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rowtrail.commands.options import as_json, on_database, opened, print_json

if TYPE_CHECKING:
    from rowtrail.importing.sources import Found

#: As rowtrail.importing.sources.SOURCES has them, which is not imported for --help.
TOOLS = (
    "postgresql-audit",
    "supa_audit",
    "audit-trigger",
    "sqlalchemy-continuum",
    "django-pghistory",
)


@click.command("import")
@on_database
@click.option(
    "--from",
    "source",
    type=click.Choice(TOOLS),
    required=True,
    help="The tool that recorded the history.",
)
@click.option("--schema", metavar="NAME", help="Where the tool keeps it, if it could be several.")
@click.option(
    "--table",
    "tables",
    metavar="TABLE",
    multiple=True,
    help="Of this table; without it, of all that are tracked.",
)
@click.option(
    "--map",
    "maps",
    metavar="SOURCE=TABLE",
    multiple=True,
    help="The table that the source calls, or keeps as, SOURCE is TABLE here.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be read.")
@click.option("--discard", is_flag=True, help="Remove an import that was not finished.")
@click.option(
    "--batch", type=click.IntRange(min=1), default=10_000, show_default=True, help="Rows a commit."
)
@as_json
def import_(
    database: str | None,
    data: Path | None,
    source: str,
    schema: str | None,
    tables: tuple[str, ...],
    maps: tuple[str, ...],
    dry_run: bool,
    discard: bool,
    batch: int,
    json_wanted: bool,
) -> None:
    """Take in the history that another tool recorded in this database.

    Its rows become versions, before all that rowtrail recorded itself; what is here already is left
    out. The tables have to be tracked. They are told as imported wherever they are read, and no
    seal takes them in: they are as trustworthy as their source, which is only read.

    Interrupted, the same command goes on where it was; once it is finished it does nothing more. It
    takes a superuser, or a member of rowtrail_owner who may read the source.

    \b
      rowtrail import --from postgresql-audit
      rowtrail import --from supa_audit --table orders --dry-run
      rowtrail import --from django-pghistory --map shop_orderevent=orders
    """
    with opened(database, data) as target:
        from rowtrail.commands.terminal import counting
        from rowtrail.errors import RowtrailError
        from rowtrail.importing import imports

        with target.engine.connect() as connection:
            imports.require_right(connection, source)
            unfinished = imports.unfinished_of(connection, source)
            if discard:
                imports.remove(connection, source, unfinished)
                click.echo(f"the unfinished import from {source} is removed")
                return
            if unfinished is None:
                found, done = imports.found_in(connection, source, schema, tables, maps)
                if not found.parts:
                    say_nothing_new(found, done, source, json_wanted)
                    return
            else:
                found = None
        if dry_run:
            if found is None:
                raise RowtrailError(
                    f"an import from {source} is not finished; go on with it without --dry-run"
                )
            say(imports.planned(target.engine, source, found), found, json_wanted, is_done=False)
            return
        number = unfinished if found is None else imports.begun(target.engine, source, found)
        if number is None:
            return
        with counting(f"importing from {source}") as show:
            for progress in imports.record(target.engine, number, batch):
                show(progress.rows_read, progress.rows)
        imports.finish(target.engine, number)
        with target.engine.connect() as connection:
            said = {"import": number, **imports.described(connection, number)}
        say(said, found, json_wanted, is_done=True)


def say_nothing_new(
    found: "Found", done: Mapping[str, Any], source: str, json_wanted: bool
) -> None:
    """That all was imported already."""
    from rowtrail.commands.terminal import moment, printable

    if json_wanted:
        print_json({"import": None, "source": source, "place": found.place, "tables": []})
        return
    for name, finished in sorted(done.items()):
        click.echo(
            f"{printable(name)}: was imported from {source} already, at {moment(finished)}; "
            "there is nothing to do"
        )


def say(said: dict[str, Any], found: "Found | None", json_wanted: bool, *, is_done: bool) -> None:
    """Says what was imported, or would be."""
    from rowtrail.commands.terminal import moment, printable

    not_tracked = [] if found is None else found.not_tracked
    if json_wanted:
        print_json({**said, "not_tracked": not_tracked})
        return
    for table in said["tables"]:
        name, source_table = printable(table["name"]), printable(table["source_table"])
        left_out = ", ".join(f"{count:,} {why}" for why, count in sorted(table["left_out"].items()))
        if not is_done:
            line = f"{name}: {table['to_read']:,} rows of {source_table} would be read"
        else:
            line = f"{name}: {table['versions']:,} versions of {table['rows_read']:,} rows of "
            line += source_table
            if table["versions"]:
                line += f", {moment(table['first_changed_at'], 'seconds')[:19]} to "
                line += moment(table["last_changed_at"], "seconds")[:19]
        click.echo(line + (f"; left out: {left_out}" if left_out else ""))
    if not_tracked:
        click.echo(f"not tracked, so not imported: {printable(', '.join(not_tracked))}")
