"""What an auditor is told of the history in one row, and what is kept of each verification."""

import json
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Engine

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]
Denied = psycopg2.errors.InsufficientPrivilege

NOTE = (
    "select rowtrail.note_verification(now() - interval '1 minute', %s, 0, 1, 1, 0, "
    "'{earlier seals}', %s)"
)


@pytest.fixture
def auditor(make_login: Callable[..., Engine], connect_as: Callable[[str], Run]) -> Run:
    """A session of a member of rowtrail_auditor."""
    make_login("auditor", member_of="rowtrail_auditor")
    return connect_as("auditor")


def facts(run: Run, *names: str) -> Any:
    """Some of what rowtrail.integrity() says."""
    [row] = run(f"select {', '.join(names)} from rowtrail.integrity()")
    return row


def finding(number: int, **said: Any) -> dict[str, Any]:
    fault = {"part": "rows", "object": f"row {number}", "problem": "is gone", "mend": None}
    return fault | {"is_fault": True} | said


def test_a_verification_is_noted_in_the_name_of_the_login(auditor: Run, reader: Run) -> None:
    [(number,)] = auditor(NOTE, 3, json.dumps([finding(1)]))
    assert reader(
        "select id, login, faults, notes, seals, tables, digests, left_out, findings, "
        "done_at - begun_at between '59 s' and '90 s' from rowtrail.verifications"
    ) == [(number, "auditor", 3, 0, 1, 1, 0, ["earlier seals"], [finding(1)], True)]


def test_of_what_a_verification_found_a_bounded_part_is_kept(auditor: Run, reader: Run) -> None:
    many = [finding(n, problem="x" * 5000, other="y") for n in range(150)]
    auditor(NOTE, 150, json.dumps(many))
    [(kept,)] = reader("select findings from rowtrail.verifications")
    assert kept == [finding(n, problem="x" * 1000) for n in range(100)]


def test_a_clock_that_was_set_back_does_not_end_before_it_began(auditor: Run, reader: Run) -> None:
    auditor(NOTE.replace("- interval", "+ interval"), 0, "[]")
    assert reader("select begun_at = done_at from rowtrail.verifications") == [(True,)]


@pytest.mark.parametrize("left_out", ["'{all}'", "null"])
def test_what_was_left_out_is_a_known_word(auditor: Run, left_out: str) -> None:
    with pytest.raises(psycopg2.errors.IntegrityError):
        auditor(NOTE.replace("'{earlier seals}'", left_out), 0, "[]")


def test_nobody_but_an_auditor_notes_and_nobody_changes_a_verification(
    auditor: Run, reader: Run, owner: Run, writer: Run, make_login: Callable[..., Engine],
    connect_as: Callable[[str], Run],
) -> None:  # fmt: skip
    make_login("clerk", member_of="rowtrail_limited_reader")
    clerk = connect_as("clerk")
    auditor(NOTE, 0, "[]")
    for run in (reader, owner, writer, clerk):
        with pytest.raises(Denied):
            run(NOTE, 0, "[]")
    for run in (auditor, reader, owner, writer, clerk):
        for statement in (
            "insert into rowtrail.verifications (faults) values (0)",
            "update rowtrail.verifications set faults = 0",
            "delete from rowtrail.verifications",
            "truncate rowtrail.verifications",
        ):
            with pytest.raises(Denied):
                run(statement)
    for run in (owner, writer, clerk):
        with pytest.raises(Denied):
            run("select * from rowtrail.verifications")


def test_a_history_without_a_seal_or_a_verification_says_so(animals: str, reader: Run) -> None:
    assert facts(
        reader,
        *("tables", "faulty_tables", "is_guarded", "records_schema_changes", "faults", "notes"),
        *("findings", "in_default_partition", "last_seal", "sealed_at", "seal_hash", "is_new_life"),
        *("unsealed", "oldest_unsealed", "verified_at", "verified_by", "verification_faults"),
        *("wholly_verified_at", "whole_verification_faults"),
    ) == (1, 0, True, True, 0, 0, [], 0, None, None, None, False, 0, *[None] * 6)


def test_what_no_seal_has_is_counted_and_dated(
    animals: str, writer: Run, reader: Run, auditor: Run
) -> None:
    writer("insert into animals values (1), (2), (3)")
    assert facts(reader, "unsealed", "last_seal") == (3, None)
    [(oldest,)] = reader("select min(changed_at) from rowtrail.versions")
    assert facts(reader, "oldest_unsealed") == (oldest,)
    [(seal, sealed_at, digest)] = auditor("select seal, sealed_at, hash from rowtrail.seal()")
    assert facts(reader, "unsealed", "oldest_unsealed") == (0, None)
    assert facts(reader, "last_seal", "sealed_at", "seal_hash") == (seal, sealed_at, digest)
    writer("update animals set legs = 4")
    [(oldest,)] = reader("select min(changed_at) from rowtrail.versions where op = 'U'")
    assert facts(reader, "unsealed", "oldest_unsealed") == (3, oldest)


@pytest.mark.parametrize("is_sealed", [False, True])
def test_what_no_seal_has_can_be_counted_up_to_a_bound(
    animals: str, writer: Run, reader: Run, auditor: Run, is_sealed: bool
) -> None:
    writer("insert into animals values (0)")
    if is_sealed:
        auditor("select rowtrail.seal()")
    writer("insert into animals values (1), (2)")
    writer("insert into animals values (3)")
    [(oldest, whole)] = reader("select oldest, versions from rowtrail.unsealed()")
    assert whole == (3 if is_sealed else 4)
    assert reader("select versions, oldest from rowtrail.unsealed(2)") == [(2, oldest)]


def test_in_another_cluster_it_is_not_known_what_is_sealed(
    animals: str, writer: Run, reader: Run, auditor: Run, superuser: Run
) -> None:
    writer("insert into animals values (1)")
    auditor("select rowtrail.seal()")
    superuser("update rowtrail.seals set system_identifier = 1")
    [(sealed_at,)] = reader("select sealed_at from rowtrail.seals")
    names = ("is_new_life", "unsealed", "oldest_unsealed")
    assert facts(reader, *names) == (True, None, sealed_at)


def test_tables_that_are_not_as_they_must_be_are_found_and_counted(
    animals: str, make_table: MakeTable, owner: Run, superuser: Run, reader: Run
) -> None:
    for name in ("gone", "ended"):
        make_table(f"{name} (id int primary key)")
    owner("drop table gone")
    owner("select rowtrail.untrack('ended')")
    assert facts(reader, "tables", "faulty_tables", "faults") == (1, 0, 0)
    owner("alter table animals add column wings int")
    assert facts(reader, "faulty_tables", "stale_tables", "faults", "notes") == (0, 1, 0, 1)
    owner("select rowtrail.track('animals')")
    superuser("alter table animals disable trigger all")
    assert facts(reader, "tables", "faulty_tables", "faults", "findings") == (
        1, 1, 1,
        [
            {
                "part": "table", "object": "public.animals", "problem": "trigger disabled",
                "mend": "select rowtrail.track('public.animals');", "is_fault": True,
            }
        ],
    )  # fmt: skip


def test_faults_come_before_what_is_only_worth_knowing_and_a_hundred_are_told(
    animals: str, superuser: Run, reader: Run
) -> None:
    superuser("create role helper; grant rowtrail_capture to helper")
    try:
        for number in range(101):
            superuser(
                f"create rule skip_{number} as on insert to rowtrail.versions_default "
                "do instead nothing"
            )
        [faults, notes, findings] = facts(reader, "faults", "notes", "findings")
        assert (faults, notes, len(findings)) == (101, 1, 100)
        assert {one["is_fault"] for one in findings} == {True}
    finally:
        superuser("drop role helper")


def test_event_triggers_that_are_off_are_told(reader: Run, superuser: Run) -> None:
    superuser("alter event trigger rowtrail_guard_drop disable")
    assert facts(reader, "is_guarded", "records_schema_changes") == (False, True)
    superuser("alter event trigger rowtrail_table_rewrite enable replica")
    assert facts(reader, "is_guarded", "records_schema_changes") == (False, False)


def test_versions_in_the_default_partition_are_counted_by_a_reader(
    animals: str, writer: Run, reader: Run, superuser: Run
) -> None:
    [(month,)] = superuser("select to_char(now() at time zone 'UTC', 'YYYY_MM')")
    superuser(f"drop table rowtrail.versions_{month}")
    writer("insert into animals values (1), (2)")
    assert facts(reader, "in_default_partition", "faults", "notes") == (2, 0, 1)


def test_the_last_verification_and_the_last_whole_one_are_told(auditor: Run, reader: Run) -> None:
    auditor(NOTE.replace("'{earlier seals}'", "'{}'"), 2, "[]")
    auditor(NOTE, 1, "[]")
    whole, last = (at for (at,) in reader("select done_at from rowtrail.verifications order by id"))
    assert facts(
        reader,
        *("wholly_verified_at", "whole_verification_faults"),
        *("verified_at", "verified_by", "verification_faults"),
    ) == (whole, 2, last, "auditor", 1)


def test_who_reads_a_part_of_the_history_is_not_told_of_the_whole(
    animals: str, owner: Run, make_login: Callable[..., Engine], connect_as: Callable[[str], Run]
) -> None:
    make_login("clerk", member_of="rowtrail_limited_reader")
    owner("grant select on animals to clerk")
    clerk = connect_as("clerk")
    with pytest.raises(Denied):
        clerk("select rowtrail.integrity()")
    # The contract is theirs to look at, as far as they see tables.
    assert clerk("select * from rowtrail.verify()") == []
