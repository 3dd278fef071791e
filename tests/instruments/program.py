"""Programs: what each of several sessions does, in order, as plain data.

They can be printed, read back, run again, and made smaller while they still show what they showed.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One statement of a session.

    Attributes:
        login: whose session it is.
        statement: the statement; of `copy … from stdin` the lines follow.
        then: what the session `then_login` does when this one has to wait for a lock; '' for the
            common case, in which such a statement fails.
        then_login: whose session that is.
    """

    login: str
    statement: str
    then_login: str = ""
    then: str = ""

    def __str__(self) -> str:
        line = f"{self.login}: {self.statement}"
        if self.then:
            line += f" <<< {self.then_login}: {self.then}"
        return line.replace("\n", "\\n")


def parse(program: str) -> list[Step]:
    """The program that was printed as this text, one step a line."""
    steps = []
    for line in program.splitlines():
        first, _, then = line.replace("\\n", "\n").strip().partition(" <<< ")
        login, _, statement = first.partition(": ")
        then_login, _, then_statement = then.partition(": ")
        if statement:
            steps.append(Step(login, statement, then_login, then_statement))
    return steps


def smallest(program: list[Step], is_found: Callable[[list[Step]], bool]) -> list[Step]:
    """Leaves out of a program what it does not need to be found still.

    Args:
        program: a program for which `is_found` holds.
        is_found: runs a program and says whether it shows the same.
    """
    size = len(program) // 2
    while size:
        start = 0
        while start < len(program):
            less = program[:start] + program[start + size :]
            if is_found(less):
                program = less
            else:
                start += size
        size //= 2
    return program
