"""Promises about code of a table's owner that PostgreSQL runs for whoever reads the table: where
rowtrail reads it with rights of its own, it refuses.
"""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]

FORGE = """
create function forge() returns boolean language plpgsql as $$
begin
  if current_user not in ('owner', 'postgres') then
    insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login, data)
    select 10^9 + random() * 10^8, now(), '5', t.id, 'I', '666', 'alice', '{"id": 666}'
    from rowtrail.tables as t;
  end if;
  return true;
end $$;
-- PostgreSQL evaluates what is immutable, of constants, when it plans.
create function evil(int) returns boolean language plpgsql immutable as
  $$ begin return public.forge(); end $$;
grant execute on function evil(int), forge() to public;
"""

PLACES = {
    "an index": "create index on notes (id) where evil(1)",
    "statistics": "create statistics s on (evil(1) and id > 1), id from notes",
    "a check": "alter table notes add check (evil(1) or id > 0)",
}

DEEDS = {"baseline": "call rowtrail.baseline('notes')", "truncate": "truncate notes"}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", ["primary key", ""])
def test_the_owner_of_a_table_forges_nothing_by_what_is_run_to_read_it(
    superuser: Run, owner: Run, key: str, place: str, deed: str
) -> None:
    owner(f"create table notes (id int {key}, a text)")
    owner("insert into notes select n, 'x' from generate_series(1, 100) as n")
    owner(FORGE)
    owner("select rowtrail.track('notes', truncate_rows => true)")
    owner(PLACES[place])
    with pytest.raises(psycopg2.Error, match=r"of public\.notes would run evil|would run public\."):
        owner(DEEDS[deed])
    assert superuser("select count(*) from rowtrail.versions where row_key = '666'") == [(0,)]
    # A function that a superuser has looked at, and owns, may be there.
    superuser("alter function evil(int) owner to postgres")
    superuser("create or replace function evil(int) returns boolean immutable return true")
    owner(DEEDS[deed])
    assert superuser("select count(*) from rowtrail.versions where op in ('B', 'D')") == [(100,)]


def test_functions_of_postgresql_may_be_anywhere(superuser: Run, owner: Run) -> None:
    owner("create table notes (id int primary key, a text check (length(a) < 9))")
    owner("create index on notes (lower(a)) where a ~ 'x'")
    owner("insert into notes values (1, 'x')")
    owner("select rowtrail.track('notes', truncate_rows => true, baseline => true)")
    owner("truncate notes")
    assert superuser("select op::text from rowtrail.versions where op <> 'S' order by id") == [
        ("B",), ("D",), ("T",),
    ]  # fmt: skip
