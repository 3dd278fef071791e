"""Whether the rows of a table are what their versions say."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import explain
from rowtrail.proof.verify import Finding

#: Of the rows of a table that differ from their history, so many are named.
NAMED = 10

DIFFERENCES = """
select
  d.row_key, d.rows, d.next_place,
  case
    when d.live is null then 'is gone, and no version says so'
    when d.replayed is null then 'is there, and no version says so'
    else 'holds other values than its versions say: ' || (
      -- Of the rows' texts nothing else is compared.
      select coalesce(string_agg(c.name, ', ' order by c.name), 'the text of a json column')
      from (
        select coalesce(l.key, r.key) as name
        from jsonb_each(d.live) as l
        full join jsonb_each(d.replayed) as r on r.key = l.key
        where l.value::text is distinct from r.value::text
      ) as c)
  end as problem,
  (
    select max(v.changed_at)
    from rowtrail.versions as v
    join rowtrail.tables as t on t.id = v.table_id
    where t.relid = cast(:oid as oid) and v.row_key = d.row_key and v.op <> 'S') as recorded_at
from (
  select f.*, count(f.row_key) over () as rows
  from {source} as f
  order by f.next_place, f.row_key
  limit :named + 1
) as d
"""

WHOLE = text(
    DIFFERENCES.format(
        source="(select w.*, null::text as next_place "
        "from rowtrail.differences(cast(cast(:oid as oid) as regclass)) as w)"
    )
)

#: The line that has next_place, of which there is one at most, comes first.
STEP = text(
    DIFFERENCES.format(
        source="rowtrail.differences_from(cast(cast(:oid as oid) as regclass), :place)"
    )
)


def compare(connection: Connection, oid: int, table: str) -> Iterator[Finding]:
    """The rows of a table that are not what its versions say, the first `NAMED` of them.

    All are compared in one snapshot.

    Args:
        connection: as somebody who may read the table and its history.
        oid: of the table.
        table: its name.
    """
    try:
        with connection.begin_nested():
            found = connection.execute(WHOLE, {"oid": oid, "named": NAMED}).all()
    except DBAPIError as error:
        yield not_compared(table, error)
        return
    yield from (differing(row, table) for row in found[:NAMED])
    if found and found[0].rows > NAMED:
        yield more_differ(table, found[0].rows - NAMED)


class Step(NamedTuple):
    """A step of a comparison that is made of many.

    Attributes:
        findings: what it found.
        place: where the next one begins; None where it was the last.
    """

    findings: list[Finding]
    place: str | None


def steps(connection: Connection, oid: int, table: str, place: str | None) -> Iterator[Step]:
    """What `compare` gives, by steps, each in a transaction of its own.

    Args:
        connection: as somebody who may read the table and its history; in no transaction.
        oid: of the table.
        table: its name.
        place: where the first step begins; None is the beginning.
    """
    differ = 0
    while True:
        try:
            with connection.begin():
                parameters = {"oid": oid, "named": NAMED, "place": place}
                found = connection.execute(STEP, parameters).all()
        except DBAPIError as error:
            yield Step([not_compared(table, error)], None)
            return
        place = found[0].next_place if found else None
        rows = [row for row in found if row.next_place is None]
        findings = [differing(row, table) for row in rows[: max(NAMED - differ, 0)]]
        differ += found[0].rows if found else 0
        if place is None and differ > NAMED:
            findings.append(more_differ(table, differ - NAMED))
        yield Step(findings, place)
        if place is None:
            return


def differing(row: Any, table: str) -> Finding:
    """What is wrong with a row that differs."""
    # Unrecorded changes came after this, or the row would have been another one by then.
    last = "" if row.recorded_at is None else f", last recorded {row.recorded_at:%F %T %Z}"
    return Finding("rows", f"{table}, key {row.row_key}", row.problem + last, mend_of(table), True)


def more_differ(table: str, rows: int) -> Finding:
    """That there are more rows than those that were named."""
    return Finding("rows", table, f"and {rows:,} more rows differ", mend_of(table), True)


def mend_of(table: str) -> str:
    """What to do where rows differ."""
    return f"rowtrail history {table} KEY shows what was recorded; ask who writes past the triggers"


def not_compared(table: str, error: DBAPIError) -> Finding:
    """That a table could not be compared."""
    problem = f"could not be compared: {explain(error)}"
    return Finding("rows", table, problem, "verify as somebody who may SELECT from it", True)
