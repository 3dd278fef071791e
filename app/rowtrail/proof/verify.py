"""What `rowtrail verify` looks at: the contract of the history, its code, and each table's rows."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import explain
from rowtrail.schema import SQL_FILES, sql_folder

#: Of the rows of a table that differ from their history, so many are named.
NAMED = 10

#: A function as it stands in sql/: its name, what it is declared as, and its body as PostgreSQL
#: keeps it.
FUNCTION = re.compile(
    r"^create or replace (?:function|procedure) rowtrail\.(\w+)\((.*?)^as \$\$(.*?)^\$\$;",
    re.MULTILINE | re.DOTALL,
)

#: The lines of a declaration that say how the function runs.
TRAIT = re.compile(
    r"^(language \w+|immutable|stable|strict|security definer|parallel \w+|set (\w+) = (.*))$",
    re.MULTILINE,
)

#: So that no name is looked for where the database, or the role, has it looked for, nor written as
#: it wants them.
PIN_NAMES = "set search_path = pg_catalog, pg_temp; set quote_all_identifiers = off"

#: Made in the database from another function; rowtrail.verify() compares the two.
DERIVED = "capture_partition"

LIVE_FUNCTIONS = """
select
  p.oid::regprocedure::text as signature, p.proname::text as name, p.prosrc as body,
  array_remove(
    array[
      'language ' || l.lanname,
      case p.provolatile when 'i' then 'immutable' when 's' then 'stable' end,
      case when p.proisstrict then 'strict' end,
      case when p.prosecdef then 'security definer' end,
      case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end
    ] || p.proconfig,
    null) as traits
from pg_proc as p
join pg_language as l on l.oid = p.prolang
where p.pronamespace = 'rowtrail'::regnamespace
order by 1
"""

#: Functions of PostgreSQL that are no programs of the server itself, of these names or behind
#: operators.
REPLACEABLE = """
select p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as signature
from pg_proc as p
join pg_language as l on l.oid = p.prolang
where p.pronamespace = 'pg_catalog'::regnamespace
  and l.lanname not in ('internal', 'c')
  and (
    p.proname = any (:names)
    or exists (
      select from pg_operator as o
      where o.oprcode = p.oid and o.oprnamespace = p.pronamespace))
order by 1
"""

#: Those that it has so, of names that rowtrail says or behind operators; of 14 to 18 the same.
IN_SQL = """
age(timestamp with time zone)
age(timestamp without time zone)
anytextcat(anynonarray, text)
int8pl_inet(bigint, inet)
integer_pl_date(integer, date)
interval_pl_date(interval, date)
interval_pl_time(interval, time without time zone)
interval_pl_timestamp(interval, timestamp without time zone)
interval_pl_timestamptz(interval, timestamp with time zone)
interval_pl_timetz(interval, time with time zone)
log(numeric)
lpad(text, integer)
numeric_pl_pg_lsn(numeric, pg_lsn)
path_contain_pt(path, point)
pg_relation_size(regclass)
quote_literal(anyelement)
substring(text, text, text)
textanycat(text, anynonarray)
timedate_pl(time without time zone, date)
timestamptz(date, time without time zone)
timetzdate_pl(time with time zone, date)
""".strip().splitlines()

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


def contract(connection: Connection) -> Iterator[Finding]:
    """What the database itself finds, and functions that are not those of this release."""
    named = set()
    for row in connection.execute(text("select * from rowtrail.verify()")):
        named.add(row.object)
        yield Finding(row.part, row.object, row.problem, row.mend, row.is_fault)
    for found in (*foreign_functions(connection), *replaced_functions(connection)):
        if found.object not in named:
            yield found


def pin_names(connection: Connection) -> None:
    """From now on in this session, names mean what PostgreSQL and rowtrail mean by them.

    Who may set `search_path` for the database could else show a catalogue that is not true.
    """
    connection.execute(text(PIN_NAMES))
    connection.commit()


def foreign_functions(connection: Connection) -> Iterator[Finding]:
    """The functions of the schema that this release of rowtrail did not install as they are."""
    mend = "run: rowtrail upgrade; and ask who changed it"
    expected = functions_of_release()
    missing = set(expected)
    named = set()
    for row in connection.execute(text(LIVE_FUNCTIONS)):
        live = Function(row.name, traits_of(row.traits), digest(row.body))
        if row.name == DERIVED:
            is_ours = any((one.name, one.traits) == ("capture", live.traits) for one in expected)
        else:
            # A second one of the same text, for other arguments, is nobody's.
            is_ours = live in missing
            missing.discard(live)
        if is_ours:
            continue
        named.add(row.name)
        known = row.name == DERIVED or any(one.name == row.name for one in missing)
        problem = "is not what this release installs" if known else "is none of this release's"
        found = mend if known else f"drop routine {row.signature};"
        yield Finding("function", row.signature, problem, found, True)
    for one in expected:
        if one in missing and one.name not in named:
            problem = "is missing as this release installs it"
            yield Finding("function", f"rowtrail.{one.name}", problem, mend, True)


def replaced_functions(connection: Connection) -> Iterator[Finding]:
    """Functions of PostgreSQL that somebody replaced, by which the seals could be made to verify.

    One that is a program of the server is called as that, whatever the catalogue says of it.
    """
    names = set()
    for file in SQL_FILES:
        names |= set(re.findall(r"\w+", (sql_folder() / file).read_text(encoding="utf-8")))
    for row in connection.execute(text(REPLACEABLE), {"names": sorted(names)}):
        if row.signature not in IN_SQL:
            problem = "is not PostgreSQL's own: what rowtrail verify is told may not be true"
            mend = "verify a dump of this database in a server of your own; and ask who replaced it"
            yield Finding("function", f"pg_catalog.{row.signature}", problem, mend, True)


class Function(NamedTuple):
    """What tells a function: the name, how it is declared to run, and the digest of its body."""

    name: str
    traits: frozenset[str]
    digest: str


def functions_of_release() -> list[Function]:
    """The functions that this release installs."""
    return [
        Function(name, traits_of(declared(head)), digest(body))
        for file in SQL_FILES
        for name, head, body in FUNCTION.findall((sql_folder() / file).read_text(encoding="utf-8"))
    ]


def declared(head: str) -> Iterator[str]:
    """How a function runs, by what stands before its body, as the catalogue has it."""
    for trait, setting, value in TRAIT.findall(head):
        quoted = value.startswith("'") and value.endswith("'")
        yield f"{setting}={value[1:-1] if quoted else value}" if setting else trait


def traits_of(said: Iterable[str]) -> frozenset[str]:
    """The same however the names of settings are written."""
    return frozenset(re.sub(r"^\w+=", lambda found: found[0].lower(), one) for one in said)


def digest(body: str) -> str:
    """What tells a function's body, whatever line ends it was installed with."""
    return hashlib.sha256(body.replace(chr(13), "").encode()).hexdigest()


def tracked_tables(connection: Connection) -> list[tuple[int, str]]:
    """The oid and the name of each table that is tracked."""
    return [(row.oid, row.table_name) for row in connection.execute(text(TRACKED))]


def rows(connection: Connection, oid: int, table: str) -> Iterator[Finding]:
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
    """What `rows` gives, by steps, each in a transaction of its own.

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
