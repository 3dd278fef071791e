"""The actor of what a program writes: `with actor("alice", reason="ticket 4711"): …`.

An actor is in force for a stretch of the program: a thread's, an asyncio task's, a request's. In
each transaction that writes meanwhile, on any engine of SQLAlchemy's for PostgreSQL, it is named
once, before the first statement that may write; where nothing is written, nothing is sent.

It is named by two settings of the transaction, for which a login needs no right on the schema
`rowtrail`, and which no later client of a pooled connection sees.
"""

import functools
import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from sqlalchemy import Connection
from sqlalchemy.orm import Session, scoped_session

from rowtrail.errors import RowtrailError
from rowtrail.writer.actors import NOBODY, Actor, Meanwhile, checked, said_here, sources
from rowtrail.writer.naming import BY_HAND, in_autocommit, named_in, send, warn_of_autocommit, watch

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

F = TypeVar("F", bound=Callable[..., Any])


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
        before = said_here.get()
        outer = before or NOBODY
        name = outer.name if self._said.name is None else self._said.name
        said_here.set(Meanwhile(name, outer.context | self._said.context, by=self, before=before))

    def __exit__(self, *_: object) -> None:
        # One object may be entered in several threads and tasks at a time, and a generator may be
        # left in another one than entered it: there its name is not, so there is nothing to end.
        said = said_here.get()
        if isinstance(said, Meanwhile) and said.by is self:
            said_here.set(said.before)

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


def add_source(ask: Callable[[], Actor | None]) -> None:
    """Asks this too who acts, where no `with actor(…)` says so."""
    if ask not in sources:
        sources.append(ask)
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
    if in_autocommit(connection):
        warn_of_autocommit("call of set_actor()")
        return
    send(connection, said)
    named_in(connection).now = BY_HAND
