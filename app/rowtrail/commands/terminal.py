"""What people see on a terminal: tables, histories, and nothing that a terminal could obey."""

import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

#: Longer values are cut, and their length is said.
LONGEST_VALUE = 120  # characters

NOT_A_TERMINAL_WIDTH = 400  # columns

#: So many tables without a history are named.
NAMED = 10

#: Unicode categories that a terminal would obey, or that nobody would see.
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

STATE_STYLES = {"tracked": "green", "shipped": "green", "untracked": "dim", "dropped": "dim"}
OP_STYLES = {"insert": "green", "update": "yellow", "delete": "red", "baseline": "cyan"}


def console() -> Console:
    """The terminal; lines that go to a file or a pipe are not wrapped."""
    width = None if sys.stdout.isatty() else NOT_A_TERMINAL_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how far long work has come, on stderr where that is a terminal.

    Yields:
        A function that is told how many are done, and of how many.
    """
    out = Console(stderr=True, highlight=False, markup=False, emoji=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def printable(text: str) -> str:
    """The text with escapes for what a terminal would obey, or what nobody would see.

    Control characters, those that turn the direction of writing, and invisible ones.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(escaped(c) if unicodedata.category(c) in HIDDEN else c for c in text)


def escaped(character: str) -> str:
    """The escape of a character, as JSON and Python write it."""
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shortened(value: str, length: int) -> str:
    """A value that may have been cut, with its full length in characters where it was."""
    shown = printable(value[:LONGEST_VALUE])
    return shown if length <= LONGEST_VALUE else f"{shown}… ({length:,} characters)"


def moment(value: datetime | None, timespec: str = "milliseconds") -> str:
    """A moment in UTC, with its offset."""
    return "" if value is None else value.astimezone(UTC).isoformat(" ", timespec)


def count(number: int, bound: int) -> str:
    """A number that was counted up to a bound only."""
    return f"{bound:,}+" if number > bound else f"{number:,}"


def show_status(
    tables: Sequence[Mapping[str, Any]],
    records_schema_changes: bool,
    is_guarded: bool,
    not_tracked: Sequence[str],
    wishes: Sequence[Mapping[str, Any]] | None,
) -> None:
    """Prints what is tracked, and below it what has to be mended.

    Args:
        tables: of reports.status().
        records_schema_changes: as they happen.
        is_guarded: against what would stop the recording.
        not_tracked: the names of the other tables.
        wishes: what models want and the database does not; None where no models were asked.
    """
    out = console()
    if tables:
        _show_tables(out, tables)
    else:
        out.print("No table is tracked. Begin with: rowtrail track TABLE")
    if not_tracked:
        more = len(not_tracked) - NAMED
        out.print(
            f"\nNot tracked: {printable(', '.join(not_tracked[:NAMED]))}"
            + (f" and {more:,} more" if more > 0 else "")
        )
    for wish in wishes or ():
        out.print(
            f"\n{printable(wish['table'])} is not as its model wants it: {wish['state']}; "
            "its next migration mends it (alembic revision --autogenerate), or:"
        )
        out.print(f"  {printable(wish['mend'])}")
    if wishes is not None and not wishes:
        out.print("\nThe history of each table is as its models want it.")
    if not tables:
        return
    if not records_schema_changes:
        out.print(
            "\nSchema changes are not recorded as they happen: the event triggers are missing or "
            "not always on.\nA superuser mends it: rowtrail upgrade; until then run after each "
            "migration:\n  select rowtrail.note_schema_changes();"
        )
    if not is_guarded:
        out.print(
            "\nThe owner of a table can stop its recording, and only this command shows it: the "
            "event triggers that\nrefuse it are missing or not always on. A superuser mends it: "
            "rowtrail upgrade"
        )


def show_shipping(
    history_of: Mapping[str, Any] | None, history_database: Mapping[str, Any] | None
) -> None:
    """Prints whose history this is, or where it is shipped to.

    Args:
        history_of: of reports.history_of().
        history_database: of reports.history_database().
    """
    out = console()
    if history_of is not None:
        out.print(
            f"\nThe history of the database {printable(history_of['database'])}, up to seal "
            f"{history_of['seal']}"
            + (f"; last shipped {moment(history_of['shipped_at'], 'seconds')[:19]}"
               if history_of["shipped_at"] is not None else "")
        )  # fmt: skip
    if history_database is not None:
        seals, versions = (history_database[f"unshipped_{what}"] for what in ("seals", "versions"))
        behind = (
            "all that is sealed is there"
            if not seals
            else f"{seals:,} seal{'s' * (seals != 1)} with {versions:,} "
            f"version{'s' * (versions != 1)} {'is' if seals == 1 else 'are'} not there yet, the "
            f"oldest made {history_database['seconds_behind']:,} s ago"
        )
        out.print(
            f"\nShipped to {printable(history_database['place'])}, up to seal "
            f"{history_database['seal']}; {behind}"
        )


def _show_tables(out: Console, tables: Sequence[Mapping[str, Any]]) -> None:
    sheet = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("table", "state", "key", "since (UTC)"):
        sheet.add_column(column, overflow="fold")
    sheet.add_column("versions", justify="right")
    sheet.add_column("last change (UTC)")
    for table in tables:
        versions = f"{table['versions']:,}" + ("+" if table["more_versions"] else "")
        sheet.add_row(
            printable(table["table"]),
            Text(table["state"], style=STATE_STYLES.get(table["state"], "bold red")),
            printable(", ".join(table["key"])),
            moment(table["tracked_since"], "seconds")[:19],
            versions,
            moment(table["last_change"], "seconds")[:19],
        )
    out.print(sheet)
    for table in tables:
        if table["mend"]:
            out.print(
                f"\n{printable(table['table'])} is not tracked as it must be; its owner mends it:"
            )
            out.print(f"  {printable(table['mend'])}")


def show_findings(findings: Iterable[Any]) -> None:
    """Prints what `rowtrail verify` found, a line each, with what mends it below."""
    out = console()
    for one in findings:
        style = "bold red" if one.is_fault else "yellow"
        line = Text(f"{'fault' if one.is_fault else 'note':6}", style=style)
        line.append(f"{printable(one.object)}: {printable(one.problem)}", style="not bold default")
        out.print(line, soft_wrap=True)
        if one.mend:
            out.print(f"      {printable(one.mend)}", style="dim", soft_wrap=True)


def show_history(versions: Iterable[Any], most: int) -> int:
    """Prints the versions of a row, newest first.

    Args:
        versions: rows of reports.VERSIONS_FOR_PEOPLE.
        most: so many are shown.

    Returns:
        How many there were.
    """
    out = console()
    found = 0
    for version in versions:
        found += 1
        if found > most:
            break
        who = printable(version.actor or version.login)
        if version.actor:
            who += f" (login {printable(version.login)})"
        line = Text.assemble(
            (moment(version.changed_at), "bold"), "  ",
            (f"{version.op:8}", OP_STYLES.get(version.op, "")), "  ", who,
        )  # fmt: skip
        if version.said:
            line.append(f"  {printable(version.said)}", style="dim")
        if version.old_key is not None:
            line.append(f"  key {printable(version.old_key)} → {printable(version.row_key)}")
        if version.moved:
            places = " → ".join(printable(name or "a partition") for name in version.moved)
            line.append(f"  moved {places}")
        if version.erased:
            line.append(f"  erased {printable(', '.join(version.erased))}", style="dim")
        line.append(f"  #{version.id}", style="dim")
        out.print(line, soft_wrap=True)
        for name, old, old_length, new, new_length in version.fields:
            values = [
                shortened(value, length)
                for value, length in ((old, old_length), (new, new_length))
                if value is not None
            ]
            out.print(f"    {printable(name)}: {' → '.join(values)}", soft_wrap=True)
    return found


def show_rows(rows: Iterable[Any], most: int, *, one_a_line: bool) -> int:
    """Prints rows of a table as they were.

    Args:
        rows: rows of as_of.ROWS_FOR_PEOPLE.
        most: so many are shown.
        one_a_line: each row is one line; else each of its fields is.

    Returns:
        How many there were.
    """
    out = console()
    found = 0
    for row in rows:
        found += 1
        if found > most:
            break
        line = Text(printable(row.row_key), style="bold")
        fields = [
            (printable(name), shortened(value, length)) for name, value, length in row.fields or ()
        ]
        if one_a_line:
            for name, value in fields:
                line.append(f"  {name}: ", style="not bold dim")
                line.append(value, style="not bold")
            out.print(line, soft_wrap=True)
            continue
        line.append(f"  since {moment(row.changed_at)}  #{row.id}", style="not bold dim")
        out.print(line, soft_wrap=True)
        for name, value in fields:
            out.print(f"    {name}: {value}", soft_wrap=True)
    return found


def show_differences(differences: Iterable[Any]) -> int:
    """Prints how two versions differ.

    Args:
        differences: rows of as_of.DIFFERENCES_FOR_PEOPLE.

    Returns:
        How many there were.
    """
    out = console()
    found = 0
    for one in differences:
        found += 1
        line = Text(printable(".".join([one.column_name, *one.path])), style="bold")
        line.append(": ", style="not bold")
        if one.before is not None:
            line.append(shortened(one.before, one.length_before), style="not bold red")
        line.append(" → ", style="not bold")
        if one.after is not None:
            line.append(shortened(one.after, one.length_after), style="not bold green")
        if one.kind != "value":
            line.append(f"  ({one.kind})", style="not bold dim")
        out.print(line, soft_wrap=True)
    return found


def conflict_line(conflict: Any) -> str:
    """What a patch leaves as it is, and why: a row of undo.CONFLICTS_FOR_PEOPLE as one line."""
    key = shortened(conflict.row_key, len(conflict.row_key))
    what = f"{printable(conflict.table_name)}, key {key}"
    if conflict.column_name is not None:
        what += f", column {printable(conflict.column_name)}"
    line = f"not put back: {what}: {printable(conflict.problem)}"
    if conflict.changed_at is not None:
        who = printable(conflict.actor_since or conflict.login_since)
        line += f" (by {who} at {moment(conflict.changed_at)}, version {conflict.id})"
    return line
