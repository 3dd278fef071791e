"""Fills an empty shop: `python -m shop_api.seed`."""

import asyncio
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rowtrail.orm import actor
from shop_api.database import engine
from shop_api.models import Line, Order


@actor("seed", reason="the shop was empty")
async def seed() -> None:
    """Adds two orders, where there is none."""
    async with AsyncSession(engine()) as session:
        if await session.scalar(select(Order.id).limit(1)) is None:
            tea = Line(number=1, product="tea", quantity=2, price=Decimal("4.50"))
            cup = Line(number=2, product="a cup", quantity=1, price=Decimal("9.00"))
            session.add_all([Order(customer="Grace", lines=[tea, cup]), Order(customer="Edsger")])
            await session.commit()
    await engine().dispose()


if __name__ == "__main__":
    asyncio.run(seed())
