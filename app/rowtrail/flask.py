"""Names the actor of what a Flask application writes: `rowtrail.flask.init_app(app)`.

The user of Flask-Login is the actor, unless another is chosen; the request's id goes with it.
"""

import getpass
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from click import get_current_context
from flask import Flask, current_app, g, has_app_context, has_request_context, request, session
from sqlalchemy import inspect
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import DetachedInstanceError, ObjectDeletedError

from rowtrail.errors import RowtrailError
from rowtrail.writer.acting import add_source
from rowtrail.writer.actors import Actor, checked

__all__ = ["init_app"]

#: The name in `app.extensions`.
EXTENSION = "rowtrail"


def init_app(
    app: Flask,
    *,
    actor: Callable[[], Any] | None = None,
    request_id: Callable[[], str | None] | None = None,
    reason: Callable[[], str | None] | None = None,
) -> None:
    """From now on each transaction that writes while the application serves a request names it.

    The functions are called in the request, before a statement that may write, and not where
    nothing is written. A command of the application's (`flask import-users`) names whom the
    machine knows, and itself. `with rowtrail.orm.actor(…)` is stronger than all of them.

    Example:
        >>> rowtrail.flask.init_app(app, actor=lambda: g.user.email)

    Args:
        app: the application.
        actor: who acts, None for nobody; else the id of Flask-Login's current user.
        request_id: the request's id, None for none; else the header X-Request-ID.
        reason: why, None if nothing is said.
    """
    app.extensions[EXTENSION] = (actor or _login_user, request_id or _request_id, reason)
    add_source(_acting)


def _acting() -> Actor | None:
    if not has_app_context() or EXTENSION not in current_app.extensions:
        return None
    actor, request_id, reason = current_app.extensions[EXTENSION]
    if not has_request_context():
        return _of_command()
    name = actor()
    number = request_id()
    return checked(
        None if name is None else str(name),
        reason() if reason else None,
        {} if number is None else {"request_id": number},
    )


def _of_command() -> Actor | None:
    command = get_current_context(silent=True)
    if command is None:
        return None
    return Actor(getpass.getuser(), {"command": command.command_path})


def _request_id() -> str | None:
    given = request.headers.get("X-Request-ID", "")
    # Anybody may send one: what is too long for an id, or cannot be read, is none.
    return given if 0 < len(given) <= 200 and given.isprintable() else None


def _login_user() -> str | None:
    login = sys.modules.get("flask_login")
    if login is None or not hasattr(current_app, "login_manager"):
        return None
    user = login.current_user._get_current_object()
    # After a commit it would be read from the database again, where it may be deleted by now, or by
    # a session that it is not in any more.
    known: tuple[Any, str] | None = g.get("_rowtrail_user")
    if known is not None and known[0] is user:
        return known[1]
    if user is None:
        return None
    try:
        number = str(user.get_id()) if user.is_authenticated else None
    except (DetachedInstanceError, ObjectDeletedError):
        number = _id_of_gone(user)
    if number is not None:
        g._rowtrail_user = (user, number)
    return number


def _id_of_gone(user: Any) -> str:
    """The id of a user whose values are known no more, and cannot be read again.

    A commit expired it, and by now it is in no session, or its row is deleted.

    Raises:
        RowtrailError: it cannot be told.
    """
    state = inspect(user, raiseerr=False)
    if state is not None and state.identity is not None:
        # Its key is known still, and nearly always it is the id.
        known = state.mapper.class_manager.new_instance()
        for column, value in zip(state.mapper.primary_key, state.identity, strict=True):
            set_committed_value(known, state.mapper.get_property_by_column(column).key, value)
        make_transient_to_detached(known)
        with suppress(DetachedInstanceError):
            return str(known.get_id())
    # By this one Flask-Login found it, unless it was by something of the request's own.
    number = session.get("_user_id")
    if number is None:
        raise RowtrailError(
            "who is signed in cannot be told: the user was in no session any more when the request "
            "first wrote; write before that, or say who acts: rowtrail.flask.init_app(app, actor=…)"
        )
    return str(number)
