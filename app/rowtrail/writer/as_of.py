"""A model's objects as they were: `User.history.as_of(moment)`."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from rowtrail.writer.images import Boundary
from rowtrail.writer.lazy import Lazy
from rowtrail.writer.reading_past import Sources, read
from rowtrail.writer.row_keys import as_identity, key_in, mapper_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

M = TypeVar("M")


class AsOf(Lazy[M]):
    """The objects of a model as they were: a list that is read when it is looked into.

    Example:
        >>> User.history.as_of(moment).where(User.name == "ann").all()
        [<User 1 as of 2026-11-24 12:00:00+00:00>]

    Conditions see the model's own columns as they were; other tables, as they are now.
    """

    def __init__(self, model: type[M], boundary: Boundary, session: Session) -> None:
        self._model, self._boundary, self._session = model, boundary, session
        self._where: tuple[Any, ...] = ()
        self._order: tuple[Any, ...] = ()
        self._most: int | None = None
        self._load: tuple[str, ...] = ()

    def where(self, *criteria: Any) -> "AsOf[M]":
        """Those for which it was true: `.where(User.name.like("a%"))`."""
        return self._with(_where=self._where + criteria)

    def filter_by(self, **values: Any) -> "AsOf[M]":
        """Those with these values: `.filter_by(name="ann")`."""
        return self.where(*(getattr(self._model, key) == one for key, one in values.items()))

    def order_by(self, *columns: Any) -> "AsOf[M]":
        """In this order; else by the primary key."""
        return self._with(_order=self._order + columns)

    def limit(self, most: int) -> "AsOf[M]":
        """So many at most."""
        return self._with(_most=most)

    def load(self, *relationships: Any) -> "AsOf[M]":
        """With these relationships read at once: `.load(User.orders, "orders.lines")`."""
        names = tuple(one if isinstance(one, str) else one.key for one in relationships)
        return self._with(_load=self._load + names)

    def first(self) -> M | None:
        """The first, which alone is read; None where there was none."""
        found = (self.limit(1) if self._read is None else self).all()
        return found[0] if found else None

    def get(self, key: Any) -> M | None:
        """The one with this key, found by index; None where there was none.

        Args:
            key: the value of the primary key; a tuple for a composite one.
        """
        mapper = mapper_of(self._model)
        identity = as_identity(mapper, key)
        sources = Sources(
            mapper, self._boundary, lambda table, of_table: key_in(table, of_table, identity)
        )
        found = self._loaded(read(self._session, sources, self._change))
        return found[0] if found else None

    def _with(self, **changed: Any) -> "AsOf[M]":
        other = AsOf(self._model, self._boundary, self._session)
        other.__dict__.update({**self.__dict__, "_read": None, **changed})
        return other

    def _find(self) -> list[M]:
        sources = Sources(mapper_of(self._model), self._boundary)
        return self._loaded(read(self._session, sources, self._change))

    def _change(self, statement: Select[Any], sources: Sources) -> Select[Any]:
        for one in self._where:
            statement = statement.where(sources.adapted(one))
        order = self._order or sources.mapper.primary_key
        statement = statement.order_by(*(sources.adapted(one) for one in order))
        return statement if self._most is None else statement.limit(self._most)

    def _loaded(self, found: list[M]) -> list[M]:
        for path in self._load:
            rows: list[Any] = list(found)
            for name in path.split("."):
                related = [getattr(row, name) for row in rows]
                rows = []
                for one in related:
                    many = one.values() if isinstance(one, dict) else one
                    is_many = isinstance(one, dict | list | set)
                    rows += many if is_many else [] if one is None else [one]
        return found


class AsyncAsOf(Generic[M]):
    """`AsOf` for an async session: `await` it, or its `get()` or `first()`."""

    def __init__(self, asked: AsOf[M], session: "AsyncSession") -> None:
        self._asked, self._session = asked, session

    def where(self, *criteria: Any) -> "AsyncAsOf[M]":
        """As `AsOf.where()`."""
        return AsyncAsOf(self._asked.where(*criteria), self._session)

    def filter_by(self, **values: Any) -> "AsyncAsOf[M]":
        """As `AsOf.filter_by()`."""
        return AsyncAsOf(self._asked.filter_by(**values), self._session)

    def order_by(self, *columns: Any) -> "AsyncAsOf[M]":
        """As `AsOf.order_by()`."""
        return AsyncAsOf(self._asked.order_by(*columns), self._session)

    def limit(self, most: int) -> "AsyncAsOf[M]":
        """As `AsOf.limit()`."""
        return AsyncAsOf(self._asked.limit(most), self._session)

    def load(self, *relationships: Any) -> "AsyncAsOf[M]":
        """As `AsOf.load()`: what is not loaded so is not read by looking at it."""
        return AsyncAsOf(self._asked.load(*relationships), self._session)

    async def all(self) -> list[M]:
        """All of them."""
        return await self._session.run_sync(lambda _: self._asked.all())

    async def first(self) -> M | None:
        """The first; None where there was none."""
        return await self._session.run_sync(lambda _: self._asked.first())

    async def get(self, key: Any) -> M | None:
        """The one with this key."""
        return await self._session.run_sync(lambda _: self._asked.get(key))

    def __await__(self) -> Generator[Any, None, list[M]]:
        return self.all().__await__()
