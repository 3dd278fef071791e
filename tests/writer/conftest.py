"""An application's login: it owns its tables and may read history; it has no right to write any."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, text
from sqlalchemy.orm import Session

#: Makes the tables of the metadata as the application's login, and has them tracked.
MakeTables = Callable[..., None]


@pytest.fixture
def shop(make_login: Callable[..., Engine], engine: Engine) -> Engine:
    """The application's login."""
    login = make_login("shop", member_of="rowtrail_reader")
    with engine.begin() as connection:
        connection.execute(text("grant create, usage on schema public to shop"))
    return login


@pytest.fixture
def make_tables(shop: Engine, engine: Engine) -> MakeTables:
    def make(metadata: MetaData, *, but: tuple[str, ...] = (), options: str = "") -> None:
        metadata.create_all(shop)
        with engine.begin() as connection:
            for table in metadata.sorted_tables:
                if table.fullname not in but:
                    connection.execute(
                        text(f"select rowtrail.track(:table{options})"),
                        {"table": f'"{table.name}"'},
                    )

    return make


@pytest.fixture
def session(shop: Engine) -> Iterator[Session]:
    """A session of the application."""
    with Session(shop) as session:
        yield session


@pytest.fixture
def as_superuser(engine: Engine) -> Callable[..., list[Any]]:
    """Runs a statement as a superuser; gives its rows."""

    def run(statement: str, **values: Any) -> list[Any]:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    return run
