"""A history in two databases, and the same in one: the application's, its history database, all."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg2
from shipped import ship
from sqlalchemy import URL, NullPool, create_engine


class Halves:
    """The databases of one history.

    Args:
        admin: the URL of a database of the server that none of this is in, as a superuser.
        template: the name of a database in which rowtrail is installed, and nothing else.

    Attributes:
        here: the URL of the application's database.
        there: of its history database.
        whole: of a database with all of it.
    """

    def __init__(self, admin: URL, template: str) -> None:
        name = f"halves_{uuid4().hex[:12]}"
        self.admin = admin
        self.here, self.there, self.whole = (
            admin.set(database=f"{name}_{part}") for part in ("here", "there", "whole")
        )
        for url in (self.here, self.there):
            self._make(url, template)

    def _make(self, url: URL, template: str) -> None:
        run(self.admin, f'create database "{url.database}" template "{template}"')

    def run(self, *statements: str) -> None:
        """Runs statements in the application's database, as a superuser."""
        for statement in statements:
            run(self.here, statement)

    def ask(self, query: str, *values: Any) -> list[Any]:
        """What the application's database answers to a superuser."""
        return run(self.here, query, *values)

    def ship(self) -> None:
        """Brings to the history database what is sealed."""
        engines = [create_engine(url, poolclass=NullPool) for url in (self.here, self.there)]
        ship(engines[0], engines[1])

    def keep_whole(self) -> None:
        """Makes the database with all of it, as it is now."""
        self._make(self.whole, str(self.here.database))

    def retire(self, until: dict[str, Any]) -> None:
        """Retires what of each table is not needed since a moment; all of it stays in the whole."""
        [(last,)] = self.ask("select max(id) from rowtrail.versions")
        for table, moment in until.items():
            self.ask(
                "select * from rowtrail.retire_until(array(select id from rowtrail.tables "
                "where table_name = %s), %s, 'policy 12')",
                table,
                moment,
            )
        # That it was done is part of the history.
        with connected(self.here) as source, connected(self.whole) as target:
            target.execute("set session_replication_role = replica")
            copy(source, target, f"select * from rowtrail.versions where id > {last}", "versions")

    def remove(self) -> None:
        """Drops the databases."""
        for url in (self.here, self.there, self.whole):
            run(self.admin, f'drop database if exists "{url.database}" with (force)')


def with_half_of_a_move(halves: Halves) -> int:
    """Fills a history of which one half of a move stays here, and the other is only there.

    Gives the number of the half that stays: alone it looks like a delete.
    """
    halves.run(
        "create table m (id int, region text, primary key (id, region)) partition by list (region)",
        "create table m_a partition of m for values in ('a')",
        "create table m_b partition of m for values in ('b')",
        "select rowtrail.track('m')",
        "insert into m values (1, 'a')",
        "update m set region = 'b'",
        "delete from m",
        "insert into m values (3, 'a')",
        # The row has that key from now on, of which what ended it before is to stay.
        "update m set id = 1",
        "select rowtrail.seal()",
    )
    halves.ship()
    halves.run("insert into m values (9, 'b')")
    halves.keep_whole()
    [(moment,)] = halves.ask("select max(changed_at) from rowtrail.versions")
    halves.retire({"m": moment})
    [(half,)] = halves.ask("select id from rowtrail.versions where op = 'D' order by id")
    assert halves.ask("select from rowtrail.versions where op = 'I' and old_key is not null") == []
    return int(half)


@contextmanager
def connected(url: URL) -> Iterator[Any]:
    """A cursor that commits each statement."""
    connection = psycopg2.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def run(url: URL, statement: str, *values: Any) -> list[Any]:
    """Runs a statement, and gives the rows that it gives."""
    with connected(url) as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def copy(source: Any, target: Any, query: str, table: str) -> None:
    """Copies rows of rowtrail's, as they are."""
    rows = io.BytesIO()
    source.copy_expert(f"copy ({query}) to stdout (format binary)", rows)
    rows.seek(0)
    target.copy_expert(f"copy rowtrail.{table} from stdin (format binary)", rows)
