"""The monthly partitions of rowtrail.versions."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Run = Callable[..., list[Any]]


def test_partitions_are_there_for_a_year_ahead(superuser: Run) -> None:
    missing = superuser("""
        select month
        from generate_series(
          date_trunc('month', now(), 'UTC'), now() + interval '1 year', interval '1 month') as month
        cross join lateral (select to_char(month at time zone 'UTC', 'YYYY_MM') as name) as n
        where to_regclass('rowtrail.versions_' || n.name) is null
    """)
    assert missing == []


def test_a_change_goes_to_the_partition_of_its_month(
    animals: str, writer: Run, superuser: Run
) -> None:
    writer("set timezone = 'Pacific/Kiritimati'")
    writer("insert into animals values (1)")
    [(partition, month)] = superuser(
        "select tableoid::regclass::text, to_char(changed_at at time zone 'UTC', 'YYYY_MM') "
        "from rowtrail.versions"
    )
    assert partition == f"rowtrail.versions_{month}"


def test_a_change_of_a_month_without_partition_goes_to_default(
    animals: str, writer: Run, superuser: Run
) -> None:
    drop_this_month(superuser)
    writer("insert into animals values (1)")
    writer("update animals set legs = 2")
    assert superuser("select distinct tableoid::regclass::text from rowtrail.versions") == [
        ("rowtrail.versions_default",)
    ]
    assert superuser("select * from rowtrail.differences('animals')") == []


def test_making_partitions_again_makes_none(superuser: Run) -> None:
    assert superuser("select rowtrail.make_partitions()") == [(0,)]
    assert superuser("select rowtrail.make_partitions(14)") == [(2,)]
    superuser("set timezone = 'Pacific/Kiritimati'")
    assert superuser("select rowtrail.make_partitions(14)") == [(0,)]


def test_what_default_holds_is_moved_when_its_month_is_made(
    animals: str, writer: Run, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    drop_this_month(superuser)
    writer("insert into animals values (1), (2)")
    before = superuser("select * from rowtrail.versions order by id")
    assert superuser("select rowtrail.make_partitions(13)") == [(2,)]
    assert superuser("select * from rowtrail.versions order by id") == before
    assert superuser("select rowtrail.in_default_partition()") == [(0,)]
    writer("update animals set legs = 4")
    assert_exact("animals")


def test_default_is_emptied_into_past_months(
    animals: str, writer: Run, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    writer("insert into animals select g from generate_series(1, 30) as g")
    superuser(
        "update rowtrail.versions set changed_at = changed_at - row_key::int * interval '40 days' "
        "where op <> 'S'"
    )
    before = superuser("select * from rowtrail.versions order by id")
    assert superuser("select rowtrail.empty_default_partition()") == [(30,)]
    assert superuser("select rowtrail.empty_default_partition()") == [(0,)]
    assert superuser("select * from rowtrail.versions order by id") == before
    assert superuser("select rowtrail.in_default_partition()") == [(0,)]
    assert superuser("select * from rowtrail.verify()") == []
    assert_exact("animals")


def test_a_month_under_way_of_which_default_holds_much_is_left(
    animals: str, writer: Run, superuser: Run
) -> None:
    drop_this_month(superuser)
    writer("insert into animals select g from generate_series(1, 10001) as g")
    assert superuser("select rowtrail.make_partitions()") == [(0,)]
    assert superuser("select rowtrail.empty_default_partition()") == [(0,)]
    assert superuser("select rowtrail.in_default_partition()") == [(10001,)]


def test_a_partition_is_made_as_all_are(superuser: Run) -> None:
    superuser("select rowtrail.make_partitions(13)")
    made = superuser("""
        select distinct
          (select array_agg(replace(pg_get_indexdef(i.indexrelid), c.relname, '') order by 1)
           from pg_index as i where i.indrelid = c.oid),
          (select array_agg(format('%s %s', a.attname, a.attstorage) order by a.attnum)
           from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0),
          (select array_agg(k.contype order by k.contype) from pg_constraint as k
           where k.conrelid = c.oid and k.contype <> 'n'),
          c.relrowsecurity, c.relowner::regrole, c.relacl
        from rowtrail.months() as m
        join pg_class as c on c.oid = m.part
    """)
    assert len(made) == 1, made


def test_a_writer_is_never_kept_waiting_by_a_new_partition(
    animals: str, writer: Run, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    drop_this_month(superuser)
    writer("begin")
    writer("insert into animals values (1)")
    other = connect_as("writer")
    other("set lock_timeout = '2s'")
    with ThreadPoolExecutor() as pool:
        making = pool.submit(superuser, "select rowtrail.make_partitions()")
        time.sleep(0.3)
        # Behind who waits for the first writer.
        for key in range(2, 12):
            other(f"insert into animals values ({key})")
        writer("commit")
        assert making.result(timeout=60) == [(1,)]
    assert superuser("select count(*) from rowtrail.versions where op = 'I'") == [(11,)]
    assert superuser("select rowtrail.in_default_partition()") == [(0,)]


def test_who_writes_while_the_month_gets_its_partition_writes_there(
    animals: str, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    drop_this_month(superuser)
    superuser("begin")
    assert superuser("select rowtrail.make_partitions()") == [(1,)]
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(connect_as("writer"), "insert into animals values (1)")
        time.sleep(0.5)
        superuser("commit")
        writing.result(timeout=60)
    assert superuser("select count(*) from rowtrail.versions where op = 'I'") == [(1,)]
    assert superuser("select rowtrail.in_default_partition()") == [(0,)]


def test_months_that_are_over_are_moved_while_others_write_to_the_default_partition(
    animals: str, writer: Run, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    drop_this_month(superuser)
    writer("insert into animals select g from generate_series(1, 9) as g")
    superuser(
        "update rowtrail.versions "
        "set changed_at = changed_at - row_key::int / 3 * interval '31 days' "
        "where op = 'I'"
    )
    writer("begin")
    writer("insert into animals values (11)")
    other = connect_as("writer")
    other("set lock_timeout = '2s'")
    with ThreadPoolExecutor() as pool:
        emptying = pool.submit(superuser, "select rowtrail.empty_default_partition()")
        time.sleep(0.3)
        for key in range(100, 110):
            other(f"insert into animals values ({key})")
        writer("insert into animals values (12)")
        writer("commit")
        emptying.result(timeout=60)
    assert superuser("select count(*) from rowtrail.versions where op = 'I'") == [(21,)]
    assert superuser("select rowtrail.in_default_partition()") == [(0,)]
    assert superuser("select * from rowtrail.verify()") == []


def drop_this_month(superuser: Run) -> None:
    [(month,)] = superuser("select to_char(now() at time zone 'UTC', 'YYYY_MM')")
    superuser(f"drop table rowtrail.versions_{month}")
