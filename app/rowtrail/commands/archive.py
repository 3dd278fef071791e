"""The command `rowtrail archive`, and what the option --archive of other commands does."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rowtrail.commands.options import (
    DONE,
    FOUND_WRONG,
    as_json,
    on_database,
    opened,
    plural,
    print_json,
)

if TYPE_CHECKING:
    from rowtrail.archive.archives import Archive
    from rowtrail.archive.archiving import Archiving, Done

MONTH = re.compile(r"[1-9]\d{3}-(0[1-9]|1[0-2])")

#: Gives a command the option that names an archive.
from_archive = click.option(
    "--archive",
    "archive",
    metavar="PLACE",
    help="Out of an archive: a folder, or s3://bucket/prefix.",
)


def month_of(_: click.Context, __: click.Parameter, given: Any) -> Any:
    """A month, or several, as a person wrote them."""
    for one in given if isinstance(given, tuple) else (given,):
        if one is not None and MONTH.fullmatch(one) is None:
            raise click.BadParameter(f"{one!r} is no month; such as 2025-01")
    return given


@click.command()
@on_database
@click.option(
    "--month",
    "months",
    metavar="YYYY-MM",
    multiple=True,
    callback=month_of,
    help="This month, in UTC.",
)
@click.option(
    "--before",
    metavar="YYYY-MM",
    callback=month_of,
    help="Each month before this one that the history has something of.",
)
@click.option(
    "--to", "place", metavar="PLACE", required=True, help="A folder, or s3://bucket/prefix."
)
@click.option("--table", "tables", metavar="TABLE", multiple=True, help="Of this table only.")
@click.option(
    "--with-erasable",
    is_flag=True,
    help="Also tables whose values can be erased; then archive again after each erasure.",
)
@click.option(
    "--retire",
    is_flag=True,
    help="Then take out of the database what is archived and not needed since.",
)
@click.option("--reason", metavar="TEXT", help="Why it is retired: it stays on the time line.")
@as_json
def archive(
    database: str | None,
    data: Path | None,
    months: tuple[str, ...],
    before: str | None,
    place: str,
    tables: tuple[str, ...],
    with_erasable: bool,
    retire: bool,
    reason: str | None,
    json_wanted: bool,
) -> None:
    """Bring old months of the history into an archive of Parquet files, and compare them there.

    The archive is read and proven without a database: rowtrail history, prove and verify take it
    by --archive, and DuckDB, Spark and pandas read its files. Only what is sealed is archived, by
    whole months that are over. Each file is read back and compared with the seals before the month
    is said to be archived; what was archived already is compared, and not written again. Whoever
    ends it, however, leaves an archive in which whole months count.

    With --retire what the database does not need since, so that each later moment is as before,
    goes from it for good; of each row that is there its newest version stays.
    """
    if not months and before is None:
        raise click.UsageError("say which months: --month 2025-01, or --before 2025-06")
    if retire and not (reason or "").strip():
        raise click.UsageError("--retire needs --reason: it stays on the time line")
    if reason is not None and not retire:
        raise click.UsageError("--reason is of --retire")
    with opened(database, data) as target:
        from rowtrail.archive.archiving import Archiving
        from rowtrail.archive.place import Place
        from rowtrail.commands.names import find_history
        from rowtrail.commands.terminal import counting, printable

        where = Place(place)
        with target.engine.connect() as connection:
            wanted = [find_history(connection, table).table_id for table in tables] or None
        with where.locked(), counting(f"archiving to {printable(where.name)}") as show:
            archiving = Archiving(target.engine, where, wanted, with_erasable, show)
            for month in archiving.months(months, before):
                done = archiving.archive(month)
                for one in done:
                    say(one, json_wanted)
                if not done and not json_wanted:
                    click.echo(f"{month}: nothing to archive")
            for (table, why), versions in sorted(archiving.left.items()):
                left(table, plural(versions, "version") + " " + why, json_wanted)
            if retire:
                retire_months(archiving, reason or "", json_wanted)


def say(done: "Done", json_wanted: bool) -> None:
    """Says what is archived."""
    if json_wanted:
        print_json({"step": "archive", **done._asdict()})
        return
    from rowtrail.commands.terminal import printable

    versions = plural(done.versions, "version")
    size = f"{done.bytes:,} bytes"
    if not done.written:
        size = "compared, nothing new"
    elif done.written < done.versions:
        size += f", {done.written:,} of them written now"
    click.echo(f"{done.month}: {printable(done.table)}: {versions}, {size}")


def left(table: str, why: str, json_wanted: bool) -> None:
    """Says what stays in the database."""
    if json_wanted:
        print_json({"step": "left", "table": table, "why": why})
        return
    from rowtrail.commands.terminal import printable

    click.echo(f"stays in the database: {printable(table)}: {why}")


def retire_months(archiving: "Archiving", reason: str, json_wanted: bool) -> None:
    """Retires what was archived, month by month, and says so."""
    from rowtrail.archive.retiring import retire
    from rowtrail.commands.terminal import printable

    stays: dict[str, str] = {}
    for month in archiving.archived_months:
        done = retire(archiving.engine, month, archiving.ids, reason, archiving.place.name)
        stays |= done.left
        if json_wanted:
            print_json(
                {"step": "retire", "month": month, "tables": done.tables, "retired": done.versions}
            )
        elif done.versions:
            names = printable(", ".join(done.tables))
            click.echo(f"{month}: {plural(done.versions, 'version')} retired: {names}")
    for table, why in stays.items():
        left(table, f"nothing is retired: {why}", json_wanted)


def row_out_of(
    archive: str,
    database: Iterable[tuple[int, Any]],
    table: str,
    key: str,
    limit: int | None,
    shown_at_most: int,
    json_wanted: bool,
) -> int:
    """Shows the history of a row out of an archive, and of the database where one is given.

    Args:
        archive: where it lies.
        database: the versions that the database has, newest first, each with its id, as JSON or for
            people.
    """
    from itertools import islice

    from rowtrail.archive.row_history import RowHistory, key_of, newest_first
    from rowtrail.commands.terminal import printable, show_history

    of = opened_archive(archive)
    known = of.table_named(table)
    rows = RowHistory(of, known, key_of(known, key, of.codec))
    archived: Iterator[tuple[int, Any]] = (
        rows.as_json() if json_wanted else ((one.id, one) for one in rows.for_people())
    )
    both = newest_first(database, archived)
    if json_wanted:
        shown = 0
        for line in islice(both, limit):
            click.echo(line)
            shown += 1  # noqa: SIM113
    else:
        shown = show_history(both, limit or shown_at_most)
        if shown > (limit or shown_at_most):
            click.echo(
                f"… and older ones: --limit {10 * (limit or shown_at_most)} shows more", err=True
            )
    if not shown:
        click.echo(
            f"rowtrail: {printable(known.name)} has no version of a row {printable(key)}", err=True
        )
    return DONE


def opened_archive(place: str) -> "Archive":
    """The archive at a place that a person named."""
    from rowtrail.archive.archives import Archive
    from rowtrail.archive.place import Place

    return Archive(Place(place))


def verify_archive(place: str, files: tuple[Path, ...], key: Path | None, json_wanted: bool) -> int:
    """Looks whether an archive is as it was written, and says so; gives the exit status."""
    from rowtrail.archive.check import Checking
    from rowtrail.commands.terminal import show_findings
    from rowtrail.proof.digests import lines_of
    from rowtrail.proof.signing import Verifier

    archive = opened_archive(place)
    digests = [(str(file), lines_of(file)) for file in files]
    verifier = None if key is None else Verifier(key)
    checking = Checking(archive, digests, verifier)
    with archive.place.explained("read"):
        findings = list(checking.findings())
    faults = sum(one.is_fault for one in findings)
    known = sum(sum(1 for line in lines if line.strip()) for _, lines in digests)
    counts = {
        "files": checking.files,
        "versions": checking.versions,
        "seals": archive.head["seal"],
        "digests": known,
    }
    if json_wanted:
        print_json({"faults": faults, "findings": [one._asdict() for one in findings], **counts})
    else:
        show_findings(findings)
        said = [plural(faults, "fault") if faults else "no faults"]
        said += [plural(number, name[:-1]) for name, number in counts.items() if name != "digests"]
        if files:
            said.append(plural(known, "digest"))
        click.echo("; ".join(said))
    return FOUND_WRONG if faults else DONE
