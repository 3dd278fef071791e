"""Promises about seals: each closes what was committed since the one before, and nobody waits."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]

KEPT = """
select l.id
from rowtrail.seal_leaves as c cross join lateral rowtrail.leaves_in(c.ids, c.leaves, null) as l
where c.seal_id = %s order by l.id
"""


@pytest.fixture
def auditor(logins: None, make_login: Callable[..., Any], connect_as: Callable[[str], Run]) -> Run:
    """A session of a member of rowtrail_auditor."""
    make_login("auditor", member_of="rowtrail_auditor")
    return connect_as("auditor")


def sealed(run: Run) -> Any:
    """The number of the seal that was made, and how many versions it closes."""
    [(number, versions)] = run("select seal, versions from rowtrail.seal()")
    return number, versions


def faults(run: Run) -> list[str]:
    """What is wrong with any seal."""
    found = run(
        "select f.object || ' ' || f.problem "
        "from generate_series(1, (select last_seal from rowtrail.unsealed())) as n (number) "
        "cross join lateral rowtrail.verify_seal(n.number) as f order by n.number"
    )
    return [
        line
        for (line,) in found
        + run("select f.object || ' ' || f.problem from rowtrail.verify_sealed() as f")
    ]


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The hash of a tree as RFC 9162 defines it, in 2.1.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\1" + merkle_root(leaves[:half]) + merkle_root(leaves[half:])).digest()


def test_a_seal_closes_what_was_committed_since_the_one_before(
    animals: str, writer: Run, auditor: Run
) -> None:
    writer("insert into animals values (1, 'cat', 4), (2, 'dog', 4)")
    number, versions = sealed(auditor)
    assert (number, versions) == (1, 2)
    writer("update animals set legs = 3 where id = 1")
    writer("begin")
    writer("delete from animals where id = 2")
    writer("rollback")
    assert sealed(auditor) == (2, 1)
    assert sealed(auditor) == (None, None)
    assert faults(auditor) == []


def test_a_seal_waits_for_nobody_and_has_who_commits_late_in_the_next(
    animals: str, writer: Run, auditor: Run, connect_as: Callable[[str], Run], superuser: Run
) -> None:
    other = connect_as("writer")
    writer("begin")
    writer("insert into animals values (1, 'late', 4)")
    other("insert into animals values (2, 'early', 4)")
    assert sealed(auditor) == (1, 1)
    writer("commit")
    other("insert into animals values (3, 'after', 4)")
    assert sealed(auditor) == (2, 2)
    [(first,)] = superuser(KEPT, 1)
    assert superuser(KEPT, 2)[0][0] < first
    assert faults(auditor) == []


def test_a_writer_does_not_wait_for_a_seal(
    animals: str, writer: Run, auditor: Run, superuser: Run
) -> None:
    writer("set lock_timeout = '1s'")
    writer("insert into animals values (1, 'cat', 4)")
    auditor("begin")
    assert sealed(auditor) == (1, 1)
    writer("insert into animals values (2, 'dog', 4)")
    writer("truncate animals")
    auditor("commit")
    assert sealed(auditor) == (2, 2)
    assert faults(auditor) == []


def test_a_prepared_transaction_is_in_the_seal_after_its_commit(
    animals: str, writer: Run, auditor: Run
) -> None:
    writer("begin")
    writer("insert into animals values (1, 'prepared', 4)")
    writer("prepare transaction 'of seals'")
    writer("insert into animals values (2, 'dog', 4)")
    assert sealed(auditor) == (1, 1)
    assert sealed(auditor) == (None, None)
    writer("commit prepared 'of seals'")
    assert sealed(auditor) == (2, 1)
    assert faults(auditor) == []


def test_two_sealers_at_once_seal_nothing_twice(
    animals: str, writer: Run, auditor: Run, connect_as: Callable[[str], Run]
) -> None:
    other = connect_as("auditor")
    writer("insert into animals select n, 'x', 4 from generate_series(1, 50) as n")
    auditor("begin")
    assert sealed(auditor) == (1, 50)
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(sealed(other)))
    waiting.start()
    time.sleep(0.3)
    assert waiting.is_alive()
    writer("insert into animals values (51, 'x', 4)")
    auditor("commit")
    waiting.join(timeout=30)
    assert found == [(2, 1)]
    assert faults(auditor) == []


def test_a_lock_that_any_login_can_take_does_not_stop_a_seal(
    animals: str, writer: Run, auditor: Run
) -> None:
    writer("insert into animals values (1, 'cat', 4)")
    writer("begin")
    for key in ("rowtrail", "seal"):
        writer(f"select pg_advisory_lock({int.from_bytes(key.encode())})")
    auditor("set lock_timeout = '1s'")
    assert sealed(auditor) == (1, 1)


@pytest.mark.parametrize("login", ["writer", "reader", "owner"])
def test_only_an_auditor_may_seal(
    animals: str, login: str, connect_as: Callable[[str], Run], logins: None
) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        connect_as(login)("select rowtrail.seal()")


def test_an_auditor_may_neither_write_seals_nor_versions(animals: str, auditor: Run) -> None:
    for table in ("seals", "seal_leaves", "versions"):
        for statement in (f"delete from rowtrail.{table}", f"truncate rowtrail.{table}"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                auditor(statement)


def test_a_transaction_that_would_not_see_the_seal_before_is_refused(
    animals: str, writer: Run, auditor: Run
) -> None:
    writer("insert into animals values (1, 'cat', 4)")
    auditor("begin isolation level repeatable read")
    with pytest.raises(psycopg2.errors.InvalidTransactionState, match="READ COMMITTED"):
        auditor("select rowtrail.seal()")
    auditor("rollback")
    assert sealed(auditor) == (1, 1)


def test_what_the_session_has_set_does_not_matter(
    animals: str, writer: Run, auditor: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'Käthe €', 4)")
    auditor(
        "set client_encoding = 'LATIN9'; set timezone = 'Asia/Kolkata'; set datestyle = 'German'; "
        "set bytea_output = 'escape'; set extra_float_digits = -15; set row_security = off"
    )
    assert sealed(auditor) == (1, 1)
    assert faults(reader) == []
    assert faults(auditor) == []


def test_the_leaf_of_a_version_is_the_same_on_every_server(superuser: Run) -> None:
    # A seal that was made is verified by these bytes for ever: this value never changes.
    [(leaf,)] = superuser(
        "select encode(rowtrail.leaf(row(4700, '2026-11-26 12:34:56.789012+02', '77', 3, 1, 16400, "
        "null, '(0,1)', '(7,42)', 'U', 'Zoë', null, 'alice', 'app', "
        """'{"id": 1, "name": "Zoë", "cost": 1.50}', '{"cost": 1.5}', null, """
        """'{"reason": "ticket"}', null)::rowtrail.versions), 'hex')"""
    )
    assert leaf == "37e3c270f49584598f327583515154052a3ad80d1ed2128ab6fac858929f5ac9"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 100])
def test_the_root_is_that_of_rfc_9162(superuser: Run, size: int) -> None:
    leaves = [sha256(bytes([n])).digest() for n in range(size)]
    [(root,)] = superuser("select rowtrail.tree_root(%s)", b"".join(leaves))
    assert bytes(root) == merkle_root(leaves)


def test_the_peaks_have_the_root_of_their_tree(superuser: Run) -> None:
    leaves: list[bytes] = []
    peaks = b""
    for n in range(70):
        [(root,)] = superuser("select rowtrail.peaks_root(%s)", peaks)
        assert bytes(root) == merkle_root(leaves)
        leaves.append(sha256(bytes([n])).digest())
        [(peaks,)] = superuser("select rowtrail.with_leaf(%s, %s, %s)", peaks, n, leaves[-1])


def test_a_large_seal_has_parts_and_one_root(
    animals: str, writer: Run, auditor: Run, superuser: Run
) -> None:
    writer("insert into animals select n, 'x', 4 from generate_series(1, 65537 + 3) as n")
    assert sealed(auditor) == (1, 65540)
    parts = superuser("select leaves, cardinality(ids) from rowtrail.seal_leaves order by part")
    assert [number for _, number in parts] == [65536, 4]
    leaves = b"".join(bytes(part) for part, _ in parts)
    [(root,)] = superuser("select root from rowtrail.seals")
    assert bytes(root) == merkle_root([leaves[i : i + 32] for i in range(0, len(leaves), 32)])
    assert faults(auditor) == []


def test_every_seal_has_the_log_of_those_before(
    animals: str, writer: Run, auditor: Run, superuser: Run
) -> None:
    for n in range(9):
        writer("insert into animals values (%s, 'x', 4)", n)
        assert sealed(auditor) == (n + 1, 1)
    rows = superuser("select hash, log_root, previous from rowtrail.seals order by id")
    hashes = [bytes(row[0]) for row in rows]
    for n, (_, log_root, previous) in enumerate(rows):
        leaves = [sha256(b"\0" + one).digest() for one in hashes[:n]]
        assert bytes(log_root) == merkle_root(leaves)
        assert bytes(previous) == (hashes[n - 1] if n else bytes(32))


def test_each_version_is_in_one_seal_whenever_it_is_committed(
    animals: str, auditor: Run, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    chance = random.Random(5)
    sessions = [connect_as("writer") for _ in range(4)]
    in_transaction = [False] * 4
    key = 0
    for _ in range(300):
        one = chance.randrange(4)
        match chance.randrange(6):
            case 0 if not in_transaction[one]:
                sessions[one]("begin")
                in_transaction[one] = True
            case 1 if in_transaction[one]:
                sessions[one](chance.choice(["commit", "rollback"]))
                in_transaction[one] = False
            case 2:
                auditor("select rowtrail.seal()")
            case 3 if in_transaction[one]:
                sessions[one]("savepoint s")
                sessions[one]("insert into animals values (%s, 'undone', 4)", -1 - one)
                sessions[one]("rollback to s")
            case _:
                key += 1
                sessions[one]("insert into animals values (%s, 'x', 4)", key)
    for run, is_open in zip(sessions, in_transaction, strict=True):
        if is_open:
            run("commit")
    auditor("select rowtrail.seal()")
    kept = superuser(
        "select u.id from rowtrail.seal_leaves as c cross join lateral unnest(c.ids) as u (id) "
        "order by 1"
    )
    assert kept == superuser("select id from rowtrail.versions order by id")
    assert len(superuser("select id from rowtrail.seals")) > 20
    assert faults(auditor) == []


def test_what_is_not_sealed_yet_is_counted(
    animals: str, writer: Run, reader: Run, auditor: Run
) -> None:
    counted = "select versions, oldest is not null, last_seal from rowtrail.unsealed()"
    [(before, _, _)] = reader(counted)
    writer("insert into animals values (1, 'cat', 4)")
    assert reader(counted) == [(before + 1, True, None)]
    sealed(auditor)
    assert reader(counted) == [(0, False, 1)]
    writer("insert into animals values (2, 'dog', 4), (3, 'cow', 4)")
    assert reader(counted) == [(2, True, 1)]


def test_another_life_of_the_cluster_begins_another_era(
    animals: str, writer: Run, auditor: Run, superuser: Run
) -> None:
    writer("insert into animals values (1, 'sealed', 4)")
    assert sealed(auditor)[1] == 1
    writer("insert into animals values (2, 'of the dump', 4)")
    # As after a restore: the seal is of another cluster.
    superuser("update rowtrail.seals set system_identifier = 1")
    superuser(
        "update rowtrail.seals as s set hash = sha256(convert_to(rowtrail.seal_text(s), 'UTF8'))"
    )
    superuser(
        "update rowtrail.seals as s set peaks = rowtrail.with_leaf('', 0, rowtrail.log_leaf(hash))"
    )
    writer("insert into animals values (3, 'restored', 4)")
    [(problem, is_fault)] = auditor("select problem, is_fault from rowtrail.verify_sealed()")
    assert "brought into another cluster" in problem
    assert not is_fault
    assert sealed(auditor) == (2, 2)
    writer("insert into animals values (4, 'of the new life', 4)")
    assert superuser("select era, ends_era, versions from rowtrail.seals order by id")[1:] == [
        (1, True, 2)
    ]
    assert sealed(auditor) == (3, 1)
    assert superuser("select era, ends_era from rowtrail.seals where id = 3") == [(2, False)]
    assert faults(auditor) == []


def test_an_era_of_which_all_is_sealed_can_end(superuser: Run, animals: str) -> None:
    superuser("insert into animals values (1, 'ape', 2)")
    assert sealed(superuser) == (1, 1)
    # As after a restore from a dump: the table of the versions has another number.
    superuser("update rowtrail.eras set relid = 1")
    superuser("select rowtrail.begin_era()")
    assert sealed(superuser) == (2, 0)
    superuser("update animals set legs = 3")
    assert sealed(superuser) == (3, 1)
    assert faults(superuser) == []
