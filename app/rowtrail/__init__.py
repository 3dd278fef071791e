"""rowtrail: the row history of a PostgreSQL database, written by the database itself."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import URL

    from rowtrail.writer.acting import actor

__all__ = ["__version__", "actor", "create_app"]

__version__ = version("rowtrail")


def create_app(database: "str | URL | None" = None) -> "Flask":
    """The web application that reads history, for any WSGI server: `rowtrail:create_app()`.

    It connects at the first request, reads in read-only transactions and has no route that writes.
    Unless ROWTRAIL_AUTH says how people are known, it answers only its own machine, and acts as
    the role rowtrail_reader; docs/guides/who-may-read.md says what else can be set. ROWTRAIL_HOSTS
    names the hosts, with commas between them, by which it may be asked, else only localhost is one:
    by any other name, a foreign web page whose name leads to this machine could read it by way of
    a browser here.

    Args:
        database: its URL; without one, what the environment variable DATABASE_URL holds. The
            login in it has to be a member of rowtrail_reader, or of the roles by which people read.

    Raises:
        RowtrailError: no database is named, or not by the URL of a PostgreSQL database; or what is
            set cannot be meant.
    """
    # Not at the top: who only imports rowtrail, in a model or a script, needs no Flask.
    from rowtrail.reader.config import make_app

    return make_app(database)


def __getattr__(name: str) -> Any:
    # Not at the top: who only asks for the version needs no SQLAlchemy.
    if name == "actor":
        from rowtrail.writer.acting import actor

        return actor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
