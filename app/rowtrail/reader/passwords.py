"""The file of passwords of the mode `basic`: a line `person:hash`, the hash by scrypt."""

import hmac
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from rowtrail.errors import RowtrailError
from rowtrail.reader.people import PeopleFile

#: So many people who were right are remembered, so that not each request waits for scrypt.
REMEMBERED = 1000


class Passwords:
    """Tells whether a person's password is right.

    How long it takes says nothing of whether there is such a person.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file; raises a RowtrailError where it cannot be read, or is wrong."""
        self.file = PeopleFile(path, problem_of_hash)
        self.of_nobody = generate_password_hash(secrets.token_urlsafe())
        self.secret = secrets.token_bytes(32)
        self.proven: set[bytes] = set()

    def are_right(self, person: str, password: str) -> bool:
        """Whether the file has this person with this password, as it is now."""
        known = self.file.get(person)
        # The hash is part of the proof, so that a changed password ends it.
        proof = hmac.digest(self.secret, repr((person, known, password)).encode(), "sha256")
        if proof in self.proven:
            return True
        is_right = check_password_hash(known or self.of_nobody, password)
        if known is None or not is_right:
            return False
        if len(self.proven) >= REMEMBERED:
            self.proven.clear()
        self.proven.add(proof)
        return True


def problem_of_hash(said: str) -> str | None:
    """What is wrong with the hash in a line."""
    kind, _, rest = said.partition("$")
    if kind.startswith("scrypt:") and rest.count("$") == 1:
        return None
    return "has no hash by scrypt; write it by: rowtrail password PERSON --file FILE"


def set_password(path: Path, person: str, password: str) -> bool:
    """Writes the person's hash into the file, which is made if there is none.

    Returns:
        Whether the person was in it before.

    Raises:
        RowtrailError: no line can name this person, or the file is wrong or cannot be written.
    """
    require_name(person)
    lines: list[str] = []
    was_there = False
    if path.exists():
        was_there = PeopleFile(path, problem_of_hash).get(person) is not None
        lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.partition(":")[0].strip() != person]
    text = "".join(f"{line}\n" for line in [*kept, f"{person}:{generate_password_hash(password)}"])
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
        if path.exists():
            # The application goes on to be who may read it.
            shutil.copymode(path, part)
            with suppress(PermissionError):
                os.chown(part, path.stat().st_uid, path.stat().st_gid)
        part.replace(path)
    except OSError as error:
        raise RowtrailError(
            f"cannot write {path}: {os.strerror(error.errno or 0)}; name another file with --file"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return was_there


def require_name(person: str) -> None:
    """Raises a RowtrailError where no line of the file can name this person."""
    if not person or ":" in person or person.startswith("#") or not is_line(person):
        raise RowtrailError(
            f"nobody can be called {person!r} in a file of passwords; leave out colons, "
            "white space around the name, a # before it, and characters that do not show"
        )


def is_line(text: str) -> bool:
    """Whether the text can stand in a line, and be read from it as it is."""
    return text.isprintable() and text == text.strip()
