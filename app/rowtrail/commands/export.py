"""Writes changes to a file or to standard output, for the command `rowtrail export`."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine, text

from rowtrail.commands.completing import BEGIN, completed
from rowtrail.errors import RowtrailError
from rowtrail.history import parquet
from rowtrail.history.exports import lines, records
from rowtrail.history.filters import Filters
from rowtrail.history.looking import STEP, outermost, span_of


def export(
    engine: Engine,
    filters: Filters,
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
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        opened(output) as out,
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
def opened(output: Path | None) -> Iterator[BinaryIO]:
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
