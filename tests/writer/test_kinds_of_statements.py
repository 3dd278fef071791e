"""Which statements are told to write: all that do, and of the others few."""

import time

import pytest
from sqlalchemy import select

from rowtrail.models import Version
from rowtrail.writer.statements import Kind, kind_of


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (Kind.READ, "select * from users where id in (1, 2) and (name = 'x' or name is null)"),
        (Kind.READ, "SELECT count(*), coalesce(max(id), 0) FROM users GROUP BY (a, b)"),
        (Kind.READ, "select * from users for update"),
        (Kind.READ, "with a as (select 1) select * from a"),
        (Kind.READ, "values (1), (2)"),
        (Kind.READ, "table users"),
        (Kind.READ, "show timezone"),
        (Kind.READ, "set timezone = 'UTC'"),
        (Kind.READ, "explain update users set name = 'x'"),
        (Kind.READ, "select * from rowtrail.history('users', '1')"),
        (Kind.READ, "select pg_catalog.set_config('timezone', 'UTC', true)"),
        (Kind.READ, "prepare p as select 1"),
        (Kind.READ, "select 1;"),
        (Kind.WRITE, "insert into users values (1)"),
        (Kind.WRITE, "  -- why\n /* and\n how */ UPDATE users set name = 'x'"),
        (Kind.WRITE, "delete from users"),
        (Kind.WRITE, "merge into users using x on true when matched then delete"),
        (Kind.WRITE, "truncate users"),
        (Kind.WRITE, "with gone as (delete from users returning *) select * from gone"),
        (Kind.WRITE, "(with gone as (delete from users returning *) select * from gone)"),
        (Kind.WRITE, "select pay(42)"),
        (Kind.WRITE, "select public.lower(name) from users"),
        (Kind.WRITE, 'select "my fn"(1)'),
        (Kind.WRITE, "values (pay(42))"),
        (Kind.WRITE, "select 1; delete from users"),
        (Kind.CALL, "set timezone = 'UTC'; delete from users"),
        (Kind.WRITE, "execute p"),
        (Kind.CALL, "call pay(42)"),
        (Kind.CALL, "do $$ begin delete from users; end $$"),
        (Kind.CALL, "copy users from stdin"),
        (Kind.CALL, "explain analyze update users set name = 'x'"),
        (Kind.CALL, "explain analyze select pay(42)"),
        (Kind.CALL, "explain (analyze, buffers) select pay(42)"),
        (Kind.READ, "explain (analyze, buffers) select count(*) from users"),
        (Kind.READ, "explain select pay(42)"),
        (Kind.CALL, "what is this"),
        (Kind.SCHEMA, "alter table users add column x int"),
        (Kind.SCHEMA, "drop table users"),
        (Kind.CONTROL, "rollback to savepoint s"),
        (Kind.CONTROL, "COMMIT"),
        (Kind.CONTROL, "prepare transaction 'p'"),
        (Kind.NAMING, "select rowtrail.set_actor('alice')"),
        (Kind.NAMING, "select set_config('rowtrail.actor', 'alice', true)"),
        (Kind.NAMING, "set local rowtrail.actor = 'alice'"),
    ],
)
def test_a_statement_is_told_from_its_text(kind: Kind, statement: str) -> None:
    assert kind_of(statement) is kind


def test_long_statements_are_looked_at_too() -> None:
    many = ", ".join(["(1)"] * 50_000)
    assert kind_of(f"insert into users values {many}") is Kind.WRITE
    assert kind_of(f"select * from users where id in ({many})") is Kind.WRITE
    assert kind_of(f"select * from users where id in ({many[:20_000]})") is Kind.READ


@pytest.mark.parametrize(
    "statement",
    [
        f"select '{'f' * 12_000}'",
        f"select 1 as a{' ' * 12_000}",
        f"select {'/* a */' * 2000} 1",
        f"{'/*1*/' * 19} 1",
        f"{'-- 1' * 19} 1",
    ],
)
def test_it_takes_no_time(statement: str) -> None:
    begun = time.process_time()
    kind_of(statement)
    assert time.process_time() - begun < 0.1


def test_what_sqlalchemy_writes_for_a_query_reads() -> None:
    assert kind_of(str(select(Version).where(Version.id == 1))) is Kind.READ
