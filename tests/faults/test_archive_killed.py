"""rowtrail archive, killed at any point: what counts of it is whole, and nothing is lost."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from archived import OLD, versions_here, versions_there
from sqlalchemy import URL, Connection, text

from rowtrail.archive.archives import Archive
from rowtrail.archive.check import Checking
from rowtrail.archive.place import Place

KILLS = 50

MONTHS = ("2024-11", "2024-12", "2025-01", "2025-02")


@pytest.fixture
def history(db: Connection) -> Connection:
    """Two tables with a history of four months that are over."""
    for table in ("orders", "lines"):
        db.exec_driver_sql(f"create table {table} (id int primary key, said text)")
        db.execute(text("select rowtrail.track(:table)"), {"table": table})
        db.exec_driver_sql(f"insert into {table} select g from generate_series(1, 400) as g")
    for number, month in enumerate(MONTHS):
        for table in ("orders", "lines"):
            db.exec_driver_sql(
                f"update {table} set said = 'in {month}' where mod(id, 4) >= {number}"
            )
        db.connection.cursor().execute(OLD.format(day=f"{month}-10"))
    db.exec_driver_sql("select rowtrail.seal()")
    return db


def command(url: URL, place: Path, *options: str) -> list[str]:
    """The command line that archives all the months."""
    written = url.set(drivername="postgresql").render_as_string(hide_password=False)
    what = ["archive", "--to", str(place), "--before", "2025-03", "--database", written]
    return [sys.executable, "-m", "rowtrail.cli", *what, *options]


def killed(url: URL, place: Path, choose: random.Random, *options: str) -> bool:
    """Runs the command, and kills it when so many files are there; says whether it was in time."""
    there = choose.randrange(24)
    process = subprocess.Popen(
        command(url, place, *options),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and sum(1 for _ in place.rglob("*.*")) < there:
        time.sleep(0.001)
    time.sleep(choose.uniform(0, 0.05))
    process.kill()
    return process.wait() == -9


def problems(place: Path) -> list[str]:
    """What is wrong with what counts of an archive."""
    if not (place / "manifest.json").exists():
        return []
    found = Checking(Archive(Place(str(place)))).findings()
    return [
        f"{one.object}: {one.problem}"
        for one in found
        # What a run that was ended left does not count, and the next one removes it.
        if "the manifest does not name it" not in one.problem
    ]


def finish(url: URL, place: Path, *options: str) -> None:
    """Runs the command to its end."""
    done = subprocess.run(
        command(url, place, *options), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def whole(place: Path) -> None:
    """Nothing is in the folder but what the manifest names."""
    assert list(Checking(Archive(Place(str(place)))).findings()) == []
    assert not list(place.rglob("*.part"))


def test_killed_at_any_point_it_loses_and_doubles_nothing(
    history: Connection, url: URL, tmp_path: Path
) -> None:
    before = versions_here(history)
    choose = random.Random(7)
    kills = number = 0
    retire = ("--retire", "--reason", "x")
    while kills < KILLS:
        place = tmp_path / str(number)
        # The last fifth of the times what is archived goes from the database as well.
        options = retire if kills >= KILLS * 4 // 5 else ()
        in_time = killed(url, place, choose, *options)
        kills += in_time
        assert problems(place) == []
        there = versions_there(place)
        assert there.items() <= before.items()
        here = {id_: v for id_, v in versions_here(history).items() if id_ in before}
        assert there | here == before
        if not in_time and not options:
            whole(place)
            assert there == before
            number += 1
    finish(url, place, *retire)
    whole(place)
    here = {id_: v for id_, v in versions_here(history).items() if id_ in before}
    assert versions_there(place) | here == before
    # Of each row one version is needed, and the events stay.
    assert len(here) < len(before) / 2
    assert history.scalar(text("select count(*) from rowtrail.differences('orders')")) == 0
