"""The verifier of seals: whatever is tampered with is named, and nothing else is.

All of it is done as a superuser, the only one who can.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, text

#: Which seal has them, or whether one has, is told by these columns: a change looks like a removal.
PLACING = {"id", "era", "xid"}


@pytest.fixture
def sealed(db: Connection) -> Connection:
    """A superuser's session; eleven versions in three seals, and one in none."""
    for statement in (
        "create table orders (id int primary key, status text, note json)",
        "select rowtrail.track('orders')",
        "insert into orders values (1, 'new', null), (2, 'new', '{\"a\": 1.50}'), (3, 'old', null)",
        "select rowtrail.seal()",
        "begin; select rowtrail.set_actor('zoë', 'ticket', '{\"n\": 1}'); "
        "update orders set status = 'paid' where id < 3; commit",
        "update orders set id = 4 where id = 3",
        "select rowtrail.seal()",
        "update orders set status = 'sent', note = '{ \"a\": 1 }'",
        "select rowtrail.seal()",
        "update orders set status = 'done' where id = 1",
    ):
        db.exec_driver_sql(statement)
    return db


@contextmanager
def taken_back(db: Connection) -> Iterator[None]:
    """Takes back what is done within it."""
    db.exec_driver_sql("begin")
    try:
        yield
    finally:
        db.exec_driver_sql("rollback")


def faults(db: Connection) -> list[str]:
    """What is wrong with seals and versions, in words."""
    query = (
        "select f.object || ': ' || f.problem "
        "from generate_series(1, (select max(id) from rowtrail.seals)) as n (number) "
        "cross join lateral rowtrail.verify_seal(n.number) as f where f.is_fault "
        "union all select f.object || ': ' || f.problem from rowtrail.verify_sealed() as f"
    )
    return list(db.scalars(text(query)))


def kept(db: Connection) -> list[Any]:
    """The versions that are sealed: id and number of the seal."""
    query = (
        "select u.id, c.seal_id from rowtrail.seal_leaves as c "
        "cross join lateral unnest(c.ids) as u (id) order by 1"
    )
    return list(db.execute(text(query)))


def flips(content: bytes) -> Iterator[str]:
    """The texts that differ from it in one bit."""
    for at in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        with suppress(UnicodeDecodeError):
            if "\0" not in (found := flipped.decode()):
                yield found


def changes(kind: str, value: str | None) -> Iterator[str | None]:
    """The smallest changes of a value, as text: each bit of it that can be another."""
    if value is None:
        yield {"jsonb": "{}", "tid": "(0,1)", "text": "", "oid": "0"}.get(kind, "1")
        return
    match kind:
        case "bigint" | "xid8" | "integer" | "oid":
            for bit in range(31 if kind == "integer" else 32 if kind == "oid" else 63):
                yield str(int(value) ^ 1 << bit)
        case "jsonb":
            for said in flips(value.encode()):
                with suppress(ValueError):
                    json.loads(said, parse_constant=int)
                    yield said
        case "tid":
            block, place = value.strip("()").split(",")
            yield from (f"({int(block) ^ 1 << bit},{place})" for bit in range(32))
            yield from (f"({block},{int(place) ^ 1 << bit})" for bit in range(16))
        case _:
            yield from flips(value.encode())
    yield None


def test_what_nobody_touched_has_no_fault(sealed: Connection) -> None:
    assert faults(sealed) == []
    assert len({number for _, number in kept(sealed)}) == 3


def test_each_bit_of_a_sealed_version_counts(sealed: Connection) -> None:
    columns = sealed.execute(
        text(
            "select attname, format_type(atttypid, null), attnotnull from pg_attribute "
            "where attrelid = 'rowtrail.versions'::regclass and attnum > 0 and attname <> 'erased' "
            "order by attnum"
        )
    ).all()
    tried = 0
    # The change by an actor, and the one of the key.
    for version, number in [kept(sealed)[4], kept(sealed)[6]]:
        for column, kind, is_needed in columns:
            query = text(f"select {column}::text from rowtrail.versions where id = {version}")
            value = sealed.scalar(query)
            if column == "changed_at":
                wanted = [f"{column} + interval '{1 << bit} microseconds'" for bit in range(24)]
            else:
                wanted = [
                    "null" if one is None else f"$v${one}$v$::{kind}"
                    for one in changes(kind, value)
                    if one is not None or not is_needed
                ]
            for expression in wanted:
                with taken_back(sealed):
                    same = sealed.scalar(
                        text(
                            f"with c as (update rowtrail.versions set {column} = "
                            f"{expression.replace(':', chr(92) + ':')} where id = {version} "
                            f"returning {column}::text as t) select t from c"
                        )
                    )
                    if same == value:
                        continue
                    tried += 1
                    found = faults(sealed)
                assert found, (column, expression)
                assert all(line.startswith("version ") for line in found), (column, found)
                assert any(line.startswith(f"version {version}") for line in found), (column, found)
                if column not in PLACING:
                    [line] = found
                    assert f"is not what it was when seal {number} was made" in line
    assert tried > 800


def test_each_version_that_is_removed_is_named(sealed: Connection) -> None:
    for version, number in kept(sealed):
        with taken_back(sealed):
            sealed.exec_driver_sql(f"delete from rowtrail.versions where id = {version}")
            [line] = faults(sealed)
        assert line.startswith(
            f"version {version}: is missing: it was there when seal {number} was"
        )


def test_each_version_that_is_added_is_named(sealed: Connection) -> None:
    for version, number in kept(sealed):
        for step in (1, 7, 1000000):
            with taken_back(sealed):
                sealed.exec_driver_sql(
                    "insert into rowtrail.versions select (jsonb_populate_record(v, "
                    f"jsonb_build_object('id', v.id + {step}))).* from rowtrail.versions as v "
                    f"where id = {version}"
                )
                [line] = faults(sealed)
            assert line.startswith(f"version {version + step} of public.orders, key "), line
            added = f"was added among those of seal {number}, which was made"
            assert added in line or "was added among those that are sealed" in line


def test_a_copy_of_a_version_is_named(sealed: Connection) -> None:
    for version, _ in kept(sealed):
        with taken_back(sealed):
            sealed.exec_driver_sql(
                "insert into rowtrail.versions select (jsonb_populate_record(v, "
                "jsonb_build_object('changed_at', v.changed_at + interval '1 s'))).* "
                f"from rowtrail.versions as v where id = {version}"
            )
            [line] = faults(sealed)
        assert line.startswith(f"version {version} of public.orders, key "), line


def test_versions_that_were_swapped_are_both_named(sealed: Connection) -> None:
    ids = [version for version, _ in kept(sealed)]
    for first, second in pairwise(ids):
        with taken_back(sealed):
            for old, new in ((first, -1), (second, first), (-1, second)):
                sealed.exec_driver_sql(f"update rowtrail.versions set id = {new} where id = {old}")
            found = faults(sealed)
        named = {line.split()[1].rstrip(":") for line in found}
        assert named == {str(first), str(second)}, found


def test_each_bit_of_a_seal_counts(sealed: Connection) -> None:
    for column in ("leaves_hash", "root", "log_root", "previous", "hash", "peaks"):
        for bit in range(256):
            with taken_back(sealed):
                sealed.exec_driver_sql(
                    f"update rowtrail.seals set {column} = set_bit({column}, {bit}, "
                    f"1 - get_bit({column}, {bit})) where id = 2"
                )
                found = faults(sealed)
            assert found, (column, bit)
            assert {line.split(":")[0] for line in found} <= {"seal 2", "seal 3"}, found


@pytest.mark.parametrize(
    "change",
    [
        "sealed_at = sealed_at + interval '1 microsecond'",
        "system_identifier = system_identifier + 1",
        "system_identifier = null",
        "max_id = max_id + 1",
        "versions = versions + 1",
        "era = 2",
        "ends_era = true",
        "format = 2",
        "seen = pg_current_snapshot()",
    ],
)
def test_each_part_of_a_seal_counts(sealed: Connection, change: str) -> None:
    sealed.exec_driver_sql(f"update rowtrail.seals set {change} where id = 2")
    found = faults(sealed)
    assert [line for line in found if line.startswith("seal 2: ")], found


def test_a_seal_that_was_removed_is_named(sealed: Connection) -> None:
    for number in (1, 2):
        with taken_back(sealed):
            sealed.exec_driver_sql(f"delete from rowtrail.seals where id = {number}")
            found = faults(sealed)
        assert f"seal {number}: is missing" in found
        assert any(line.startswith(f"seal {number + 1}: does not ") for line in found)


def test_leaves_that_were_made_to_match_a_changed_version_are_named(sealed: Connection) -> None:
    for rewritten in (
        "",
        "; update rowtrail.seals set leaves_hash = rowtrail.leaves_hash(1) where id = 1",
        "; update rowtrail.seals set leaves_hash = rowtrail.leaves_hash(1), "
        "root = rowtrail.seal_root(1) where id = 1",
        "; update rowtrail.seals set leaves_hash = rowtrail.leaves_hash(1), "
        "root = rowtrail.seal_root(1) where id = 1; update rowtrail.seals as s "
        "set hash = sha256(convert_to(rowtrail.seal_text(s), 'UTF8')) where id = 1",
    ):
        with taken_back(sealed):
            sealed.exec_driver_sql(
                "update rowtrail.versions set login = 'mallory' where id = "
                "(select ids[1] from rowtrail.seal_leaves where seal_id = 1); "
                "update rowtrail.seal_leaves as c set leaves = (select string_agg("
                "rowtrail.leaf(v), '' order by v.id) from rowtrail.versions as v "
                f"where v.id = any (c.ids)) where seal_id = 1{rewritten}"
            )
            found = faults(sealed)
        assert found
        assert all(line.startswith(("seal 1: ", "seal 2: ")) for line in found), found


@pytest.mark.parametrize(
    "hidden_by",
    [
        "insert into rowtrail.seal_leaves select {number}, 0, array[max(id)], '\\x00' "
        "from rowtrail.versions",
        "insert into rowtrail.seals select (jsonb_populate_record(s, "
        "jsonb_build_object('id', {number}, 'versions', 1))).* from rowtrail.seals as s "
        "where id = 1",
    ],
)
@pytest.mark.parametrize("number", [0, -1])
def test_a_seal_of_no_number_hides_no_version(
    sealed: Connection, hidden_by: str, number: int
) -> None:
    sealed.exec_driver_sql(
        "insert into rowtrail.versions select (jsonb_populate_record(v, "
        "jsonb_build_object('id', v.id + 1000000))).* from rowtrail.versions as v where id = 100"
    )
    sealed.exec_driver_sql(hidden_by.format(number=number))
    for found in faults(sealed), faults_at_a_glance(sealed):
        assert any(line.startswith(f"seal {number}: is none that ") for line in found), found
        assert any(line.startswith("version 1000100 of public.orders") for line in found), found


def faults_at_a_glance(db: Connection) -> list[str]:
    """What rowtrail verify asks where each seal is as it was."""
    query = "select f.object || ': ' || f.problem from rowtrail.verify_sealed(false) as f"
    return list(db.scalars(text(query)))
