"""Seals of the history, the digests of them that are kept elsewhere, and proofs for strangers.

What a seal is, sql/seals.sql says. A digest is the text of a seal and its hash; since each seal
takes in those before it, one digest holds all that was sealed until then.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from rowtrail.db import ALONE
from rowtrail.errors import RowtrailError, explain
from rowtrail.proof import merkle
from rowtrail.proof.signing import Verifier
from rowtrail.proof.verify import Finding

DIGEST = """
select s.id, rowtrail.seal_text(s) as text, encode(s.hash, 'hex') as hash
from rowtrail.seals as s
where s.id = coalesce(:seal, (select max(l.id) from rowtrail.seals as l))
"""

#: The seal of a version: the one that has its id.
SEAL_OF = """
select c.seal_id, c.part, array_position(c.ids, cast(:version as bigint)) - 1 as place, c.leaves
from rowtrail.seal_leaves as c
where cast(:version as bigint) between c.ids[1] and c.ids[cardinality(c.ids)]
  and cast(:version as bigint) = any (c.ids)
"""

RETIRED = """
select v.id, coalesce(v.changed_at, d.at) as changed_at, d.place
from rowtrail.retired_leaves as r
left join rowtrail.versions as v on v.id = r.retirement and v.row_key = '' and v.op = 'S'
left join rowtrail.departures as d on d.number = r.retirement
where coalesce(v.id, d.number) is not null
  and r.seal_id = :seal_id
  and r.part = :part
  and substring(r.gone from cast(:place as int) + 1 for 1) = B'1'
"""

PARTS = """
select rowtrail.tree_root(c.leaves) as root
from rowtrail.seal_leaves as c
where c.seal_id = :seal
order by c.part
"""

#: The values of a version that is sealed by commitments; none of one that is not.
DISCLOSED = "select d.place, d.salt, d.value from rowtrail.disclosed(:version) as d"

HASHES = "select s.hash from rowtrail.seals as s where s.id <= :last order by s.id"

NUMBERS = """
select n.number
from generate_series(
  coalesce(:first, 1), (select max(s.id) from rowtrail.seals as s)) as n (number)
"""

#: What is wrong with the seals is mended by people.
ASK = "somebody changed the history, or this is another database: compare with a backup"

LEAF = 32  # bytes

#: How often people are shown how far verifying has come.
PATIENCE = 0.2  # seconds


class Sealed(NamedTuple):
    """A seal that was made.

    Attributes:
        seal: its number.
        sealed_at: when.
        versions: how many it closes.
        hash: in hexadecimal.
    """

    seal: int
    sealed_at: datetime
    versions: int
    hash: str


def seal(connection: Connection) -> Sealed | None:
    """Seals what was committed since the last seal; None if there is nothing.

    Raises:
        RowtrailError: the login may not, which takes rowtrail_auditor.
    """
    try:
        with connection.begin():
            connection.execute(text(ALONE))
            row = connection.execute(text("select * from rowtrail.seal()")).one()
    except DBAPIError as error:
        raise RowtrailError(
            f"no seal was made: {explain(error)}"
            + ("; sealing takes the role rowtrail_auditor" * is_refused(error))
        ) from None
    return None if row.seal is None else Sealed(*row)


def seal_all(connection: Connection) -> list[Sealed]:
    """Seals until nothing is left: after a restore, what is left of each era before has a seal.

    Raises:
        RowtrailError: the login may not, which takes rowtrail_auditor.
    """
    made = []
    while (one := seal(connection)) is not None:
        made.append(one)
        ended = connection.scalar(
            text("select s.ends_era from rowtrail.seals as s where s.id = :seal"),
            {"seal": one.seal},
        )
        connection.commit()
        if not ended:
            break
    return made


def is_refused(error: DBAPIError) -> bool:
    """Whether a right is missing."""
    return getattr(error.orig, "pgcode", None) == "42501"


def digest(connection: Connection, number: int | None = None) -> dict[str, Any]:
    """The digest of a seal, or of the last one.

    Raises:
        RowtrailError: there is no such seal.
    """
    found = find_digest(connection, number)
    if found is None:
        raise RowtrailError(
            "there is no seal yet; make one: rowtrail seal"
            if number is None
            else f"there is no seal {number}"
        )
    return found


def last_digest(connection: Connection) -> dict[str, Any] | None:
    """The digest of the last seal, if there is one."""
    return find_digest(connection, None)


def find_digest(connection: Connection, number: int | None) -> dict[str, Any] | None:
    """The digest of a seal, or of the last one for None, if it is there."""
    row = connection.execute(text(DIGEST), {"seal": number}).one_or_none()
    return None if row is None else {"seal": row.id, "text": row.text, "hash": row.hash}


def numbers(connection: Connection, first: int | None = None) -> list[int]:
    """The numbers of all seals that there must be."""
    return list(connection.scalars(text(NUMBERS), {"first": first}))


def verify(connection: Connection, number: int) -> Iterator[Finding]:
    """What is wrong with a seal and the versions that it closes."""
    call = text("select * from rowtrail.verify_seal(:number)")
    for row in connection.execute(call, {"number": number}):
        yield Finding("seal", row.object, row.problem, row.mend, row.is_fault)


def verify_all(
    engine: Engine, numbers: Sequence[int], jobs: int, show: Callable[[int, int], None]
) -> list[Finding]:
    """What is wrong with seals and the versions that they close, in the order of the seals.

    Args:
        engine: connects to the database.
        numbers: of the seals.
        jobs: so many connections verify at once.
        show: is told how many seals are done, and of how many.

    Raises:
        DBAPIError: the database does not answer any more.
    """
    left = iter(numbers)
    found: dict[int, list[Finding]] = {}
    connections: list[Connection] = []
    taking = threading.Lock()

    def work() -> None:
        with engine.connect() as connection:
            connections.append(connection)
            while True:
                with taking:
                    number = next(left, None)
                if number is None:
                    return
                found[number] = list(verify(connection, number))
                # Not one snapshot for hours, for which dead rows would have to be kept.
                connection.rollback()

    with ThreadPoolExecutor(jobs) as pool:
        workers = [pool.submit(work) for _ in range(jobs)]
        try:
            while wait(workers, PATIENCE, FIRST_EXCEPTION).not_done:
                show(len(found), len(numbers))
                for worker in workers:
                    if worker.done():
                        worker.result()
            for worker in workers:
                worker.result()
        except BaseException:
            with taking:
                left = iter(())
            for connection in connections:
                with suppress(Exception):
                    connection.connection.dbapi_connection.cancel()  # type: ignore[union-attr]
            raise
    return [finding for number in numbers for finding in found[number]]


def verify_rest(connection: Connection, is_thorough: bool) -> Iterator[Finding]:
    """Versions that are older than the last seal and in none; imported ones that were changed."""
    call = text("select * from rowtrail.verify_sealed(:is_thorough)")
    for row in connection.execute(call, {"is_thorough": is_thorough}):
        yield Finding("seal", row.object, row.problem, row.mend, row.is_fault)
    for row in connection.execute(text("select * from rowtrail.verify_imported()")):
        yield Finding("import", row.object, row.problem, row.mend, row.is_fault)


def check_digests(
    connection: Connection, lines: Sequence[str], source: str, verifier: Verifier | None
) -> Iterator[Finding]:
    """What of the digests that were kept elsewhere the database cannot account for.

    Args:
        connection: to the database.
        lines: as of `compare_digests`, as the others.
    """
    return compare_digests(lambda number: find_digest(connection, number), lines, source, verifier)


def compare_digests(
    find: Callable[[int], dict[str, Any] | None],
    lines: Sequence[str],
    source: str,
    verifier: Verifier | None,
) -> Iterator[Finding]:
    """What of the digests that were kept elsewhere is not found again.

    Args:
        find: gives the digest of a seal, by its number, if it is there.
        lines: a digest each, oldest first.
        source: where they are from, for people.
        verifier: of the signature that each must have; without it none is asked for.
    """
    last = 0
    if not any(line.strip() for line in lines):
        problem = "holds no digest, so that nothing was compared with it"
        yield Finding("digest", source, problem, "give the file as it was written", True)
    for at, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{source}, line {at}"
        try:
            known = json.loads(line)
            number, said, named = int(known["seal"]), str(known["text"]), str(known["hash"])
            said.encode()
        # Whoever wrote it: also what is no number, no text, or nested without end.
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            yield Finding("digest", where, "is no digest", "give the file as it was written", True)
            continue
        if sha256(said.encode()).hexdigest() != named or f"\nseal {number}\n" not in said:
            problem = "is not what was written: its hash is of another text"
            yield Finding("digest", where, problem, "find the file as it was written", True)
            continue
        if verifier is not None and not verifier.accepts(said, known.get("signature")):
            problem = "is not signed by the key that was given"
            yield Finding("digest", where, problem, "ask who writes the digests", True)
            continue
        if number < last:
            problem = f"is of seal {number}, after one of seal {last}: it was put there again"
            yield Finding("digest", where, problem, "ask who writes the digests", True)
        last = max(number, last)
        found = find(number)
        if found is None:
            problem = f"is of seal {number}, which is not there: the history was cut off before it"
            yield Finding("digest", where, problem, ASK, True)
        elif (found["text"], found["hash"]) != (said, named):
            problem = f"is of another seal {number} than the one that is there"
            yield Finding("digest", where, problem, ASK, True)


def prove(connection: Connection, version: int, head: int | None = None) -> dict[str, Any]:
    """The proof that a version is in a seal, and that seal in the digest of a later one.

    Args:
        connection: as somebody who may read the history.
        version: the id of the version.
        head: the seal on whose digest the proof stands; without it, the last.

    Raises:
        RowtrailError: there is no such version, or no seal has it yet.
    """
    record = connection.scalar(text("select rowtrail.record_of(:version)"), {"version": version})
    found = connection.execute(text(SEAL_OF), {"version": version}).one_or_none()
    if found is None:
        raise RowtrailError(
            f"there is no version {version}"
            if record is None
            else f"version {version} is in no seal yet; make one: rowtrail seal"
        )
    if record is None:
        retired = connection.execute(text(RETIRED), dict(found._mapping)).one_or_none()
        if retired is not None:
            by = f", by version {retired.id}" if retired.id is not None else ""
            to = f", and went to {retired.place}" if retired.place is not None else ""
            raise RowtrailError(
                f"version {version} was retired at {retired.changed_at}{by}{to}; "
                "what stays of it is its hash: take the proof before it goes"
            )
        raise RowtrailError(
            f"version {version} is missing; seal {found.seal_id} has it; run: rowtrail verify"
        )
    kept = bytes(found.leaves)
    leaves = [kept[i : i + LEAF] for i in range(0, len(kept), LEAF)]
    parts = [bytes(one) for one in connection.scalars(text(PARTS), {"seal": found.seal_id})]
    if leaves[found.place] != merkle.leaf(bytes(record)):
        raise RowtrailError(
            f"version {version} is not what seal {found.seal_id} closed; run: rowtrail verify"
        )
    in_part, above = merkle.path(leaves, found.place), merkle.path(parts, found.part)
    values = connection.execute(text(DISCLOSED), {"version": version})
    shown = {row.place: {"salt": row.salt, "value": row.value} for row in values}
    return {
        "version": version,
        "record": base64.b64encode(bytes(record)).decode(),
        **({"values": shown} if shown else {}),
        "index": 65536 * found.part + found.place,
        "path": [one.hex() for one in in_part + above],
        **in_log(connection, found.seal_id, head),
    }


def prove_consistency(connection: Connection, first: int, second: int | None) -> dict[str, Any]:
    """The proof that the log of an earlier seal is the beginning of that of a later one.

    Raises:
        RowtrailError: one of them is not there, or they are the wrong way round.
    """
    proof = in_log(connection, first, second)
    leaves = log(connection, digest(connection, second)["seal"] - 1)
    path = merkle.consistency(leaves, first - 1) if first > 1 and leaves else []
    return proof | {"consistency": [one.hex() for one in path]}


def in_log(connection: Connection, number: int, head: int | None) -> dict[str, Any]:
    """That a seal is in the log of a later one, or is that one itself."""
    sealed, known = digest(connection, number), digest(connection, head)
    if known["seal"] < number:
        raise RowtrailError(f"seal {known['seal']} was made before seal {number}; name a later one")
    is_head = known["seal"] == number
    path = [] if is_head else merkle.path(log(connection, known["seal"] - 1), number - 1)
    return {
        "seal": sealed["text"],
        "log_path": [one.hex() for one in path],
        "head": known["text"],
    }


def log(connection: Connection, last: int) -> list[bytes]:
    """The leaves of the log up to a seal."""
    return [merkle.leaf(bytes(one)) for one in connection.scalars(text(HASHES), {"last": last})]
