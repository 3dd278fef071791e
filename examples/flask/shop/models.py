"""What the shop keeps, and what of it has a history."""

from decimal import Decimal

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from rowtrail.orm import Versioned


class Base(DeclarativeBase):
    """The base of the shop's models."""


db = SQLAlchemy(model_class=Base)


class User(Versioned, UserMixin, Base):  # type: ignore[misc]  # Flask-Login has no types
    """Who works in the shop; the id is the name that they sign in with."""

    __tablename__ = "users"
    # A column named like a secret asks for a decision: its changes show, its values are not kept.
    __versioned__ = {"exclude": ["password_hash"]}

    id: Mapped[str] = mapped_column(primary_key=True)
    password_hash: Mapped[str]


class Order(Versioned, Base):
    """What a customer ordered."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]
    status: Mapped[str] = mapped_column(default="new")
    lines: Mapped[list["Line"]] = relationship(
        back_populates="order", cascade="all, delete-orphan", order_by="Line.number"
    )


class Line(Versioned, Base):
    """One line of an order."""

    __tablename__ = "order_lines"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[str]
    quantity: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    order: Mapped[Order] = relationship(back_populates="lines")
