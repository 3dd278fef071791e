"""The contract of the history: what the database itself finds, and whose its functions are."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text

from rowtrail.proof.verify import Finding
from rowtrail.schema import SQL_FILES, sql_folder

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


def contract(connection: Connection) -> Iterator[Finding]:
    """What the database itself finds, and functions that are not those of this release."""
    named = set()
    for row in connection.execute(text("select * from rowtrail.verify()")):
        named.add(row.object)
        yield Finding(row.part, row.object, row.problem, row.mend, row.is_fault)
    for found in (*foreign_functions(connection), *replaced_functions(connection)):
        if found.object not in named:
            yield found


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
