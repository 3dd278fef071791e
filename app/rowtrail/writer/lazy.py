"""A list that is read when it is first looked into; in async code, when it is awaited."""

import sys
from collections.abc import Generator, Iterator, Sequence
from typing import Any, TypeVar, overload

from sqlalchemy.orm import Session
from sqlalchemy.util.concurrency import in_greenlet

from rowtrail.errors import RowtrailError

T_co = TypeVar("T_co", covariant=True)


class Lazy(Sequence[T_co]):
    """What a question finds. It is asked once, when the first element is needed."""

    _session: Session
    _read: list[T_co] | None = None

    def _find(self) -> list[T_co]:
        raise NotImplementedError

    def all(self) -> list[T_co]:
        """All of it."""
        if self._read is None:
            if is_unawaited(self._session):
                raise RowtrailError(
                    f"{type(self).__name__} of an async session is not read by looking at it; "
                    "await it"
                )
            self._read = self._find()
        return self._read

    def first(self) -> T_co | None:
        """The first; None where there is none."""
        return next(iter(self.all()), None)

    def __await__(self) -> Generator[Any, None, list[T_co]]:
        from sqlalchemy.ext.asyncio import async_session

        session = async_session(self._session)
        if session is None:
            raise RowtrailError(f"{type(self).__name__}: its session is no async one; no await")
        return session.run_sync(lambda _: self.all()).__await__()

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    @overload
    def __getitem__(self, place: int) -> T_co: ...
    @overload
    def __getitem__(self, place: slice) -> list[T_co]: ...
    def __getitem__(self, place: int | slice) -> T_co | list[T_co]:
        return self.all()[place]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Lazy):
            return self.all() == other.all()
        return self.all() == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, not read yet>" if self._read is None else repr(self._read)


def is_unawaited(session: Session) -> bool:
    """Whether the session is an async one, and this is no code that may wait for it."""
    # Whoever has one has imported this.
    asyncio = sys.modules.get("sqlalchemy.ext.asyncio")
    if asyncio is None or asyncio.async_session(session) is None:
        return False
    return not in_greenlet()
