"""What the suites of other tools check, and ours did not by name: see docs/coming-from/.

The behaviours are theirs, the tests are not.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, ForeignKey, MetaData, Table, and_, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    DeclarativeBase,
    DynamicMapped,
    Mapped,
    Session,
    WriteOnlyMapped,
    mapped_column,
    relationship,
)

from rowtrail.errors import RowtrailError
from rowtrail.orm import Version, Versioned, actor, set_actor
from rowtrail.writer.intent import tracking_of

MakeTables = Callable[..., None]
Ask = Callable[..., list[Any]]

PAGES = Path(__file__).parents[2] / "docs" / "coming-from"


class Base(DeclarativeBase):
    pass


links = Table(
    "links",
    Base.metadata,
    Column("article_id", ForeignKey("articles.id", ondelete="cascade"), primary_key=True),
    Column("label_id", ForeignKey("labels.id", ondelete="cascade"), primary_key=True),
)


class Article(Versioned, Base):
    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    content: Mapped[str | None] = mapped_column("_content")
    seen: Mapped[int] = mapped_column(default=0)

    labels: Mapped[list["Label"]] = relationship(secondary=links, order_by="Label.id")
    cover: Mapped["Cover | None"] = relationship(cascade="all, delete-orphan")
    notes: Mapped[list["Note"]] = relationship(cascade="all, delete-orphan")
    loud: Mapped[list["Note"]] = relationship(
        primaryjoin=lambda: and_(Note.article_id == Article.id, Note.kind == "loud"),
        viewonly=True,
    )
    dynamic: DynamicMapped["Note"] = relationship(viewonly=True)
    written: WriteOnlyMapped["Note"] = relationship(viewonly=True)


class Label(Versioned, Base):
    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Cover(Versioned, Base):
    __tablename__ = "covers"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))


class Note(Versioned, Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id"))
    kind: Mapped[str]
    place_id: Mapped[int | None] = mapped_column(ForeignKey("places.id"))

    place: Mapped["Place | None"] = relationship()


class Place(Base):
    """It has no history."""

    __tablename__ = "places"

    id: Mapped[int] = mapped_column(primary_key=True)


@pytest.fixture(autouse=True)
def tables(make_tables: MakeTables) -> None:
    make_tables(Base.metadata, but=("places",))


@pytest.fixture
def ops(as_superuser: Ask) -> Callable[[], list[Any]]:
    """Of each version of an article the operation, the key and the name."""
    return lambda: as_superuser(
        "select v.op::text, v.row_key, v.data ->> 'name' from rowtrail.versions as v "
        "join rowtrail.tables as t on t.id = v.table_id "
        "where t.table_name = 'articles' and v.row_key <> '' order by v.id"
    )


def commit(session: Session, *objects: Any) -> Any:
    session.add_all(objects)
    session.commit()
    return objects[0] if objects else None


def test_several_flushes_of_a_transaction_are_one_transaction(session: Session) -> None:
    session.add(Article(id=1, name="flushed"))
    session.flush()
    session.execute(text("insert into labels values (1, 'raw')"))
    session.add(Article(id=2, name="committed"))
    session.commit()
    found = session.scalars(select(Version).where(Version.row_key != "")).all()
    assert [one.row_key for one in found] == ["1", "1", "2"]
    assert len({one.xid for one in found}) == 1


def test_two_sessions_at_once_are_two_transactions(session: Session, shop: Engine) -> None:
    with Session(shop) as other:
        mine, theirs = Article(id=1, name="mine"), Article(id=2, name="theirs")
        session.add(mine)
        other.add(theirs)
        session.flush()
        other.flush()
        session.commit()
        other.commit()
        assert mine.versions[0].xid != theirs.versions[0].xid


def test_each_update_of_a_transaction_is_a_version(session: Session) -> None:
    article = commit(session, Article(id=1, name="first"))
    article.name = "second"
    session.flush()
    article.name = "third"
    session.commit()
    assert [one.changes for one in article.versions] == [
        {"name": ("second", "third")},
        {"name": ("first", "second")},
        {},
    ]


def test_a_row_that_comes_and_goes_in_a_transaction_leaves_both(
    session: Session, ops: Callable[[], list[Any]]
) -> None:
    article = Article(id=1, name="brief")
    session.add(article)
    session.flush()
    session.delete(article)
    session.commit()
    assert [op for op, _, _ in ops()] == ["I", "D"]


@pytest.mark.parametrize("flushes", [False, True])
def test_a_key_that_is_deleted_and_taken_again_goes_on(
    session: Session, ops: Callable[[], list[Any]], flushes: bool
) -> None:
    article = commit(session, Article(id=1, name="old"))
    session.delete(article)
    if flushes:
        session.flush()
    commit(session, new := Article(id=1, name="new"))
    # The unit of work makes one UPDATE of the two, unless they are flushed one by one.
    expected = ["I", "D", "I"] if flushes else ["I", "U"]
    assert [op for op, _, _ in ops()] == expected
    assert [one.op for one in new.versions] == expected[::-1]


def test_a_row_that_takes_the_key_of_a_deleted_one_is_linked(session: Session) -> None:
    one, other = Article(id=1, name="one"), Article(id=2, name="other")
    commit(session, one, other)
    session.delete(one)
    session.flush()
    other.id = 1
    session.commit()
    newest = other.versions[0]
    assert (newest.op, newest.row_key, newest.old_key) == ("U", "1", "2")
    assert [version.op for version in other.versions] == ["U", "D", "I"]


def test_what_a_savepoint_of_a_session_takes_back_has_no_version(
    session: Session, ops: Callable[[], list[Any]]
) -> None:
    article = Article(id=1, name="kept")
    session.add(article)
    session.flush()
    savepoint = session.begin_nested()
    session.add(Article(id=2, name="gone"))
    article.name = "gone"
    session.flush()
    savepoint.rollback()
    with session.begin_nested():
        article.name = "kept too"
    session.commit()
    assert ops() == [("I", "1", "kept"), ("U", "1", "kept too")]


def test_a_session_within_a_transaction_that_is_rolled_back_leaves_nothing(
    shop: Engine, ops: Callable[[], list[Any]]
) -> None:
    with shop.connect() as connection:
        outer = connection.begin()
        with Session(connection) as session:
            session.add(Article(id=1, name="x"))
            session.flush()
        outer.rollback()
    assert ops() == []


def test_setting_what_is_there_already_leaves_no_version(session: Session) -> None:
    article = commit(session, Article(id=1, name="x"))
    session.execute(text("update articles set name = name"))
    session.execute(
        insert(Article).values(id=1, name="x", seen=0).on_conflict_do_update(
            index_elements=["id"], set_={"name": "x"}
        )
    )  # fmt: skip
    session.execute(insert(Article).values(id=1, name="y", seen=0).on_conflict_do_nothing())
    session.commit()
    assert len(article.versions) == 1


def test_an_excluded_column_that_changes_alone_leaves_no_value(
    session: Session, as_superuser: Ask
) -> None:
    as_superuser("select rowtrail.track('articles', exclude => '{_content}')")
    article = commit(session, Article(id=1, name="x", content="secret"))
    article.content = "another secret"
    session.commit()
    article.name, article.content = "y", "a third"
    session.commit()
    newest, *others = article.versions
    assert newest.changes == {"name": ("x", "y")}
    assert all("_content" not in (one.data or {}) for one in [newest, *others])
    # That something changed is recorded all the same.
    assert [(one.op, one.changes) for one in others] == [("U", {}), ("I", {})]


def test_ignored_columns_alone_leave_no_version(session: Session, as_superuser: Ask) -> None:
    as_superuser("select rowtrail.track('articles', ignore => '{seen}')")
    article = commit(session, Article(id=1, name="x"))
    article.seen = 7
    session.commit()
    assert len(article.versions) == 1


def test_a_column_that_is_excluded_and_ignored_leaves_neither_value_nor_version(
    session: Session, as_superuser: Ask
) -> None:
    as_superuser(
        "select rowtrail.track('articles', exclude => '{_content,seen}', ignore => '{_content}')"
    )
    article = commit(session, Article(id=1, name="x", content="secret", seen=1))
    article.content = "another secret"
    session.commit()
    assert len(article.versions) == 1
    article.content, article.seen = "a third", 2
    session.commit()
    article.content, article.name = "a fourth", "y"
    session.commit()
    # That what is excluded alone was changed is a version without changes.
    assert [one.changes for one in article.versions] == [{"name": ("x", "y")}, {}, {}]
    assert all("_content" not in (one.data or {}) for one in article.versions)


def test_versions_before_and_after_are_its_neighbours(session: Session) -> None:
    article = commit(session, Article(id=1, name="a"))
    commit(session, Article(id=2, name="another"))
    for name in ("b", "c"):
        article.name = name
        session.commit()
    session.delete(article)
    session.commit()
    versions = Article.history.versions(1, session)
    assert [one.op for one in versions] == ["D", "U", "U", "I"]
    updated = versions[1]
    assert versions.where(Version.id < updated.id).first() is versions[2]
    assert versions.where(Version.id > versions[0].id).first() is None
    oldest_first = session.scalars(versions.statement.order_by(None).order_by(Version.id))
    assert list(oldest_first) == list(versions)[::-1]
    assert [one.data["name"] for one in versions if one.data] == ["c", "c", "b", "a"]
    assert [one.id for one in versions.limit(2)] == [one.id for one in versions[:2]]
    assert [one.op for one in versions[1:3]] == ["U", "U"]


def test_a_transaction_gives_the_row_that_was_then(session: Session, as_superuser: Ask) -> None:
    article = commit(session, Article(id=1, name="a"))
    article.name = "b"
    session.commit()
    newest, oldest = article.versions
    assert Article.history.as_of(oldest, session).get(1).name == "a"  # type: ignore[union-attr]
    assert Article.history.as_of(newest, session).get(1).name == "b"  # type: ignore[union-attr]
    assert Article.history.as_of(newest, session).get(2) is None
    [(before,)] = as_superuser("select min(changed_at) - interval '1 s' from rowtrail.versions")
    assert Article.history.as_of(before, session).get(1) is None


def test_versions_are_counted_and_found_by_what_they_hold(session: Session) -> None:
    article = commit(session, Article(id=1, name="a", content="x"))
    article.name = "b"
    session.commit()
    session.delete(article)
    commit(session, Article(id=2, name="a"))
    count = select(func.count()).select_from(Version)
    assert session.scalar(count.where(Version.data["id"].astext == "1")) == 3
    assert session.scalar(count.where(Version.data["name"].astext == "a")) == 2
    # Those that changed a column.
    assert session.scalar(count.where(Version.old.has_key("name"))) == 1
    assert session.scalar(count.where(Version.old.has_key("seen"))) == 0


def test_of_an_insert_and_a_delete_the_row_is_known_and_nothing_has_changed(
    session: Session,
) -> None:
    article = commit(session, Article(id=1, name="a", content="x"))
    session.delete(article)
    session.commit()
    deleted, inserted = Article.history.versions(1, session)
    row = {"id": 1, "name": "a", "_content": "x", "seen": 0}
    assert (inserted.data, inserted.old, inserted.changes) == (row, None, {})
    assert (deleted.data, deleted.old, deleted.changes) == (row, None, {})


def test_what_changed_is_known_where_there_is_no_first_version(
    session: Session, as_superuser: Ask
) -> None:
    as_superuser("select rowtrail.untrack('articles')")
    article = commit(session, Article(id=1, name="before"))
    as_superuser("select rowtrail.track('articles')")
    article.name = "after"
    session.commit()
    assert [(one.op, one.changes) for one in article.versions] == [
        ("U", {"name": ("before", "after")})
    ]


def test_all_that_a_transaction_changed_is_found(session: Session, as_superuser: Ask) -> None:
    article = commit(session, Article(id=1, name="a", labels=[Label(id=7, name="red")]))
    xid = article.versions[0].xid
    commit(session, Article(id=2, name="b"))
    assert as_superuser(
        "select t.table_name, v.row_key from rowtrail.versions as v "
        "join rowtrail.tables as t on t.id = v.table_id "
        "where v.xid = cast(cast(:xid as text) as xid8) order by 1",
        xid=xid,
    ) == [("articles", "1"), ("labels", "7"), ("links", "[1, 7]")]


def test_the_versions_of_ones_own_transaction_are_read_before_it_commits(
    session: Session,
) -> None:
    with actor("alice"):
        session.add(Article(id=1, name="a"))
        session.flush()
    mine = select(Version).where(Version.xid == text("pg_current_xact_id()"))
    assert [(one.op, one.actor) for one in session.scalars(mine)] == [("I", "alice")]


def test_what_is_named_twice_in_a_transaction_holds_for_what_follows(session: Session) -> None:
    set_actor(session, "alice", context={"step": 1})
    article = Article(id=1, name="a")
    session.add(article)
    session.flush()
    set_actor(session, "bob", context={"step": 2})
    article.name = "b"
    session.commit()
    assert [(one.actor, one.context) for one in article.versions] == [
        ("bob", {"step": 2}),
        ("alice", {"step": 1}),
    ]


def test_a_link_is_there_until_it_is_taken_away(session: Session) -> None:
    red, blue = Label(id=1, name="red"), Label(id=2, name="blue")
    article = commit(session, Article(id=1, name="a", labels=[red, blue]))
    both = article.versions[0]
    article.labels.remove(red)
    article.name = "b"
    session.commit()
    one = article.versions[0]
    session.delete(blue)
    article.name = "c"
    session.commit()
    none = article.versions[0]

    def then(version: Version) -> list[str]:
        found = Article.history.as_of(version, session).get(1)
        assert found is not None
        return [label.name for label in found.labels]

    assert [then(version) for version in (both, one, none)] == [["red", "blue"], ["blue"], []]


def test_the_one_of_a_one_to_one_is_that_of_then(session: Session) -> None:
    article = commit(session, Article(id=1, name="a", cover=Cover(id=1)))
    first = article.versions[0]
    article.cover, article.name = Cover(id=2), "b"
    session.commit()
    second = article.versions[0]
    article.cover, article.name = None, "c"
    session.commit()
    found = [
        Article.history.as_of(version, session).get(1)
        for version in (first, second, article.versions[0])
    ]
    assert [one.cover.id if one and one.cover else None for one in found] == [1, 2, None]


def test_a_relationship_with_a_condition_of_its_own_is_as_of_then(session: Session) -> None:
    article = commit(
        session, Article(id=1, name="a", notes=[Note(id=1, kind="loud"), Note(id=2, kind="low")])
    )
    first = article.versions[0]
    article.notes[1].kind = "loud"
    session.commit()
    then = Article.history.as_of(first, session).get(1)
    assert then is not None
    assert [note.id for note in then.loud] == [1]


@pytest.mark.parametrize("name", ["dynamic", "written"])
def test_a_relationship_that_is_a_query_is_as_of_then(session: Session, name: str) -> None:
    article = commit(session, Article(id=1, name="a", notes=[Note(id=1, kind="x")]))
    first = article.versions[0]
    article.notes = []
    session.commit()
    then = Article.history.as_of(first, session).get(1)
    assert [note.id for note in getattr(then, name)] == [1]


def test_a_relationship_to_a_table_without_history_says_so(session: Session) -> None:
    note = commit(session, Note(id=1, kind="x", place=Place(id=1)))
    then = Note.history.as_of(note.versions[0], session).get(1)
    assert then is not None
    assert then.place_id == 1
    with pytest.raises(RowtrailError, match="places"):
        _ = then.place


def test_a_column_under_another_name_in_the_model_is_itself(session: Session) -> None:
    article = commit(session, Article(id=1, name="a", content="x"))
    first = article.versions[0]
    assert first.data is not None
    assert first.data["_content"] == "x"
    article.content = "y"
    session.commit()
    then = Article.history.at(first, session)
    assert then.content == "x"
    assert article.history.diff(first, article.versions[0])[0].column == "_content"


def test_concrete_inheritance_has_a_history_for_each_table(
    shop: Engine, session: Session, make_tables: MakeTables
) -> None:
    class Here(DeclarativeBase):
        metadata = MetaData()

    class Text(Versioned, Here):
        __tablename__ = "texts"

        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str | None]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "text"}

    class Post(Text):
        __tablename__ = "posts"

        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        __mapper_args__ = {"concrete": True, "polymorphic_identity": "post"}

    make_tables(Here.metadata)
    commit(session, plain := Text(id=1), post := Post(id=1, title="a"))
    post.title = "b"
    session.commit()
    assert [one.op for one in plain.versions] == ["I"]
    assert [one.changes for one in post.versions] == [{"title": ("a", "b")}, {}]
    then = Post.history.as_of(post.versions[-1], session).get(1)
    assert then is not None
    assert then.title == "a"


def test_inheritance_of_several_levels_each_with_options_of_its_own(
    session: Session, make_tables: MakeTables, as_superuser: Ask
) -> None:
    class Here(DeclarativeBase):
        metadata = MetaData()

    class Item(Versioned, Here):
        __tablename__ = "items"
        __versioned__ = {"ignore": ["_seen"]}
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}

        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        seen: Mapped[int | None] = mapped_column("_seen")

    class Page(Item):
        __tablename__ = "pages"
        __versioned__ = {"ignore": ["_drafted"]}
        __mapper_args__ = {"polymorphic_identity": "page"}

        id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)
        body: Mapped[str]
        drafted: Mapped[int | None] = mapped_column("_drafted")

    class Post(Page):
        __mapper_args__ = {"polymorphic_identity": "post"}

    make_tables(Here.metadata)
    for table in Here.metadata.sorted_tables:
        said = tracking_of(table)
        assert said is not None
        [ignored] = said.ignore
        as_superuser(f"select rowtrail.track('{table.name}', ignore => '{{{ignored}}}')")
    post = commit(session, Post(id=1, body="a"))
    post.seen = post.drafted = 1
    session.commit()
    assert [one.op for one in post.versions] == ["I", "I"]
    post.body = "b"
    session.commit()
    then = Item.history.as_of(post.versions[1], session).get(1)
    assert isinstance(then, Post)
    assert then.body == "a"


def test_a_model_with_a_prefix_for_its_columns(
    shop: Engine, session: Session, make_tables: MakeTables
) -> None:
    class Here(DeclarativeBase):
        metadata = MetaData()

    class Item(Versioned, Here):
        __table__ = Table(
            "items", Here.metadata, Column("id", primary_key=True, type_=_INTEGER),
            Column("name", _TEXT),
        )  # fmt: skip
        __mapper_args__ = {"column_prefix": "_"}

    make_tables(Here.metadata)
    item: Any = Item()
    item._id, item._name = 1, "a"
    commit(session, item)
    item._name = "b"
    session.commit()
    assert item.versions[0].changes == {"name": ("a", "b")}
    then: Any = Item.history.as_of(item.versions[1], session).get(1)
    assert then._name == "a"


_INTEGER, _TEXT = Article.__table__.c.id.type, Article.__table__.c.name.type


def test_models_of_another_schema_have_a_history(
    shop: Engine, session: Session, as_superuser: Ask
) -> None:
    class Here(DeclarativeBase):
        metadata = MetaData(schema="elsewhere")

    class Thing(Versioned, Here):
        __tablename__ = "things"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        part_of: Mapped[int | None] = mapped_column(ForeignKey("elsewhere.things.id"))
        parts: Mapped[list["Thing"]] = relationship()

    as_superuser("create schema elsewhere authorization shop")
    Here.metadata.create_all(shop)
    as_superuser("select rowtrail.track('elsewhere.things')")
    thing = commit(session, Thing(id=1, name="a", parts=[Thing(id=2, name="part")]))
    first = thing.versions[0]
    thing.parts, thing.name = [], "b"
    session.commit()
    then = Thing.history.as_of(first, session).get(1)
    assert then is not None
    assert (then.name, [part.name for part in then.parts]) == ("a", ["part"])


def test_a_deleted_row_and_what_went_with_it_come_back_by_one_patch(
    session: Session, shop: Engine, as_superuser: Ask
) -> None:
    article = commit(
        session,
        Article(id=1, name="a", labels=[Label(id=1, name="red")], notes=[Note(id=1, kind="x")]),
    )
    with actor("mallory"):
        session.delete(article)
        session.commit()
    patch = "\n".join(
        line
        for (line,) in as_superuser(
            "select rowtrail.undo_sql(actor => 'mallory', since => now() - interval '1 h')"
        )
    )
    with shop.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(patch)
    session.expire_all()
    again = session.get_one(Article, 1)
    assert ([label.id for label in again.labels], [note.id for note in again.notes]) == ([1], [1])
    assert [one.op for one in again.versions] == ["I", "D", "I"]


def test_a_row_goes_back_to_an_earlier_version_by_a_patch(
    session: Session, shop: Engine, as_superuser: Ask
) -> None:
    article = commit(session, Article(id=1, name="a"))
    article.name = "b"
    session.commit()
    oldest = article.versions[-1]
    lines = as_superuser(
        "select rowtrail.undo_sql('articles', '1', to_version => :id)", id=oldest.id
    )
    with shop.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("\n".join(line for (line,) in lines))
    session.expire_all()
    assert article.name == "a"
    assert [one.op for one in article.versions] == ["U", "U", "I"]


def test_a_name_that_comes_after_the_write_is_too_late(session: Session, as_superuser: Ask) -> None:
    as_superuser("select rowtrail.track('articles', actor => 'require')")
    with pytest.raises(DBAPIError, match=r"articles.*actor"):
        session.execute(text("insert into articles values (1, 'a', null, 0)"))
    session.rollback()
    set_actor(session, "alice")
    session.execute(text("insert into articles values (1, 'a', null, 0)"))
    session.commit()
    assert session.get_one(Article, 1).versions[0].actor == "alice"


def test_a_transaction_that_names_an_actor_and_writes_nothing_leaves_nothing(
    session: Session, as_superuser: Ask
) -> None:
    set_actor(session, "alice", reason="in vain")
    session.execute(text("update articles set name = 'x' where false"))
    session.commit()
    assert as_superuser("select count(*) from rowtrail.versions") == [(0,)]


def test_a_column_that_does_not_exist_cannot_be_hidden(as_superuser: Ask) -> None:
    for option in ("exclude", "hash", "ignore"):
        with pytest.raises(DBAPIError, match="articles has no column nobody"):
            as_superuser(f"select rowtrail.track('articles', {option} => '{{nobody}}')")


def test_arrays_and_documents_are_told_apart_whole(session: Session, as_superuser: Ask) -> None:
    session.execute(text("create table lists (id int primary key, n int[], doc jsonb)"))
    session.commit()
    as_superuser("select rowtrail.track('lists')")
    session.execute(text("insert into lists values (1, '{1,2,3}', '{}')"))
    for change in ("n = '{1,2}'", "n = '{}'", "n = '{1,2}'", "doc = 'null'"):
        session.execute(text(f"update lists set {change}"))
    session.commit()
    changes = [
        one.changes
        for one in session.scalars(select(Version).where(Version.op == "U").order_by(Version.id))
    ]
    assert changes == [
        {"n": ([1, 2, 3], [1, 2])},
        {"n": ([1, 2], [])},
        {"n": ([], [1, 2])},
        {"doc": ({}, None)},
    ]


NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_that_the_pages_name_is_there() -> None:
    named = {
        (file, name)
        for page in PAGES.glob("*.md")
        for file, name in NAMED.findall(page.read_text())
    }
    assert len(named) > 60
    root = PAGES.parents[1]
    missing = [
        f"{file}::{name}"
        for file, name in sorted(named)
        if not (root / file).exists() or f"def {name}(" not in (root / file).read_text()
    ]
    assert missing == []
