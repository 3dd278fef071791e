"""Whatever is written, in whatever order, the versions replay to the live tables.

ROWTRAIL_EXAMPLES sets how many random programs are tried (default 25).
"""

import os
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Run = Callable[..., list[Any]]
Exact = Callable[..., None]

SCHEMA = """
create table parents (
  id int primary key, n int not null default 0, note text, total numeric default 0.0);
create table children (
  id int, part int, parent int references parents on delete cascade on update cascade,
  other int references parents on delete set null on update cascade,
  n int not null default 0, primary key (id, part) deferrable);

-- The application writes back: to the row itself, to its neighbours, and to the other table.
create function on_parent() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() < 3 then
    if new.n % 4 = 1 then update parents set n = n + 3 where id = new.id; end if;
    if new.n % 4 = 2 then
      update parents set note = coalesce(note, '') || 'x' where id <> new.id;
    end if;
    if new.n % 5 = 3 then update children set n = n + 1 where parent = new.id; end if;
    if new.n % 7 = 6 then update parents set n = n where id = new.id; end if;
    if new.n = 8 then delete from children where parent = new.id; end if;
  end if;
  return null;
end $$;
create trigger app after insert or update on parents for each row execute function on_parent();

create function on_child() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() < 4 then
    update parents set total = total + 0.50 where id = coalesce(new.parent, old.parent);
    if tg_op = 'UPDATE' and new.n % 3 = 1 then
      update children set n = n + 1 where id <> new.id;
    end if;
    if tg_op = 'INSERT' and new.n = 2 then
      begin
        update parents set n = n + 1;
        perform 1 / (new.part % 2);
      exception when division_by_zero then null;
      end;
    end if;
  end if;
  return null;
end $$;
create trigger app after insert or update or delete on children
  for each row execute function on_child();

select rowtrail.track('parents');
select rowtrail.track('children');
grant select, insert, update, delete, truncate on parents, children to writer;
"""

KEYS = st.integers(1, 4)
NUMBERS = st.integers(0, 9)


def sql(template: str) -> st.SearchStrategy[str]:
    """The statement with random keys for {a} and {b}, and random numbers for {n} and {m}."""
    return st.builds(
        lambda a, b, n, m: template.format(a=a, b=b, n=n, m=m), KEYS, KEYS, NUMBERS, NUMBERS
    )


WRITES = st.one_of(
    *(
        sql(template)
        for template in (
            "insert into parents (id, n) values ({a}, {n})",
            "insert into parents (id, n) select k, {n} from generate_series({a}, 4) as k",
            "insert into parents values ({a}, {n}) on conflict do nothing",
            "insert into children values ({a}, {n} % 2, {b}, {a}, {m})",
            "insert into children select k, {n} % 2, {b}, k, {m} from generate_series(1, {a}) as k",
            "update parents set n = {n} where id = {a}",
            "update parents set n = {n}",
            "update parents set n = n, note = note",
            "update parents set total = round(total, {a}) where id <= {b}",
            "update parents set id = {a} where id = {b}",
            "update children set id = 5 - id",
            "update children set id = id % 4 + 1, n = {n}",
            "update parents set id = id + 1 where id > {a}",
            "update children set n = {n} where parent = {a}",
            "update children set parent = {a}, other = {b}",
            "update children set id = {a}, part = {n} % 2 where id = {b}",
            "delete from parents where id = {a}",
            "delete from parents where id in ({a}, {b})",
            "delete from children where id = {a}",
            "with gone as (delete from children where id = {a} returning *) "
            "insert into children select id, part + 2, parent, other, {n} from gone",
            "with p as (update parents set n = {n} where id = {a} returning id) "
            "update children set n = {m} where parent in (select id from p) or id = {b}",
            "do $$ begin update parents set n = {n} where id = {a}; "
            "update parents set n = {n} where id = {a}; "
            "update parents set n = n + 1; exception when others then null; end $$",
            "truncate children",
            "truncate parents, children",
        )
    )
)
CONTROL = st.sampled_from(
    ["begin", "begin", "commit", "commit", "rollback", "savepoint s", "rollback to s"]
)
PROGRAMS = st.lists(st.one_of(WRITES, WRITES, WRITES, CONTROL), min_size=5, max_size=30)


@pytest.fixture
def tables(owner: Run, superuser: Run) -> None:
    owner(SCHEMA)


# One database serves all examples: a program begins with what the one before it left.
@settings(
    max_examples=int(os.environ.get("ROWTRAIL_EXAMPLES", "25")),
    deadline=None,
    derandomize="ROWTRAIL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(program=PROGRAMS)
def test_any_program_replays_to_the_live_tables(
    tables: None, writer: Run, superuser: Run, assert_exact: Exact, program: list[str]
) -> None:
    superuser("truncate parents, children")
    for statement in [*program, "commit"]:
        try:
            writer(statement)
        except psycopg2.errors.TriggeredDataChangeViolation:
            continue
        except psycopg2.IntegrityError:
            # The transaction, if there is one, has failed; go on after its last savepoint or anew.
            restart(writer)
        except psycopg2.errors.InvalidSavepointSpecification:
            restart(writer)
        except (psycopg2.errors.NoActiveSqlTransaction, psycopg2.errors.InFailedSqlTransaction):
            restart(writer)
    assert_exact("parents", "children")


def restart(writer: Run) -> None:
    try:
        writer("rollback to s")
    except psycopg2.Error:
        writer("rollback")
