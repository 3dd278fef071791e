"""Takes out of the database what was archived and compared, and is not needed since."""

from array import array
from typing import NamedTuple

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from rowtrail.archive import source
from rowtrail.commands.maintain import refused
from rowtrail.db import ALONE
from rowtrail.errors import RowtrailError

TABLES = """
select
  t.id, format('%I.%I', t.schema_name, t.table_name) as name, t.key_attnums <> '{}' as has_key,
  t.erasable_since is not null as is_erasable,
  coalesce(t.retired_until >= cast(:until as timestamptz), false) as is_retired
from rowtrail.tables as t
where t.id = any (:tables)
order by t.id
"""

NOT_NEEDED = "select n.id from rowtrail.not_needed_since(:table, cast(:until as timestamptz)) as n"

RETIRE = """
select r.tables, r.retired
from rowtrail.retire_until(
  cast(:tables as int[]), cast(:until as timestamptz), :reason || '; archived in ' || :place,
  :place) as r
"""


class Retired(NamedTuple):
    """What was retired of a month and before.

    Attributes:
        month: the last one, as 2025-01.
        tables: of which something was retired, by their names.
        versions: how many were.
        left: the tables of which nothing was, by their names, and why.
    """

    month: str
    tables: list[str]
    versions: int
    left: dict[str, str]


def retire(
    engine: Engine, month: str, ids: dict[int, "array[int]"], reason: str, place: str
) -> Retired:
    """Retires what the tables have of a month and before it, if the archive has all of that.

    Args:
        engine: connects as the history's owner.
        month: the last one.
        ids: of the versions that are in the archive as they are in the database, by table.
        reason: why: it stays on the time lines of the tables, with the place.
        place: where they are now.

    Raises:
        RowtrailError: it cannot be done just now, or this login may not.
    """
    try:
        with engine.begin() as connection:
            connection.execute(text(ALONE))
            connection.execute(text("set local lock_timeout = '5s'"))
            # What is committed from here on is in no seal, and retire_until() refuses that.
            connection.execute(text("lock table rowtrail.seals in exclusive mode"))
            return retire_archived(connection, month, ids, reason, place)
    except DBAPIError as error:
        raise RowtrailError(f"what is archived is not retired: {refused(error)}") from None


def retire_archived(
    connection: Connection, month: str, ids: dict[int, "array[int]"], reason: str, place: str
) -> Retired:
    """The part of `retire` within its transaction."""
    until = f"{after(month)}-01 00:00Z"
    left = {}
    due = []
    for one in connection.execute(text(TABLES), {"tables": list(ids), "until": until}).all():
        if not one.has_key:
            left[one.name] = "it has no key, so that which of its versions are needed is not known"
        elif one.is_erasable:
            left[one.name] = "its values can be erased, which reaches what is in the database only"
        elif not one.is_retired:
            missing = not_archived(connection, one.id, until, ids[one.id])
            if missing:
                left[one.name] = (
                    f"{missing:,} of its versions of before {after(month)} are not in the archive, "
                    "or were not compared now; name their months too, or --before"
                )
            else:
                due.append(one.id)
    if not due:
        return Retired(month, [], 0, left)
    asked = {"tables": due, "until": until, "reason": reason, "place": place}
    done = connection.execute(text(RETIRE), asked).one()
    return Retired(month, list(done.tables), done.retired, left)


def not_archived(connection: Connection, table: int, until: str, ids: "array[int]") -> int:
    """How many versions would be retired and are not among those with these ids."""
    import pyarrow as pa
    from pyarrow import compute

    rows = source.stream(connection, NOT_NEEDED, {"table": table, "until": until})
    gone = array("q", (row.id for row in rows))
    found = compute.is_in(pa.array(gone, pa.int64()), value_set=pa.array(ids, pa.int64()))
    return len(gone) - (compute.sum(found).as_py() or 0)


def after(month: str) -> str:
    """The month after this one."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04}-{number % 12 + 1:02}"
