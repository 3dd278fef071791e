"""As `alembic init -t async` writes it, but shorter. Nothing in it is rowtrail's."""

import asyncio

from alembic import context
from shop_api.database import engine
from shop_api.models import Base
from sqlalchemy import Connection


def migrate(connection: Connection) -> None:
    """Runs the migrations."""
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> None:
    """Connects by the driver that the API has too."""
    async with engine().connect() as connection:
        await connection.run_sync(migrate)
    await engine().dispose()


asyncio.run(connect())
