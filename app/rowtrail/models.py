"""Read-only mappings of the schema `rowtrail`, for the reader's side and for people's own code.

Their metadata is their own: a project's `create_all()` or autogenerate never sees these tables.
"""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Boolean, Dialect, Integer, Text, cast, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, OID, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, Query, mapped_column, scoped_session, synonym
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator


class ExactJSON(TypeDecorator[Any]):
    """JSONB whose numbers come back as they were written: 1.50 is Decimal("1.50"), never 1.5.

    It is fetched as the server's own text, since drivers parse JSON with floats.
    """

    impl = JSONB
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return type_coerce(cast(column, Text), self)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        # A key is text, not JSON: `Version.old.has_key("name")`.
        return Text() if getattr(op, "opstring", None) == "?" else self

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Any]:
        def parse(value: str | None) -> Any:
            return None if value is None else json.loads(value, parse_float=Decimal)

        return parse


class AsText(TypeDecorator[str]):
    """A value of a type of PostgreSQL's own, as text whatever the driver makes of it."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return type_coerce(cast(column, Text), self)


class Base(DeclarativeBase):
    """The base of rowtrail's own mappings."""


class TrackedTable(Base):
    """A table that is or was tracked: a row of the registry `rowtrail.tables`."""

    __tablename__ = "tables"
    __table_args__ = {"schema": "rowtrail"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    relid: Mapped[int] = mapped_column(OID)
    schema_name: Mapped[str] = mapped_column(Text)
    table_name: Mapped[str] = mapped_column(Text)
    key_columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    excluded_columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    hashed_columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    ignored_columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_erasable: Mapped[bool] = mapped_column(Boolean)
    retention: Mapped[str | None] = mapped_column(AsText)
    complete_from: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    tracked_since: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    tracked_by: Mapped[str] = mapped_column(Text)
    untracked_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    imported_until: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class _Query:
    """`Version.query`, as the models of Flask-SQLAlchemy have it; needs an application context."""

    def __get__(self, instance: object, owner: "type[Version]") -> "Query[Version]":
        from flask import current_app

        session: scoped_session[Any] = current_app.extensions["sqlalchemy"].session
        return session.query(owner)


class Version(Base):
    """One change of one row, as the database recorded it: a row of `rowtrail.versions`.

    Attributes:
        id: arrival number; orders the versions of one row.
        changed_at: when the change was captured (UTC). `timestamp` is another name for it.
        xid: the transaction; groups what it changed, within one era.
        op: `I` insert, `U` update, `D` delete, `T` truncate, `B` baseline.
        row_key: the row's key; a JSON array for a composite key.
        old_key: the key before, where an update changed it. An `I` has one where an update moved
            the row here from another partition; the `D` with that key is its other half.
        file: the file in which the row lay; another one for each partition.
        actor: who the application says it was.
        login: who the database knows it was.
        data: the row after the change; for a delete the row that went.
        old: for an update, what the changed columns held before.
        verbatim: the text of json columns, where JSONB would not give it back.
        context: what the writer chose to say: reason, request id.
        erased: the places of values that were erased later, as `data.email`; they are null here.
    """

    __tablename__ = "versions"
    __table_args__ = {"schema": "rowtrail"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    changed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    xid: Mapped[str] = mapped_column(AsText)
    table_id: Mapped[int] = mapped_column(Integer)
    era: Mapped[int] = mapped_column(Integer)
    file: Mapped[int | None] = mapped_column(OID)
    op: Mapped[str] = mapped_column(AsText)
    row_key: Mapped[str] = mapped_column(Text)
    old_key: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str | None] = mapped_column(Text)
    login: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any] | None] = mapped_column(ExactJSON)
    old: Mapped[dict[str, Any] | None] = mapped_column(ExactJSON)
    verbatim: Mapped[dict[str, str] | None] = mapped_column(ExactJSON)
    context: Mapped[dict[str, Any] | None] = mapped_column(ExactJSON)
    erased: Mapped[list[str] | None] = mapped_column(ARRAY(Text))

    timestamp: Mapped[datetime] = synonym("changed_at")

    query: ClassVar[_Query] = _Query()

    def __repr__(self) -> str:
        return f"<Version {self.id}: {self.op} {self.row_key} at {self.changed_at}>"

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """For an update, each changed column with its old and its new value."""
        after = self.data or {}
        return {column: (value, after.get(column)) for column, value in (self.old or {}).items()}
