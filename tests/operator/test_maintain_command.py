"""`rowtrail maintain` and `rowtrail retention`."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from as_people_do import Run, command, environment, said_in_one_line
from sqlalchemy import URL, Connection, Engine, text

OLD = """
update rowtrail.versions set changed_at = changed_at - interval '30 months';
select rowtrail.empty_default_partition();
"""


@pytest.fixture
def orders(db: Connection) -> Iterator[Connection]:
    """Orders with a history of which much is 30 months old."""
    db.exec_driver_sql("create table orders (id int primary key, status text)")
    db.exec_driver_sql("select rowtrail.track('orders')")
    db.exec_driver_sql("insert into orders select g, 'new' from generate_series(1, 100) as g")
    db.exec_driver_sql("update orders set status = 'paid'")
    db.connection.cursor().execute(OLD)
    db.exec_driver_sql("update orders set status = 'sent' where id <= 50")
    yield db
    assert db.execute(text("select * from rowtrail.differences('orders')")).all() == []


def done(run: Run, url: URL, *options: str) -> list[dict[str, Any]]:
    """What each step of the command did."""
    said = run("maintain", "--json", *options, "--database", url)
    assert said.returncode == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


def test_it_does_what_is_to_be_done_and_nothing_twice(
    orders: Connection, url: URL, run: Run
) -> None:
    said = run("retention", "orders", "2 years", "--reason", "policy 12", "--database", url)
    assert said.stdout == "the history of public.orders is kept for 2 years\n"
    first = done(run, url, "--months", "14", "--reason", "policy 12")
    assert [one["step"] for one in first] == ["partitions", "default", "retire", "statistics"]
    assert (first[0]["made"], first[2]["retired"], first[3]["refreshed"]) == (2, 100, True)
    assert first[2]["tables"] == ["public.orders"]
    second = done(run, url, "--months", "14")
    assert second == [
        {"step": "partitions", "made": 0},
        {"step": "default", "moved": 0},
        {"step": "statistics", "refreshed": False},
    ]
    assert run("maintain", "--database", url).stdout == ""
    assert run("verify", "--database", url).returncode == 0
    # 50 rows that were not changed since keep the version that they had then.
    assert orders.scalar(text("select count(*) from rowtrail.versions where op <> 'S'")) == 150


def test_of_what_was_retired_there_is_no_proof_and_no_undo(
    orders: Connection, url: URL, run: Run
) -> None:
    [version] = orders.scalars(
        text("select id from rowtrail.versions where op = 'I' and row_key = '1'")
    )
    [last] = orders.scalars(
        text(
            "select max(era || '-' || xid) from rowtrail.versions where op = 'U' and row_key = '99'"
        )
    )
    run("retention", "orders", "2 years", "--reason", "policy 12", "--database", url)
    run("seal", "--database", url)
    assert run("prove", version, "--database", url).returncode == 0
    done(run, url)
    assert said_in_one_line(run("prove", version, "--database", url), "was retired at")
    assert said_in_one_line(
        run("undo-sql", "--transaction", last, "--database", url), "not wholly known any more"
    )


def test_what_no_seal_has_yet_is_said_in_one_line(orders: Connection, url: URL, run: Run) -> None:
    run("retention", "orders", "2 years", "--reason", "x", "--database", url)
    orders.exec_driver_sql("select rowtrail.seal()")
    orders.exec_driver_sql("update rowtrail.seals set sealed_at = sealed_at - interval '31 months'")
    orders.exec_driver_sql("create table late (id int primary key)")
    orders.exec_driver_sql("select rowtrail.track('late'); insert into late values (1)")
    orders.exec_driver_sql("update late set id = 2; update late set id = 3")
    orders.exec_driver_sql(
        "update rowtrail.versions set changed_at = changed_at - interval '30 months' "
        "where table_id = 2"
    )
    run("retention", "late", "2 years", "--reason", "x", "--database", url)
    said = run("maintain", "--database", url)
    assert (said.returncode, said.stderr.count("\n")) == (2, 1)
    assert "in no seal yet" in said.stderr
    assert "rowtrail seal" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("retention", "orders", "soon", "--reason", "x"), ("soon",)),
        (("retention", "orders", "1 day", "--reason", "x"), ("cannot be kept for", "2 years")),
        (("retention", "nothing", "1 year", "--reason", "x"), ("nothing",)),
        (("retention", "orders", "1 year"), ("--reason",)),
        (("retention", "orders", "1 year", "--reason", " "), ("--reason", "empty")),
        (("maintain", "--every", "often"), ("often", "1h")),
        (("maintain", "--months", "0"), ("--months", "0")),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(
    arguments: tuple[str, ...], parts: tuple[str, ...], orders: Connection, url: URL, run: Run
) -> None:
    assert said_in_one_line(run(*arguments, "--database", url), *parts)


def test_who_may_not_is_told_who_may(
    orders: Connection, run: Run, make_login: Callable[..., Engine]
) -> None:
    reader = make_login("looker", member_of="rowtrail_reader").url
    assert said_in_one_line(run("maintain", "--database", reader), "permission denied", "superuser")


def test_a_transaction_that_is_in_the_way_is_waited_for_the_next_time(
    orders: Connection, url: URL, run: Run, make_login: Callable[..., Engine]
) -> None:
    # So little stays of its month that it is written anew.
    orders.exec_driver_sql("create table items (id int primary key)")
    orders.exec_driver_sql("select rowtrail.track('items')")
    orders.exec_driver_sql("insert into items select g from generate_series(1, 2000) as g")
    orders.exec_driver_sql("delete from items where id > 10")
    orders.exec_driver_sql(
        "update rowtrail.versions set changed_at = changed_at - interval '31 months' "
        "where table_id = 2"
    )
    run("retention", "items", "2 years", "--reason", "x", "--database", url)
    orders.exec_driver_sql("select rowtrail.empty_default_partition()")
    with orders.engine.connect().execution_options(isolation_level="READ COMMITTED") as other:
        other.exec_driver_sql("update orders set status = 'kept' where id = 1")
        said = run("maintain", "--database", url)
        assert said.returncode == 2
        assert "is in the way" in said.stderr
        assert said.stderr.count("\n") == 1
        other.commit()
    [retired] = [one for one in done(run, url) if one["step"] == "retire"]
    assert (retired["retired"], retired["is_rewritten"]) == (3980, True)


#: Each change is a month later than the one before, the last one 21 months ago.
MONTHS = """
update rowtrail.versions
set changed_at = changed_at - (interval '1 month') * (61 - (data ->> 'month')::int)
where op in ('I', 'U')
"""


def test_a_deadlock_with_another_session_is_tried_again(
    db: Connection, engine: Engine, url: URL, run: Run
) -> None:
    """As with another rowtrail maintain, or with what a killed one left at work in the server."""
    db.exec_driver_sql("create table bills (id int primary key, month int)")
    db.exec_driver_sql("select rowtrail.track('bills')")
    db.exec_driver_sql("insert into bills values (1, 1)")
    for month in range(2, 41):
        db.exec_driver_sql(f"update bills set month = {month}")
    db.exec_driver_sql(MONTHS)
    db.exec_driver_sql("select rowtrail.empty_default_partition()")
    run("retention", "bills", "2 years", "--reason", "x", "--database", url)
    old = db.scalars(
        text("select m.part::text from rowtrail.months() as m where m.ends <= now() - :age"),
        {"age": timedelta(days=730)},
    ).all()
    with engine.connect() as other, ThreadPoolExecutor(1) as pool:
        # The other one's look for deadlocks comes too late, so that this one is given up.
        other.exec_driver_sql("set deadlock_timeout = '1min'")
        other.exec_driver_sql(f"lock table {', '.join(old)} in share row exclusive mode")
        maintaining = pool.submit(run, "maintain", "--json", "--database", url)
        while not db.scalar(text("select count(*) from pg_locks where not granted")):
            time.sleep(0.01)
        before = db.scalar(text(DEADLOCKS))
        other.exec_driver_sql("lock table rowtrail.seals in exclusive mode")
        while db.scalar(text(DEADLOCKS)) == before:
            time.sleep(0.01)
        other.commit()
        said = maintaining.result()
    assert (said.returncode, said.stderr) == (0, "")
    steps = [json.loads(line) for line in said.stdout.splitlines()]
    assert sum(one["retired"] for one in steps if one["step"] == "retire") > 0


DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


def recorded(db: Connection) -> dict[int, str]:
    """Each version as text, by its id."""
    found = db.execute(text("select v.id, v::text as version from rowtrail.versions as v"))
    return {row.id: row.version for row in found}


def test_killed_at_any_point_it_loses_and_doubles_nothing(
    db: Connection, url: URL, run: Run
) -> None:
    db.exec_driver_sql("create table bills (id int primary key, month int)")
    db.exec_driver_sql("select rowtrail.track('bills')")
    db.exec_driver_sql("insert into bills select g, 1 from generate_series(1, 100) as g")
    for month in range(2, 41):
        db.exec_driver_sql(f"update bills set month = {month}")
    db.exec_driver_sql(MONTHS)
    db.exec_driver_sql("select rowtrail.seal()")
    run("retention", "bills", "2 years", "--reason", "x", "--database", url)
    versions = recorded(db)
    then = db.scalar(text("select now()"))
    as_of = text("select * from rowtrail.as_of(null::bills, :then) as o order by o")
    rows = db.execute(as_of, {"then": then}).all()
    choose = random.Random(os.environ.get("ROWTRAIL_SEED", "7"))
    for _ in range(int(os.environ.get("ROWTRAIL_KILLS", "12"))):
        process = subprocess.Popen(
            command("maintain", "--database", url),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(choose.uniform(0.2, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = recorded(db)
        assert {one: left[one] for one in left.keys() & versions} == {
            one: versions[one] for one in left.keys() & versions
        }
        retired = db.scalar(text("select sum(versions) from rowtrail.retired_leaves"))
        assert len(versions.keys() - left) == (retired or 0)
        assert db.execute(as_of, {"then": then}).all() == rows
    assert run("maintain", "--database", url).returncode == 0
    # The versions of the last months, and of each bill the one from before.
    count = text("select count(*), count(distinct id) from rowtrail.versions where op <> 'S'")
    assert db.execute(count).one() == (500, 500)
    assert db.execute(text("select * from rowtrail.differences('bills')")).all() == []
    verified = run("verify", "--database", url)
    assert verified.returncode == 0, verified.stdout
