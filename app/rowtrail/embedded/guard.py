"""Stops the embedded server when its last user has gone, however that one ended.

Every process that uses the server holds a shared lock on `users.lock` in the server's folder, and
has a guard beside it: this file, run by itself. The guard waits for the exclusive lock, which the
kernel grants when all users are gone, after a `kill -9` too. It imports the standard library only,
so that it starts at once and stays small.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"

STOP_TIMEOUT = 60  # seconds


def stop_if_unused(folder: Path, data: Path, socket_folder: Path, binaries: Path) -> bool:
    """Stops the server in this folder unless some process uses it.

    Returns:
        Whether it is stopped.

    Raises:
        OSError: the folder is gone, or not ours.
    """
    with locked(folder), (folder / "users.lock").open("ab") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        stop(data, binaries)
        clear(socket_folder)
        with suppress(OSError):
            socket_folder.rmdir()
        return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock under which one process at a time starts or stops the server."""
    with (folder / "start.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def postmaster(data: Path) -> int | None:
    """The process id of the server that runs on this data directory; None where none does.

    A server that was killed leaves its id behind, and another process may have it by now.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    except PermissionError:
        pass
    except (OSError, ValueError, IndexError):
        return None
    return pid if works_in(pid, data) else None


def works_in(pid: int, data: Path) -> bool:
    """Whether the process is a server: one that runs in its data directory."""
    process = Path("/proc") / str(pid)
    if not process.exists():
        named = subprocess.run(  # noqa: S603
            ["ps", "-p", str(pid), "-o", "args="],  # noqa: S607
            capture_output=True,
            check=False,
        )
        return b"postgres" in named.stdout
    try:
        return (process / "cwd").resolve(strict=True) == data.resolve()
    except OSError:
        # Another user's: its command line is open to all; a zombie's is empty.
        return b"postgres" in (process / "cmdline").read_bytes()


def stop(data: Path, binaries: Path) -> None:
    """Stops the server on this data directory, if one runs, and waits until it has stopped."""
    if postmaster(data) is None:
        return
    owner = data.stat()
    as_owner = os.geteuid() == 0
    subprocess.run(  # noqa: S603
        [binaries / "pg_ctl", "stop", "-D", ".", "-m", "fast", "-w", "-t", str(STOP_TIMEOUT)],
        cwd=data,
        user=owner.st_uid if as_owner else None,
        group=owner.st_gid if as_owner else None,
        extra_groups=[] if as_owner else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def clear(socket_folder: Path) -> None:
    """Removes the socket that a killed server left behind."""
    for name in (SOCKET, f"{SOCKET}.lock"):
        with suppress(OSError):
            (socket_folder / name).unlink()


def wait_until_unused(folder: Path) -> None:
    """Waits until no process uses the server."""
    with (folder / "users.lock").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_EX)


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:]]
    with suppress(OSError):
        wait_until_unused(paths[0])
        stop_if_unused(*paths)
