"""Autogenerate writes what the models say of history.

The role that migrates owns its tables and may use the schema rowtrail; it is no superuser.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import Rewriter
from alembic.util import CommandError
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from project import Project
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

from rowtrail.operations import TrackTableOp
from rowtrail.orm import Versioned


@pytest.fixture
def owner(make_login: Callable[..., Engine], engine: Engine) -> Engine:
    login = make_login("shop")
    with engine.begin() as connection:
        connection.execute(text("grant create, usage on schema public to shop"))
        connection.execute(text("grant usage on schema rowtrail to shop"))
    return login


@pytest.fixture
def project(tmp_path: Path, owner: Engine) -> Project:
    return Project(tmp_path / "migrations", owner, MetaData())


@pytest.fixture
def bare(engine: Engine) -> Iterator[Engine]:
    """A database without rowtrail."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("create database bare"))
        without = create_engine(engine.url.set(database="bare"))
        yield without
        without.dispose()
        connection.execute(text("drop database bare"))


def tracking(db: Connection, table: str) -> dict[str, Any] | None:
    """How a table is tracked, by the database."""
    row = db.execute(
        text(
            "select t.excluded_columns as exclude, t.hashed_columns as hash, "
            "t.ignored_columns as ignore, t.actor_policy as actor, t.key_columns as key "
            "from rowtrail.tracking_of(to_regclass(:name)) as t"
        ),
        {"name": table},
    ).one_or_none()
    return None if row is None else dict(row._mapping)


def usual(**options: Any) -> dict[str, Any]:
    return {"exclude": [], "hash": [], "ignore": [], "actor": "allow", "key": ["id"], **options}


def models() -> type[DeclarativeBase]:
    class Base(DeclarativeBase):
        pass

    return Base


numbers = itertools.count()


def model(base: type, table_name: str, *columns: str, key: str = "id", **said: Any) -> Any:
    """A model with a key and columns of text; `Versioned` where `versioned` says how."""
    body: dict[str, Any] = {
        "__tablename__": table_name,
        key: mapped_column(Integer, primary_key=True, autoincrement=False),
    }
    body |= {f"column_{number}": mapped_column(name, Text) for number, name in enumerate(columns)}
    body |= {name: said[name] for name in said if isinstance(said[name], MappedColumn)}
    arguments = {name: said[name] for name in ("schema", "info") if name in said}
    body["__table_args__"] = (*said.get("arguments", ()), arguments)
    bases: tuple[type, ...] = (base,)
    if "versioned" in said:
        body["__versioned__"] = said["versioned"]
        bases = (Versioned, base)
    return type(f"Model{next(numbers)}", bases, body)


def of_rowtrail(statements: list[str]) -> list[str]:
    return [line for line in statements if "track_table" in line]


def test_the_whole_life(project: Project, db: Connection, owner: Engine) -> None:
    base = models()

    class User(Versioned, base):  # type: ignore[misc, valid-type]
        __tablename__ = "users"
        __versioned__ = {"exclude": ["password"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        password: Mapped[str]

    project.becomes(base.metadata)
    up, down = project.revision("users")
    assert up[0].startswith("op.create_table('users'")
    assert up[-1] == "op.track_table('users', exclude=['password'])"
    assert down == ["op.untrack_table('users')", "op.drop_table('users')"]
    project.upgrade()
    assert tracking(db, "users") == usual(exclude=["password"])
    assert project.finds_nothing()

    with owner.begin() as writer:
        writer.execute(text("insert into users values (1, 'ann', 'hidden')"))
    assert db.scalar(text("select data from rowtrail.versions where op = 'I'")) == {
        "id": 1,
        "name": "ann",
    }

    base = models()

    class User2(Versioned, base):  # type: ignore[misc, valid-type]
        __tablename__ = "users"
        __versioned__ = {"hash": ["password"], "actor": "warn", "ignore": ["seen"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        password: Mapped[str]
        seen: Mapped[int | None]

    project.becomes(base.metadata)
    up, down = project.revision("other options")
    assert up == [
        "op.add_column('users', sa.Column('seen', sa.Integer(), nullable=True))",
        "op.track_table('users', exclude=[], hash=['password'], ignore=['seen'], actor='warn')",
    ]
    assert down == [
        "op.drop_column('users', 'seen')",
        "op.track_table('users', exclude=['password'], hash=[], ignore=[], actor='allow')",
    ]
    project.upgrade()
    assert tracking(db, "users") == usual(hash=["password"], ignore=["seen"], actor="warn")
    assert project.finds_nothing()

    base = models()

    class User3(base):  # type: ignore[misc, valid-type]
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        password: Mapped[str]
        seen: Mapped[int | None]

    project.becomes(base.metadata)
    up, down = project.revision("no history")
    assert up == ["op.untrack_table('users')"]
    assert down == ["op.track_table('users', hash=['password'], ignore=['seen'], actor='warn')"]
    project.upgrade()
    assert tracking(db, "users") is None
    assert project.finds_nothing()

    project.becomes(MetaData())
    up, down = project.revision("no users")
    assert up == ["op.drop_table('users')"]
    project.upgrade()
    assert project.finds_nothing()

    project.downgrade()
    assert db.scalar(text("select to_regclass('users') is not null"))
    assert tracking(db, "users") is None
    project.downgrade()
    assert tracking(db, "users") == usual(hash=["password"], ignore=["seen"], actor="warn")
    project.downgrade()
    assert tracking(db, "users") == usual(exclude=["password"])
    project.downgrade("base")
    assert db.scalar(text("select to_regclass('users')")) is None
    assert project.current() is None
    # The history stays, and goes on.
    assert db.scalar(text("select count(*) from rowtrail.versions where op = 'I'")) == 1
    project.upgrade("+1")
    assert tracking(db, "users") == usual(exclude=["password"])
    assert db.scalar(text("select count(*) from rowtrail.tables")) == 1


def test_the_schema_of_rowtrail_is_not_compared(project: Project, db: Connection) -> None:
    base = models()
    model(base, "users", versioned={})
    project.becomes(base.metadata, include_schemas=True)
    up, down = project.revision()
    assert "rowtrail" not in str((up, down))
    project.upgrade()
    assert project.finds_nothing()
    revision = project.current()
    project.downgrade("base")
    assert revision != db.scalar(text("select version_num from rowtrail.alembic_version"))
    assert db.scalar(text("select count(*) from rowtrail.alembic_version")) == 1


def test_several_schemas(project: Project, db: Connection, owner: Engine) -> None:
    for schema in ("stock", "Sales"):
        db.execute(text(f'create schema "{schema}" authorization shop'))
    base = models()
    model(base, "orders", "note", versioned={"ignore": ["note"]})
    model(base, "orders", "note", schema="stock", versioned={"actor": "warn"})
    model(base, "Orders", "note", schema="Sales", versioned={"exclude": ["note"]})
    model(base, "plain", schema="Sales")
    project.becomes(base.metadata, include_schemas=True)
    up, _ = project.revision()
    assert sorted(of_rowtrail(up)) == [
        "op.track_table('Orders', exclude=['note'], schema='Sales')",
        "op.track_table('orders', actor='warn', schema='stock')",
        "op.track_table('orders', ignore=['note'])",
    ]
    project.upgrade()
    assert project.finds_nothing()
    assert tracking(db, "public.orders") == usual(ignore=["note"])
    assert tracking(db, "stock.orders") == usual(actor="warn")
    assert tracking(db, '"Sales"."Orders"') == usual(exclude=["note"])
    project.downgrade("base")
    assert db.scalar(text("select count(*) from rowtrail.tables where untracked_at is null")) == 0


def test_the_schema_of_the_connection_can_be_named(project: Project, db: Connection) -> None:
    base = models()
    model(base, "users", schema="public", versioned={})
    project.becomes(base.metadata, include_schemas=True)
    up, _ = project.revision()
    assert of_rowtrail(up) == ["op.track_table('users', schema='public')"]
    project.upgrade()
    assert project.finds_nothing()
    base = models()
    model(base, "users", versioned={"actor": "warn"})
    project.becomes(base.metadata)
    up, down = project.revision()
    assert (up, down) == (
        ["op.track_table('users', actor='warn')"], ["op.track_table('users', actor='allow')"]
    )  # fmt: skip


def test_models_of_several_bases(project: Project, db: Connection) -> None:
    first, second = models(), models()
    model(first, "users", versioned={})
    model(second, "orders", versioned={})
    model(second, "plain")
    project.becomes([first.metadata, second.metadata])
    up, _ = project.revision()
    assert sorted(of_rowtrail(up)) == ["op.track_table('orders')", "op.track_table('users')"]
    project.upgrade()
    assert project.finds_nothing()
    # An environment of its own for each base: what the other tracks is not its business.
    mine = {"users"}
    project.becomes(
        first.metadata, include_name=lambda name, kind, _: kind != "table" or name in mine
    )
    assert project.finds_nothing()
    project.downgrade("base")
    assert db.scalar(text("select count(*) from rowtrail.tables where untracked_at is null")) == 0


WEIRD = "we\"ird; drop table x;--%(a)s %s :b ::c \\d 'e"


def test_names_may_be_anything(project: Project, db: Connection, owner: Engine) -> None:
    base = models()
    model(base, WEIRD, WEIRD + "2", "user", versioned={"exclude": [WEIRD + "2"]})
    model(base, "order", versioned={})
    project.becomes(base.metadata)
    project.revision()
    project.upgrade()
    excluded = text("select excluded_columns from rowtrail.tables where table_name = :name")
    assert db.scalar(excluded, {"name": WEIRD}) == [WEIRD + "2"]
    assert tracking(db, '"order"') == usual()
    assert project.finds_nothing()
    project.downgrade("base")
    assert db.scalar(text("select count(*) from rowtrail.tables where untracked_at is null")) == 0


@pytest.fixture
def by_hand(db: Connection, owner: Engine) -> Engine:
    """A table that somebody tracked in psql."""
    with owner.begin() as connection:
        connection.execute(text("create table ledger (id int primary key, pin text)"))
        connection.execute(text("select rowtrail.track('ledger', exclude => '{pin}')"))
    return owner


def test_what_somebody_tracked_by_hand_is_left_alone(
    project: Project, db: Connection, by_hand: Engine
) -> None:
    def keep(_table: Any, name: str | None, kind: str, reflected: bool, _to: Any) -> bool:
        return not (kind == "table" and reflected)

    project.becomes(MetaData(), include_object=keep)
    assert project.finds_nothing()
    base = models()
    model(base, "ledger", "pin")
    project.becomes(base.metadata)
    assert project.revision()[0] == ["pass"]
    project.upgrade()
    assert tracking(db, "ledger") == usual(exclude=["pin"])


def test_a_versioned_model_of_a_table_that_is_tracked_by_hand_takes_it_over(
    project: Project, db: Connection, by_hand: Engine
) -> None:
    base = models()
    model(base, "ledger", "pin", versioned={"exclude": ["pin"]})
    project.becomes(base.metadata)
    # Elsewhere nobody may have tracked it.
    assert project.revision() == (
        ["op.track_table('ledger', exclude=['pin'])"], ["op.untrack_table('ledger')"]
    )  # fmt: skip
    project.upgrade()
    assert project.finds_nothing()


def test_a_table_is_untracked_before_it_is_dropped(
    project: Project, db: Connection, by_hand: Engine
) -> None:
    up, down = project.revision()
    assert up == ["op.untrack_table('ledger')", "op.drop_table('ledger')"]
    assert down[-1] == "op.track_table('ledger', exclude=['pin'])"
    project.upgrade()
    assert project.finds_nothing()
    project.downgrade()
    assert tracking(db, "ledger") == usual(exclude=["pin"])


def test_a_column_that_was_excluded_goes_and_comes_back(project: Project, db: Connection) -> None:
    base = models()
    model(base, "users", "password", versioned={"exclude": ["password"]})
    project.becomes(base.metadata)
    project.revision()
    project.upgrade()
    base = models()
    model(base, "users", versioned={})
    project.becomes(base.metadata)
    up, down = project.revision()
    assert up == ["op.drop_column('users', 'password')", "op.track_table('users', exclude=[])"]
    assert down[0].startswith("op.add_column('users'")
    assert down[1:] == ["op.track_table('users', exclude=['password'])"]
    project.upgrade()
    assert project.finds_nothing()
    project.downgrade()
    assert tracking(db, "users") == usual(exclude=["password"])
    project.upgrade()
    project.downgrade("base")


def test_a_table_keeps_its_history_under_a_new_name(
    project: Project, db: Connection, owner: Engine
) -> None:
    def shop(name: str, **hint: Any) -> None:
        base = models()
        model(base, name, "mail", arguments=[Index(f"ix_{name}_mail", "mail")],
              versioned={"ignore": ["mail"], **hint})  # fmt: skip
        refers = type("Refers", (base,), {
            "__tablename__": "orders",
            "id": mapped_column(Integer, primary_key=True),
            "buyer": mapped_column(ForeignKey(f"{name}.id")),
        })  # fmt: skip
        assert refers
        project.becomes(base.metadata)

    shop("users")
    project.revision()
    project.upgrade()
    with owner.begin() as writer:
        writer.execute(text("insert into users values (1, 'a@b')"))
        writer.execute(text("insert into orders values (1, 1)"))
    shop("accounts", renamed_from="users", actor="warn")
    up, down = project.revision()
    assert up == [
        "op.drop_index(op.f('ix_users_mail'), table_name='users')",
        "op.rename_table('users', 'accounts')",
        "op.create_index('ix_accounts_mail', 'accounts', ['mail'], unique=False)",
        "op.track_table('accounts', ignore=['mail'], actor='warn')",
    ]
    assert down == [
        "op.drop_index('ix_accounts_mail', table_name='accounts')",
        "op.rename_table('accounts', 'users')",
        "op.create_index(op.f('ix_users_mail'), 'users', ['mail'], unique=False)",
        "op.track_table('users', ignore=['mail'], actor='allow')",
    ]
    project.upgrade()
    assert project.finds_nothing()
    assert tracking(db, "accounts") == usual(ignore=["mail"], actor="warn")
    with owner.begin() as writer:
        writer.execute(text("delete from orders"))
        writer.execute(text("delete from accounts"))
    assert db.scalars(
        text("select op::text from rowtrail.versions where op <> 'S' order by id")
    ).all() == ["I", "D"]
    assert db.scalar(text("select count(*) from rowtrail.tables")) == 1
    project.downgrade()
    assert tracking(db, "users") == usual(ignore=["mail"])
    project.downgrade("base")


def test_a_column_that_is_renamed_by_hand_keeps_its_options(
    project: Project, db: Connection
) -> None:
    base = models()
    model(base, "users", "password", versioned={"exclude": ["password"]})
    project.becomes(base.metadata)
    project.revision()
    project.upgrade()
    base = models()
    model(base, "users", "passphrase", versioned={"exclude": ["passphrase"]})
    project.becomes(base.metadata)
    up, down = project.revision()
    assert [line.split("(")[0] for line in up] == [
        "op.add_column", "op.drop_column", "op.track_table"
    ]  # fmt: skip
    assert [line.split("(")[0] for line in down] == [
        "op.add_column", "op.drop_column", "op.track_table"
    ]  # fmt: skip
    # Alembic knows no renaming, so that people write it themselves.
    [script] = [
        path for path in (project.folder / "versions").glob("*.py")
        if "op.drop_column" in path.read_text()
    ]  # fmt: skip
    edited: list[str] = []
    other = ("'password'", "'passphrase'")
    for line in script.read_text().splitlines():
        if "op.drop_column" in line:
            old, new = other if not any("alter_column" in one for one in edited) else other[::-1]
            line = f"    op.alter_column('users', {old}, new_column_name={new})"
        if "op.add_column" not in line:
            edited.append(line)
    script.write_text("\n".join(edited))
    project.upgrade()
    assert tracking(db, "users") == usual(exclude=["passphrase"])
    assert project.finds_nothing()
    project.downgrade()
    assert tracking(db, "users") == usual(exclude=["password"])


def test_options_that_somebody_changed_by_hand_are_those_of_the_model_again(
    project: Project, db: Connection, owner: Engine
) -> None:
    base = models()
    model(base, "users", versioned={})
    project.becomes(base.metadata)
    project.revision()
    project.upgrade()
    with owner.begin() as connection:
        connection.execute(text("select rowtrail.track('users', actor => 'warn')"))
    assert not project.is_clean()
    assert project.revision() == (
        ["op.track_table('users', actor='allow')"], ["op.track_table('users', actor='warn')"]
    )  # fmt: skip


def test_the_search_path_decides_where_a_table_is(
    project: Project, db: Connection, owner: Engine
) -> None:
    db.execute(text("create schema stock authorization shop"))
    db.execute(text("alter role shop set search_path = stock, public"))
    with owner.begin() as connection:
        connection.execute(text("create table public.users (id int primary key)"))
    base = models()
    model(base, "users", versioned={})
    model(base, "orders", versioned={})
    project.becomes(base.metadata)
    up, _ = project.revision()
    assert sorted(of_rowtrail(up)) == ["op.track_table('orders')", "op.track_table('users')"]
    project.upgrade()
    assert project.finds_nothing()
    # As Alembic sees it: what is on the path is there, what is new comes to its first schema.
    assert tracking(db, "public.users") == tracking(db, "stock.orders") == usual()
    project.downgrade()
    assert tracking(db, "public.users") is None


def test_the_order_of_columns_says_nothing(project: Project) -> None:
    for order in (["a", "b"], ["b", "a"], {"a", "b"}):
        base = models()
        model(base, "users", "a", "b", versioned={"exclude": order})
        project.becomes(base.metadata)
        assert order == ["a", "b"] or project.finds_nothing()
        project.revision()
        project.upgrade()


def test_a_table_without_a_model_says_it_in_its_info(project: Project, db: Connection) -> None:
    metadata = MetaData()
    said = {"rowtrail": {"actor": "warn"}}
    Table("links", metadata, Column("id", Integer, primary_key=True), info=said)
    project.becomes(metadata)
    assert of_rowtrail(project.revision()[0]) == ["op.track_table('links', actor='warn')"]
    project.upgrade()
    assert project.finds_nothing()
    Table("more", metadata, Column("id", Integer), info={"rowtrail": {"actor": "ask"}})
    with pytest.raises(CommandError, match=r"^more.info: actor is 'ask'; write allow, warn or req"):
        project.revision()


def test_rows_that_are_there_can_be_recorded_too(
    project: Project, db: Connection, owner: Engine
) -> None:
    for said in (None, {"baseline": True}):
        base = models()
        if said is None:
            model(base, "users")
        else:
            model(base, "users", versioned=said)
        project.becomes(base.metadata)
        up, _ = project.revision()
        project.upgrade()
        if said is None:
            with owner.begin() as writer:
                writer.execute(text("insert into users values (1)"))
    assert up == ["op.track_table('users', baseline=True)"]
    assert db.scalar(text("select count(*) from rowtrail.versions where op = 'B'")) == 1
    assert project.finds_nothing()


def test_another_key_is_asked_for_and_given_back(project: Project, db: Connection) -> None:
    for said in ({}, {"key_columns": ["mail"]}):
        required = mapped_column(String(80), nullable=False)
        base = models()
        model(base, "users", versioned=said, arguments=[UniqueConstraint("mail")], mail=required)
        project.becomes(base.metadata)
        up, down = project.revision()
        project.upgrade()
        assert project.finds_nothing()
    assert up == ["op.track_table('users', key_columns=['mail'])"]
    assert down == ["op.track_table('users', key_columns=['id'])"]
    assert tracking(db, "users") == usual(key=["mail"])
    project.downgrade()
    assert tracking(db, "users") == usual()


def test_a_partitioned_table_is_tracked_as_a_whole(
    project: Project, db: Connection, owner: Engine
) -> None:
    base = models()
    partitioned = {"postgresql_partition_by": "RANGE (id)"}
    type("Event", (Versioned, base), {
        "__tablename__": "events", "__table_args__": partitioned,
        "id": mapped_column(Integer, primary_key=True),
    })  # fmt: skip
    is_partition = "events_1"
    project.becomes(base.metadata, include_name=lambda name, kind, _: name != is_partition)
    project.revision()
    project.upgrade()
    with owner.begin() as connection:
        connection.execute(
            text("create table events_1 partition of events for values from (0) to (9)")
        )
        connection.execute(text("insert into events values (1)"))
    assert project.finds_nothing()
    assert tracking(db, "events") == usual()
    assert db.scalar(text("select count(*) from rowtrail.versions where op = 'I'")) == 1
    model(base, "events_1", versioned={})
    project.becomes(base.metadata, include_name=None)
    with pytest.raises(
        CommandError, match=r"^events_1 can have no history of its own: it is a part"
    ):
        project.revision()


def test_a_view_can_have_no_history(project: Project, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("create view late as select 1 as id"))
    base = models()
    model(base, "late", versioned={})
    project.becomes(base.metadata)
    with pytest.raises(CommandError, match=r"^late can have no history: it is a view; let"):
        project.revision()


def test_what_a_model_says_has_to_be_meant(project: Project) -> None:
    base = models()
    model(base, "users", versioned={"exclude": ["pasword"]})
    project.becomes(base.metadata)
    with pytest.raises(
        CommandError, match="cannot exclude 'pasword': the table has no such column"
    ):
        project.revision()


def test_a_column_named_like_a_secret_asks_for_a_decision_in_the_model(
    project: Project, db: Connection
) -> None:
    base = models()
    model(base, "users", "password", "apiKey", versioned={"hash": ["apiKey"]})
    project.becomes(base.metadata)
    with pytest.raises(CommandError, match="named like secrets: password; say what its hist") as no:
        project.revision()
    assert """__versioned__ = {"exclude": ['password']}; a hash:""" in str(no.value)
    for said in ({"exclude": ["password", "apiKey"]}, {"keep": ["password"], "hash": ["apiKey"]}):
        base = models()
        when = mapped_column(Boolean)
        model(base, "users", "password", "apiKey", versioned=said, is_secret=when)
        project.becomes(base.metadata)
        project.revision()
        project.upgrade()
        assert project.finds_nothing()


def test_what_the_project_does_not_compare_is_left_alone(
    project: Project, db: Connection, by_hand: Engine
) -> None:
    def leave(_table: Any, name: str | None, *_: Any) -> bool:
        return name not in ("ledger", "users")

    base = models()
    model(base, "ledger", versioned={})
    model(base, "users", versioned={})
    project.becomes(base.metadata, include_object=leave)
    assert project.revision() == (["pass"], ["pass"])


def test_it_can_be_switched_off(project: Project) -> None:
    base = models()
    model(base, "users", versioned={})
    off = ["alembic.autogenerate.*", "~alembic.autogenerate.rowtrail"]
    project.becomes(base.metadata, autogenerate_plugins=off)
    up, _ = project.revision()
    assert of_rowtrail(up) == []


def test_a_project_without_history_is_asked_one_plain_question(
    project: Project, bare: Engine
) -> None:
    base = models()
    model(base, "users")
    project.config.attributes["engine"] = bare
    project.becomes(base.metadata)
    asked: list[str] = []
    event.listen(bare, "before_cursor_execute", lambda *given: asked.append(given[2]))
    project.revision()
    ours = [one for one in asked if "rowtrail" in one or "relispartition" in one]
    assert len(ours) == 1
    assert "to_reg" not in ours[0]


def test_without_rowtrail_the_revision_is_written_with_a_warning(
    bare: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    base = models()
    model(base, "users", versioned={})
    project = Project(tmp_path / "migrations", bare, base.metadata, include_schemas=True)
    up, _ = project.revision()
    assert of_rowtrail(up) == ["op.track_table('users')"]
    assert "is not installed in this database; run: rowtrail upgrade, before this" in caplog.text


def test_a_login_without_a_right_on_rowtrail_is_told_which(
    project: Project, db: Connection
) -> None:
    db.execute(text("revoke usage on schema rowtrail from shop"))
    base = models()
    plain = models()
    model(base, "users", versioned={})
    model(plain, "users")
    project.becomes(base.metadata)
    with pytest.raises(CommandError, match=r"no right on rowtrail.*grant usage on schema rowtrail"):
        project.revision()
    # Who wants no history needs none.
    project.becomes(plain.metadata, include_schemas=True)
    up, _ = project.revision()
    assert up[0].startswith("op.create_table('users'")


def test_other_databases_are_none_of_its_business(tmp_path: Path) -> None:
    base = models()
    model(base, "users", versioned={})
    other = create_engine(f"sqlite:///{tmp_path}/x")
    project = Project(tmp_path / "migrations", other, base.metadata)
    up, _ = project.revision()
    assert of_rowtrail(up) == []
    project.upgrade()
    assert project.finds_nothing()
    other.dispose()


def test_inheritance_tracks_each_table_once(project: Project, db: Connection) -> None:
    base = models()

    class Person(Versioned, base):  # type: ignore[misc, valid-type]
        __tablename__ = "people"
        __versioned__ = {"exclude": ["password"], "actor": "warn"}
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        password: Mapped[str]

    class Guest(Person):
        __versioned__ = {"ignore": ["seen"]}
        __mapper_args__ = {"polymorphic_identity": "guest"}
        seen: Mapped[int | None]

    class Clerk(Person):
        __tablename__ = "clerks"
        __mapper_args__ = {"polymorphic_identity": "clerk"}
        id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)

    project.becomes(base.metadata)
    up, _ = project.revision()
    assert of_rowtrail(up) == [
        "op.track_table('people', exclude=['password'], ignore=['seen'], actor='warn')",
        "op.track_table('clerks', actor='warn')",
    ]
    project.upgrade()
    assert project.finds_nothing()
    project.downgrade("base")


def test_a_rewriter_of_the_project_meets_the_operations(project: Project) -> None:
    rewriter = Rewriter()
    seen: list[str] = []

    @rewriter.rewrites(TrackTableOp)
    def note(_context: Any, _revision: Any, operation: TrackTableOp) -> TrackTableOp:
        seen.append(operation.table_name)
        return operation

    for said in ({}, {"actor": "warn"}):
        base = models()
        model(base, "users", versioned=said)
        project.becomes(base.metadata, process_revision_directives=rewriter)
        project.revision()
        project.upgrade()
    assert seen == ["users", "users", "users"]  # the last one is the way back


# What its own env.py calls.
@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")
def test_flask_migrate(owner: Engine, db: Connection, tmp_path: Path) -> None:
    database = SQLAlchemy()
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = owner.url
    database.init_app(app)

    class User(Versioned, database.Model):  # type: ignore[misc, name-defined]
        __versioned__ = {"exclude": ["password"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        password: Mapped[str]

    def command(name: str) -> None:
        # Each command is a process of its own in life.
        flask_migrate.Migrate(app, database, directory=str(tmp_path / "migrations"))
        getattr(flask_migrate, name)()

    with app.app_context():
        for name in ("init", "migrate", "upgrade", "check"):
            command(name)
        assert tracking(db, "user") == usual(exclude=["password"])
        command("downgrade")
        assert tracking(db, "user") is None
        for used in database.engines.values():
            used.dispose()
