"""The command as people run it, and servers that a test may break."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from as_people_do import Run, command, environment
from nodes import wait_until
from shops import Shops, serving

from rowtrail.embedded.server import Server

BINARIES = os.environ.get("ROWTRAIL_TEST_BINARIES")


@pytest.fixture
def run() -> Run:
    """Runs `rowtrail` to its end."""

    def run(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            capture_output=True,
            text=True,
            env=environment() | env,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user who runs the server for root can reach (pytest's own is closed)."""
    made = Path(tempfile.mkdtemp(prefix="rowtrail-test-"))
    made.chmod(0o755)
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
