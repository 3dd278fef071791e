"""Where digests are kept: a file, a git repository, or whoever answers at a URL."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from rowtrail.errors import RowtrailError
from rowtrail.proof.signing import Signer, read

TIMEOUT = 30  # seconds, for a webhook and for git


class Place(NamedTuple):
    """Where a digest goes.

    Attributes:
        kind: file, git or url.
        name: the path or the URL.
    """

    kind: str
    name: str


def place_of(given: str) -> Place:
    """The place that a person named.

    Raises:
        RowtrailError: it cannot be one.
    """
    if given.startswith(("http://", "https://")):
        return Place("url", given)
    kind, name = (
        ("git", given.removeprefix("git:")) if given.startswith("git:") else ("file", given)
    )
    if not name or "://" in name:
        raise RowtrailError(
            f"{given} is no place for a digest; name a file, git:FILE or an http(s) URL"
        )
    return Place(kind, name)


def signed(digest: dict[str, Any], signer: Signer | None) -> dict[str, Any]:
    """The digest, with a signature of its text if there is somebody who signs."""
    return digest if signer is None else digest | {"signature": signer.sign(digest["text"])}


def publish(digest: dict[str, Any], place: Place, signer: Signer | None) -> None:
    """Puts a digest where it is to be kept, unless it is the last line of the file already.

    Raises:
        RowtrailError: it did not get there.
    """
    line = json.dumps(signed(digest, signer), ensure_ascii=False)
    if place.kind == "url":
        post(line, place.name)
        return
    file = Path(place.name).resolve()
    append(line, file)
    if place.kind == "git":
        commit(file, digest["seal"])


def append(line: str, file: Path) -> None:
    """Adds a line to a file, which is on the disk when this returns."""
    try:
        with file.open("a+b") as out:
            out.seek(0)
            known = out.read()
            if known.endswith((line + "\n").encode()):
                return
            # What a crash left of a line is not to spoil the next one.
            if known and not known.endswith(b"\n"):
                out.write(b"\n")
            out.write((line + "\n").encode())
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise RowtrailError(f"the digest cannot be written to {file}: {error.strerror}") from None


def commit(file: Path, seal: int) -> None:
    """Commits the file in its repository, and pushes it where its branch has an upstream."""
    git(file, "add", "--", file.name)
    if git(file, "status", "--porcelain", "--", file.name):
        git(file, "commit", "--quiet", "-m", f"Digest of seal {seal}", "--", file.name)
    if git(file, "for-each-ref", "--format=%(upstream)", git(file, "symbolic-ref", "HEAD")):
        git(file, "push", "--quiet")


def git(file: Path, *arguments: str) -> str:
    """What git says in the folder of the file.

    Raises:
        RowtrailError: it is not there, or cannot do it.
    """
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=file.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},
        )
    except FileNotFoundError:
        raise RowtrailError(
            "the digest is in the file, not committed: git is not installed"
        ) from None
    except subprocess.TimeoutExpired:
        raise RowtrailError(f"git {arguments[0]} did not end within {TIMEOUT} s") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise RowtrailError(f"the digest is in {file}, but git {arguments[0]} failed: {said}")
    return done.stdout.strip()


def post(line: str, url: str) -> None:
    """Posts the digest as JSON.

    Raises:
        RowtrailError: whoever answers does not take it, or nobody does.
    """
    request = urllib.request.Request(  # noqa: S310
        url, line.encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        raise RowtrailError(f"{url} did not take the digest: {error.code} {error.reason}") from None
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise RowtrailError(f"the digest could not be posted to {url}: {reason}") from None


def lines_of(file: Path) -> list[str]:
    """The digests in a file, or on standard input for `-`.

    Raises:
        RowtrailError: it cannot be read.
    """
    content = sys.stdin.buffer.read() if str(file) == "-" else read(file)
    return content.decode(errors="replace").splitlines()
