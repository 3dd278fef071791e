"""Async sessions: actors and history, by asyncpg and by psycopg 3."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, ForeignKey, NullPool, select, text, update
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from tasks import run_async

from rowtrail.errors import RowtrailError
from rowtrail.orm import Version, Versioned, actor, set_actor, versions_of

MakeTables = Callable[..., None]


class Base(DeclarativeBase):
    pass


class User(Versioned, Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    orders: Mapped[list["Order"]] = relationship(order_by="Order.id")


class Order(Versioned, Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None]


#: Runs what is given with an engine.
Run = Callable[[Callable[[AsyncEngine], Awaitable[Any]]], Any]


@pytest.fixture(params=["asyncpg", "psycopg"])
def run(request: pytest.FixtureRequest, shop: Engine, make_tables: MakeTables) -> Run:
    make_tables(Base.metadata)
    url = shop.url.set(drivername=f"postgresql+{request.param}")

    def run(work: Callable[[AsyncEngine], Awaitable[Any]]) -> Any:
        async def with_engine() -> Any:
            engine = create_async_engine(url, poolclass=NullPool)
            try:
                return await work(engine)
            finally:
                await engine.dispose()

        return run_async(with_engine())

    return run


@pytest.fixture
def actors(as_superuser: Callable[..., list[Any]]) -> Callable[[], list[Any]]:
    return lambda: as_superuser(
        "select row_key, actor, context ->> 'reason' from rowtrail.versions "
        "where row_key <> '' order by id"
    )


async def write(engine: AsyncEngine) -> datetime:
    """Ann with two orders, which change after the moment that it gives."""
    async with AsyncSession(engine) as session:
        ann = User(id=1, name="ann", orders=[Order(id=1, note="a"), Order(id=2)])
        session.add(ann)
        await session.commit()
        moment: datetime = (await session.execute(text("select clock_timestamp()"))).scalar_one()
        await session.execute(update(User).values(name="anna"))
        await session.execute(text("delete from orders where id = 2"))
        await session.execute(update(Order).values(note="b"))
        await session.commit()
    return moment


def test_the_actor_of_a_task_is_named(run: Run, actors: Callable[[], list[Any]]) -> None:
    async def work(engine: AsyncEngine) -> None:
        async def add(number: int, name: str | None) -> None:
            with actor(name, reason=name):
                async with AsyncSession(engine) as session:
                    session.add(User(id=number, name="x"))
                    await session.commit()

        await asyncio.gather(add(1, "alice"), add(2, "bob"), add(3, None))
        with actor("carol"):
            async with engine.begin() as connection:
                await connection.execute(text("update users set name = 'y' where id = 1"))

    run(work)
    assert sorted(actors(), key=str) == [
        ("1", "alice", "alice"), ("1", "carol", None), ("2", "bob", "bob"), ("3", None, None),
    ]  # fmt: skip


def test_set_actor_is_awaited(run: Run, actors: Callable[[], list[Any]]) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with AsyncSession(engine) as session:
            session.add(User(id=1, name="x"))
            await set_actor(session, "alice", reason="why")
            await session.commit()
            session.add(User(id=2, name="x"))
            await session.commit()
        async with engine.begin() as connection:
            await set_actor(connection, "bob")
            await connection.execute(text("insert into users values (3, 'x')"))
        scoped = async_scoped_session(async_sessionmaker(engine), asyncio.current_task)
        await set_actor(scoped, "carol")
        scoped.add(User(id=4, name="x"))
        await scoped.commit()
        await scoped.remove()

    run(work)
    assert actors() == [
        ("1", "alice", "why"), ("2", None, None), ("3", "bob", None), ("4", "carol", None),
    ]  # fmt: skip


def test_versions_are_awaited(run: Run) -> None:
    async def work(engine: AsyncEngine) -> None:
        await write(engine)
        async with AsyncSession(engine) as session:
            ann = await session.get_one(User, 1)
            await session.commit()
            with pytest.raises(RowtrailError, match=r"Versions of an async .* await it"):
                list(ann.versions)
            newest, oldest = await ann.versions
            assert (newest.op, newest.changes) == ("U", {"name": ("ann", "anna")})
            assert [v.id for v in await ann.versions.where(Version.op == "I")] == [oldest.id]
            assert (await session.scalars(versions_of(ann))).all() == [newest, oldest]
            assert [v.op for v in await Order.history.versions(2, session)] == ["D", "I"]
            [difference] = await ann.history.diff(oldest.id, newest.id)
            assert (difference.before, difference.after) == ("ann", "anna")

    run(work)


def test_the_past_is_awaited_with_its_relationships(run: Run) -> None:
    async def work(engine: AsyncEngine) -> None:
        moment = await write(engine)
        async with AsyncSession(engine) as session:
            [ann] = await User.history.as_of(moment, session).where(User.name == "ann")
            assert (type(ann) is not User, isinstance(ann, User)) == (True, True)
            with pytest.raises(RowtrailError, match=r"orders of <User 1 .* not read yet: .*load"):
                _ = ann.orders
            assert [o.id for o in await session.run_sync(lambda _: ann.orders)] == [1, 2]
            loaded = await User.history.as_of(moment, session).load(User.orders).get(1)
            assert loaded is not None
            assert [(order.id, order.note) for order in loaded.orders] == [(1, "a"), (2, None)]
            assert await User.history.as_of(moment, session).filter_by(id=7).first() is None
            assert await User.history.as_of(moment, session).get(7) is None
            many = await User.history.as_of(moment, session).order_by(User.id).limit(5).all()
            assert len(many) == 1
            first = (await User.history.versions(1, session))[-1]
            assert (await User.history.at(first, session)).name == "ann"
            with pytest.raises(RowtrailError, match="is of the past"):
                session.add(ann)
            now = await session.get_one(User, 1)
            asks: list[Callable[[], Any]] = [
                lambda: now.history.as_of(moment),
                lambda: now.history.at(first),
            ]
            for ask in asks:
                with pytest.raises(RowtrailError, match=r"await User.history.(as_of|at)\(…, sess"):
                    ask()

    run(work)


def test_a_sync_session_is_not_awaited(session: Any, make_tables: MakeTables) -> None:
    make_tables(Base.metadata)
    session.add(User(id=1, name="x"))
    session.commit()

    async def work() -> None:
        await session.scalars(select(User)).one().versions

    with pytest.raises(RowtrailError, match="its session is no async one"):
        run_async(work())
