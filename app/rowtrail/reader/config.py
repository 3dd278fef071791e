"""The reader's application: its database, its headers, its errors.

Whatever the login could do, each transaction of the reader begins by giving up all but reading.
"""

import os
from collections.abc import Callable
from functools import partial

from flask import Flask, Response, current_app, g, render_template, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Connection, ExceptionContext, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden, HTTPException, MethodNotAllowed, SecurityError

from rowtrail.db import (
    ENGINE_OPTIONS,
    may_be_of_schema,
    no_database,
    parse_url,
    require_current,
)
from rowtrail.errors import Busy, NotUpgraded, RowtrailError, explain
from rowtrail.history.older import (
    CONNECT_ARGS,
    SILENCE,
    Denied,
    HistoryDatabase,
    Older,
    older_of,
)
from rowtrail.history.places import NotThere
from rowtrail.reader import access, problems, reads
from rowtrail.reader.bounded import Bounded

database = SQLAlchemy()

STATEMENT_TIMEOUT = 15  # seconds

#: What the history database is called among the application's engines.
HISTORY = "history"

#: Of the history database no answer is waited for longer, whether or not its server is frozen. One
#: that is not says itself that a statement took too long. Where a connection that was left is
#: silent, another one is tried: both together take no longer than SILENCE.
BOUNDS = {
    "connect_timeout": SILENCE // 2,
    "connection_factory": partial(
        Bounded, soon=SILENCE / 2, longest=STATEMENT_TIMEOUT + SILENCE / 2
    ),
}

#: The first statement of every transaction; all of it ends with the transaction. The search path
#: is fixed so that no function of the database's users runs in place of PostgreSQL's own.
BEGIN = f"""
select
  set_config('role', %(role)s, true),
  set_config('transaction_read_only', 'on', true),
  set_config('statement_timeout', '{STATEMENT_TIMEOUT}s', true),
  set_config('timezone', 'UTC', true),
  set_config('search_path', 'pg_catalog, pg_temp', true),
  set_config('jit', 'off', true)
"""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def make_app(url: str | URL | None) -> Flask:
    """What `rowtrail.create_app()` gives."""
    # These add their routes to the two.
    from rowtrail.reader import (  # noqa: F401
        feed_api,
        feed_pages,
        integrity_pages,
        moment_pages,
        relation_pages,
        stream_api,
    )
    from rowtrail.reader.api import FAMILIES
    from rowtrail.reader.pages import pages
    from rowtrail.reader.zone import zones

    app = Flask("rowtrail", static_folder="reader/static", template_folder="reader/templates")
    # A URL is one place; it is not looked for at another.
    app.url_map.merge_slashes = False
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url(url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = ENGINE_OPTIONS
    app.config["TRUSTED_HOSTS"] = access.hosts_of(os.environ)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    older = history_database_url()
    if older is not None:
        app.config["SQLALCHEMY_BINDS"] = {
            HISTORY: {"url": older, **ENGINE_OPTIONS, "connect_args": CONNECT_ARGS | BOUNDS}
        }
    database.init_app(app)
    with app.app_context():
        event.listen(database.engine, "begin", only_read)
        if older is not None:
            place = HistoryDatabase(older, history_session)
            event.listen(database.engines[HISTORY], "begin", only_read_there)
            event.listen(database.engines[HISTORY], "handle_error", partial(lost_there, place))
            app.extensions["rowtrail.history"] = place
            app.teardown_appcontext(close_history)

    access.init_app(app, access.Access.of(os.environ))
    reads.init_app(app, os.environ)
    app.register_blueprint(pages)
    for family in FAMILIES:
        app.register_blueprint(family)
    app.register_blueprint(zones)
    app.before_request(refuse_to_write)
    app.after_request(add_headers)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(NotThere, not_there)
    app.register_error_handler(RowtrailError, not_available)
    app.register_error_handler(DBAPIError, database_error)
    app.register_error_handler(PoolTimeout, too_busy)
    return app


def database_url(url: str | URL | None) -> URL:
    """The URL that was given, or else the environment's."""
    given = url or os.environ.get("DATABASE_URL")
    if not given:
        raise RowtrailError(
            "no database is named; set DATABASE_URL=postgresql://user:password@host:5432/database"
        )
    return parse_url(given) if isinstance(given, str) else given


def history_database_url() -> URL | None:
    """The URL of the history database that the environment names; None where it names none."""
    given = os.environ.get("HISTORY_DATABASE_URL")
    return parse_url(given) if given else None


def history_session() -> Session:
    """A session of the history database."""
    return Session(database.engines[HISTORY])


def history_snapshot() -> Session:
    """A session of the history database that stays at one moment of it."""
    engine = database.engines[HISTORY]
    return Session(engine.execution_options(isolation_level="REPEATABLE READ"))


def complete(session: Session, begin: Callable[[], Session] | None = None) -> Older | None:
    """Lets a session's questions be answered out of both databases, where two are named.

    Args:
        session: of the application's database.
        begin: begins one of the history database that outlives the request; else it does not.
    """
    known: HistoryDatabase | None = current_app.extensions.get("rowtrail.history")
    if known is not None and "older" not in session.info:
        older = Older(session, known, closed=closed_to, tell=missing, begin=begin)
        session.info["older"] = older
        if begin is None:
            g.older = older
    return older_of(session)


def closed_to() -> str | None:
    """Why the history database is closed to who asks; None where it is open."""
    role = access.role()
    if role == access.READER or g.get("reads_all"):
        return None
    if role == access.ITSELF:
        return "of which only who reads all history is told"
    return f"of which the role {role} may read nothing"


def missing(why: str) -> None:
    """Remembers why older history is missing from the answer."""
    g.incomplete = why


def close_history(_: BaseException | None) -> None:
    """Ends what the request had of the history database."""
    older: Older | None = g.pop("older", None)
    if older is not None:
        older.close()


def check_schema() -> None:
    """Makes sure that this process has once seen the schema that it is made for.

    Raises:
        RowtrailError: it has another revision, is not there, or may not be read.
    """
    if not current_app.extensions.get("rowtrail.checked"):
        require_current(database.session.connection())
        current_app.extensions["rowtrail.checked"] = True
    complete(database.session())


def check_schema_now() -> None:
    """The same by what the schema is now, for who asks how this process is.

    Of a schema that a later release upgraded that is said here; pages that were at work go on until
    this process is started anew, or they meet what they do not know.

    Raises:
        RowtrailError: as `check_schema`.
    """
    try:
        require_current(database.session.connection())
    except NotUpgraded:
        forget_schema()
        raise
    check_schema()


def forget_schema() -> None:
    """Lets the next request look at the schema again."""
    current_app.extensions.pop("rowtrail.checked", None)


def only_read(connection: Connection) -> None:
    """Begins a transaction that can do nothing but read, as the role of who asks."""
    reads_all = begin(connection)
    if reads_all is not None:
        g.reads_all = reads_all


def only_read_there(connection: Connection) -> None:
    """The same in the history database, of which nobody reads a part."""
    try:
        reads_all = begin(connection)
    except Forbidden as error:
        raise Denied(str(error.description)) from error
    if reads_all is False:
        raise Denied(
            f"the role {access.role()} may not read all of it; let its owner run there: "
            f"grant rowtrail_reader to {access.quoted(access.role())};"
        )


def lost_there(place: HistoryDatabase, failure: ExceptionContext) -> None:
    """Notes that a connection to the history database was lost, wherever that is met."""
    # Of one that was only left, the pool tries another one.
    if failure.is_disconnect and not failure.is_pre_ping:
        g.lost_there = failure.sqlalchemy_exception
        place.note(g.lost_there, lasts=True)


def begin(connection: Connection) -> bool | None:
    """Begins a transaction; whether who asks reads all, where that is not known by the role."""
    role = access.role()
    try:
        connection.exec_driver_sql(BEGIN, {"role": role})
    except DBAPIError as error:
        if refusal := access.refusal(error, role, connection.engine.url.username):
            raise refusal from error
        raise
    return access.require_bounds(connection, role)


def refuse_to_write() -> None:
    """There is nothing to write to, at any URL."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(
            ["GET", "HEAD"], f"rowtrail only shows history: GET, not {request.method}"
        )


def add_headers(response: Response) -> Response:
    """Adds the headers of security; history is kept in no cache."""
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if why := g.get("incomplete"):
        # Where there is no other place to say so, as in a file.
        response.headers["Rowtrail-Incomplete"] = why.encode("ascii", "replace").decode()
    return response


def http_error(error: HTTPException) -> Response | HTTPException:
    """What is wrong with the request: 400, 404, 405; or with rowtrail itself: 500."""
    status = error.code or 500
    if status < 400:
        return error
    message = error.description or error.name
    if isinstance(error, SecurityError):
        message += "; ROWTRAIL_HOSTS names the hosts by which rowtrail may be asked"
        if not problems.are_wanted():
            # Flask cannot make the URLs of a page for a host that it does not trust.
            return current_app.response_class(f"{message}\n", status, mimetype="text/plain")
    if status == 500:
        message = "rowtrail itself failed; the log of its server says where"
    response = said(status, error.name, message)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.valid_methods or ())
    return response


def not_there(error: RowtrailError) -> Response:
    """The history holds nothing of the sort."""
    return said(404, "Not in the history", str(error))


def not_available(error: RowtrailError) -> Response:
    """The history cannot be read now, and why."""
    title = "The database is busy" if isinstance(error, Busy) else "The history cannot be read"
    return said(503, title, str(error))


def database_error(error: DBAPIError) -> Response:
    """The database failed; where the schema may be another one now, the next request looks at it.

    After anything else pages that were at work go on, also where a later release upgraded it.
    """
    if may_be_of_schema(error):
        forget_schema()
    return not_available(explained(error))


def too_busy(_: PoolTimeout) -> Response:
    """More requests at once than connections."""
    return not_available(Busy("all connections to the database are in use; try again in a moment"))


def explained(error: DBAPIError) -> RowtrailError:
    """The error that a person can mend, for one that a query of the reader met."""
    if error is g.get("lost_there"):
        return RowtrailError(str(current_app.extensions["rowtrail.history"].trouble))
    code = getattr(error.orig, "pgcode", None)
    if error.statement == BEGIN and code == "42501":
        login = database.engine.url.username or "<the login>"
        return RowtrailError(
            f"the login {login} may not read the history; "
            f"let its owner run: grant rowtrail_reader to {login};"
        )
    if error.statement == BEGIN and code == "22023":
        return NotUpgraded("rowtrail is not installed in this database; run: rowtrail upgrade")
    if code == "57014":
        return Busy(
            f"the database did not answer within {STATEMENT_TIMEOUT} s; "
            "it is busy, or the history is locked: try again"
        )
    if isinstance(error, OperationalError) and (
        error.connection_invalidated or error.statement is None
    ):
        return no_database(error, database.engine.url)
    return RowtrailError(explain(error))


def said(status: int, title: str, message: str) -> Response:
    """An error as a page, as a problem of the API or as a line of text, according to the URL."""
    line = " ".join(message.split())
    if status >= 500:
        current_app.logger.error("%s: %s", request.path, line)
    if problems.are_wanted():
        return problems.response(status, title, line)
    if request.path in ("/health", "/metrics"):
        return current_app.response_class(f"{line}\n", status, mimetype="text/plain")
    page = render_template("error.html", status=status, title=title, message=line)
    return current_app.response_class(page, status)
