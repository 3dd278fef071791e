"""What a model says of its history stands with its table, however it is mapped."""

from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    declarative_base,
    mapped_column,
    registry,
)

from rowtrail.errors import RowtrailError
from rowtrail.orm import Versioned
from rowtrail.writer.intent import Tracking, tracking_of


class Base(DeclarativeBase):
    pass


def said(model: Any) -> Tracking | None:
    return tracking_of(model.__table__)


def test_a_plain_model_says_nothing() -> None:
    class Plain(Base):
        __tablename__ = "plain"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert said(Plain) is None


def test_a_versioned_model_wants_a_history() -> None:
    class User(Versioned, Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert said(User) == Tracking()


def test_a_dataclass_says_it_too() -> None:
    class Dataclass(MappedAsDataclass, DeclarativeBase):
        pass

    class Point(Versioned, Dataclass):
        __tablename__ = "points"
        __versioned__ = {"ignore": ["x"], "erasable": True}
        id: Mapped[int] = mapped_column(primary_key=True)
        x: Mapped[int] = mapped_column(default=0)

    assert said(Point) == Tracking(ignore=("x",), erasable=True)
    assert Point(id=1) == Point(1, 0)


def test_models_of_flask_sqlalchemy_and_of_older_styles_say_it_too() -> None:
    db = SQLAlchemy()

    class User(Versioned, db.Model):  # type: ignore[misc, name-defined]
        __versioned__ = {"actor": "require"}
        id: Mapped[int] = mapped_column(primary_key=True)

    older: Any = declarative_base()

    class Order(Versioned, older):  # type: ignore[misc]
        __tablename__ = "orders"
        __versioned__ = {"truncate_rows": True}
        id = Column(Integer, primary_key=True)

    class Line(Versioned):
        __versioned__ = {"exclude": ["note"]}

    lines = Table(
        "lines", MetaData(), Column("id", Integer, primary_key=True), Column("note", Text)
    )
    registry().map_imperatively(Line, lines)
    assert said(User) == Tracking(actor="require")
    assert said(Order) == Tracking(truncate_rows=True)
    assert tracking_of(lines) == Tracking(exclude=("note",))


def test_a_base_says_it_for_its_models_and_each_may_say_otherwise() -> None:
    class Recorded(Versioned, Base):
        __abstract__ = True
        __versioned__ = {"ignore": ["updated_at"], "actor": "warn"}

    class Timed(Recorded):
        __tablename__ = "timed"
        id: Mapped[int] = mapped_column(primary_key=True)
        updated_at: Mapped[int]

    class Untimed(Recorded):
        __tablename__ = "untimed"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Own(Recorded):
        __tablename__ = "own"
        __versioned__ = {"actor": "require"}
        id: Mapped[int] = mapped_column(primary_key=True)

    class Unrecorded(Recorded):
        __tablename__ = "unrecorded"
        __versioned__ = False  # type: ignore[assignment]
        id: Mapped[int] = mapped_column(primary_key=True)

    assert said(Timed) == Tracking(ignore=("updated_at",), actor="warn")
    assert said(Untimed) == Tracking(actor="warn")
    assert said(Own) == Tracking(actor="require")
    assert said(Unrecorded) is None


def test_models_of_one_table_say_it_together() -> None:
    class Person(Versioned, Base):
        __tablename__ = "people"
        __versioned__ = {"exclude": ["password"], "actor": "warn"}
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        password: Mapped[str]

    class Clerk(Person):
        __versioned__ = {"exclude": ["bonus"]}
        __mapper_args__ = {"polymorphic_identity": "clerk"}
        bonus: Mapped[int | None]

    class Guest(Person):
        __mapper_args__ = {"polymorphic_identity": "guest"}

    class Manager(Person):
        __tablename__ = "managers"
        __mapper_args__ = {"polymorphic_identity": "manager"}
        id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)

    assert said(Guest) == Tracking(exclude=("password", "bonus"), actor="warn")
    assert said(Clerk) == said(Person) == said(Guest)
    assert said(Manager) == Tracking(actor="warn")
    with pytest.raises(
        RowtrailError, match=r"^Robot.__versioned__: actor is 'allow', but its table's"
    ):

        class Robot(Person):
            __versioned__ = {"actor": "allow"}
            __mapper_args__ = {"polymorphic_identity": "robot"}


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"excludes": ["name"]}, " has an option 'excludes', which is none; it takes actor, bas"),
        ({"exclude": "name"}, ": exclude is 'name'; write a list of the names of columns"),
        ({"exclude": [1]}, ": exclude is [1]; write a list of the names of columns"),
        ({"actor": "ask"}, ": actor is 'ask'; write allow, warn or require"),
        ({"erasable": "yes"}, ": erasable is 'yes'; write True or False"),
        ({"renamed_from": ["a"]}, ": renamed_from is ['a']; write the former name"),
        (["name"], " is ['name']; write a dictionary of options, {} for none"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(options: Any, wrong: str) -> None:
    base: Any = declarative_base()
    body = {"__tablename__": "mistaken", "id": Column(Integer, primary_key=True)}
    with pytest.raises(RowtrailError) as raised:
        type("Mistaken", (Versioned, base), {**body, "__versioned__": options})
    assert str(raised.value).startswith("Mistaken.__versioned__" + wrong)


def test_columns_are_named_as_the_database_does() -> None:
    class Order(Versioned, Base):
        __tablename__ = "renamed"
        __versioned__ = {"exclude": ["order no"], "ignore": ["number"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        number: Mapped[str] = mapped_column("order no")

    with pytest.raises(RowtrailError, match=r"of renamed cannot ignore 'number': .* id, order no$"):
        said(Order)
