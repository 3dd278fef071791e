"""What is asked of a model's history: `User.history`, `user.history`, `user.versions`."""

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from sqlalchemy import Select, Table, Text, and_, cast, column, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, REGCLASS, TIMESTAMP
from sqlalchemy.orm import Session, object_session, scoped_session

from rowtrail.errors import RowtrailError
from rowtrail.models import ExactJSON, Version
from rowtrail.writer.images import Boundary, boundary_of, transaction_of
from rowtrail.writer.lazy import Lazy, is_unawaited
from rowtrail.writer.past import is_past, session_of
from rowtrail.writer.reading_past import Sources, read, require_tracked
from rowtrail.writer.row_keys import (
    all_tables_of,
    as_identity,
    identity_of,
    key_in,
    mapper_of,
    name_of,
    table_id_of,
    tables_of,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

    AnyAsyncSession = AsyncSession | async_scoped_session[Any]

M = TypeVar("M")

AnySession = Session | scoped_session[Any]


def versions_of(row: object) -> Select[Version]:
    """The query behind `row.versions`, to filter further, and for async sessions.

    Example:
        >>> db.session.scalars(versions_of(user).where(Version.actor == "alice")).all()

    Args:
        row: an object of a mapped class; its key decides.

    Raises:
        RowtrailError: its class is not mapped to a table.
    """
    return _versions_by_key(type(row), identity_of(row))


def _versions_by_key(model: type[Any], identity: Sequence[Any]) -> Select[Version]:
    mapper = mapper_of(model)
    of_tables = []
    for table in tables_of(mapper):
        key = key_in(table, mapper, identity)
        of_key = or_(Version.row_key == key, Version.old_key == key)
        of_tables.append(and_(Version.table_id == table_id_of(table), of_key))
    return select(Version).where(or_(*of_tables)).order_by(Version.id.desc())


class Versions(Lazy[Version]):
    """The versions of a row, newest first: a list that is read when it is looked into.

    Example:
        >>> user.versions[0].changes
        {"name": ("ann", "anna")}
        >>> user.versions.where(Version.actor == "alice").all()

    Attributes:
        statement: the query, for whoever wants to run it: `session.scalars(versions.statement)`.
    """

    def __init__(
        self,
        model: type[Any],
        identity: Sequence[Any],
        session: Session,
        statement: Select[Version] | None = None,
    ) -> None:
        self._model, self._identity, self._session = model, identity, session
        if statement is None:
            statement = _versions_by_key(model, identity)
        self.statement: Select[Version] = statement

    def where(self, *criteria: Any) -> "Versions":
        """Those for which it is true: `user.versions.where(Version.op == "U")`."""
        return self._with(self.statement.where(*criteria))

    def filter_by(self, **values: Any) -> "Versions":
        """Those with these values: `user.versions.filter_by(actor="alice")`."""
        return self._with(self.statement.filter_by(**values))

    def limit(self, most: int) -> "Versions":
        """The newest, so many at most."""
        return self._with(self.statement.limit(most))

    def first(self) -> Version | None:
        """The newest, which alone is read; None where there is none."""
        found = (self.limit(1) if self._read is None else self).all()
        return found[0] if found else None

    @overload
    def __getitem__(self, place: int) -> Version: ...
    @overload
    def __getitem__(self, place: slice) -> list[Version]: ...
    def __getitem__(self, place: int | slice) -> Version | list[Version]:
        if place == 0 and (newest := self.first()) is not None:
            return newest
        return self.all()[place]

    def _with(self, statement: Select[Version]) -> "Versions":
        return Versions(self._model, self._identity, self._session, statement)

    def _find(self) -> list[Version]:
        mapper = mapper_of(self._model)
        found = list(self._session.scalars(self.statement, bind_arguments={"mapper": mapper}))
        if not found:
            require_tracked(self._session, mapper, tables_of(mapper))
        return found


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


class History(Generic[M]):
    """The history of a model's rows: `User.history`."""

    def __init__(self, model: type[M]) -> None:
        self._model = model

    @overload
    def as_of(
        self,
        moment: datetime | Version | None = None,
        session: AnySession | None = None,
        *,
        transaction: str | None = None,
        snapshot: str | None = None,
    ) -> AsOf[M]: ...
    @overload
    def as_of(
        self,
        moment: datetime | Version | None,
        session: "AnyAsyncSession",
        *,
        transaction: str | None = None,
        snapshot: str | None = None,
    ) -> AsyncAsOf[M]: ...
    def as_of(
        self,
        moment: datetime | Version | None = None,
        session: Any = None,
        *,
        transaction: str | None = None,
        snapshot: str | None = None,
    ) -> AsOf[M] | AsyncAsOf[M]:
        """The model's objects as they were, with relationships as of the same boundary.

        Example:
            >>> User.history.as_of(moment).get(1).orders
            [<Order 7 as of 2026-11-24 12:00:00+00:00>]

        Args:
            moment: a datetime with its offset; or a version, whose transaction is meant.
            session: by which to read; models of Flask-SQLAlchemy know theirs.
            transaction: instead of a moment: up to the last change of this one, `1-4711`.
            snapshot: instead of a moment: what `pg_current_snapshot()` gave then.

        Raises:
            RowtrailError: not exactly one of the three is given, or a moment without its offset.
        """
        boundary = boundary_of(moment, transaction, snapshot)
        waiting = _async(session)
        if waiting is not None:
            return AsyncAsOf(AsOf(self._model, boundary, waiting.sync_session), waiting)
        return AsOf(self._model, boundary, _session(self._model, session))

    @overload
    def at(self, version: Version | int, session: AnySession | None = None) -> M: ...
    @overload
    def at(self, version: Version | int, session: "AnyAsyncSession") -> Awaitable[M]: ...
    def at(self, version: Version | int, session: Any = None) -> M | Awaitable[M]:
        """The object as one version has it; its relationships, as of that version's transaction.

        Of a delete it is the row that went.

        Args:
            version: a version or its id.
            session: by which to read; models of Flask-SQLAlchemy know theirs.

        Raises:
            RowtrailError: there is no such version of a row of this model.
        """
        waiting = _async(session)
        if waiting is not None:
            return waiting.run_sync(lambda inner: _at(self._model, version, inner))
        return _at(self._model, version, _session(self._model, session))

    def versions(self, key: Any, session: "AnySession | AnyAsyncSession | None" = None) -> Versions:
        """The versions of the row with this key, also of one that is gone: `await` it in async.

        Args:
            key: the value of the primary key; a tuple for a composite one.
            session: by which to read; models of Flask-SQLAlchemy know theirs.
        """
        waiting = _async(session)
        inner = _session(self._model, session) if waiting is None else waiting.sync_session
        return Versions(self._model, as_identity(mapper_of(self._model), key), inner)


class RowHistory(Generic[M]):
    """The history of one row: `user.history`. In async code, only `diff` is to be awaited; for the
    others there is `User.history`."""

    def __init__(self, model: type[M], identity: Sequence[Any], session: Session) -> None:
        self._model, self._identity, self._session = model, tuple(identity), session

    def as_of(
        self,
        moment: datetime | Version | None = None,
        *,
        transaction: str | None = None,
        snapshot: str | None = None,
    ) -> M | None:
        """The row as it was; None where there was none. As `User.history.as_of(moment).get(key)`.

        Args:
            moment: a datetime with its offset; or a version, whose transaction is meant.
            transaction: instead of a moment: up to the last change of this one, `1-4711`.
            snapshot: instead of a moment: what `pg_current_snapshot()` gave then.
        """
        self._refuse_unawaited("as_of")
        boundary = boundary_of(moment, transaction, snapshot)
        return AsOf(self._model, boundary, self._session).get(self._identity)

    def at(self, version: Version | int) -> M:
        """The row as one version has it, as `User.history.at(version)`."""
        self._refuse_unawaited("at")
        return _at(self._model, version, self._session)

    @overload
    def diff(self, a: datetime, b: datetime | None = None) -> Differences: ...
    @overload
    def diff(self, a: Version | int, b: Version | int) -> Differences: ...
    def diff(self, a: Any, b: Any = None) -> Differences:
        """How the row differs between two versions, or two moments, or since one: a list.

        Example:
            >>> user.history.diff(user.versions[-1], user.versions[0])
            [Difference(column="name", path=(), before="ann", after="anna", kind="value")]

        Raises:
            RowtrailError: there is no such version, the two are of different tables, or a
                moment has no offset.
        """
        if isinstance(a, datetime) and isinstance(b, datetime | None):
            for moment in (a, b):
                if moment is not None:
                    boundary_of(moment, None, None)
            return Differences(self._session, lambda: self._between_moments(a, b))
        ids = [one.id if isinstance(one, Version) else one for one in (a, b)]
        if not all(isinstance(one, int) for one in ids):
            raise RowtrailError(f"two versions are compared, or two moments, not {a!r} and {b!r}")
        return Differences(self._session, lambda: self._between_versions(ids[0], ids[1]))

    def _refuse_unawaited(self, what: str) -> None:
        if is_unawaited(self._session):
            name = self._model.__name__
            raise RowtrailError(
                f"a row's history.{what}() does not wait for an async session; "
                f"await {name}.history.{what}(…, session)"
            )

    def _between_versions(self, a: int, b: int) -> list[Difference]:
        mapper = mapper_of(self._model)
        tables = {_version(mapper, one, self._session)[0].fullname for one in (a, b)}
        if len(tables) > 1:
            raise RowtrailError(f"versions {a} and {b} are of two tables, {' and '.join(tables)}")
        return self._differences(func.rowtrail.diff(a, b))

    def _between_moments(self, a: datetime, b: datetime | None) -> list[Difference]:
        mapper = mapper_of(self._model)
        require_tracked(self._session, mapper, tables_of(mapper))
        found = []
        for table in tables_of(mapper):
            moments = [
                cast(literal(one, TIMESTAMP(timezone=True)), TIMESTAMP(timezone=True))
                for one in (a, b)
                if one is not None
            ]
            name = cast(literal(name_of(table), Text), REGCLASS)
            key = cast(key_in(table, mapper, self._identity), Text)
            found += self._differences(func.rowtrail.diff(name, key, *moments))
        return found

    def _differences(self, function: Any) -> list[Difference]:
        lines = function.table_valued(
            column("column_name", Text), column("path", ARRAY(Text)),
            column("before", ExactJSON), column("after", ExactJSON), column("kind", Text),
        )  # fmt: skip
        rows = self._session.execute(
            select(lines), bind_arguments={"mapper": mapper_of(self._model)}
        )
        return [
            Difference(row.column_name, tuple(row.path), row.before, row.after, row.kind)
            for row in rows
        ]


def history_of(model: type[M]) -> History[M]:
    """The history of any mapped class, as `User.history` gives it of a `Versioned` one."""
    mapper_of(model)
    return History(model)


class HistoryAttribute:
    """`history` of a model and of its objects."""

    @overload
    def __get__(self, row: None, owner: type[M]) -> History[M]: ...
    @overload
    def __get__(self, row: M, owner: type[M]) -> RowHistory[M]: ...
    def __get__(self, row: Any, owner: type[Any]) -> Any:
        if row is None:
            return History(owner)
        return RowHistory(owner, identity_of(row), session_for(row, "history"))


def session_for(row: object, what: str) -> Session:
    """The session that an object is in, or by which it was read of the past.

    Raises:
        RowtrailError: it is in none.
    """
    if is_past(row):
        return session_of(row)
    session = object_session(row)
    if session is None:
        raise RowtrailError(
            f"{type(row).__name__}.{what} needs a session, and this object is in none; "
            "add it to one, or load it anew"
        )
    return session


def _session(model: type[Any], given: Any) -> Session:
    if isinstance(given, scoped_session):
        found: Session = given()
        return found
    if isinstance(given, Session):
        return given
    if given is not None:
        raise RowtrailError(f"a session is needed to read history, not {given!r}")
    # Models of Flask-SQLAlchemy know their extension, which knows the session.
    extension = getattr(model, "__fsa__", None)
    if extension is None:
        name = model.__name__
        raise RowtrailError(
            f"{name}.history needs a session: {name}.history.as_of(moment, session)"
        )
    of_extension: Session = extension.session()
    return of_extension


def _async(given: Any) -> "AsyncSession | None":
    """The async session that was given, if it is one; what is not imported is not."""
    if given is None or isinstance(given, Session | scoped_session):
        return None
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

    if isinstance(given, async_scoped_session):
        given = given()
    return given if isinstance(given, AsyncSession) else None


def _at(model: type[M], version: Version | int, session: Session) -> M:
    mapper = mapper_of(model)
    version_id = version.id if isinstance(version, Version) else version
    table, recorded = _version(mapper, version_id, session)
    boundary = Boundary(transaction=transaction_of(recorded))
    key = literal(recorded.row_key, Text)
    found = read(session, Sources(mapper, boundary, lambda *_: key, (table, version_id)))
    if not found:
        raise RowtrailError(f"version {version_id} is of a row that is no {model.__name__}")
    made: M = found[0]
    return made


def _version(mapper: Any, version_id: int, session: Session) -> tuple[Table, Version]:
    """A version of a row of one of the mapper's tables, and which table.

    Raises:
        RowtrailError: there is none.
    """
    tables = all_tables_of(mapper)
    bind = {"mapper": mapper}
    numbers = session.execute(
        select(*(table_id_of(one).label(f"t{n}") for n, one in enumerate(tables))),
        bind_arguments=bind,
    ).one()
    found = session.scalars(
        select(Version).where(Version.id == version_id, Version.table_id.in_(numbers)),
        bind_arguments=bind,
    ).one_or_none()
    if found is None:
        require_tracked(session, mapper, tables)
        raise RowtrailError(
            f"there is no version {version_id} of a {mapper.class_.__name__}; "
            "its versions have the ids of theirs"
        )
    if found.op in ("T", "S"):
        what = "TRUNCATE" if found.op == "T" else "schema change"
        raise RowtrailError(f"version {version_id} is of no row: it is a {what}")
    return tables[list(numbers).index(found.table_id)], found
