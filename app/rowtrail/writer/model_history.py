"""What is asked of a model's history: `User.history`, `user.history`."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from sqlalchemy import Table, Text, cast, column, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, REGCLASS, TIMESTAMP
from sqlalchemy.orm import Session

from rowtrail.errors import RowtrailError
from rowtrail.models import ExactJSON, Version
from rowtrail.writer.as_of import AsOf, AsyncAsOf
from rowtrail.writer.differences import Difference, Differences
from rowtrail.writer.images import Boundary, boundary_of, transaction_of
from rowtrail.writer.lazy import is_unawaited
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
from rowtrail.writer.sessions import AnySession, async_session_of, session_for, session_to_read
from rowtrail.writer.versions import Versions

if TYPE_CHECKING:
    from rowtrail.writer.sessions import AnyAsyncSession

M = TypeVar("M")


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
        waiting = async_session_of(session)
        if waiting is not None:
            return AsyncAsOf(AsOf(self._model, boundary, waiting.sync_session), waiting)
        return AsOf(self._model, boundary, session_to_read(self._model, session))

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
        waiting = async_session_of(session)
        if waiting is not None:
            return waiting.run_sync(lambda inner: _at(self._model, version, inner))
        return _at(self._model, version, session_to_read(self._model, session))

    def versions(self, key: Any, session: "AnySession | AnyAsyncSession | None" = None) -> Versions:
        """The versions of the row with this key, also of one that is gone: `await` it in async.

        Args:
            key: the value of the primary key; a tuple for a composite one.
            session: by which to read; models of Flask-SQLAlchemy know theirs.
        """
        waiting = async_session_of(session)
        inner = session_to_read(self._model, session) if waiting is None else waiting.sync_session
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
