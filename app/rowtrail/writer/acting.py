"""The actor of what a program writes: `with actor("alice", reason="ticket 4711"): …`.

An actor is in force for a stretch of the program: a thread's, an asyncio task's, a request's. In
each transaction that writes meanwhile, on any engine of SQLAlchemy's for PostgreSQL, it is named
once, before the first statement that may write; where nothing is written, nothing is sent.

It is named by two settings of the transaction, for which a login needs no right on the schema
`rowtrail`, and which no later client of a pooled connection sees.
"""

import functools
import inspect
import json
import sys
import warnings
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, overload

from sqlalchemy import Connection, Engine, Text, bindparam, event, func, select
from sqlalchemy.orm import Session, scoped_session

from rowtrail.errors import RowtrailError
from rowtrail.writer.statements import Kind, kind_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

F = TypeVar("F", bound=Callable[..., Any])

_SET = select(
    func.set_config("rowtrail.actor", bindparam("actor", type_=Text), True),
    func.set_config("rowtrail.context", bindparam("context", type_=Text), True),
)


@dataclass(frozen=True)
class Actor:
    """Who is acting, and why. `actor(**one.as_arguments())` brings it to another process.

    Attributes:
        name: who; None for nobody.
        context: what else is said: the reason, a request's id.
    """

    name: str | None = None
    context: dict[str, Any] = field(default_factory=dict)

    def as_arguments(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {"name": self.name, "context": self.context}

    def as_settings(self) -> tuple[str, str]:
        """The values of the settings rowtrail.actor and rowtrail.context."""
        as_json = json.dumps(self.context, ensure_ascii=False) if self.context else ""
        return self.name or "", as_json


@dataclass(frozen=True)
class _Meanwhile(Actor):
    """What one `with actor(…)` says, and what was said before it."""

    by: "actor | None" = field(default=None, compare=False)
    before: "Actor | None" = field(default=None, compare=False)


_NOBODY = Actor()

#: What `with actor(…)` said last, in this thread or task.
_said: ContextVar[Actor | None] = ContextVar("rowtrail_actor", default=None)

#: A source is being asked, by what may ask the database itself.
_asking: ContextVar[bool] = ContextVar("rowtrail_asking", default=False)

#: Who else may know who acts: the web framework that serves a request.
_sources: list[Callable[[], Actor | None]] = []


class actor:  # noqa: N801 - it is called like a function
    """Names the actor of what is written meanwhile; also a decorator, of async functions too.

    Example:
        >>> with actor("alice", reason="ticket 4711"):
        ...     user.name = "Anna"
        ...     session.commit()

    Args:
        name: of 200 characters at most; without one, who acted before still does.
        reason: why, in the writer's words.
        context: what else to keep with each change; of 8192 bytes as JSON at most. It is added to
            what was said before.

    Raises:
        RowtrailError: the context is not JSON, or there is a NUL in what is said.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        reason: str | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        self._said = checked(name, reason, context)

    def __enter__(self) -> None:
        watch()
        before = _said.get()
        outer = before or _NOBODY
        name = outer.name if self._said.name is None else self._said.name
        _said.set(_Meanwhile(name, outer.context | self._said.context, by=self, before=before))

    def __exit__(self, *_: object) -> None:
        # One object may be entered in several threads and tasks at a time, and a generator may be
        # left in another one than entered it: there its name is not, so there is nothing to end.
        said = _said.get()
        if isinstance(said, _Meanwhile) and said.by is self:
            _said.set(said.before)

    def __call__(self, function: F) -> F:
        said = self._said

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            # It would be over before the generator began.
            raise RowtrailError(
                f"{function.__name__}() is a generator, for which @actor(…) names nobody; "
                "write in it: with actor(…):"
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*arguments: Any, **named: Any) -> Any:
                with actor(said.name, context=said.context):
                    return await function(*arguments, **named)

            return awaited  # type: ignore[return-value]

        @functools.wraps(function)
        def called(*arguments: Any, **named: Any) -> Any:
            with actor(said.name, context=said.context):
                return function(*arguments, **named)

        return called  # type: ignore[return-value]


def current_actor() -> Actor:
    """Who acts here and now, by `with actor(…)` or by the request that is served."""
    own = _said.get() or _NOBODY
    base = _NOBODY
    if not _asking.get():
        token = _asking.set(True)
        try:
            base = next((found for ask in _sources if (found := ask()) is not None), _NOBODY)
        finally:
            _asking.reset(token)
    name = base.name if own.name is None else own.name
    return Actor(name, base.context | own.context)


def add_source(ask: Callable[[], Actor | None]) -> None:
    """Asks this too who acts, where no `with actor(…)` says so."""
    if ask not in _sources:
        _sources.append(ask)
    watch()


@overload
def set_actor(
    session: Session | scoped_session[Any] | Connection,
    actor: str | None,
    *,
    reason: str | None = None,
    context: dict[str, Any] | None = None,
) -> None: ...
@overload
def set_actor(
    session: "AsyncSession | async_scoped_session[Any] | AsyncConnection",
    actor: str | None,
    *,
    reason: str | None = None,
    context: dict[str, Any] | None = None,
) -> Awaitable[None]: ...
def set_actor(
    session: Any,
    actor: str | None,
    *,
    reason: str | None = None,
    context: dict[str, Any] | None = None,
) -> Awaitable[None] | None:
    """Names the actor of the session's transaction until it ends, at once, in one round trip.

    It is stronger than `with actor(…)` in that transaction. Of an async session or connection it
    is to be awaited.

    Example:
        >>> set_actor(db.session, "alice", reason="ticket 4711")

    Args:
        session: a session or a connection.
        actor: of 200 characters at most; None takes the name back.
        reason: why, in the writer's words.
        context: what else to keep with each change; of 8192 bytes as JSON at most.

    Raises:
        RowtrailError: the context is not JSON, or there is a NUL in what is said.
    """
    said = checked(actor, reason, context)
    # Whoever has an async session has imported this.
    asyncio = sys.modules.get("sqlalchemy.ext.asyncio")
    if asyncio is not None:
        if isinstance(session, asyncio.async_scoped_session):
            session = session()
        if isinstance(session, asyncio.AsyncSession | asyncio.AsyncConnection):
            waiting: Awaitable[None] = session.run_sync(lambda inner: _set_at_once(inner, said))
            return waiting
    _set_at_once(session, said)
    return None


def _set_at_once(session: Any, said: Actor) -> None:
    # What is noted here is for this transaction, so its end has to be seen.
    watch()
    # A session itself would write what is pending first, while no actor is named yet.
    connection = session if isinstance(session, Connection) else session.connection()
    if _is_autocommit(connection):
        _warn_of_autocommit("call of set_actor()")
        return
    _send(connection, said)
    _named(connection).now = _BY_HAND


def checked(name: str | None, reason: str | None, context: dict[str, Any] | None) -> Actor:
    """What a program says of the actor, if it can be kept.

    Raises:
        RowtrailError: the context is not JSON, or there is a NUL in what is said.
    """
    if name is not None and not isinstance(name, str):
        raise RowtrailError(f"the name of an actor is text, not {name!r}; write str(…) of it")
    said = {**(context or {}), **({} if reason is None else {"reason": reason})}
    try:
        # PostgreSQL's JSON has no NaN.
        as_json = json.dumps(said, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RowtrailError(f"the context of the actor cannot be kept as JSON: {error}") from None
    if "\0" in (name or "") or "\\u0000" in as_json:
        raise RowtrailError(f"there is a NUL in what is said of the actor {name!r}: leave it out")
    return Actor(name, said)


# What is named in the transaction of a connection. It follows savepoints as PostgreSQL's settings
# do: what was set after one is taken back with it.

#: By set_actor(), in Python or in SQL: nothing else names another one in this transaction.
_BY_HAND = Actor("by hand")


@dataclass
class _Named:
    now: Actor = _NOBODY
    #: What the statement that is being sent names.
    coming: Actor | None = None
    before_savepoints: list[tuple[str, Actor]] = field(default_factory=list)
    #: SQLAlchemy is about to send the ROLLBACK TO that was reckoned with.
    is_rolling_back: bool = False


def _named(connection: Connection) -> _Named:
    found: _Named = connection.info.setdefault("rowtrail_named", _Named())
    return found


@functools.cache
def watch() -> None:
    """From now on actors are named, in transactions on all engines for PostgreSQL; once is enough.

    `with actor(…)` does this itself.
    """
    event.listen(Engine, "before_cursor_execute", _before_statement, retval=True)
    event.listen(Engine, "after_cursor_execute", _after_statement)
    event.listen(Engine, "begin", _begin)
    event.listen(Engine, "begin_twophase", _begin)
    event.listen(Engine, "savepoint", _savepoint)
    event.listen(Engine, "rollback_savepoint", _rollback_savepoint)
    event.listen(Engine, "release_savepoint", _release_savepoint)
    event.listen(Session, "before_flush", _before_flush)


def _before_statement(
    connection: Connection,
    cursor: Any,
    statement: str,
    parameters: Any,
    context: Any,
    executemany: bool,
) -> tuple[str, Any]:
    unchanged = (statement, parameters)
    named: _Named | None = connection.info.get("rowtrail_named")
    if named is not None:
        # It may be of a statement that was never sent.
        named.coming = None
    if (_said.get() is None and not _sources and named is None) or _asking.get():
        return unchanged
    if connection.dialect.name != "postgresql":
        return unchanged
    # The driver's own objects (psycopg2.sql) go through SQLAlchemy as they are.
    kind = kind_of(statement) if isinstance(statement, str) else Kind.CALL
    if kind is Kind.READ:
        return unchanged
    named = _named(connection)
    if kind is Kind.CONTROL and named.is_rolling_back:
        named.is_rolling_back = False
        return unchanged
    if kind is Kind.CONTROL:
        # Which transaction follows, and what is set in it, is not known.
        if named.now is not _BY_HAND:
            named.now = _UNKNOWN
        return unchanged
    is_autocommit = _is_autocommit(connection)
    if kind is Kind.NAMING:
        if not is_autocommit:
            named.coming = _BY_HAND
        return unchanged
    if named.now is _BY_HAND:
        return unchanged
    who = current_actor()
    if who == (_NOBODY if is_autocommit else named.now):
        return unchanged
    if _can_be_prefixed(connection, cursor, kind, executemany):
        if not is_autocommit:
            named.coming = who
        is_verbatim = context.execution_options.get("no_parameters") and not parameters
        return _prefix(who, is_format=not is_verbatim) + statement, parameters
    if is_autocommit:
        _warn_of_autocommit(kind.value)
        return unchanged
    _send(connection, who)
    named.now = who
    return unchanged


#: Nobody is this one, so it is said anew.
_UNKNOWN = Actor("unknown", {"": None})


def _after_statement(connection: Connection, *_: Any) -> None:
    named: _Named | None = connection.info.get("rowtrail_named")
    if named is not None and named.coming is not None:
        named.now, named.coming = named.coming, None


def _begin(connection: Connection, *_: Any) -> None:
    connection.info.pop("rowtrail_named", None)


def _savepoint(connection: Connection, name: str) -> None:
    if connection.invalidated:
        return
    named = _named(connection)
    named.before_savepoints.append((name, named.now))


def _rollback_savepoint(connection: Connection, name: str, _: Any) -> None:
    if connection.invalidated:
        return
    named = _named(connection)
    named.coming = None
    named.is_rolling_back = True
    while named.before_savepoints:
        of_savepoint, before = named.before_savepoints.pop()
        named.now = before
        if of_savepoint == name:
            break


def _release_savepoint(connection: Connection, name: str, _: Any) -> None:
    if connection.invalidated:
        return
    named = _named(connection)
    while named.before_savepoints and named.before_savepoints.pop()[0] != name:
        pass


def _before_flush(session: Session, *_: Any) -> None:
    # A source may load the user by this very session: better now than amid its flush.
    if _sources:
        current_actor()


def _can_be_prefixed(connection: Connection, cursor: Any, kind: Kind, executemany: bool) -> bool:
    """Whether naming can go with the statement, in one message: no round trip of its own.

    psycopg2 alone sends several statements as one. A named cursor declares its statement as one
    of its own; a procedure may end its transaction where it stands alone; the text of DDL is
    kept in the history as it was sent.
    """
    return (
        kind is Kind.WRITE
        and connection.dialect.driver == "psycopg2"
        and not executemany
        and getattr(cursor, "name", None) is None
    )


def _prefix(who: Actor, *, is_format: bool) -> str:
    name, context = (_literal(one) for one in who.as_settings())
    said = (
        f"select set_config('rowtrail.actor', {name}, true), "
        f"set_config('rowtrail.context', {context}, true);\n"
    )
    return said.replace("%", "%%") if is_format else said


def _literal(said: str) -> str:
    quoted = said.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in said else f"'{quoted}'"


def _send(connection: Connection, said: Actor) -> None:
    name, context = said.as_settings()
    # A server-side cursor would stay open, and some run nothing before they are read.
    options = {"stream_results": False, "yield_per": None}
    connection.execute(_SET, {"actor": name, "context": context}, execution_options=options).close()


def _is_autocommit(connection: Connection) -> bool:
    return bool(getattr(connection.connection.dbapi_connection, "autocommit", False))


def _warn_of_autocommit(what: str) -> None:
    warnings.warn(
        f"no actor is named for this {what}: in AUTOCOMMIT it is a transaction of its own; "
        "begin one",
        RuntimeWarning,
        stacklevel=2,
    )
