"""Ten years of history on two servers and in Parquet, from nothing: `make example-ten-years`.

All that it runs is what the README of the example says to type, on two servers of its own.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError

HERE = Path(__file__).parent

#: What is typed, by what it is for, in a shell that has the variables of the README.
STEPS: dict[str, list[str]] = {
    "The app's database, with ten years in it": [
        "rowtrail upgrade",
        'psql "$DATABASE_URL" -f ten_years.sql',
    ],
    "Sealed, and the digest kept elsewhere": [
        "rowtrail seal",
        "rowtrail digest --to digests.jsonl",
    ],
    "Shipped to the history database; here six months are kept": [
        "rowtrail ship",
        "rowtrail retention orders '6 months' --reason 'policy 12'",
        "rowtrail maintain --reason 'policy 12'",
    ],
    "What is older than 2022 as Parquet": [
        'rowtrail archive --database "$HISTORY_DATABASE_URL" --to archive --before 2022-01',
    ],
    "All three are still what the digest of the beginning says": [
        "rowtrail verify --digests digests.jsonl",
        'rowtrail verify --database "$HISTORY_DATABASE_URL" --digests digests.jsonl',
        "rowtrail verify --archive archive --digests digests.jsonl",
    ],
    "The ten years of order 1": [
        "rowtrail history orders 1 | head -20",
    ],
}

#: The changes of order 1, and that it came.
VERSIONS = 121


@contextmanager
def variables() -> Iterator[dict[str, str]]:
    """The environment of the commands: those of the README, or those of two servers of its own."""
    named = {name: os.environ.get(name) for name in ("DATABASE_URL", "HISTORY_DATABASE_URL")}
    if all(named.values()):
        yield dict(os.environ)
        return
    if any(named.values()):
        raise RowtrailError(
            "set both DATABASE_URL and HISTORY_DATABASE_URL, each to an empty database, or neither"
        )
    place = Path(tempfile.mkdtemp(prefix="rowtrail-ten-years-"))
    # Another user may run the servers.
    place.chmod(0o755)
    try:
        with Server(place / "app") as app, Server(place / "history") as history:
            urls = [
                one.url().set(drivername="postgresql").render_as_string(hide_password=False)
                for one in (app, history)
            ]
            path = os.pathsep.join(
                [str(Path(sys.executable).parent), os.environ["PATH"], str(app.binaries)]
            )
            yield os.environ | {
                "DATABASE_URL": urls[0], "HISTORY_DATABASE_URL": urls[1], "PATH": path
            }  # fmt: skip
    finally:
        shutil.rmtree(place, ignore_errors=True)


def typed(command: str, folder: Path, environment: dict[str, str]) -> None:
    """Runs a command to its end, and shows it."""
    print(f"$ {command}")
    sys.stdout.flush()
    done = subprocess.run(  # noqa: S602 (it is ours, and is meant for a shell)
        command, shell=True, cwd=folder, env=environment, check=False
    )
    if done.returncode:
        raise RowtrailError(f"this command failed: {command}")


def versions(folder: Path, environment: dict[str, str], *options: str) -> int:
    """How many versions of order 1 the command shows."""
    said = subprocess.run(  # noqa: S603
        ["rowtrail", "history", "orders", "1", "--json", *options],  # noqa: S607
        cwd=folder, env=environment, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return len(said.stdout.splitlines())


def main() -> int:
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--no-serve", action="store_true", help="end after the proof that it works")
    parser.add_argument("--port", type=int, default=5000, help="of the pages (5000)")
    parser.add_argument(
        "--folder", type=Path, help="where the digests and the archive are to be; else they go"
    )
    said = parser.parse_args()
    # So that what we started ends with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    made = None if said.folder else tempfile.TemporaryDirectory()
    folder: Path = said.folder or Path(made.name if made else ".")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "ten_years.sql", folder)
        with variables() as environment:
            for title, commands in STEPS.items():
                print(f"\n{title}")
                for command in commands:
                    typed(command, folder, environment)
            found = versions(folder, environment)
            print(f"\nVersions of order 1, out of both databases: {found}")
            if found != VERSIONS:
                print(f"There should be {VERSIONS}.", file=sys.stderr)
                return 1
            print("It works.")
            if not said.no_serve:
                typed(f"rowtrail serve --port {said.port}", folder, environment)
    except RowtrailError as error:
        print(f"rowtrail: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if made:
            made.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
