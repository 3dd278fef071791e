"""What is installed in a database: the files of `sql/`, and the migrations in `alembic/`."""

from contextlib import closing
from importlib.resources import files
from pathlib import Path

import psycopg2
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import RowtrailError

#: What is installed in the database, in this order. `roles.sql` comes before the migrations.
SQL_FILES = (
    "actor.sql",
    "images.sql",
    "capture.sql",
    "events.sql",
    "leaves.sql",
    "tracking.sql",
    "guard.sql",
    "baseline.sql",
    "history.sql",
    "as_of.sql",
    "as_of_page.sql",
    "differences.sql",
    "changes.sql",
    "undo_plan.sql",
    "undo_patch.sql",
    "undo.sql",
    "partitions.sql",
    "verify.sql",
    "shipping.sql",
    "seals.sql",
    "eras.sql",
    "feed.sql",
    "commitments.sql",
    "erase.sql",
    "imports.sql",
    "retention.sql",
    "integrity.sql",
    "access.sql",
)


def resource(in_package: str, in_checkout: str) -> Path:
    """A folder inside the package, in a wheel; beside the source root, in a checkout."""
    packaged = Path(str(files("rowtrail"))) / in_package
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / in_checkout


def sql_folder() -> Path:
    """The folder of the SQL that is installed in the database."""
    return resource("sql", "sql")


def files_of(folder: Path) -> list[Path]:
    """The SQL that a release installs in the database, in order: this one, or an earlier one."""
    there = {file.name: file for file in sorted(folder.glob("*.sql")) if file.name != "roles.sql"}
    *first, last = SQL_FILES
    if last not in there:
        raise RowtrailError(
            f"{folder} has no {last}: it is not the folder sql of a release of rowtrail"
        )
    known = [there[name] for name in first if name in there]
    others = [file for name, file in there.items() if name not in SQL_FILES]
    return [*known, *others, there[last]]


def run_file(connection: Connection, file: Path) -> None:
    """Runs a file of SQL as it is."""
    statements = file.read_text(encoding="utf-8")
    with closing(connection.connection.cursor()) as cursor:
        try:
            # Not by way of SQLAlchemy, which would read percent signs and colons as parameters.
            cursor.execute(statements)
        except psycopg2.Error as error:
            raise DBAPIError.instance(statements, None, error, psycopg2.Error) from error


def alembic_config() -> Config:
    """Alembic's configuration for rowtrail's own migrations."""
    config = Config()
    # Alembic interpolates %(here)s in its options, so a percent sign in a path is doubled.
    folder = str(resource("migrations", "alembic")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    return config


def head() -> str:
    """The newest revision among the migrations."""
    revision = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if revision is None:
        raise RowtrailError("rowtrail's migrations are not installed; install rowtrail anew")
    return revision


def config_of(connection: Connection, forget: bool = False) -> Config:
    """Alembic's configuration, for migrations on this connection.

    Args:
        connection: of the database.
        forget: whether what only later revisions keep may be lost, or is looked at here.
    """
    config = alembic_config()
    config.attributes |= {"connection": connection, "forget": forget}
    return config
