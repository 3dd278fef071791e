"""The actor is named in the transactions of all engines, before the first statement that may write.

What is named in the transaction of a connection follows savepoints as PostgreSQL's settings do:
what was set after one is taken back with it.
"""

import functools
import warnings
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Text, bindparam, event, func, select
from sqlalchemy.orm import Session

from rowtrail.writer.actors import NOBODY, Actor, asking, current_actor, said_here, sources
from rowtrail.writer.statements import Kind, kind_of

_SET = select(
    func.set_config("rowtrail.actor", bindparam("actor", type_=Text), True),
    func.set_config("rowtrail.context", bindparam("context", type_=Text), True),
)

#: By set_actor(), in Python or in SQL: nothing else names another one in this transaction.
BY_HAND = Actor("by hand")

#: Nobody is this one, so it is said anew.
UNKNOWN = Actor("unknown", {"": None})


@dataclass
class Named:
    """What is named in the transaction of a connection, and before each of its savepoints."""

    now: Actor = NOBODY
    #: What the statement that is being sent names.
    coming: Actor | None = None
    before_savepoints: list[tuple[str, Actor]] = field(default_factory=list)
    #: SQLAlchemy is about to send the ROLLBACK TO that was reckoned with.
    is_rolling_back: bool = False


def named_in(connection: Connection) -> Named:
    """What is named in the connection's transaction."""
    found: Named = connection.info.setdefault("rowtrail_named", Named())
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
    named: Named | None = connection.info.get("rowtrail_named")
    if named is not None:
        # It may be of a statement that was never sent.
        named.coming = None
    if (said_here.get() is None and not sources and named is None) or asking.get():
        return unchanged
    if connection.dialect.name != "postgresql":
        return unchanged
    # The driver's own objects (psycopg2.sql) go through SQLAlchemy as they are.
    kind = kind_of(statement) if isinstance(statement, str) else Kind.CALL
    if kind is Kind.READ:
        return unchanged
    named = named_in(connection)
    if kind is Kind.CONTROL and named.is_rolling_back:
        named.is_rolling_back = False
        return unchanged
    if kind is Kind.CONTROL:
        # Which transaction follows, and what is set in it, is not known.
        if named.now is not BY_HAND:
            named.now = UNKNOWN
        return unchanged
    is_autocommit = in_autocommit(connection)
    if kind is Kind.NAMING:
        if not is_autocommit:
            named.coming = BY_HAND
        return unchanged
    if named.now is BY_HAND:
        return unchanged
    who = current_actor()
    if who == (NOBODY if is_autocommit else named.now):
        return unchanged
    if _can_be_prefixed(connection, cursor, kind, executemany):
        if not is_autocommit:
            named.coming = who
        is_verbatim = context.execution_options.get("no_parameters") and not parameters
        return _prefix(who, is_format=not is_verbatim) + statement, parameters
    if is_autocommit:
        warn_of_autocommit(kind.value)
        return unchanged
    send(connection, who)
    named.now = who
    return unchanged


def _after_statement(connection: Connection, *_: Any) -> None:
    named: Named | None = connection.info.get("rowtrail_named")
    if named is not None and named.coming is not None:
        named.now, named.coming = named.coming, None


def _begin(connection: Connection, *_: Any) -> None:
    connection.info.pop("rowtrail_named", None)


def _savepoint(connection: Connection, name: str) -> None:
    if connection.invalidated:
        return
    named = named_in(connection)
    named.before_savepoints.append((name, named.now))


def _rollback_savepoint(connection: Connection, name: str, _: Any) -> None:
    if connection.invalidated:
        return
    named = named_in(connection)
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
    named = named_in(connection)
    while named.before_savepoints and named.before_savepoints.pop()[0] != name:
        pass


def _before_flush(session: Session, *_: Any) -> None:
    # A source may load the user by this very session: better now than amid its flush.
    if sources:
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


def send(connection: Connection, said: Actor) -> None:
    """Names the actor at once, in a round trip of its own."""
    name, context = said.as_settings()
    # A server-side cursor would stay open, and some run nothing before they are read.
    options = {"stream_results": False, "yield_per": None}
    connection.execute(_SET, {"actor": name, "context": context}, execution_options=options).close()


def in_autocommit(connection: Connection) -> bool:
    """Whether each statement is a transaction of its own."""
    return bool(getattr(connection.connection.dbapi_connection, "autocommit", False))


def warn_of_autocommit(what: str) -> None:
    """Warns whoever names an actor where that is for nothing."""
    warnings.warn(
        f"no actor is named for this {what}: in AUTOCOMMIT it is a transaction of its own; "
        "begin one",
        RuntimeWarning,
        stacklevel=2,
    )
