"""Where the demo works: in a database or a schema of its own, so that it touches nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine, text

from rowtrail.commands.target import Target, errors_explained
from rowtrail.db import connect
from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError

#: The database on the embedded server, or the schema in a database that was named.
NAME = "rowtrail_demo"

#: The comment by which a schema of an earlier demo is known.
MARK = "made by rowtrail demo, which makes it anew each time"


@dataclass(frozen=True)
class Place:
    """Where the demo's tables are.

    Attributes:
        engine: connects to the database, with the demo's schema as its search path.
        server: the embedded server whose database it is; None for another.
        programs: the folder of pgbench and psql.
    """

    engine: Engine
    server: Server | None
    programs: Path

    @property
    def schema(self) -> str:
        """The schema of the demo's tables."""
        return "public" if self.server else NAME

    def conninfo(self) -> str:
        """The database for libpq's programs, without its password (see `secret`)."""
        return str(psycopg2.extensions.make_dsn(**(self._parameters() | {"password": None})))

    def secret(self) -> dict[str, str]:
        """The password for libpq's programs: in the environment, where no `ps` shows it."""
        password = self._parameters().get("password")
        return {"PGPASSWORD": password} if password else {}

    def _parameters(self) -> dict[str, Any]:
        return dict(self.engine.dialect.create_connect_args(self.engine.url)[1])

    def make_anew(self) -> None:
        """Makes the demo's schema, in the place of an earlier demo's.

        Raises:
            RowtrailError: there is a schema of that name which is not the demo's.
        """
        if self.server:
            return
        with self.engine.begin() as connection:
            found = connection.execute(
                text(
                    "select obj_description(oid, 'pg_namespace') as mark from pg_namespace "
                    "where nspname = :name"
                ),
                {"name": NAME},
            ).one_or_none()
            if found is not None:
                if found.mark != MARK:
                    raise RowtrailError(
                        f"the database has a schema {NAME} that no demo made; rename it, "
                        "or run the demo on another database"
                    )
                self._end_earlier_histories(connection)
                connection.exec_driver_sql(f"drop schema {NAME} cascade")
            connection.exec_driver_sql(f"create schema {NAME}")
            connection.exec_driver_sql(f"comment on schema {NAME} is '{MARK}'")

    def _end_earlier_histories(self, connection: Connection) -> None:
        """Empties the tracked tables first: a TRUNCATE is recorded, DROP TABLE is not."""
        tracked = text(
            "select table_name from rowtrail.status() "
            "where state <> 'dropped' and table_name like :schema"
        )
        names = list(connection.scalars(tracked, {"schema": NAME.replace("_", r"\_") + ".%"}))
        if names:
            connection.exec_driver_sql(f"truncate {', '.join(names)} cascade")


@contextmanager
def prepared(target: Target) -> Iterator[Place]:
    """The demo's place, for one demo at a time.

    Raises:
        RowtrailError: another demo runs there.
    """
    with target.engine.connect() as lock:
        lock.execution_options(isolation_level="AUTOCOMMIT")
        if not lock.scalar(text("select pg_try_advisory_lock(hashtext(:name))"), {"name": NAME}):
            raise RowtrailError(
                "another rowtrail demo runs in this place; stop that one first, "
                "or give this one its own: rowtrail demo --data FOLDER"
            )
        if target.server:
            lock.exec_driver_sql(f"drop database if exists {NAME} with (force)")
            lock.exec_driver_sql(f"create database {NAME}")
            url = target.engine.url.set(database=NAME)
            programs = target.server.binaries
        else:
            options = " ".join(
                [str(target.engine.url.query.get("options", "")), f"-c search_path={NAME}"]
            )
            url = target.engine.url.update_query_dict({"options": options.strip()})
            programs = Server().binaries
        with errors_explained(connect(url)) as engine:
            yield Place(engine, target.server, programs)
