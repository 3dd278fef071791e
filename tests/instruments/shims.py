"""What stands for two commands that the pages say: python shims.py pip|rowtrail ARGUMENTS

`pip install …`: whether there are such packages; they are in the environment. `rowtrail serve` and
`rowtrail seal --every`, which go on until they are stopped: whether they do, and the pages answer.
"""

import re
import signal
import subprocess
import sys
import time
import tomllib
from importlib.metadata import version
from pathlib import Path
from urllib.request import urlopen

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def pip(command: str, *packages: str) -> int:
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    for package in packages:
        if package == "--upgrade":
            continue
        found = re.fullmatch(r"([\w-]+)(?:\[([\w,]+)\])?", package)
        if command != "install" or found is None:
            sys.exit(f"pip {command} {package}?")
        version(found[1])
        for extra in (found[2] or "").split(","):
            if extra and found[1] == "rowtrail" and extra not in extras:
                sys.exit(f"rowtrail has no extra {extra}")
    return 0


def rowtrail(*arguments: str) -> int:
    command = [sys.executable, "-m", "rowtrail.cli", *arguments]
    if arguments[0] != "serve" and "--every" not in arguments:
        return subprocess.call(command)
    # Of `seal --every … --digest FILE`.
    place = Path(arguments[-1])
    before = size_of(place)
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    if arguments[0] == "serve":
        said = running.stdout.readline()
        found = re.search(r"http://\S+", said)
        if found is None:
            return running.wait() or 1
        with urlopen(f"{found[0]}/health", timeout=30) as answer:
            print(said, answer.status)
    else:
        # It says what it has sealed, and then puts the digest in its place.
        said = running.stdout.readline()
        if not said.startswith("seal "):
            return running.wait() or 1
        print(said)
        until = time.monotonic() + 60
        while size_of(place) == before:
            if time.monotonic() > until:
                return 1
            time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    ended = running.wait(30)
    return 0 if ended == 130 else ended


def size_of(place: Path) -> int:
    return place.stat().st_size if place.exists() else 0


if __name__ == "__main__":
    sys.exit((pip if sys.argv[1] == "pip" else rowtrail)(*sys.argv[2:]))
