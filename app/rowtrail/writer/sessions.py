"""The sessions by which a history is read: those that are given, or that an object is in."""

from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session, object_session, scoped_session

from rowtrail.errors import RowtrailError
from rowtrail.writer.past import is_past, session_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

    AnyAsyncSession = AsyncSession | async_scoped_session[Any]

AnySession = Session | scoped_session[Any]


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


def session_to_read(model: type[Any], given: Any) -> Session:
    """The session that was given, or the one that models of Flask-SQLAlchemy know.

    Raises:
        RowtrailError: there is none.
    """
    if isinstance(given, scoped_session):
        found: Session = given()
        return found
    if isinstance(given, Session):
        return given
    if given is not None:
        raise RowtrailError(f"a session is needed to read history, not {given!r}")
    # The models know their extension, which knows the session.
    extension = getattr(model, "__fsa__", None)
    if extension is None:
        name = model.__name__
        raise RowtrailError(
            f"{name}.history needs a session: {name}.history.as_of(moment, session)"
        )
    of_extension: Session = extension.session()
    return of_extension


def async_session_of(given: Any) -> "AsyncSession | None":
    """The async session that was given, if it is one; what is not imported is not."""
    if given is None or isinstance(given, Session | scoped_session):
        return None
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

    if isinstance(given, async_scoped_session):
        given = given()
    return given if isinstance(given, AsyncSession) else None
