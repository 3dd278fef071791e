"""The command `rowtrail verify`: whether the history, and what it rests on, is as it must be."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

import click

from rowtrail.commands.archive import from_archive, verify_archive
from rowtrail.commands.options import (
    DONE,
    FOUND_WRONG,
    INTERRUPTED,
    as_json,
    on_database,
    opened,
    plural,
    print_json,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rowtrail.proof.verify import Finding


@click.command()
@on_database
@click.argument("tables", nargs=-1, metavar="[TABLE]…")
@click.option("--no-rows", is_flag=True, help="Do not compare tables with their history.")
@click.option(
    "--steps",
    is_flag=True,
    help="Compare tables in short steps, each in a snapshot of its own.",
)
@click.option(
    "--from",
    "place",
    metavar="PLACE",
    callback=lambda _, __, given: None if given is None else unquote(given),
    help="Begin the first TABLE at PLACE, where --steps was interrupted.",
)
@click.option("--no-seals", is_flag=True, help="Do not compare versions with their seals.")
@click.option(
    "--since-seal",
    "first",
    metavar="N",
    type=click.IntRange(min=1),
    help="Compare the versions of the seals from N on only.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="So many connections compare seals at once.",
)
@click.option(
    "--digests",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Find each digest in FILE again.",
)
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The public key by which each of the digests has to be signed, in PEM.",
)
@from_archive
@as_json
def verify(
    database: str | None,
    data: Path | None,
    tables: tuple[str, ...],
    no_rows: bool,
    steps: bool,
    place: str | None,
    no_seals: bool,
    first: int | None,
    jobs: int,
    files: tuple[Path, ...],
    key: Path | None,
    archive: str | None,
    json_wanted: bool,
) -> int:
    """Look whether the history, and all that it rests on, is as it must be.

    Who owns and may change it, its roles, functions, triggers, event triggers and settings; whether
    each version is what it was when it was sealed, and each digest in FILE still that of a seal;
    and of each tracked table, or of each TABLE, whether its rows are what their versions say. That
    reads the history twice and the table once, while writers go on; it needs SELECT on both. Where
    a table is so large that its one snapshot would be open for too long, --steps take more time in
    all; Ctrl-C says how to go on.

    The database keeps when it was done and what was found, if the login may have that noted, which
    takes rowtrail_auditor; the page Integrity and rowtrail.verifications show it.

    With --archive it is the archive that is looked at, and no database: each file, each version
    against its seal, each seal against the one before, and the digests in FILE.

    Exit status 1 if something is wrong, with a line for each.
    """
    if key is not None and not files:
        raise click.UsageError("--key is of the digests that --digests names")
    if archive is not None:
        if tables or no_rows or steps or place or no_seals or first:
            raise click.UsageError("with --archive all of it is verified, by --digests if you like")
        return verify_archive(archive, files, key, json_wanted)
    if place is not None and not (steps and tables):
        raise click.UsageError("--from is of --steps, and of the first TABLE")
    with opened(database, data) as target:
        from rowtrail.commands.names import find_table
        from rowtrail.commands.terminal import counting, printable, show_findings
        from rowtrail.errors import RowtrailError
        from rowtrail.proof import seals
        from rowtrail.proof import verify as checks
        from rowtrail.proof.contract import contract
        from rowtrail.proof.digests import lines_of
        from rowtrail.proof.signing import Verifier

        verifier = None if key is None else Verifier(key)
        digests = [(str(file), lines_of(file)) for file in files]
        with target.engine.connect() as connection:
            begun = checks.clock(connection)
            asked = {find_table(connection, table): table for table in tables}
            checks.pin_names(connection)
            wanted = checks.tracked_tables(connection)
            left_out = ["rows"] if no_rows else []
            if tables:
                if strangers := asked.keys() - {oid for oid, _ in wanted}:
                    table = asked[min(strangers)]
                    raise RowtrailError(
                        f"{table} is not tracked; its owner runs: rowtrail track {table}"
                    )
                if len(asked) < len(wanted) and not no_rows:
                    left_out.append("other tables")
                names = dict(wanted)
                wanted = [(oid, names[oid]) for oid in asked]
            findings = list(contract(connection))
            for source, lines in digests:
                findings += seals.check_digests(connection, lines, source, verifier)
            sealed = [] if no_seals else seals.numbers(connection, first)
            if first is not None and not sealed and not no_seals:
                raise RowtrailError(f"there is no seal {first}, nor a later one")
            if no_seals or (first is not None and first > 1):
                left_out.append("seals" if no_seals else "earlier seals")
            if not no_seals:
                with counting("comparing seals") as show:
                    broken = seals.verify_all(target.engine, sealed, jobs, show)
                findings += [*broken, *seals.verify_rest(connection, bool(broken))]
            rows = RowsCompared([], [])
            if not no_rows:
                rows = compare_rows(connection, wanted, steps, place)
                findings += rows.findings
            known = sum(sum(1 for line in lines if line.strip()) for _, lines in digests)
            connection.rollback()
            numbers = {"seals": len(sealed), "tables": len(rows.compared), "digests": known}
            if rows.go_on is None and (
                problem := checks.note(connection, begun, findings, numbers, left_out)
            ):
                click.echo(f"rowtrail: the verification is not noted: {problem}", err=True)
    faults = [one for one in findings if one.is_fault]
    if json_wanted:
        found = [one._asdict() for one in findings]
        counted = {"seals": len(sealed), "digests": known, "compared": rows.compared}
        print_json({"faults": len(faults), "findings": found, **counted})
    else:
        show_findings(findings)
        said = [plural(len(faults), "fault") if faults else "no faults"]
        if not no_seals:
            said.append(plural(len(sealed), "seal"))
        if files:
            said.append(plural(known, "digest"))
        if not no_rows:
            said.append(f"{', '.join(map(printable, rows.compared)) or 'no table'} compared")
        click.echo("; ".join(said))
    if rows.go_on is not None:
        click.echo(f"rowtrail: interrupted; go on with: {rows.go_on}", err=True)
        return INTERRUPTED
    return FOUND_WRONG if faults else DONE


class RowsCompared(NamedTuple):
    """What a comparison of tables with their history came to.

    Attributes:
        findings: what differs.
        compared: the tables that were compared to their ends.
        go_on: the command that goes on where Ctrl-C ended it; None where nothing did.
    """

    findings: "list[Finding]"
    compared: list[str]
    go_on: str | None = None


def compare_rows(
    connection: "Connection", wanted: list[tuple[int, str]], steps: bool, place: str | None
) -> RowsCompared:
    """Compares tables with their history.

    Args:
        connection: as somebody who may read both.
        wanted: the oid and the name of each table.
        steps: whether in steps, instead of a snapshot for each table.
        place: where the first table begins; None is its beginning.
    """
    from rowtrail.commands.terminal import counting
    from rowtrail.proof import rows

    findings: list[Finding] = []
    compared: list[str] = []
    connection.rollback()
    with counting("comparing tables") as show:
        try:
            for oid, name in wanted:
                show(len(compared), len(wanted))
                if steps:
                    for step in rows.steps(connection, oid, name, place):
                        place = step.place
                        findings += step.findings
                else:
                    findings += rows.compare(connection, oid, name)
                compared.append(name)
        except KeyboardInterrupt:
            if not steps:
                raise
            rest = [name for _, name in wanted[len(compared) :]]
            begin = [] if place is None else ["--from", quote(place, safe=":")]
            words = ["rowtrail", "verify", "--no-seals", "--steps", *begin, *rest]
            return RowsCompared(findings, compared, shlex.join(words))
    return RowsCompared(findings, compared)
