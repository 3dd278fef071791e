"""The command `rowtrail export`: changes go to a file, or to standard output."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from rowtrail.commands.options import (
    filters_of,
    on_changes,
    on_database,
    opened,
    plural,
    with_history,
)
from rowtrail.errors import RowtrailError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from rowtrail.history.filters import Filters

#: The forms of an export, by the ending of the file.
FORMS = {".csv": "csv", ".parquet": "parquet"}


@click.command()
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


def write(
    engine: "Engine",
    filters: "Filters",
    form: str,
    output: Path | None,
    tell: Callable[[int, int], object],
    history: str | None = None,
) -> int:
    """Writes the changes that the filters mean, as one snapshot of the database has them.

    Args:
        engine: connects as somebody who may read history.
        filters: what is wanted.
        form: `csv`, `jsonl` or `parquet`.
        output: the file, which is there whole or not at all; None for standard output.
        tell: is told how many versions were looked at, and of how many, about.
        history: the URL of the history database, where older ones are read.

    Returns:
        The lines that were written, without the header of CSV, or the rows.

    Raises:
        RowtrailError: the file cannot be written, or what writes it is not installed.
    """
    from sqlalchemy import text

    from rowtrail.commands.completing import BEGIN, completed
    from rowtrail.history import parquet
    from rowtrail.history.exports import lines, records
    from rowtrail.history.looking import STEP, outermost, span_of

    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        written_whole(output) as out,
    ):
        connection.execute(text(BEGIN))
        with completed(connection, history) as session:
            span = span_of(session, filters)
            first = outermost(session, span, [], upward=True)
            last = outermost(session, span, [], upward=False)
            low, high = (first.id, last.id) if first and last else (0, 0)
            total = (high - low) // STEP + 1

            def looked(id_: int) -> None:
                # What is older than all that is here is not counted.
                tell(max(min((id_ - low) // STEP + 1, total), 0), total)

            if form == "parquet":
                return parquet.write(out, records(session, filters, looked))
            written = 0
            for line in lines(session, filters, form, looked):
                out.write(line.encode(errors="backslashreplace"))
                written += 1
    return written - (form == "csv")


@contextmanager
def written_whole(output: Path | None) -> Iterator[BinaryIO]:
    """The file to write; under its name it is only when it is complete.

    Raises:
        RowtrailError: it cannot be written.
    """
    if output is None:
        yield sys.stdout.buffer
        return
    if output.exists() and not output.is_file():
        with cannot_write(output), output.open("wb") as out:
            yield out
        return
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with cannot_write(output):
            with part.open("xb") as out:
                yield out
            part.replace(output)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def cannot_write(output: Path) -> Iterator[None]:
    """Says which file it was that failed."""
    try:
        yield
    except OSError as error:
        raise RowtrailError(
            f"cannot write {output}: {error.strerror or error}; name another file with -o"
        ) from None
