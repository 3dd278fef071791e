"""The writer's side in Python: `Versioned` models and the actor of a transaction.

Nothing here writes a version: the database does that. This module names the actor, and reads.
It imports neither Flask nor the operator's side.
"""

import json
from typing import Any, ClassVar, Literal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    cast,
    event,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import inspect as mapper_of
from sqlalchemy.dialects.postgresql import OID
from sqlalchemy.orm import Mapper, Session, object_session, scoped_session

from rowtrail.errors import RowtrailError
from rowtrail.intent import TrackOptions, declare
from rowtrail.models import TrackedTable, Version

__all__ = ["Version", "Versioned", "set_actor", "versions_of"]


class Versioned:
    """A model whose rows have a history: `class User(Versioned, db.Model)`.

    The table is tracked in the database, once: by the migration that Alembic's autogenerate
    writes, or by `select rowtrail.track('users')`.

    Attributes:
        __versioned__: the options of tracking, for that migration, as `rowtrail.track()` names
            them: `{"exclude": ["password"], "actor": "require"}`; False for no history, where a
            base of the model is `Versioned`.
    """

    __versioned__: ClassVar[TrackOptions | Literal[False]] = {}

    @property
    def versions(self) -> list[Version]:
        """This row's versions, newest first, whoever changed it and by whatever means.

        The change of a key is a version of both keys, the old and the new.

        Raises:
            RowtrailError: the object is in no session, or its table was never tracked.
        """
        session = object_session(self)
        if session is None:
            raise RowtrailError(
                f"{type(self).__name__}.versions needs a session, and this object is in none; "
                "add it to one, or load it anew"
            )
        found = list(session.scalars(versions_of(self)))
        if not found and session.scalar(select(_table_id(_table(self)))) is None:
            name = _table(self).fullname
            raise RowtrailError(
                f"no history is kept of the table {name}; let its owner run: rowtrail track {name}"
            )
        return found


event.listen(Versioned, "instrument_class", declare, propagate=True)


def versions_of(row: object) -> Select[Version]:
    """The query behind `row.versions`, to filter further.

    Example:
        >>> db.session.scalars(versions_of(user).where(Version.actor == "alice")).all()

    Args:
        row: an object of a mapped class; its key decides.

    Raises:
        RowtrailError: its class is not mapped to one table.
    """
    table_id = _table_id(_table(row))
    key = _row_key(row)
    return (
        select(Version)
        .where(Version.table_id == table_id)
        .where(or_(Version.row_key == key, Version.old_key == key))
        .order_by(Version.id.desc())
    )


def set_actor(
    session: Session | scoped_session[Any] | Connection,
    actor: str | None,
    *,
    reason: str | None = None,
    context: dict[str, Any] | None = None,
) -> None:
    """Names the actor of the session's transaction until it ends, in one round trip.

    It sets two settings of the transaction, for which a login needs no right on the schema
    `rowtrail`, and which no later client of a pooled connection sees.

    Example:
        >>> set_actor(db.session, "alice", reason="ticket 4711")

    Args:
        session: a session or a connection.
        actor: of 200 characters at most; None takes the name back.
        reason: why, in the writer's words.
        context: what else to keep with each change; of 8192 bytes as JSON at most.

    Raises:
        RowtrailError: the context is not JSON.
    """
    said = {**(context or {}), **({} if reason is None else {"reason": reason})}
    try:
        as_json = json.dumps(said, ensure_ascii=False) if said else ""
    except TypeError as error:
        raise RowtrailError(f"the context of the actor cannot be kept as JSON: {error}") from None
    # A session itself would write what is pending first, while no actor is named yet.
    connection = session if isinstance(session, Connection) else session.connection()
    connection.execute(
        select(
            func.set_config("rowtrail.actor", actor or "", True),
            func.set_config("rowtrail.context", as_json, True),
        )
    )


def _mapper(row: object) -> Mapper[Any]:
    mapper: Mapper[Any] = mapper_of(type(row))
    return mapper


def _table(row: object) -> Table:
    table = _mapper(row).local_table
    if not isinstance(table, Table):
        raise RowtrailError(
            f"{type(row).__name__} is not mapped to one table, so it has no history"
        )
    return table


def _table_id(table: Table) -> Any:
    parts = [table.name] if table.schema is None else [table.schema, table.name]
    name = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
    relid = cast(func.to_regclass(name), OID)
    return select(TrackedTable.id).where(TrackedTable.relid == relid).scalar_subquery()


def _row_key(row: object) -> ColumnElement[str]:
    """The key as `rowtrail.versions.row_key` has it; a very long one is shortened there."""
    return func.rowtrail.short_key(_key_text(row), type_=Text)


def _key_text(row: object) -> ColumnElement[str]:
    mapper = _mapper(row)
    values = [
        (getattr(row, mapper.get_property_by_column(column).key), column.type)
        for column in mapper.primary_key
    ]
    typed = [literal(value, type_) for value, type_ in values]
    if len(typed) > 1:
        return cast(func.jsonb_build_array(*typed), Text)
    [(value, _)] = values
    if isinstance(value, int | str | UUID) and not isinstance(value, bool):
        return literal(str(value), Text)
    # Any other value is written as PostgreSQL writes it.
    return func.jsonb_extract_path_text(func.jsonb_build_object("key", typed[0]), "key", type_=Text)
