"""How a row differs between two versions or two moments: `user.history.diff(a, b)`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from rowtrail.writer.lazy import Lazy


@dataclass(frozen=True)
class Difference:
    """Where two versions of a row differ: a column, or a path within its JSON.

    Attributes:
        column: its name in the database, today's.
        path: where within its JSON; empty for the column as a whole.
        before: the value in the first one.
        after: the value in the second one.
        kind: `value`, `scale`, `type`, `text`, `added` or `removed`, as rowtrail.diff() says.
    """

    column: str
    path: tuple[str, ...]
    before: Any
    after: Any
    kind: str


class Differences(Lazy[Difference]):
    """How a row differs between two versions or two moments."""

    def __init__(self, session: Session, find: Callable[[], list[Difference]]) -> None:
        self._session, self._find_all = session, find

    def _find(self) -> list[Difference]:
        return self._find_all()
