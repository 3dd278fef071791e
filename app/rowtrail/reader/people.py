"""Files that say something of each person: a line `person:what`, read again when it changes."""

import os
from collections.abc import Callable
from pathlib import Path

from rowtrail.errors import RowtrailError

#: What tells that a file is another one than it was: when it was written, its size, its number.
Mark = tuple[int, int, int]


class PeopleFile:
    """What is said of people, by their names.

    A line that is empty or begins with # says nothing. A name is taken as it stands, has no colon
    in it, and comes once.
    """

    def __init__(self, path: Path, problem_of: Callable[[str], str | None]) -> None:
        """Reads the file.

        Args:
            path: where it is.
            problem_of: what is wrong with what is said of somebody, and the mend; None if nothing.

        Raises:
            RowtrailError: it cannot be read, or a line of it is wrong.
        """
        self.path = path
        self.problem_of = problem_of
        self.known: tuple[Mark, dict[str, str]] | None = None
        self.people()

    def get(self, person: str) -> str | None:
        """What is said of the person; None where nothing is.

        Raises:
            RowtrailError: the file was changed, and cannot be read or is wrong by now.
        """
        return self.people().get(person)

    def people(self) -> dict[str, str]:
        """What is said of each."""
        try:
            found = self.path.stat()
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self.known is None or self.known[0] != mark:
                self.known = (mark, self.read(self.path.read_text(encoding="utf-8")))
        except OSError as error:
            raise RowtrailError(
                f"cannot read {self.path}: {os.strerror(error.errno or 0)}; "
                "let the application's user read it"
            ) from None
        except UnicodeDecodeError:
            raise RowtrailError(f"{self.path} is not text in UTF-8; write it anew") from None
        return self.known[1]

    def read(self, text: str) -> dict[str, str]:
        """The lines of the text."""
        people: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            person, colon, said = (part.strip() for part in line.partition(":"))
            if not (person and colon and said):
                problem: str | None = "is not of the form person:…"
            elif person in people:
                problem = f"names {person!r} a second time; leave one of the two"
            else:
                problem = self.problem_of(said)
            if problem:
                raise RowtrailError(f"{self.path}, line {number} {problem}")
            people[person] = said
        return people
