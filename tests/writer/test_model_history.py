"""Objects of the past: what `User.history` gives, of every kind of mapped class."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Engine,
    ForeignKey,
    Interval,
    Numeric,
    String,
    TypeDecorator,
    event,
    func,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.dialects.postgresql import ARRAY, INT8RANGE, JSONB, TIMESTAMP, Range
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    composite,
    declarative_base,
    mapped_column,
    registry,
    relationship,
    scoped_session,
    sessionmaker,
)

from rowtrail.errors import RowtrailError
from rowtrail.orm import (
    Difference,
    Version,
    Versioned,
    history_of,
    is_past,
    past_of,
    versions_of,
)

MakeTables = Callable[..., None]


class Base(DeclarativeBase):
    pass


class User(Versioned, Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column("e-mail: %s")

    orders: Mapped[list["Order"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", order_by="Order.id"
    )
    order_totals: AssociationProxy[list[Decimal]] = association_proxy("orders", "total")

    @hybrid_property
    def shout(self) -> str:
        return self.name.upper()


class Order(Versioned, Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    total: Mapped[Decimal] = mapped_column(Numeric(10, 2))

    user: Mapped[User] = relationship(back_populates="orders")
    tags: Mapped[set["Tag"]] = relationship(secondary="order_tags", back_populates="orders")


class Tag(Base):
    __tablename__ = "tags"

    name: Mapped[str] = mapped_column(primary_key=True)

    orders: Mapped[list[Order]] = relationship(secondary="order_tags", back_populates="tags")


class OrderTag(Base):
    __tablename__ = "order_tags"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(ForeignKey("tags.name"), primary_key=True)


@pytest.fixture
def tables(make_tables: MakeTables) -> None:
    make_tables(Base.metadata)


@pytest.fixture
def now(as_superuser: Callable[..., list[Any]]) -> Callable[[], datetime]:
    def ask() -> datetime:
        [(moment,)] = as_superuser("select clock_timestamp()")
        found: datetime = moment
        return found

    return ask


@pytest.fixture
def monday(tables: None, session: Session, now: Callable[[], datetime]) -> datetime:
    """Ann with two orders, Bob with one; then all is changed."""
    tag = Tag(name="new")
    ann = User(id=1, name="ann", email="ann@example.org")
    ann.orders = [
        Order(id=10, total=Decimal("1.50"), tags={tag}),
        Order(id=11, total=Decimal(2)),
    ]
    bob = User(id=2, name="bob", email=None, orders=[Order(id=20, total=Decimal(3))])
    session.add_all([ann, bob])
    session.commit()
    moment = now()
    ann.name = "anna"
    ann.email = None
    ann.orders[0].total = Decimal("9.99")
    ann.orders[0].tags = set()
    ann.orders.pop()
    session.delete(bob)
    session.commit()
    session.add(User(id=3, name="cid", email=None))
    session.commit()
    return moment


def test_a_model_as_of_a_moment_is_typed_and_of_the_model(
    session: Session, monday: datetime
) -> None:
    then = User.history.as_of(monday, session)
    assert [(user.id, user.name, user.email) for user in then] == [
        (1, "ann", "ann@example.org"),
        (2, "bob", None),
    ]
    assert all(isinstance(user, User) for user in then)
    assert then[0].shout == "ANN"
    assert repr(then[0]) == f"<User 1 as of {monday}>"


def test_it_is_filtered_ordered_and_limited_as_it_was(session: Session, monday: datetime) -> None:
    then = User.history.as_of(monday, session)
    assert [user.id for user in then.where(User.name == "ann")] == [1]
    assert then.where(User.name == "anna").all() == []
    assert [user.id for user in then.where(User.name.like("%b%") | User.email.is_(None))] == [2]
    assert [user.id for user in then.filter_by(name="bob")] == [2]
    assert [user.id for user in then.order_by(User.name.desc())] == [2, 1]
    assert [user.id for user in then.order_by(User.name.desc()).limit(1)] == [2]
    first = then.where(func.length(User.name) == 3).first()
    assert first is not None
    assert first.id == 1


def test_one_row_is_found_by_its_key(session: Session, monday: datetime) -> None:
    bob = User.history.as_of(monday, session).get(2)
    assert bob is not None
    assert bob.name == "bob"
    assert User.history.as_of(monday, session).get(3) is None
    with pytest.raises(RowtrailError, match=r"the key of User is \(id\), which \(1, 2\)"):
        User.history.as_of(monday, session).get((1, 2))


def test_relationships_are_as_of_the_same_moment(session: Session, monday: datetime) -> None:
    ann = User.history.as_of(monday, session).get(1)
    assert ann is not None
    assert [(order.id, order.total) for order in ann.orders] == [
        (10, Decimal("1.50")),
        (11, Decimal("2.00")),
    ]
    [tag] = ann.orders[0].tags
    assert tag.name == "new"
    assert ann.orders[1].tags == set()
    assert ann.orders[0].user.name == "ann"
    assert [order.id for order in tag.orders] == [10]
    assert all(past_of(one).boundary.moment == monday for one in [ann, *ann.orders, tag])
    assert ann.order_totals == [Decimal("1.50"), Decimal("2.00")]


def test_relationships_are_read_for_all_objects_of_a_list_at_once(
    session: Session, monday: datetime
) -> None:
    asked: list[str] = []
    then = User.history.as_of(monday, session).load(User.orders, "orders.tags").all()
    event.listen(session.connection(), "before_cursor_execute", lambda *a: asked.append(a[2]))
    assert [[order.id for order in user.orders] for user in then] == [[10, 11], [20]]
    assert len(then[0].orders[0].tags) == 1
    assert asked == []
    many = User.history.as_of(monday, session).all()
    asked.clear()
    assert [len(user.orders) for user in many] == [2, 1]
    assert len(asked) == 1


def test_a_transaction_or_a_snapshot_is_a_boundary_too(session: Session, monday: datetime) -> None:
    session.rollback()
    first = session.scalars(select(Version).where(Version.row_key == "1")).first()
    assert first is not None
    transaction = f"{first.era}-{first.xid}"
    for then in (
        User.history.as_of(first, session),
        User.history.as_of(transaction=transaction, session=session),
    ):
        assert [user.name for user in then] == ["ann", "bob"]
    snapshot = session.scalar(select(text("pg_current_snapshot()::text")))
    ann = session.get_one(User, 1)
    ann.name = "later"
    session.commit()
    then = User.history.as_of(snapshot=snapshot, session=session)
    assert [user.name for user in then] == ["anna", "cid"]


def test_the_object_that_is_now_is_not_touched(session: Session, monday: datetime) -> None:
    ann = session.get_one(User, 1)
    then = ann.history.as_of(monday)
    assert then is not None
    assert then is not ann
    assert (then.name, ann.name) == ("ann", "anna")
    assert session.get(User, 1) is ann
    assert ann.history.as_of(datetime(2000, 1, 1, tzinfo=UTC)) is None


def test_a_version_gives_the_object_as_it_was(session: Session, monday: datetime) -> None:
    ann = session.get_one(User, 1)
    newest, oldest = ann.versions
    assert User.history.at(newest, session).name == "anna"
    then = ann.history.at(oldest.id)
    assert (then.name, then.email) == ("ann", "ann@example.org")
    assert [order.total for order in then.orders] == [Decimal("1.50"), Decimal("2.00")]
    assert past_of(then).version_id == oldest.id
    assert past_of(then).changed_at == oldest.changed_at
    gone = User.history.versions(2, session)[0]
    assert gone.op == "D"
    assert User.history.at(gone, session).name == "bob"


def test_what_has_no_such_version_says_so_and_goes_on(session: Session, monday: datetime) -> None:
    of_order = Order.history.versions(10, session)[0]
    session.execute(text("truncate order_tags"))
    marker = session.scalars(select(Version).where(Version.op == "T")).one()
    for what, message in (
        (lambda: User.history.at(17, session), "no version 17 of a User"),
        (lambda: User.history.at(of_order, session), f"no version {of_order.id} of a User"),
        (lambda: history_of(OrderTag).at(marker, session), "is of no row: it is a TRUNCATE"),
    ):
        with pytest.raises(RowtrailError, match=message):
            what()
    assert session.get_one(User, 1).name == "anna"


def test_a_difference_has_the_columns_and_the_values(session: Session, monday: datetime) -> None:
    order = session.get_one(Order, 10)
    newest, oldest = order.versions
    expected = Difference("total", (), Decimal("1.50"), Decimal("9.99"), "value")
    assert order.history.diff(oldest, newest) == [expected]
    assert order.history.diff(oldest.id, newest.id)[0].before == Decimal("1.50")
    assert order.history.diff(monday) == [expected]
    assert order.history.diff(monday, datetime.now(UTC) + timedelta(days=1)) == [expected]
    of_user = session.get_one(User, 1).versions[0]
    with pytest.raises(RowtrailError, match=r"no version .* of a Order"):
        order.history.diff(oldest, of_user).all()
    with pytest.raises(RowtrailError, match="two versions are compared, or two moments"):
        order.history.diff(oldest, monday)  # type: ignore[call-overload]


def test_versions_are_a_list_that_is_read_when_it_is_needed(
    session: Session, monday: datetime
) -> None:
    versions = session.get_one(User, 1).versions
    assert repr(versions) == "<Versions, not read yet>"
    assert [version.op for version in versions] == ["U", "I"]
    assert (len(versions), versions[-1].op, [v.op for v in versions[:1]]) == (2, "I", ["U"])
    assert versions == session.scalars(versions.statement).all()
    assert [v.op for v in versions.where(Version.op == "I")] == ["I"]
    assert versions.filter_by(actor="nobody").first() is None
    assert not versions.filter_by(actor="nobody")
    assert [v.op for v in User.history.versions(2, session)] == ["D", "I"]


class TestThePastIsNotWritten:
    """No way of SQLAlchemy's writes an object of the past into the live table."""

    @pytest.fixture
    def ann(self, session: Session, monday: datetime) -> User:
        found = User.history.as_of(monday, session).get(1)
        assert found is not None
        return found

    @pytest.mark.parametrize(
        "way",
        [
            lambda s, ann: s.add(ann),
            lambda s, ann: s.add_all([ann]),
            lambda s, ann: s.merge(ann),
            lambda s, ann: s.delete(ann),
            lambda s, ann: s.refresh(ann),
            lambda s, ann: s.bulk_save_objects([ann]),
            lambda s, ann: s.get_one(User, 3).orders.append(ann.orders[0]),
            lambda s, ann: setattr(s.get_one(Order, 10), "user", ann),
            lambda s, ann: s.add(Order(id=5, user=ann, total=1)),
            lambda s, ann: s.merge(Order(id=10, user=ann, total=1)),
            lambda s, ann: inspect(ann),
        ],
    )
    def test_no_session_takes_it(
        self, session: Session, ann: User, way: Callable[[Session, User], None]
    ) -> None:
        with pytest.raises(RowtrailError, match="is of the past: no session takes it"):
            way(session, ann)
        session.rollback()
        assert not list(session.new)
        session.commit()
        assert session.get_one(User, 1).name == "anna"

    def test_it_cannot_be_changed(self, ann: User) -> None:
        with pytest.raises(RowtrailError, match="is of the past: its name cannot be changed"):
            ann.name = "x"
        with pytest.raises(RowtrailError, match="its orders cannot be changed"):
            ann.orders = []
        with pytest.raises(RowtrailError, match="its name cannot be changed"):
            del ann.name
        with pytest.raises(RowtrailError, match="of the past cannot be made"):
            type(ann)(id=1)

    def test_what_is_copied_or_pickled_stays_of_the_past(self, ann: User) -> None:
        for other in (copy.copy(ann), copy.deepcopy(ann), pickle.loads(pickle.dumps(ann))):
            assert is_past(other)
            assert (other.name, past_of(other).boundary) == ("ann", past_of(ann).boundary)
            with pytest.raises(RowtrailError, match="is gone; read it anew"):
                _ = other.orders

    def test_it_leads_to_all_its_versions(self, session: Session, ann: User) -> None:
        assert [version.op for version in ann.versions] == ["U", "I"]
        assert ann.history.at(ann.versions[0]).name == "anna"

    def test_the_class_stays_one_for_sqlalchemy(self, session: Session, ann: User) -> None:
        assert {one.class_ for one in Base.registry.mappers} == {User, Order, Tag, OrderTag}
        assert type(ann) is not User
        session.execute(update(User).values(email="all"))
        assert ann.email == "ann@example.org"


def test_a_session_that_is_gone_says_so(shop: Engine, monday: datetime) -> None:
    with Session(shop) as session:
        ann = User.history.as_of(monday, session).get(1)
    del session
    assert ann is not None
    with pytest.raises(RowtrailError, match=r"the session that read <User 1 .* is gone"):
        _ = ann.orders


def test_a_scoped_session_is_taken_and_none_is_asked_for(shop: Engine, monday: datetime) -> None:
    scoped = scoped_session(sessionmaker(shop))
    assert len(User.history.as_of(monday, scoped)) == 2
    scoped.remove()
    with pytest.raises(RowtrailError, match=r"User.history needs a session: User.history.as_of\("):
        User.history.as_of(monday)
    with pytest.raises(RowtrailError, match="a session is needed to read history, not 7"):
        User.history.as_of(monday, 7)  # type: ignore[call-overload]


def test_a_moment_that_is_none_is_refused(session: Session, tables: None) -> None:
    for given, message in (
        ({}, "one of them"),
        ({"moment": datetime(2026, 11, 1, 12)}, "could be in any zone"),
        ({"moment": "yesterday"}, "not 'yesterday'"),
        ({"moment": datetime.now(UTC), "transaction": "1-1"}, "one of them"),
    ):
        with pytest.raises(RowtrailError, match=message):
            User.history.as_of(session=session, **given)


def test_a_reader_without_a_right_on_the_table_reads_its_past(
    make_login: Callable[..., Engine], monday: datetime
) -> None:
    reader = make_login("reader", member_of="rowtrail_reader")
    with Session(reader) as session:
        ann = User.history.as_of(monday, session).get(1)
        assert ann is not None
        assert [order.id for order in ann.orders] == [10, 11]
        with pytest.raises(Exception, match="permission denied"):
            session.execute(text("select * from users"))


def test_who_may_read_the_tables_may_read_their_past(
    make_login: Callable[..., Engine], engine: Engine, monday: datetime
) -> None:
    limited = make_login("limited", member_of="rowtrail_limited_reader")
    with engine.begin() as connection:
        connection.execute(text("grant select on users, orders to limited"))
    with Session(limited) as session:
        ann = User.history.as_of(monday, session).get(1)
        assert ann is not None
        assert [order.id for order in ann.orders] == [10, 11]
        assert [version.op for version in User.history.versions(2, session)] == ["D", "I"]
        with pytest.raises(RowtrailError, match="history of tags is only for those who may"):
            _ = ann.orders[0].tags


def test_a_table_without_history_says_so(session: Session, make_tables: MakeTables) -> None:
    make_tables(Base.metadata, but=("orders", "order_tags"))
    session.add(User(id=1, name="ann"))
    session.add(Order(id=1, user_id=1, total=Decimal(1)))
    session.add(Tag(name="new"))
    session.commit()
    then = datetime.now(UTC) + timedelta(minutes=1)
    with pytest.raises(RowtrailError, match="no history is kept of the table orders"):
        Order.history.as_of(then, session).all()
    with pytest.raises(RowtrailError, match="no history is kept of the table orders"):
        session.get_one(Order, 1).history.diff(then).all()
    ann = User.history.as_of(then, session).get(1)
    assert ann is not None
    with pytest.raises(RowtrailError, match="no history is kept of the table orders"):
        _ = ann.orders
    tag = history_of(Tag).as_of(then, session).get("new")
    assert tag is not None
    with pytest.raises(RowtrailError, match="no history is kept of the table order"):
        _ = tag.orders


def test_columns_that_came_went_or_were_renamed(
    session: Session, monday: datetime, now: Callable[[], datetime]
) -> None:
    session.execute(text('alter table users drop column "e-mail: %s"'))
    session.execute(text("alter table users add column \"e-mail: %s\" text default 'none'"))
    session.execute(text("alter table orders rename total to cost"))
    session.execute(text("alter table orders add total numeric(10, 2)"))
    session.commit()
    ann = User.history.as_of(monday, session).get(1)
    assert ann is not None
    # What the column gave the row that was there when it was added.
    assert (ann.name, ann.email) == ("ann", "none")
    order = Order.history.as_of(monday, session).get(10)
    assert order is not None
    assert order.total is None


def test_an_erased_value_is_none_and_can_be_told(
    session: Session, make_tables: MakeTables, as_superuser: Callable[..., list[Any]],
    now: Callable[[], datetime],
) -> None:  # fmt: skip
    make_tables(Base.metadata, options=", erasable => true")
    session.add(User(id=1, name="ann", email="ann@example.org"))
    session.add(User(id=2, name="bob", email=None))
    session.commit()
    moment = now()
    session.delete(session.get_one(User, 1))
    session.commit()
    as_superuser("select rowtrail.erase('users', '1', reason => 'asked')")
    ann, bob = User.history.as_of(moment, session)
    assert [getattr(ann, name) for name in ("id", "name", "email")] == [1, None, None]
    assert past_of(ann).erased == {"name", "email"}
    assert past_of(bob).erased == frozenset()
    first = User.history.versions(1, session)[-1]
    assert past_of(User.history.at(first, session)).erased == {"name", "email"}


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Cents(TypeDecorator[Decimal]):
    """An amount that the database has as a number of cents."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else int(value * 100)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else Decimal(value) / 100


class TypesBase(DeclarativeBase):
    pass


class Everything(Versioned, TypesBase):
    __tablename__ = "everything"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[Decimal] = mapped_column(Numeric)
    big: Mapped[int] = mapped_column(type_=Cents)
    real: Mapped[float]
    flag: Mapped[bool]
    raw: Mapped[bytes]
    mood: Mapped[Mood]
    moods: Mapped[list[Mood]] = mapped_column(ARRAY(SQLEnum(Mood)))
    names: Mapped[list[str]] = mapped_column(ARRAY(String))
    day: Mapped[date]
    hour: Mapped[time]
    stamp: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    plain: Mapped[datetime]
    span: Mapped[timedelta] = mapped_column(Interval)
    doc: Mapped[dict[str, Any]] = mapped_column(JSONB)
    text_doc: Mapped[dict[str, Any]] = mapped_column(JSON)
    bounds: Mapped[Range[int]] = mapped_column(INT8RANGE)


def test_every_type_comes_back_as_the_live_table_gives_it(
    session: Session, make_tables: MakeTables, now: Callable[[], datetime]
) -> None:
    make_tables(TypesBase.metadata)
    # As an application may have set its sessions.
    session.execute(text("set timezone = 'Asia/Kolkata'"))
    session.execute(text("set datestyle = 'SQL, DMY'"))
    session.execute(text("set bytea_output = 'escape'"))
    session.add(
        Everything(
            id=UUID(int=7), number=Decimal("123456789012345678901234567890.10"),
            big=Decimal("1.25"), real=0.1, flag=True, raw=b"\x00\\'\xff",
            mood=Mood.BAD, moods=[Mood.GOOD, Mood.BAD],
            names=["a,b", 'c"d', "NULL"], day=date(2026, 2, 1), hour=time(1, 2, 3, 4),
            stamp=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), plain=datetime(2026, 2, 1, 3, 4),
            span=-timedelta(days=1, hours=2), doc={"a": [1, None]}, text_doc={"b": 1, "a": 2},
            bounds=Range(1, 9007199254740993),
        )
    )  # fmt: skip
    session.commit()
    live = session.scalars(select(Everything)).one()
    [then] = Everything.history.as_of(now(), session)
    by_key = Everything.history.as_of(now(), session).get(UUID(int=7))
    by_version = live.history.at(live.versions[0])
    for past in (then, by_key, by_version):
        for name in [one.key for one in inspect(Everything).column_attrs]:
            assert getattr(past, name) == getattr(live, name), name
            assert type(getattr(past, name)) is type(getattr(live, name)), name
    assert list(then.text_doc) == ["b", "a"]
    assert str(then.number) == "123456789012345678901234567890.10"


class People(DeclarativeBase):
    pass


class Person(Versioned, People):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Engineer(Person):
    language: Mapped[str | None]

    __mapper_args__ = {"polymorphic_identity": "engineer"}


class Manager(Person):
    __tablename__ = "managers"

    manager_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    budget: Mapped[Decimal] = mapped_column(Numeric)

    __mapper_args__ = {"polymorphic_identity": "manager"}


def test_inheritance_single_and_joined(
    session: Session, make_tables: MakeTables, now: Callable[[], datetime]
) -> None:
    make_tables(People.metadata)
    session.add_all(
        [
            Person(id=1, name="pat"),
            Engineer(id=2, name="eve", language="C"),
            Manager(id=3, name="meg", budget=Decimal("1.0")),
        ]
    )
    session.commit()
    moment = now()
    eve, meg = session.get_one(Engineer, 2), session.get_one(Manager, 3)
    eve.language = "Python"
    meg.name = "margaret"
    session.commit()
    meg.budget = Decimal("2.0")
    session.commit()

    then = Person.history.as_of(moment, session).all()
    assert [(one.name, one.kind) for one in then] == [
        ("pat", "person"), ("eve", "engineer"), ("meg", "manager"),
    ]  # fmt: skip
    assert [isinstance(one, Engineer) for one in then] == [False, True, False]
    assert isinstance(then[2], Manager)
    assert (then[2].budget, then[2].manager_id) == (Decimal("1.0"), 3)
    assert [one.language for one in Engineer.history.as_of(moment, session)] == ["C"]
    assert [one.name for one in Manager.history.as_of(moment, session)] == ["meg"]
    assert [o.name for o in Manager.history.as_of(moment, session).where(Manager.budget == 1)] == [
        "meg"
    ]
    by_key = Person.history.as_of(moment, session).get(3)
    assert isinstance(by_key, Manager)
    assert by_key.budget == Decimal("1.0")
    assert Engineer.history.as_of(moment, session).get(3) is None

    # The versions of both tables are those of the one object.
    assert [sorted(v.changes) for v in meg.versions] == [["budget"], ["name"], [], []]
    newest = meg.history.at(meg.versions[0])
    assert (newest.name, newest.budget) == ("margaret", Decimal("2.0"))
    renamed = meg.history.at(meg.versions[1])
    assert (renamed.name, renamed.budget) == ("margaret", Decimal("1.0"))
    assert {one.column for one in meg.history.diff(moment)} == {"name", "budget"}


def test_a_subclass_whose_table_has_no_history_says_so(
    session: Session, make_tables: MakeTables
) -> None:
    make_tables(People.metadata, but=("managers",))
    session.add(Manager(id=3, name="meg", budget=Decimal(1)))
    session.commit()
    then = datetime.now(UTC) + timedelta(minutes=1)
    with pytest.raises(RowtrailError, match="no history is kept of the table managers"):
        Person.history.as_of(then, session).all()


class Dataclasses(MappedAsDataclass, DeclarativeBase):
    pass


class Line(Versioned, Dataclasses):
    __tablename__ = "lines"

    order: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int] = mapped_column(default=1)
    parent_order: Mapped[str | None] = mapped_column(default=None)
    parent_number: Mapped[int | None] = mapped_column(default=None)

    parent: Mapped["Line | None"] = relationship(
        default=None,
        repr=False,
        foreign_keys="[Line.parent_order, Line.parent_number]",
        primaryjoin="and_(Line.parent_order == remote(Line.order), "
        "Line.parent_number == remote(Line.number))",
    )


def test_dataclasses_with_composite_keys_that_refer_to_themselves(
    session: Session, make_tables: MakeTables, now: Callable[[], datetime]
) -> None:
    make_tables(Dataclasses.metadata)
    first = Line('a"b', 1)
    session.add_all([first, Line('a"b', 2, parent=first)])
    session.commit()
    moment = now()
    first.amount = 5
    session.commit()
    child = Line.history.as_of(moment, session).get(('a"b', 2))
    assert child is not None
    assert child.parent is not None
    assert (child.parent.number, child.parent.amount) == (1, 1)
    assert [line.number for line in Line.history.as_of(moment, session)] == [1, 2]
    assert [v.op for v in first.versions] == ["U", "I"]
    assert child == Line.history.as_of(moment, session).get(('a"b', 2))
    assert asdict(child)["amount"] == 1


OldBase: Any = declarative_base()
plain = registry()


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y

    def __composite_values__(self) -> tuple[int, int]:
        return self.x, self.y


@plain.mapped
class Vertex:
    __tablename__ = "vertices"

    id: Mapped[int] = mapped_column(primary_key=True)
    x: Mapped[int]
    y: Mapped[int]
    history: Mapped[str | None]

    at: Mapped[Point] = composite(Point, "x", "y")


def test_a_class_without_the_mixin_has_a_history_too(
    session: Session, make_tables: MakeTables, now: Callable[[], datetime]
) -> None:
    make_tables(plain.metadata)
    session.add(Vertex(id=1, x=1, y=2, history="mine"))  # type: ignore[call-arg]
    session.commit()
    [then] = history_of(Vertex).as_of(now(), session)
    assert (then.at.x, then.at.y) == (1, 2)
    live = session.get_one(Vertex, 1)
    assert [v.op for v in session.scalars(versions_of(live))] == ["I"]
    with pytest.raises(RowtrailError, match="is not a mapped class"):
        history_of(int)


class Vehicle(Versioned, OldBase):  # type: ignore[misc]
    __tablename__ = "vehicles"

    id = mapped_column(String(3), primary_key=True)
    wheels = mapped_column(JSON)


def test_the_old_declarative_base_works(
    session: Session, make_tables: MakeTables, now: Callable[[], datetime]
) -> None:
    make_tables(OldBase.metadata)
    session.add(Vehicle(id="car", wheels=4))
    session.commit()
    car = Vehicle.history.as_of(now(), session).get("car")
    assert car is not None
    assert car.wheels == 4
