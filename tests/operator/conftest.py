"""The command as people run it, and servers that a test may break."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from as_people_do import Run, command, environment
from nodes import wait_until
from places import make_folder
from ready import Ready
from shops import Shops, serving

from rowtrail.embedded.server import Server

BINARIES = os.environ.get("ROWTRAIL_TEST_BINARIES")


@pytest.fixture(scope="session")
def ready() -> Iterator[Ready]:
    """A process that has the libraries imported."""
    made = Ready(environment())
    yield made
    made.close()


@pytest.fixture(scope="session")
def run(ready: Ready) -> Run:
    """Runs `rowtrail` to its end."""

    def run(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        wanted, whole = command(*arguments), environment() | env
        if ready.may_run_with(whole):
            return ready.run(wanted[3:], whole, timeout=120)
        return subprocess.run(
            wanted, capture_output=True, text=True, env=whole, check=False, timeout=120
        )

    return run


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user who runs the server for root can reach (pytest's own is closed)."""
    made = make_folder("test")
    yield made

    def is_removed() -> bool:
        # Who guards a server that has stopped may still be about to end.
        shutil.rmtree(made, ignore_errors=True)
        return not made.exists()

    wait_until(is_removed)


@pytest.fixture
def own_server(folder: Path) -> Iterator[Server]:
    """A server of this test alone, on which rowtrail was never installed."""
    with Server(folder / "server", Path(BINARIES) if BINARIES else None) as server:
        yield server


@pytest.fixture(scope="module")
def shops() -> Iterator[Server]:
    """A server with a database of each released revision."""
    with serving() as server:
        yield server


@pytest.fixture
def shop(shops: Server) -> Iterator[Shops]:
    """Makes a database of a revision."""
    made = Shops(shops)
    yield made
    made.close()
