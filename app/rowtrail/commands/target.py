"""The database that a command works on: one that is named, or one of the embedded server."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from rowtrail.db import connect, no_database, parse_url
from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError, explain

#: `embedded:NAME` names a database of the embedded server.
EMBEDDED = "embedded:"

#: The login of the web application on the embedded server. It can only read history.
WEB_LOGIN = "rowtrail_web"

#: What PostgreSQL says to whom a table of rowtrail's is closed.
OURS = re.compile(
    "permission denied for table (versions|tables|alembic_version|eras|seals|seal_leaves|seal_salts"
    "|erased_versions|retired_leaves|verifications|imports|import_tables|import_leaves"
    "|origin|shipping|departures)"
)


class Target(NamedTuple):
    """A database.

    Attributes:
        engine: connects to it.
        server: the embedded server, where it is one of its databases.
    """

    engine: Engine
    server: Server | None

    def web_url(self) -> URL:
        """The URL by which the web application connects.

        On the embedded server as a login that can only read history, made here if need be.
        """
        if self.server is None:
            return self.engine.url
        with self.engine.begin() as connection:
            connection.execute(
                text("select pg_advisory_xact_lock(hashtext(:login))"), {"login": WEB_LOGIN}
            )
            if connection.scalar(text("select to_regrole(:login) is null"), {"login": WEB_LOGIN}):
                connection.exec_driver_sql(f"create role {WEB_LOGIN} login")
            connection.exec_driver_sql(f"grant rowtrail_reader to {WEB_LOGIN}")
        return self.engine.url.set(username=WEB_LOGIN)


@contextmanager
def open_database(database: str | None, data: Path | None) -> Iterator[Target]:
    """Connects to the database that was named; with none named, starts the embedded server.

    Args:
        database: a URL, or `embedded:NAME` for a database of the embedded server.
        data: the folder of the embedded server.

    Raises:
        RowtrailError: there is no such database, or it failed while it was used.
    """
    if database is not None and not database.startswith(EMBEDDED):
        with errors_explained(connect(parse_url(database))) as engine:
            yield Target(engine, None)
        return
    server = Server(data)
    name = (database or "").removeprefix(EMBEDDED) or "postgres"
    print(f"rowtrail: using the embedded PostgreSQL in {server.folder}", file=sys.stderr)
    with server, errors_explained(connect(server.url(database=name))) as engine:
        yield Target(engine, server)


@contextmanager
def errors_explained(engine: Engine) -> Iterator[Engine]:
    """Turns what the database says into an error that a person can read; closes the engine."""
    try:
        yield engine
    except OperationalError as error:
        if error.statement is None or error.connection_invalidated:
            raise no_database(error, engine.url) from None
        raise RowtrailError(explain(error)) from None
    except DBAPIError as error:
        said = explain(error)
        if OURS.search(said):
            said += f"; let the owner run: grant rowtrail_reader to {engine.url.username};"
        raise RowtrailError(said) from None
    finally:
        engine.dispose()
