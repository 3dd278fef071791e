"""`rowtrail baseline`: the rows that were there before, recorded while writers go on."""

import json
import subprocess
import time
from collections.abc import Callable

import pytest
from as_people_do import Run, command, environment, said_in_one_line
from sqlalchemy import URL, Connection, Engine, text

ROWS = 50_000


@pytest.fixture
def owner(make_login: Callable[..., Engine], db: Connection) -> URL:
    """The owner of a table that is tracked, and had rows before."""
    owner = make_login("owner")
    db.execute(text("grant create, usage on schema public to owner"))
    db.execute(text("grant usage on schema rowtrail to owner"))
    with owner.begin() as connection:
        connection.execute(text("create table parts (id int primary key, name text)"))
        connection.execute(
            text("insert into parts select g, 'part ' || g from generate_series(1, :rows) as g"),
            {"rows": ROWS},
        )
        connection.execute(text("select rowtrail.track('parts')"))
    return owner.url


def test_it_says_what_it_recorded_and_again_is_a_no_op(run: Run, owner: URL) -> None:
    done = run("baseline", "parts", "--database", owner)
    assert done.stdout == f"parts: {ROWS:,} rows recorded, 0 had a version already\n"
    again = run("baseline", "parts", "--database", owner, "--json")
    assert json.loads(again.stdout) == {"seen": 0, "recorded": 0}


def test_killed_it_goes_on_and_loses_and_doubles_nothing(
    run: Run, owner: URL, db: Connection
) -> None:
    recorded = text("select count(*), count(distinct row_key) from rowtrail.versions")
    killed = 0
    for _ in range(5):
        process = subprocess.Popen(
            command("baseline", "parts", "--batch", "200", "--database", owner),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        before = db.execute(recorded).one()[0]
        while process.poll() is None and db.execute(recorded).one()[0] == before:
            time.sleep(0.01)
        process.kill()
        killed += process.wait() != 0
    assert killed == 5
    assert 0 < db.execute(recorded).one()[0] < ROWS
    assert run("baseline", "parts", "--database", owner).returncode == 0
    assert tuple(db.execute(recorded).one()) == (ROWS, ROWS)
    assert db.scalar(text("select count(*) from rowtrail.differences('parts')")) == 0


def test_a_table_that_is_held_for_long_is_one_line(
    run: Run, owner: URL, db: Connection, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rowtrail.commands import baseline
    from rowtrail.errors import RowtrailError

    monkeypatch.setattr(baseline, "TRIES", 2)
    monkeypatch.setattr(baseline, "LOCK_TIMEOUT", 50)
    oid = db.scalar(text("select 'parts'::regclass::oid::bigint"))
    with engine.begin() as holder:
        holder.execute(text("update parts set name = 'held' where id = 1"))
        with pytest.raises(RowtrailError, match="a transaction holds the table for long"):
            list(baseline.record(engine, oid))
    assert list(baseline.record(engine, oid))[-1].recorded == ROWS - 1


def test_what_is_not_tracked_is_one_line(run: Run, owner: URL, db: Connection) -> None:
    db.execute(text("create table other (id int primary key)"))
    url = owner.set(username="postgres")
    said_in_one_line(
        run("baseline", "other", "--database", url), "is not tracked", "rowtrail.track("
    )
    said_in_one_line(run("baseline", "nope", "--database", url), "there is no table nope")
