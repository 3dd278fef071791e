"""Connections: which database is meant, and whether it is one that this rowtrail can read."""

import re
from typing import Any
from urllib.parse import unquote

import psycopg2
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from rowtrail.errors import NewerSchema, NoDatabase, NotUpgraded, RowtrailError, explain

#: The newest revision in alembic/: what the code of this version reads and installs.
REVISION = "0002"

CONNECT_TIMEOUT = 10  # seconds

#: What sealing, erasing and the eras take, whatever the login or the database has set: the first
#: statement of a transaction.
ALONE = "set transaction isolation level read committed, read write"

#: What may be a password in a text that is no URL: after user: and before @, or after password=.
PASSWORD = re.compile(r"(?<=:)[^:@/\s]+(?=@)|(?<=password=)('[^']*'|[^\s&]+)")

#: For every engine of rowtrail's.
ENGINE_OPTIONS: dict[str, Any] = {
    "pool_pre_ping": True,
    "connect_args": {"connect_timeout": CONNECT_TIMEOUT, "application_name": "rowtrail"},
}


def parse_url(database: str) -> URL:
    """The database that a person named, for psycopg2.

    Takes what libpq takes (`postgresql://…`, `postgres://…`, `host=… dbname=…`) and what
    SQLAlchemy takes (`postgresql+psycopg2://…`). SQLAlchemy 2.1 reads a bare `postgresql://`
    as psycopg 3, which rowtrail does not need.

    Raises:
        RowtrailError: it is no URL of a PostgreSQL database.
    """
    try:
        if "://" not in database:
            parameters = psycopg2.extensions.parse_dsn(database)
            if not parameters:
                raise ValueError(database)
            return without_secrets_in_query(URL.create("postgresql+psycopg2", query=parameters))
        url = make_url(database)
    except (ArgumentError, ValueError, psycopg2.ProgrammingError):
        raise RowtrailError(
            f"not the URL of a database: {PASSWORD.sub('***', database)!r}; "
            "write postgresql://user:password@host:5432/database"
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise RowtrailError(
            f"not a PostgreSQL database: {url.render_as_string()!r}; "
            "rowtrail keeps the history of PostgreSQL only: postgresql://…"
        )
    if "@" in (url.host or ""):
        # What stands before it is part of a password, most likely: it is not repeated.
        raise RowtrailError(
            "the URL of the database has more than one @; write one in a password as %40"
        )
    if "%" in (url.host or ""):
        # As libpq has it, a socket's folder can be the host: postgresql://user@%2Ftmp/database.
        place = {"host": unquote(url.host or "")} | ({"port": str(url.port)} if url.port else {})
        url = url._replace(host=None, port=None).update_query_dict(place)
    return without_secrets_in_query(url.set(drivername="postgresql+psycopg2"))


def connect(database: str | URL) -> Engine:
    """An engine for this database; connects at the first use, waiting 10 seconds at most.

    Raises:
        RowtrailError: it is no URL of a PostgreSQL database.
    """
    url = database if isinstance(database, URL) else parse_url(database)
    return create_engine(url, **ENGINE_OPTIONS)


def no_database(error: OperationalError, url: URL) -> NoDatabase:
    """The error for a server that cannot be reached, or does not let this login in."""
    cause = explain(error)
    if "password authentication failed" in cause or "no password supplied" in cause:
        mend = "check the user and the password in DATABASE_URL"
    elif "does not exist" in cause:
        mend = "check the names in DATABASE_URL"
    else:
        mend = "check DATABASE_URL, and that the server runs"
    named = url.set(drivername="postgresql").render_as_string(hide_password=True)
    return NoDatabase(f"cannot connect to {named}: {cause}; {mend}")


def installed_revision(connection: Connection) -> str | None:
    """The revision of the schema `rowtrail` in this database; None where it is not installed."""
    if connection.scalar(text("select to_regclass('rowtrail.alembic_version') is null")):
        return None
    revision: str | None = connection.scalar(
        text("select version_num from rowtrail.alembic_version")
    )
    return revision


def require_current(connection: Connection) -> None:
    """Raises unless the schema is of the revision that this code is for.

    Raises:
        NotUpgraded: it is missing, or older.
        NewerSchema: it is of a revision that this code does not know.
        RowtrailError: this login may not read it.
    """
    try:
        revision = installed_revision(connection)
    except DBAPIError as error:
        if not may_be_of_schema(error):
            raise
        raise RowtrailError(
            f"this login has no right on the history: {explain(error)}; let its owner run "
            "grant rowtrail_reader to <login>; or, for one that only tracks tables of its own, "
            "grant usage on schema rowtrail to <login>;"
        ) from None
    if revision is None:
        raise NotUpgraded("rowtrail is not installed in this database; run: rowtrail upgrade")
    if revision != REVISION:
        if revision < REVISION:
            raise NotUpgraded(
                f"the schema rowtrail is at revision {revision}, this rowtrail needs {REVISION}; "
                "run: rowtrail upgrade"
            )
        raise newer_schema(revision)


def may_be_of_schema(error: DBAPIError) -> bool:
    """Whether an error can come of what the schema is, or who may read it: of names and rights.

    Any other, such as of a lock, a time limit or a lost connection, passes by itself.
    """
    code = getattr(error.orig, "pgcode", None) or ""
    # The last is that of a role that is not there.
    return code[:2] in ("42", "3F") or code == "22023"


def newer_schema(revision: str) -> NewerSchema:
    """The error for a schema that a later rowtrail has upgraded."""
    return NewerSchema(
        f"the schema rowtrail is at revision {revision}, which this rowtrail does not know "
        f"(it knows up to {REVISION}); install the newer rowtrail: pip install -U rowtrail"
    )


def without_secrets_in_query(url: URL) -> URL:
    """The same database, with user and password where SQLAlchemy hides the password in messages."""
    query = dict(url.query)
    user, password = query.pop("user", url.username), query.pop("password", url.password)
    if not isinstance(user, str | None) or not isinstance(password, str | None):
        raise RowtrailError(
            "the URL of the database names its user or password twice; name it once"
        )
    return url.set(username=user, password=password, query=query)
