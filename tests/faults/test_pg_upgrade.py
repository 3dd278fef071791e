"""pg_upgrade from the embedded PostgreSQL 16 to 18: the history and its seals go on."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from nodes import run_as_server
from oracle import assert_exact
from sqlalchemy import URL

from rowtrail import schema
from rowtrail.db import connect
from rowtrail.embedded import server
from rowtrail.embedded.programs import programs_folder
from rowtrail.embedded.server import Server
from rowtrail.proof import seals


def rowtrail(url: URL, *arguments: str) -> tuple[int, str]:
    """The exit status of a command, and what it says."""
    written = url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-m", "rowtrail.cli", *arguments, "--database", written],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_what_pg_upgrade_brings_is_sound_and_goes_on() -> None:
    folder = Path(tempfile.mkdtemp(prefix="rowtrail-upgrade-"))
    folder.chmod(0o777)
    try:
        upgrade_and_look(folder)
    finally:
        shutil.rmtree(folder)


def upgrade_and_look(folder: Path) -> None:
    programs = {n: programs_folder(n, server.ROOT_FOLDER / "programs") for n in (16, 18)}
    older = Server(folder / "older", programs[16])
    newer = Server(folder / "newer", programs[18])
    with older:
        engine = connect(older.url())
        schema.upgrade(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in (
                "create table orders (id int primary key, status text)",
                "select rowtrail.track('orders')",
                "insert into orders values (1, 'new'), (2, 'new')",
                "select rowtrail.seal()",
                "update orders set status = 'paid' where id = 1",
            ):
                connection.exec_driver_sql(statement)
            kept = json.dumps(seals.digest(connection))
        engine.dispose()
    # pg_upgrade of 18 expects checksums as the older cluster has them, which are none.
    run_as_server(
        programs[18] / "initdb", "-D", folder / "newer-data", "-U", "postgres", "--auth=trust",
        "--encoding=UTF8", "--locale=C", "--no-data-checksums",
    )  # fmt: skip
    run_as_server(
        "sh", "-c",
        'cd "$1" && exec "$2/pg_upgrade" -U postgres -s /tmp -b "$3" -B "$2" -d "$4" -D "$5"',
        "sh", folder, programs[18], programs[16], older.data, folder / "newer-data",
    )  # fmt: skip
    newer.folder.mkdir()
    newer.folder.chmod(0o755)
    (folder / "newer-data").rename(newer.data)
    with newer:
        url = newer.url()
        status, said = rowtrail(url, "restore-check")
        assert (status, said.splitlines()[-1]) == (
            0, "sound; era 2; 1 seal; public.orders compared",
        ), said  # fmt: skip
        engine = connect(url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # Transactions' numbers go on: what was recorded before is of its own era still.
            eras = "select era, count(*) from rowtrail.versions where op <> 'S' group by 1"
            assert connection.exec_driver_sql(eras).all() == [(1, 3)]
            connection.exec_driver_sql("insert into orders values (3, 'later')")
            assert rowtrail(url, "seal")[0] == 0
            found = "select era, ends_era from rowtrail.seals order by id"
            assert connection.exec_driver_sql(found).all() == [(1, False), (1, True), (2, False)]
            assert list(seals.check_digests(connection, [kept], "kept", None)) == []

            def run(statement: str, *parameters: object) -> list[object]:
                return list(connection.exec_driver_sql(statement, parameters or None))

            assert_exact(run, "orders")
        engine.dispose()
        assert rowtrail(url, "verify")[0] == 0
