"""Databases of each released revision, with the history of a shop in them."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import picture
from as_people_do import dump, execute
from nodes import BINARIES, Session
from places import make_folder
from sqlalchemy import URL

from rowtrail import schema
from rowtrail.embedded.server import Server

#: Of which there is a picture: all that were released.
RELEASED = sorted(file.stem for file in picture.FOLDER.glob("*.sql"))

#: What is tracked there and has rows that its history is to replay to.
TABLES = ("people", "orders", "lines", "measures", "words", '"Odd ""name"""')

#: Tables have other numbers where they were restored.
TRACK_AGAIN = """
select rowtrail.track(c.relid)
from rowtrail.tables as t
cross join to_regclass(format('%I.%I', t.schema_name, t.table_name)) as c (relid)
where t.untracked_at is null and c.relid is not null
"""

#: Of the things in a dump.
OURS = ("Schema: rowtrail;", "Type: EVENT TRIGGER;", "SCHEMA rowtrail;", "rowtrail; Type: SCHEMA;")

#: Another one in each database: months, the era, and what PostgreSQL calls NOT NULL in a dump.
PASSING = (
    (re.compile(r"versions_\d{4}_\d\d"), None),
    (re.compile(r" CONSTRAINT \w+_not_null"), ""),
    (re.compile(r"era integer DEFAULT \d+ NOT NULL"), "era integer NOT NULL"),
)


@contextmanager
def serving() -> Iterator[Server]:
    """A server with a database `from_REVISION` for each revision, restored from its picture."""
    folder = make_folder("shops")
    with Server(folder / "server", Path(BINARIES) if BINARIES else None) as server:
        roles = (schema.sql_folder() / "roles.sql").read_text(encoding="utf-8")
        picture.run(picture.dsn(server, "postgres"), roles, picture.ROLES)
        for revision in RELEASED:
            said = (picture.FOLDER / f"{revision}.sql").read_text(encoding="utf-8")
            picture.restore(server, f"from_{revision}", said)
            # As somebody did, with the release of then, who restored it.
            picture.run(
                picture.dsn(server, f"from_{revision}"),
                "select rowtrail.begin_era()",
                TRACK_AGAIN,
                "update pg_database set datistemplate = true where datname = current_database()",
            )
        yield server
    shutil.rmtree(folder)


class Shops:
    """Makes databases of a server's, and removes them."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._made: list[str] = []

    def __call__(self, revision: str) -> URL:
        """A shop of this revision."""
        name = f"shop_{len(self._made)}"
        execute(self.server.url(), f"create database {name} template from_{revision}")
        self._made.append(name)
        return self.server.url(database=name)

    def close(self) -> None:
        """Removes them."""
        for name in self._made:
            execute(self.server.url(), f"drop database {name} with (force)")


def session(url: URL, login: str = "postgres") -> Session:
    """A session in the shop."""
    return Session(
        host=url.query["host"],
        port=url.query["port"],
        dbname=url.database,
        user=login,
        options="-c search_path=shop",
    )


def definitions(server: Server, database: str) -> dict[str, str]:
    """What is in the schema, each thing with its definition."""
    found = {}
    for part in re.split(r"^--\n-- Name: ", dump(server, database), flags=re.MULTILINE)[1:]:
        named, _, definition = part.partition("\n")
        if not any(kind in named for kind in OURS):
            continue
        for pattern, instead in PASSING:
            if instead is None and pattern.search(part):
                break
            definition = pattern.sub(instead or "", definition)
        else:
            found[named] = definition
    return found


def is_whole(url: URL) -> None:
    """The history replays to what is there, and is what was sealed."""
    ask = session(url)
    try:
        for table in TABLES:
            assert ask("select * from rowtrail.differences(%s)", table) == []
        assert ask(
            "select s.id, v.* from rowtrail.seals as s, rowtrail.verify_seal(s.id) as v"
        ) == []  # fmt: skip
        for thoroughly in (True, False):
            assert ask("select * from rowtrail.verify_sealed(%s) where is_fault", thoroughly) == []
        faults = ask("select * from rowtrail.verify() where is_fault")
        assert faults == [], faults
    finally:
        ask.close()


def history(url: URL) -> list[Any]:
    """All versions and seals."""
    ask = session(url)
    try:
        return ask("select v::text from rowtrail.versions as v order by id") + ask(
            "select s::text from rowtrail.seals as s order by id"
        )
    finally:
        ask.close()


def sql_of(revision: str, folder: Path) -> Path:
    """The folder `sql` of a release, as its picture has it."""
    folder.mkdir()
    kinds = "(FUNCTION|PROCEDURE|VIEW)"
    said = (picture.FOLDER / f"{revision}.sql").read_text(encoding="utf-8")
    functions = [
        re.sub(rf"^CREATE {kinds}", r"CREATE OR REPLACE \1", part, flags=re.M)
        for part in re.split(r"^--\n-- Name: .*\n--\n", said, flags=re.MULTILINE)
        if re.search(rf"^(CREATE|COMMENT ON|(GRANT|REVOKE) .*? ON) {kinds} ", part, re.M)
    ]
    (folder / "functions.sql").write_text("".join(functions), encoding="utf-8")
    (folder / "access.sql").write_text("select 1")
    return folder
