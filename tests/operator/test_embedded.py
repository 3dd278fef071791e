"""The embedded server: shared, cleared up however its users end, and at home in any folder."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from as_people_do import Run, environment, execute, said_in_one_line, scalar

from rowtrail.embedded import guard
from rowtrail.embedded.server import Server

USER = """
import sys, time
from pathlib import Path
from rowtrail.db import connect
from rowtrail.embedded import Server
with Server(Path(sys.argv[1])) as server:
    with connect(server.url()).connect() as connection:
        print(connection.exec_driver_sql("select 1").scalar(), flush=True)
    time.sleep(float(sys.argv[2]))
"""

MAKES_A_USER = """
import sys
from rowtrail.embedded import programs
programs.SERVER_USER = sys.argv[1]
print(programs.server_user().uid)
"""


def user_of(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    """Another process that uses the server in this folder for so long."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, folder, str(seconds)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_until_stopped(server: Server) -> bool:
    """Whether the server stops within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if guard.postmaster(server.data) is None and not server.socket_folder.exists():
            return True
        time.sleep(0.05)
    return False


def test_data_survives_a_restart(folder: Path) -> None:
    with Server(folder) as server:
        execute(server.url(), "create table kept (id int)")
    assert wait_until_stopped(server)
    with Server(folder) as server:
        assert scalar(server.url(), "select count(*) from kept") == 0


def test_processes_that_start_at_the_same_moment_share_one_server(folder: Path) -> None:
    server = Server(folder)
    for attempt in range(10):
        if attempt % 4 == 0:
            shutil.rmtree(folder / "pg18", ignore_errors=True)
        users = [user_of(folder, 0.01 * attempt), user_of(folder, 0)]
        assert [(user.communicate(timeout=60)[0], user.returncode) for user in users] == [
            ("1\n", 0),
            ("1\n", 0),
        ]
        assert wait_until_stopped(server)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_server_stops_after_its_last_user_however_that_ends(folder: Path, how: int) -> None:
    first, second = user_of(folder, 60), user_of(folder, 60)
    for user in (first, second):
        assert user.stdout is not None
        assert user.stdout.readline() == "1\n"
    first.send_signal(how)
    first.communicate()
    time.sleep(0.5)
    server = Server(folder)
    assert guard.postmaster(server.data) is not None
    second.send_signal(how)
    second.communicate()
    assert wait_until_stopped(server)


@pytest.mark.parametrize(
    "name",
    ["with space", 'it\'s "quoted" $HOME `id` \\ é', "/".join(["x" * 100] * 8)],
    ids=["space", "quotes", "long"],
)
def test_its_folder_may_have_any_name(folder: Path, name: str) -> None:
    for _ in range(2):
        with Server(folder / name) as server:
            assert scalar(server.url(), "select 1") == 1
    assert wait_until_stopped(server)


def test_a_relative_folder_is_one_of_the_working_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with Server(Path("here")) as server:
        assert server.folder == folder / "here"
        assert scalar(server.url(), "select 1") == 1


def test_a_server_that_was_killed_is_started_again(folder: Path) -> None:
    with Server(folder) as server:
        killed = guard.postmaster(server.data)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        while guard.postmaster(server.data) is not None:
            time.sleep(0.05)
        with Server(folder):
            assert scalar(server.url(), "select 1") == 1
    assert wait_until_stopped(server)


def test_a_server_whose_socket_was_cleaned_away_is_started_again_and_stopped(folder: Path) -> None:
    with Server(folder) as server:
        shutil.rmtree(server.socket_folder)
        with Server(folder):
            assert scalar(server.url(), "select 1") == 1
        shutil.rmtree(server.socket_folder)
    assert wait_until_stopped(server)


def test_the_number_of_another_process_in_the_pid_file_is_no_server(folder: Path) -> None:
    with Server(folder) as server:
        pass
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1\n5432\n\n\n\n")
    with Server(folder):
        assert scalar(server.url(), "select 1") == 1


def test_a_first_start_that_was_cut_short_is_begun_anew(folder: Path) -> None:
    unfinished = folder / "pg18.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with Server(folder) as server:
        assert scalar(server.url(), "select 1") == 1
    assert not unfinished.exists()


def test_variables_of_libpq_do_not_reach_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "7777")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGUSER", "nobody")
    with Server(folder) as server:
        assert scalar(server.url(), "select current_user::text") == "postgres"


def test_data_of_another_major_version_is_left_alone(folder: Path, run: Run) -> None:
    with Server(folder) as server:
        pass
    (server.data / "PG_VERSION").write_text("15\n")
    done = run("status", "--data", folder)
    said_in_one_line(
        done, f"the data in {server.data} is of PostgreSQL 15", "PostgreSQL 18", "--data"
    )
    assert (server.data / "PG_VERSION").read_text() == "15\n"


def test_a_folder_that_cannot_be_used_is_one_line(folder: Path, run: Run) -> None:
    file = folder / "file"
    file.touch()
    said_in_one_line(run("status", "--data", file), f"{file}: it is a file", "--data")
    said_in_one_line(run("status", "--data", file / "below"), str(file / "below"), "--data")


def test_a_socket_folder_that_somebody_else_made_is_refused(folder: Path, run: Run) -> None:
    server = Server(folder)
    target = folder / "elsewhere"
    target.mkdir()
    before = target.stat()
    server.socket_folder.symlink_to(target)
    try:
        said_in_one_line(run("status", "--data", folder), "made by somebody else")
        after = target.stat()
        assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    finally:
        server.socket_folder.unlink()


def test_its_folder_is_said_in_one_line_on_stderr(folder: Path, run: Run) -> None:
    done = run("upgrade", "--data", folder)
    assert done.returncode == 0
    assert done.stderr == f"rowtrail: using the embedded PostgreSQL in {folder}\n"
    # The command line says more than the environment.
    done = run("status", "--data", folder, DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert done.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user made for the server")
def test_processes_of_root_that_start_at_the_same_moment_make_one_user() -> None:
    name = f"rowtrail-{os.getpid()}"
    for _ in range(3):
        starting = [
            subprocess.Popen(
                [sys.executable, "-c", MAKES_A_USER, name],
                env=environment(),
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(6)
        ]
        numbers = {each.communicate()[0].strip() for each in starting}
        subprocess.run(["userdel", name], check=True)
        assert len(numbers) == 1
