"""`rowtrail serve`: the pages, on this machine only, by a login that can only read."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from as_people_do import Run, command, environment, execute, said_in_one_line, scalar
from sqlalchemy import URL

from rowtrail.embedded import guard
from rowtrail.embedded.server import Server


@contextmanager
def serving(*arguments: object) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The command while it serves, and the URL that it printed."""
    process = subprocess.Popen(
        command("serve", *arguments),
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, process.communicate()
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end_and_leaves_no_server(
    folder: Path, run: Run, how: int
) -> None:
    assert run("upgrade", "--data", folder).returncode == 0
    with serving("--data", folder, "--port", "0") as (process, url):
        with urlopen(f"{url}/tables.json") as answer:
            assert answer.status == 200
        # By a name of somebody else's that leads here, a foreign page could read the history.
        for place in ("/tables", "/tables.json"):
            with pytest.raises(HTTPError) as refused:
                urlopen(Request(f"{url}{place}", headers={"Host": "evil.example"}))
            with refused.value as answer:
                assert answer.code == 400
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    first, *reads = err.splitlines()
    assert first == f"rowtrail: using the embedded PostgreSQL in {folder}"
    logged = [json.loads(line) for line in reads]
    assert [(one["path"], one["status"]) for one in logged] == [
        ("/tables.json", 200),
        ("/tables", 400),
        ("/tables.json", 400),
    ]
    assert guard.postmaster(Server(folder).data) is None


def test_on_the_embedded_server_its_login_can_only_read(folder: Path, run: Run) -> None:
    assert run("upgrade", "--data", folder).returncode == 0
    with Server(folder) as server:
        execute(server.url(), "create table secrets (id int primary key)")
        with serving("--data", folder, "--port", "0") as (_, url):
            urlopen(f"{url}/tables.json").close()
            logins = "select array_agg(distinct usename::text) from pg_stat_activity where {}"
            app = logins.format("application_name = 'rowtrail' and usename <> 'postgres'")
            assert scalar(server.url(), app) == ["rowtrail_web"]
        web = server.url("rowtrail_web")
        assert scalar(web, "select count(*) from rowtrail.versions") == 0
        rights = (
            "select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls "
            "from pg_roles where rolname = current_user"
        )
        assert scalar(web, rights) is False
        groups = (
            "select array_agg(roleid::regrole::text) from pg_auth_members "
            "where member = 'rowtrail_web'::regrole"
        )
        assert scalar(web, groups) == ["rowtrail_reader"]
        assert scalar(web, "select has_table_privilege('secrets', 'select')") is False
        assert scalar(web, "select has_table_privilege('rowtrail.versions', 'insert')") is False


def test_the_next_free_port_is_taken_unless_one_was_asked_for(url: URL, run: Run) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 5000))
            taken.listen()
        except OSError:
            pass  # Somebody else has it: just as well.
        with serving("--database", url) as (_, address):
            assert 5000 < int(address.rpartition(":")[2]) < 5100
        said_in_one_line(
            run("serve", "--port", "5000", "--database", url),
            "cannot listen at 127.0.0.1:5000: Address already in use",
            "--port",
        )


def test_a_server_that_is_down_is_one_line(run: Run) -> None:
    done = run("serve", "--database", "postgresql://127.0.0.1:1/shop")
    said_in_one_line(done, "cannot connect to", "check DATABASE_URL")
