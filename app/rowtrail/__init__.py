"""rowtrail: the row history of a PostgreSQL database, written by the database itself."""

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import URL

__all__ = ["__version__", "create_app"]

__version__ = version("rowtrail")


def create_app(database: "str | URL | None" = None) -> "Flask":
    """The web application that reads history, for any WSGI server: `rowtrail:create_app()`.

    It connects at the first request, acts as the role rowtrail_reader in read-only transactions,
    and has no route that writes. It asks nobody for a password: let it listen where only those
    can reach it who may read the history, and name in ROWTRAIL_HOSTS the hosts, with commas between
    them, by which it may be asked: without that, a foreign web page whose name leads to this
    machine could read it by way of a browser here.

    Args:
        database: its URL; without one, what the environment variable DATABASE_URL holds. The
            login in it has to be a member of rowtrail_reader.

    Raises:
        RowtrailError: no database is named, or not by the URL of a PostgreSQL database.
    """
    # Not at the top: who only imports rowtrail, in a model or a script, needs no Flask.
    from rowtrail.config import make_app

    return make_app(database)
