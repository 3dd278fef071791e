"""`rowtrail` as a process of its own that need not import the libraries first.

Half of a short command's time goes into the imports of SQLAlchemy and the like. A process that has
them waits here; asked, it forks one that runs the command, with arguments, environment, working
directory, output and exit status of its own. What is rowtrail's own is imported by each anew.
"""

import gc
import importlib
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

#: Imported beforehand. Not Alembic: it would import rowtrail.
LIBRARIES = (
    "click",
    "concurrent.futures",
    "email.message",
    "platformdirs",
    "psycopg2.extras",
    "pyarrow.parquet",
    "rich.console",
    "rich.progress",
    "rich.syntax",
    "rich.table",
    "shlex",
    "simplejson",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.orm",
)

#: What the interpreter reads when it starts begins so.
OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")


class Ready:
    """The process that waits."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._asks, waits = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(waits.fileno())],
            env=env,
            pass_fds=[waits.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        waits.close()

    def may_run_with(self, env: dict[str, str]) -> bool:
        """Whether what the interpreter reads when it starts is as it was when this one did."""
        names = {n for n in self._env | env if n.startswith(OF_THE_INTERPRETER)}
        return all(self._env.get(name) == env.get(name) for name in names)

    def run(
        self, arguments: list[str], env: dict[str, str], timeout: float
    ) -> "subprocess.CompletedProcess[str]":
        """Runs the command to its end, as subprocess.run does."""
        (out, writes_out), (err, writes_err), (status, writes_status) = (
            os.pipe() for _ in range(3)
        )
        with tempfile.TemporaryFile() as request:
            asked = {"arguments": arguments, "environment": env, "folder": str(Path.cwd())}
            request.write(json.dumps(asked).encode())
            request.seek(0)
            given = [writes_out, writes_err, writes_status]
            socket.send_fds(self._asks, [b"?"], [request.fileno(), *given])
        for end in given:
            os.close(end)
        said: dict[int, bytes] = {}
        readers = [threading.Thread(target=read, args=(end, said)) for end in (out, err)]
        for reader in readers:
            reader.start()
        late = threading.Event()

        def kill(pid: int) -> None:
            late.set()
            os.kill(pid, signal.SIGKILL)

        with os.fdopen(status, encoding="ascii") as lines:
            deadline = threading.Timer(timeout, kill, [int(lines.readline())])
            deadline.start()
            try:
                code = int(lines.readline())
            finally:
                deadline.cancel()
        # Not before all have ended that have its output, as subprocess.run does.
        for reader in readers:
            reader.join(timeout)
        command = ["rowtrail", *arguments]
        if late.is_set() or len(said) < len(readers):
            raise subprocess.TimeoutExpired(command, timeout, said.get(out), said.get(err))
        return subprocess.CompletedProcess(command, code, text(said[out]), text(said[err]))

    def close(self) -> None:
        """Ends the process that waits."""
        self._asks.close()
        self._process.wait()


def read(end: int, into: dict[int, bytes]) -> None:
    """Reads a pipe to its end."""
    with os.fdopen(end, "rb") as output:
        into[end] = output.read()


def text(said: bytes) -> str:
    """What was said, with the ends of lines that text has."""
    return io.TextIOWrapper(io.BytesIO(said), encoding="utf-8").read()


def wait(asks: socket.socket) -> bool:
    """Waits until it is asked for a command; True in the process that is to run it."""
    # Nobody waits for those who wait for the commands.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, given, _, _ = socket.recv_fds(asks, 1, 4)
        if not asked:
            return False
        with warnings.catch_warnings():
            # A thread of the memory that Arrow takes is there, and knows of forks.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asks.close()
            return is_command(*given)
        for end in given:
            os.close(end)


def is_command(request: int, out: int, err: int, status: int) -> bool:
    """Forks the command, and says how it ended."""
    pid = os.fork()
    if pid == 0:
        os.close(status)
        speak_into(out, err)
        with os.fdopen(request, "rb") as asked:
            become(**json.load(asked))
        return True
    for end in (request, out, err):
        os.close(end)
    os.write(status, f"{pid}\n".encode())
    _, ended = os.waitpid(pid, 0)
    os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
    os._exit(0)


def speak_into(out: int, err: int) -> None:
    """Makes these the output, as the interpreter does when it starts."""
    for given, number in ((out, 1), (err, 2)):
        os.dup2(given, number)
        os.close(given)
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdout = os.fdopen(1, "w", encoding=encoding, errors=errors, closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding, "backslashreplace", closefd=False)


def become(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    # As `python -m` has it.
    sys.path[0] = folder
    sys.argv = ["rowtrail", *arguments]


def main() -> None:
    for library in LIBRARIES:
        importlib.import_module(library)
    assert not [name for name in sys.modules if name.split(".")[0] == "rowtrail"]
    gc.freeze()
    if wait(socket.socket(fileno=int(sys.argv[1]))):
        runpy.run_module("rowtrail.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
