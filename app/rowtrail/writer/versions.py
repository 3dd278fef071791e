"""The versions of a model's row: `user.versions`."""

from collections.abc import Sequence
from typing import Any, overload

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from rowtrail.models import Version
from rowtrail.writer.lazy import Lazy
from rowtrail.writer.reading_past import require_tracked
from rowtrail.writer.row_keys import identity_of, key_in, mapper_of, table_id_of, tables_of


def versions_of(row: object) -> Select[Version]:
    """The query behind `row.versions`, to filter further, and for async sessions.

    Example:
        >>> db.session.scalars(versions_of(user).where(Version.actor == "alice")).all()

    Args:
        row: an object of a mapped class; its key decides.

    Raises:
        RowtrailError: its class is not mapped to a table.
    """
    return _versions_by_key(type(row), identity_of(row))


def _versions_by_key(model: type[Any], identity: Sequence[Any]) -> Select[Version]:
    mapper = mapper_of(model)
    of_tables = []
    for table in tables_of(mapper):
        key = key_in(table, mapper, identity)
        of_key = or_(Version.row_key == key, Version.old_key == key)
        of_tables.append(and_(Version.table_id == table_id_of(table), of_key))
    return select(Version).where(or_(*of_tables)).order_by(Version.id.desc())


class Versions(Lazy[Version]):
    """The versions of a row, newest first: a list that is read when it is looked into.

    Example:
        >>> user.versions[0].changes
        {"name": ("ann", "anna")}
        >>> user.versions.where(Version.actor == "alice").all()

    Attributes:
        statement: the query, for whoever wants to run it: `session.scalars(versions.statement)`.
    """

    def __init__(
        self,
        model: type[Any],
        identity: Sequence[Any],
        session: Session,
        statement: Select[Version] | None = None,
    ) -> None:
        self._model, self._identity, self._session = model, identity, session
        if statement is None:
            statement = _versions_by_key(model, identity)
        self.statement: Select[Version] = statement

    def where(self, *criteria: Any) -> "Versions":
        """Those for which it is true: `user.versions.where(Version.op == "U")`."""
        return self._with(self.statement.where(*criteria))

    def filter_by(self, **values: Any) -> "Versions":
        """Those with these values: `user.versions.filter_by(actor="alice")`."""
        return self._with(self.statement.filter_by(**values))

    def limit(self, most: int) -> "Versions":
        """The newest, so many at most."""
        return self._with(self.statement.limit(most))

    def first(self) -> Version | None:
        """The newest, which alone is read; None where there is none."""
        found = (self.limit(1) if self._read is None else self).all()
        return found[0] if found else None

    @overload
    def __getitem__(self, place: int) -> Version: ...
    @overload
    def __getitem__(self, place: slice) -> list[Version]: ...
    def __getitem__(self, place: int | slice) -> Version | list[Version]:
        if place == 0 and (newest := self.first()) is not None:
            return newest
        return self.all()[place]

    def _with(self, statement: Select[Version]) -> "Versions":
        return Versions(self._model, self._identity, self._session, statement)

    def _find(self) -> list[Version]:
        mapper = mapper_of(self._model)
        found = list(self._session.scalars(self.statement, bind_arguments={"mapper": mapper}))
        if not found:
            require_tracked(self._session, mapper, tables_of(mapper))
        return found
