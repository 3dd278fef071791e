"""The writer's side in Python: `Versioned` models, and the actor of a transaction.

Nothing here writes a version: the database does that. This module names the actor, and reads.
It imports neither Flask nor the operator's side.
"""

from typing import ClassVar, Literal

from sqlalchemy import event

from rowtrail.models import Version
from rowtrail.writer.acting import actor, set_actor
from rowtrail.writer.actors import current_actor
from rowtrail.writer.as_of import AsOf, AsyncAsOf
from rowtrail.writer.differences import Difference
from rowtrail.writer.images import Boundary
from rowtrail.writer.intent import TrackOptions, declare
from rowtrail.writer.model_history import (
    History,
    HistoryAttribute,
    RowHistory,
    history_of,
)
from rowtrail.writer.past import Past, is_past, past_of
from rowtrail.writer.row_keys import identity_of
from rowtrail.writer.sessions import session_for
from rowtrail.writer.versions import Versions, versions_of

__all__ = [
    "AsOf",
    "AsyncAsOf",
    "Boundary",
    "Difference",
    "History",
    "Past",
    "RowHistory",
    "TrackOptions",
    "Version",
    "Versioned",
    "Versions",
    "actor",
    "current_actor",
    "history_of",
    "is_past",
    "past_of",
    "set_actor",
    "versions_of",
]


class Versioned:
    """A model whose rows have a history: `class User(Versioned, db.Model)`.

    The table is tracked in the database, once: by the migration that Alembic's autogenerate
    writes, or by `select rowtrail.track('users')`. A model with a column of its own named `history`
    or `versions` keeps it; `history_of()` and `versions_of()` ask the same.

    Attributes:
        __versioned__: the options of tracking, for that migration, as `rowtrail.track()` names
            them: `{"exclude": ["password"], "actor": "require"}`; False for no history, where a
            base of the model is `Versioned`.
    """

    __versioned__: ClassVar[TrackOptions | Literal[False]] = {}
    history: ClassVar[HistoryAttribute] = HistoryAttribute()

    @property
    def versions(self) -> Versions:
        """This row's versions, newest first, whoever changed it and by whatever means.

        It is a list that is read when it is looked into, or awaited.

        The change of a key is a version of both keys, the old and the new.

        Raises:
            RowtrailError: the object is in no session; when it is read, that its table was never
                tracked.
        """
        session = session_for(self, "versions")
        return Versions(type(self), identity_of(self), session)


event.listen(Versioned, "instrument_class", declare, propagate=True)
