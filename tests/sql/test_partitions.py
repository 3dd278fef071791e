"""The monthly partitions of rowtrail.versions."""

from collections.abc import Callable
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


def test_a_month_that_default_holds_is_left_and_the_others_made(
    animals: str, writer: Run, superuser: Run
) -> None:
    drop_this_month(superuser)
    writer("insert into animals values (1)")
    assert superuser("select rowtrail.make_partitions(13)") == [(1,)]
    assert superuser("select count(*) from rowtrail.versions") == [(1,)]


def drop_this_month(superuser: Run) -> None:
    [(month,)] = superuser("select to_char(now() at time zone 'UTC', 'YYYY_MM')")
    superuser(f"drop table rowtrail.versions_{month}")
