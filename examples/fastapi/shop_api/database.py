"""The database that DATABASE_URL names, and whose session a request has."""

import os
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, HTTPException
from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from rowtrail.orm import actor

engines: dict[URL, AsyncEngine] = {}


def engine() -> AsyncEngine:
    """The engine for DATABASE_URL, made when it is first needed."""
    url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")
    if url not in engines:
        engines[url] = create_async_engine(url)
    return engines[url]


async def acting(
    x_user: Annotated[str, Header(max_length=200)] = "",
    x_request_id: Annotated[str | None, Header(max_length=200)] = None,
    x_reason: Annotated[str | None, Header(max_length=200)] = None,
) -> AsyncIterator[None]:
    """Names the actor of what the request writes.

    The proxy in front of the API says who it is, having asked, and lets no client say it.
    An async function: a plain one runs in a thread of its own, where the name would stay.
    """
    context = {} if x_request_id is None else {"request_id": x_request_id}
    with actor(x_user or None, reason=x_reason, context=context):
        yield


async def signed_in(x_user: Annotated[str, Header()] = "") -> str:
    """Who is signed in; for what only they may do."""
    if not x_user:
        raise HTTPException(401, "who are you? the header X-User says it")
    return x_user


async def session(_: Annotated[None, Depends(acting)]) -> AsyncIterator[AsyncSession]:
    """The request's session. It needs `acting`, so the actor is in force until it is closed."""
    async with AsyncSession(engine(), expire_on_commit=False) as session:
        yield session


Session = Annotated[AsyncSession, Depends(session)]
SignedIn = Depends(signed_in)
