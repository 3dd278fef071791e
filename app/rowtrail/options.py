"""The options that the commands share, and the database that they name."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowtrail.target import Target


def on_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options that name its database."""
    command = click.option(
        "--data",
        metavar="FOLDER",
        type=click.Path(path_type=Path),
        help="Where the embedded PostgreSQL keeps its data.",
    )(command)
    return click.option(
        "--database",
        metavar="URL",
        envvar="DATABASE_URL",
        show_envvar=True,
        help="The database; without it, the embedded PostgreSQL.",
    )(command)


as_json = click.option("--json", "json_wanted", is_flag=True, help="Print JSON, for scripts.")


@contextmanager
def opened(database: str | None, data: Path | None, upgraded: bool = True) -> "Iterator[Target]":
    """The database of the options; upgraded to what this rowtrail knows unless told otherwise."""
    from rowtrail.db import require_current
    from rowtrail.interrupts import make_queries_interruptible
    from rowtrail.target import EMBEDDED, open_database

    if data is not None and database is not None and not database.startswith(EMBEDDED):
        source = click.get_current_context().get_parameter_source("database")
        if source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                "--data is for the embedded PostgreSQL, --database names another; give one"
            )
        # The command line says more than the environment.
        database = None
    make_queries_interruptible()
    with open_database(database, data) as target:
        if upgraded:
            with target.engine.connect() as connection:
                require_current(connection)
        yield target


def print_json(value: object) -> None:
    """Prints one line of JSON."""

    def other(item: object) -> str:
        if isinstance(item, datetime):
            return item.isoformat()
        raise TypeError(item)

    click.echo(json.dumps(value, ensure_ascii=False, default=other))
