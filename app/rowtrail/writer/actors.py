"""Who acts, here and now: what `with actor(…)` said, or whoever else may know."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rowtrail.errors import RowtrailError

if TYPE_CHECKING:
    from rowtrail.writer.acting import actor


@dataclass(frozen=True)
class Actor:
    """Who is acting, and why. `actor(**one.as_arguments())` brings it to another process.

    Attributes:
        name: who; None for nobody.
        context: what else is said: the reason, a request's id.
    """

    name: str | None = None
    context: dict[str, Any] = field(default_factory=dict)

    def as_arguments(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {"name": self.name, "context": self.context}

    def as_settings(self) -> tuple[str, str]:
        """The values of the settings rowtrail.actor and rowtrail.context."""
        as_json = json.dumps(self.context, ensure_ascii=False) if self.context else ""
        return self.name or "", as_json


@dataclass(frozen=True)
class Meanwhile(Actor):
    """What one `with actor(…)` says, and what was said before it."""

    by: "actor | None" = field(default=None, compare=False)
    before: "Actor | None" = field(default=None, compare=False)


NOBODY = Actor()

#: What `with actor(…)` said last, in this thread or task.
said_here: ContextVar[Actor | None] = ContextVar("rowtrail_actor", default=None)

#: A source is being asked, by what may ask the database itself.
asking: ContextVar[bool] = ContextVar("rowtrail_asking", default=False)

#: Who else may know who acts: the web framework that serves a request.
sources: list[Callable[[], Actor | None]] = []


def current_actor() -> Actor:
    """Who acts here and now, by `with actor(…)` or by the request that is served."""
    own = said_here.get() or NOBODY
    base = NOBODY
    if not asking.get():
        token = asking.set(True)
        try:
            base = next((found for ask in sources if (found := ask()) is not None), NOBODY)
        finally:
            asking.reset(token)
    name = base.name if own.name is None else own.name
    return Actor(name, base.context | own.context)


def checked(name: str | None, reason: str | None, context: dict[str, Any] | None) -> Actor:
    """What a program says of the actor, if it can be kept.

    Raises:
        RowtrailError: the context is not JSON, or there is a NUL in what is said.
    """
    if name is not None and not isinstance(name, str):
        raise RowtrailError(f"the name of an actor is text, not {name!r}; write str(…) of it")
    said = {**(context or {}), **({} if reason is None else {"reason": reason})}
    try:
        # PostgreSQL's JSON has no NaN.
        as_json = json.dumps(said, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RowtrailError(f"the context of the actor cannot be kept as JSON: {error}") from None
    if "\0" in (name or "") or "\\u0000" in as_json:
        raise RowtrailError(f"there is a NUL in what is said of the actor {name!r}: leave it out")
    return Actor(name, said)
