"""A verification: what it finds, of which tables, and that the database keeps that it was done."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import explain

#: So that no name is looked for where the database, or the role, has it looked for, nor written as
#: it wants them.
PIN_NAMES = "set search_path = pg_catalog, pg_temp; set quote_all_identifiers = off"

#: Of the findings of a verification, so many are kept with it; sql/integrity.sql keeps no more.
KEPT = 100

#: A standby cannot note anything, and an older schema has no function for it.
MAY_NOTE = """
select
  current_setting('transaction_read_only') = 'off'
  and coalesce(has_function_privilege(to_regprocedure(:function), 'execute'), false)
"""

NOTE_FUNCTION = (
    "rowtrail.note_verification(timestamptz, bigint, bigint, bigint, bigint, bigint, text[], jsonb)"
)

NOTE = """
select rowtrail.note_verification(
  :begun, :faults, :notes, :seals, :tables, :digests, :left_out, cast(:findings as jsonb))
"""

TRACKED = """
select t.relid::bigint as oid, s.table_name
from rowtrail.status() as s
join rowtrail.tables as t on t.id = s.table_id
join pg_class as c on c.oid = t.relid
where t.untracked_at is null
order by 2
"""


class Finding(NamedTuple):
    """Something that is not as it must be, or is worth knowing.

    Attributes:
        part: of what: table, role, owner, grant, versions, function, guard, setting or rows.
        object: which.
        problem: what is wrong with it.
        mend: what mends it; None where a person has to look.
        is_fault: whether it is wrong; else it is only worth knowing.
    """

    part: str
    object: str
    problem: str
    mend: str | None
    is_fault: bool


def pin_names(connection: Connection) -> None:
    """From now on in this session, names mean what PostgreSQL and rowtrail mean by them.

    Who may set `search_path` for the database could else show a catalogue that is not true.
    """
    connection.execute(text(PIN_NAMES))
    connection.commit()


def tracked_tables(connection: Connection) -> list[tuple[int, str]]:
    """The oid and the name of each table that is tracked."""
    return [(row.oid, row.table_name) for row in connection.execute(text(TRACKED))]


def clock(connection: Connection) -> datetime:
    """The time, by the server's clock."""
    now: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
    return now


def note(
    connection: Connection,
    begun: datetime,
    findings: Sequence[Finding],
    compared: Mapping[str, int],
    left_out: Sequence[str],
) -> str | None:
    """Lets the database keep that it was verified, where this login may note that.

    Args:
        connection: in no transaction.
        begun: when the verification began, by the server's clock.
        findings: all of them.
        compared: how many `seals`, `tables` and `digests` were.
        left_out: what of rowtrail.verifications.left_out was.

    Returns:
        What went wrong, in one line; None where it was noted, or this login may not.
    """
    faults = sum(one.is_fault for one in findings)
    first = sorted(findings, key=lambda one: not one.is_fault)[:KEPT]
    kept = [
        # The name of a file may be no text at all.
        {name: as_text(value) for name, value in one._asdict().items()}
        for one in first
    ]
    said = {
        "begun": begun,
        "faults": faults,
        "notes": len(findings) - faults,
        **compared,
        "left_out": list(left_out),
        "findings": json.dumps(kept, ensure_ascii=False),
    }
    try:
        with connection.begin():
            if connection.scalar(text(MAY_NOTE), {"function": NOTE_FUNCTION}):
                connection.execute(text(NOTE), said)
    except (DBAPIError, UnicodeError) as error:
        return explain(error) if isinstance(error, DBAPIError) else str(error)
    return None


def as_text(value: object) -> object:
    """A text without what is no character; anything else as it is."""
    if not isinstance(value, str):
        return value
    return value.encode(errors="backslashreplace").decode()
