"""The example without an ORM: its scripts, as its own login."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import run
from sqlalchemy import Engine, text

FOLDER = Path(run.__file__).parent / "psycopg"

Ask = Callable[..., list[Any]]
RunIn = Callable[..., Any]


def do(run_in: RunIn, *command: str) -> str:
    done = run_in(FOLDER, *command)
    assert done.returncode == 0, done
    return str(done.stdout) + str(done.stderr)


def test_the_job_names_its_actor_and_its_run(run_in: RunIn, ask: Ask) -> None:
    do(run_in, "psql", "-f", "schema.sql")
    taken = do(run_in, "nightly.py", "take", "orders.csv")
    assert "took 3 orders" in taken
    do(run_in, "psql", "-v", "who=alice", "-v", "number=1", "-f", "pay.sql")
    assert "cancelled 2 orders" in do(run_in, "nightly.py", "cancel")
    assert ask(
        "select op, actor, login, context ->> 'reason', context ->> 'run' is not null "
        "from rowtrail.history('orders', 1)"
    ) == [
        ("update", "alice", "shop", "paid in the shop", False),
        ("insert", "nightly", "shop", "the orders of orders.csv", True),
    ]
    runs = ask("select distinct context ->> 'run' from rowtrail.versions where actor = 'nightly'")
    assert len(runs) == 2
    assert any(one in taken for (one,) in runs)
    assert ask("select row_key from rowtrail.versions where op = 'I' order by id") == [
        ("1",), ("2",), ("3",), ("[1, 1]",), ("[2, 1]",), ("[3, 1]",),
    ]  # fmt: skip
    said = do(run_in, "psql", "-v", "number=2", "-f", "questions.sql")
    assert '{"status": ["new", "cancelled"]}' in said
    assert "2 | Edsger   | new" in said


def test_each_batch_names_its_actor(run_in: RunIn, shop: Engine, ask: Ask) -> None:
    do(run_in, "psql", "-f", "schema.sql")
    with shop.begin() as connection:
        connection.execute(
            text(
                "insert into orders (customer, placed_at) "
                "select n::text, now() - interval '1 year' from generate_series(1, 250) as n"
            )
        )
    assert "cancelled 250 orders" in do(run_in, "nightly.py", "cancel", "--days", "30")
    assert ask(
        "select actor, context ->> 'reason', count(*), count(distinct xid), "
        "count(distinct context ->> 'run') from rowtrail.versions where op = 'U' group by 1, 2"
    ) == [("nightly", "not paid in 30 days", 250, 3, 1)]
    assert "cancelled 0 orders" in do(run_in, "nightly.py", "cancel")


def test_orders_are_taken_all_or_none(run_in: RunIn, tmp_path: Path, ask: Ask) -> None:
    do(run_in, "psql", "-f", "schema.sql")
    bad = tmp_path / "bad.csv"
    good = (FOLDER / "orders.csv").read_text()
    bad.write_text(good + "Ada,tea,0,4.50,2026-01-05\n")
    done = run_in(FOLDER, "nightly.py", "take", bad)
    assert done.returncode == 1
    assert "order_lines_quantity_check" in done.stderr
    assert ask("select count(*) from rowtrail.versions where op = 'I'") == [(0,)]


def test_who_names_nobody_is_warned(run_in: RunIn, ask: Ask) -> None:
    do(run_in, "psql", "-f", "schema.sql")
    assert ask("select table_name, state from rowtrail.status()") == [
        ("public.order_lines", "tracked"), ("public.orders", "tracked"),
    ]  # fmt: skip
    warned = do(run_in, "psql", "-c", "insert into orders (customer) values ('x')")
    assert "WARNING" in warned


def test_tables_of_somebody_else_are_left_alone(run_in: RunIn, shop: Engine, ask: Ask) -> None:
    with shop.begin() as connection:
        connection.execute(text("create table orders (id int)"))
    assert run_in(FOLDER, "psql", "-f", "schema.sql").returncode == 3
    done = run_in(FOLDER, "../run.py", "psycopg", "--no-serve")
    assert done.returncode == 2
    assert "the database has a table orders already" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert ask("select * from rowtrail.status()") == []
