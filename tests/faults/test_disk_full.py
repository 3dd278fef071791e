"""A disk that is full: writes and seals fail as one line, and nothing of the history is lost."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest
from nodes import Node
from oracle import assert_exact

SIZE = 200_000_000  # bytes


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk of SIZE that the user of the servers can reach."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    with tempfile.TemporaryDirectory(prefix="rowtrail-disk-") as folder:
        options = f"size={SIZE},mode=755"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        mounted = subprocess.run(command, capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
        yield Path(folder)
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def node(disk: Path) -> Iterator[Node]:
    """A server whose data lies on that disk."""
    node = Node("full", disk)
    node.create(max_wal_size="64MB", min_wal_size="32MB")
    node.ask("create role sealer login in role rowtrail_auditor")
    with node.fresh_database():
        yield node
    node.destroy()


def write_until_it_fails(node: Node, first: int) -> tuple[list[int], str]:
    """The rows that were committed, and what the next one was told."""
    done: list[int] = []
    try:
        writer = node.session("writer")
        for number in range(first, first + 1000):
            writer("insert into pages values (%s, repeat(md5(%s::text), 3000))", number, number)
            done.append(number)
            writer("update pages set body = repeat(md5(body), 3000) where id = %s", number)
    except psycopg2.Error as error:
        return done, str(error)
    raise AssertionError("the disk was never full")


def wait_until_it_answers(node: Node) -> None:
    """Returns when the server takes connections."""
    end = time.monotonic() + 60
    while True:
        try:
            node.ask("select 1")
            return
        except psycopg2.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def test_what_was_committed_before_the_disk_was_full_has_its_versions(
    node: Node, disk: Path
) -> None:
    node.make_table("pages (id int primary key, body text)")
    # Not compressed, so that it takes room.
    node.ask("alter table pages alter body set storage external")
    filler = disk / "filler"
    acknowledged: set[int] = set()
    for attempt in range(3):
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - 12_000_000)
        done, said = write_until_it_fails(node, attempt * 1000)
        assert "No space left on device" in said or "server closed the connection" in said
        acknowledged.update(done)
        with suppress(psycopg2.Error):
            node.ask("select rowtrail.seal()", login="sealer")
        filler.unlink()
        # Where the log found no room, the server has crashed. It is left to recover by itself: one
        # of PostgreSQL 18 that is told to stop as it begins to may never end.
        wait_until_it_answers(node)
        node.restart()
        run = node.session()
        assert acknowledged <= {number for (number,) in run("select id from pages")}
        assert_exact(run, "pages")
        node.ask("select rowtrail.seal()", login="sealer")
        for (seal,) in run("select id from rowtrail.seals"):
            assert run("select * from rowtrail.verify_seal(%s)", seal) == []
        assert run("select * from rowtrail.verify_sealed()") == []
        assert run("select versions from rowtrail.unsealed()") == [(0,)]
    assert acknowledged
