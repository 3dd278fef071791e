"""The API: `uvicorn shop_api.main:app`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop_api.database import Session, SignedIn, engines
from shop_api.models import Line, Order


class LineFields(BaseModel):
    """A line, as it comes and goes."""

    model_config = ConfigDict(from_attributes=True)

    product: str
    quantity: Annotated[int, Field(gt=0)]
    price: Annotated[Decimal, Field(max_digits=10, decimal_places=2)]


class NewOrder(BaseModel):
    """An order that comes in."""

    customer: str
    lines: list[LineFields]


class Change(BaseModel):
    """What may change of an order."""

    status: Literal["new", "paid", "sent", "cancelled"]


class OrderFields(BaseModel):
    """An order, as it is or was."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    customer: str
    status: str
    lines: list[LineFields]


class VersionFields(BaseModel):
    """One change of an order."""

    model_config = ConfigDict(from_attributes=True)

    timestamp: datetime
    op: str
    actor: str | None
    login: str
    context: dict[str, Any] | None
    changes: dict[str, tuple[Any, Any]] | None


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Closes the connections at the end."""
    try:
        yield
    finally:
        for used in engines.values():
            await used.dispose()
        engines.clear()


app = FastAPI(title="Shop", lifespan=lifespan)


@app.get("/orders", response_model=list[OrderFields])
async def orders(session: Session, at: AwareDatetime | None = None) -> Sequence[Order]:
    """The orders now, or as they were: `?at=2026-11-28T12:00:00Z`."""
    if at is not None:
        return await Order.history.as_of(at, session).order_by(Order.id).load(Order.lines).all()
    found = select(Order).options(selectinload(Order.lines)).order_by(Order.id)
    return (await session.scalars(found)).all()


@app.post("/orders", response_model=OrderFields, status_code=201, dependencies=[SignedIn])
async def add(new: NewOrder, session: Session) -> Order:
    """Takes an order."""
    lines = [Line(number=n, **line.model_dump()) for n, line in enumerate(new.lines, start=1)]
    order = Order(customer=new.customer, lines=lines)
    session.add(order)
    await session.commit()
    return order


@app.patch("/orders/{number}", response_model=OrderFields, dependencies=[SignedIn])
async def change(number: int, change: Change, session: Session) -> Order:
    """Gives an order another status. No version is written here: the database does it."""
    order = await session.get(Order, number, options=[selectinload(Order.lines)])
    if order is None:
        raise HTTPException(404, f"there is no order {number}")
    order.status = change.status
    # Here, and not in what opened the session: its end comes after the answer is sent.
    await session.commit()
    return order


@app.get("/orders/{number}/history", response_model=list[VersionFields])
async def history(number: int, session: Session) -> Sequence[object]:
    """All that happened to an order, newest first; also where it is gone."""
    found = await Order.history.versions(number, session)
    if not found:
        raise HTTPException(404, f"there never was an order {number}")
    return found
