"""The options that the commands share, and the database that they name."""

import json
import re
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowtrail.commands.target import Target
    from rowtrail.history.filters import Filters

#: The exit status.
DONE, FOUND_WRONG, CANNOT, INTERRUPTED = 0, 1, 2, 130

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds


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


#: Gives a command that reads the option that names its history database.
with_history = click.option(
    "--history-database",
    "older",
    metavar="URL",
    envvar="HISTORY_DATABASE_URL",
    show_envvar=True,
    help="Where what is older is read; see: rowtrail ship.",
)

#: Gives a command that puts digests somewhere the option that signs them.
on_key = click.option(
    "--sign",
    "key",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Sign it by this private Ed25519 key, in PEM.",
)

as_json = click.option("--json", "json_wanted", is_flag=True, help="Print JSON, for scripts.")


def on_changes(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options that say which changes are meant, as `filters_of` takes them."""
    options = (
        click.option("--key", metavar="KEY", help="Of the row with this key."),
        click.option("--op", multiple=True, metavar="WORD", help="insert, update, delete, …"),
        click.option("--actor", metavar="NAME", help="By whom, as the application said."),
        click.option("--no-actor", is_flag=True, help="Where the application named nobody."),
        click.option("--login", metavar="NAME", help="By whom, as the database knows."),
        click.option("--since", metavar="TIME", help="From then on: 2026-11-24, or with T15:30."),
        click.option("--until", metavar="TIME", help="Before then; a day alone is all of it."),
        click.option("--column", metavar="NAME", help="Where this column changed …"),
        click.option("--from", "old", metavar="VALUE", help="… from this value"),
        click.option("--to", "new", metavar="VALUE", help="… to this one; NULL is no value."),
        click.option("--value", metavar="VALUE", help="Where any column held it."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def filters_of(table: int | None, given: dict[str, Any]) -> "Filters":
    """The changes that the options mean.

    Raises:
        BadFilter: one of them cannot be meant.
    """
    from rowtrail.history.filters import Filters, moment_of

    given = {name: value if value != "" else None for name, value in given.items()}
    given["operations"] = tuple(dict.fromkeys(given.pop("op")))
    given |= {name: moment_of(name, given[name]) for name in ("since", "until")}
    return Filters(table=table, **given)


@contextmanager
def opened(database: str | None, data: Path | None, upgraded: bool = True) -> "Iterator[Target]":
    """The database of the options; upgraded to what this rowtrail knows unless told otherwise."""
    from rowtrail.commands.interrupts import make_queries_interruptible
    from rowtrail.commands.target import EMBEDDED, open_database
    from rowtrail.db import require_current

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


def plural(number: int, what: str) -> str:
    """So many of it, in words."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def seconds(_: click.Context, __: click.Parameter, given: str | None) -> int | None:
    """How long an interval is that a person wrote."""
    if given is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})\s*([smhd]?)", given.strip())
    if found is None:
        raise click.BadParameter(f"{given!r} is no interval; such as 60s, 5m, 1h or 1d")
    return int(found[1]) * UNITS[found[2] or "s"]
