"""One command starts each example from nothing, and its README says what that does."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import run
from run import EXAMPLES, free_port
from sqlalchemy import URL

SCRIPT = run.__file__


def environment() -> dict[str, str]:
    """Nothing is set."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for the embedded server, which the user that runs it for root can reach."""
    made = Path(tempfile.mkdtemp(prefix="rowtrail-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def start(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, SCRIPT, *map(str, arguments)],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_works(example: str, folder: Path) -> None:
    said, _ = (started := start(example, "--no-serve", "--data", folder)).communicate(timeout=120)
    assert started.returncode == 0, said
    assert said.rstrip().endswith("It works.")
    assert f"  update by {EXAMPLES[example].actor} (login shop)" in said
    assert "Rows that are not what their versions say: 0" in said


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_works_in_a_database_that_is_named(example: str, url: URL) -> None:
    named = url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, SCRIPT, example, "--no-serve"],
        env=environment() | {"DATABASE_URL": named}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert f"  update by {EXAMPLES[example].actor} (login postgres)" in done.stdout


def test_it_serves_until_it_is_stopped_and_starts_anew(folder: Path) -> None:
    port = free_port()
    for _ in range(2):
        started = start("flask", "--port", port, "--data", folder)
        assert started.stdout is not None
        said = ""
        try:
            while "Ctrl-C ends it." not in said:
                line = started.stdout.readline()
                assert line, said
                said += line
            assert "Grace, new" in urlopen(f"http://127.0.0.1:{port}/", timeout=10).read().decode()
            pages = said.split("Its history: ")[1].split()[0]
            assert "orders" in urlopen(pages, timeout=10).read().decode()
        finally:
            started.send_signal(signal.SIGTERM)
            started.communicate(timeout=30)
        with pytest.raises(OSError, match="refused"):
            urlopen(f"http://127.0.0.1:{port}/", timeout=10)


def test_a_port_that_is_taken_is_said_in_one_line(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = start("fastapi", "--port", port, "--data", folder)
        said, _ = started.communicate(timeout=120)
    assert started.returncode == 2
    assert f"rowtrail: cannot listen at 127.0.0.1:{port}" in said.splitlines()[-1]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_readme_says_what_is_run(example: str) -> None:
    readme = (Path(SCRIPT).parent / example / "README.md").read_text()
    found = EXAMPLES[example]
    for command in [*found.prepare, *([found.serve] if found.serve else [])]:
        typed = {
            "psql": ['psql "$DATABASE_URL"', *command[1:]],
            "-m": command[1:] if not command[1].startswith("shop") else ["python", *command],
        }.get(command[0], ["python", *command])
        shown = " ".join(typed).replace(" --log-level warning", "")
        assert shown in readme
    for grant in run.GRANTS:
        assert f"'{grant}'" in readme
