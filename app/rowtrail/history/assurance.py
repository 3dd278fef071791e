"""What an auditor asks of a history: is it recorded, guarded, sealed, and when was it verified?

The answers are the database's own word: rowtrail.integrity() and rowtrail.verifications.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, LargeBinary, column, func, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.orm import Session

from rowtrail.history.answers import Cursor

#: Of seals a page has so many, and of verifications the newest so many are shown.
SEALS, VERIFICATIONS = 50, 5

#: Unsealed versions, and those in the default partition, are counted up to here.
COUNTED, COUNTED_STRAYS = 100_000, 10_000

LAST_DIGEST = """
select s.id, rowtrail.seal_text(s) as text, encode(s.hash, 'hex') as hash
from rowtrail.seals as s
order by s.id desc
limit 1
"""

#: The newest, and the last that left nothing out.
NEWEST_VERIFICATIONS = """
select v.*
from rowtrail.verifications as v
where v.id in (select n.id from rowtrail.verifications as n order by n.id desc limit :newest)
  or v.id = (select max(w.id) from rowtrail.verifications as w where w.left_out = '{}')
order by v.id desc
"""

READS_ALL = """
select coalesce(
  (
    select has_table_privilege(c.oid, 'select')
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = 'rowtrail' and c.relname = 'seals'),
  true)
"""

seals_table = sql_table(
    "seals",
    column("id", BigInteger),
    column("sealed_at", DateTime),
    column("versions", BigInteger),
    column("ends_era"),
    column("hash", LargeBinary),
    schema="rowtrail",
)


@dataclass(frozen=True)
class Found:
    """Something that is not as it must be, or is worth knowing.

    Attributes:
        part: of what: table, role, owner, grant, versions, function, guard, setting, seal, digest
            or rows.
        object: which.
        problem: what is wrong with it.
        mend: what mends it; None where a person has to look.
        is_fault: whether it is wrong.
    """

    part: str
    object: str
    problem: str
    mend: str | None
    is_fault: bool


@dataclass(frozen=True)
class Integrity:
    """What rowtrail.integrity() says, by its names.

    Attributes:
        tables: how many are tracked.
        faulty_tables: how many are not recorded as they must be.
        stale_tables: how many have triggers that are out of date; all is recorded, only slower.
        findings: what is not as it must be just now; the first 100, faults first.
        in_default_partition: versions of months without a partition, counted up to
            `COUNTED_STRAYS` + 1.
        is_new_life: whether the database came into another cluster since its last seal.
        unsealed: versions that no seal has, counted up to `COUNTED` + 1; None in a new life.
    """

    tables: int
    faulty_tables: int
    stale_tables: int
    is_guarded: bool
    records_schema_changes: bool
    faults: int
    notes: int
    findings: list[Found]
    in_default_partition: int
    last_seal: int | None
    sealed_at: datetime | None
    seal_hash: str | None
    is_new_life: bool
    unsealed: int | None
    oldest_unsealed: datetime | None
    verified_at: datetime | None
    verified_by: str | None
    verification_faults: int | None
    wholly_verified_at: datetime | None
    whole_verification_faults: int | None


@dataclass(frozen=True)
class Lag:
    """What the history database has not got yet: what rowtrail.unshipped() says.

    Attributes:
        place: which history database; None where the history is not shipped.
        seal_id: the last seal that is there.
        shipped_at: when it was last known that all up to it is.
        seals: how many are not there.
        versions: how many versions they have.
        oldest: when the oldest of them was made.
    """

    place: str | None = None
    seal_id: int | None = None
    shipped_at: datetime | None = None
    seals: int | None = None
    versions: int | None = None
    oldest: datetime | None = None


@dataclass(frozen=True)
class Seal:
    """A seal.

    Attributes:
        versions: how many it closes.
        ends_era: whether it is the last of a life of the cluster.
        hash: in hexadecimal.
    """

    number: int
    sealed_at: datetime
    versions: int
    ends_era: bool
    hash: str


@dataclass(frozen=True)
class SealPage:
    """Some seals, newest first, and where there are more."""

    seals: list[Seal]
    older: Cursor | None
    newer: Cursor | None


@dataclass(frozen=True)
class Verification:
    """What a run of `rowtrail verify` found.

    Attributes:
        login: who ran it.
        seals: how many were compared with their versions.
        tables: how many were compared with their history.
        digests: how many, kept elsewhere, were looked for.
        left_out: what was not looked at: rows, other tables, seals, earlier seals.
        findings: the first 100, faults first.
    """

    number: int
    begun_at: datetime
    done_at: datetime
    login: str
    faults: int
    notes: int
    seals: int
    tables: int
    digests: int
    left_out: list[str]
    findings: list[Found]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out."""
        return not self.left_out


def reads_all(session: Session) -> bool:
    """Whether who asks reads all history, and so may know of it as a whole."""
    return bool(session.scalar(text(READS_ALL)))


def integrity(session: Session) -> Integrity:
    """How the history is, by its own word."""
    row = session.execute(text("select * from rowtrail.integrity()")).one()
    return Integrity(**{**row._mapping, "findings": found_of(row.findings)})


def lag(session: Session) -> Lag:
    """How far the history database is behind."""
    return Lag(**session.execute(text("select * from rowtrail.unshipped()")).one()._mapping)


def last_digest(session: Session) -> dict[str, Any] | None:
    """The digest of the last seal, as `rowtrail digest` prints it; None where there is no seal."""
    row = session.execute(text(LAST_DIGEST)).one_or_none()
    return None if row is None else {"seal": row.id, "text": row.text, "hash": row.hash}


def sealed(session: Session, cursor: Cursor) -> SealPage:
    """A page of the seals, newest first.

    Args:
        session: of the reader.
        cursor: before or after which seal, by its number; else the newest.
    """
    s = seals_table.c
    upward = cursor.after is not None
    wanted = select(s.id, s.sealed_at, s.versions, s.ends_era, func.encode(s.hash, "hex"))
    if cursor.after is not None:
        wanted = wanted.where(s.id > cursor.after)
    elif cursor.before is not None:
        wanted = wanted.where(s.id < cursor.before)
    rows = session.execute(wanted.order_by(s.id if upward else s.id.desc()).limit(SEALS + 1))
    found = [Seal(*row) for row in rows]
    has_more = len(found) > SEALS
    shown = found[:SEALS][::-1] if upward else found[:SEALS]
    newest = session.scalar(select(func.max(s.id))) or 0
    if not shown:
        # Beyond either end: the way back is from there.
        older = Cursor(before=newest + 1) if upward and newest else None
        newer = Cursor(after=0) if cursor.before is not None and newest else None
        return SealPage([], older, newer)
    has_older = has_more if not upward else shown[-1].number > 1
    return SealPage(
        shown,
        older=Cursor(before=shown[-1].number) if has_older else None,
        newer=Cursor(after=shown[0].number) if shown[0].number < newest else None,
    )


def verifications(session: Session) -> list[Verification]:
    """The newest verifications, newest first, and the last one that left nothing out."""
    rows = session.execute(text(NEWEST_VERIFICATIONS), {"newest": VERIFICATIONS})
    return [
        Verification(
            number=row.id,
            begun_at=row.begun_at,
            done_at=row.done_at,
            login=row.login,
            faults=row.faults,
            notes=row.notes,
            seals=row.seals,
            tables=row.tables,
            digests=row.digests,
            left_out=row.left_out,
            findings=found_of(row.findings),
        )
        for row in rows
    ]


def found_of(findings: list[dict[str, Any]]) -> list[Found]:
    """Findings as the database keeps them."""
    return [
        Found(
            part=str(one.get("part") or ""),
            object=str(one.get("object") or ""),
            problem=str(one.get("problem") or ""),
            mend=one.get("mend"),
            is_fault=bool(one.get("is_fault")),
        )
        for one in findings
    ]
