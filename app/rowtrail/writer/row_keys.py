"""Which tables a mapped class has in the registry, and its rows' keys as versions have them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    UUID as SQL_UUID,
)
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy import inspect as inspection_of
from sqlalchemy.dialects.postgresql import OID
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import operators, visitors

from rowtrail.errors import RowtrailError
from rowtrail.models import TrackedTable

#: The types of which Python writes a value as PostgreSQL does.
_SAME_AS_TEXT = (Integer, SmallInteger, BigInteger, String, Text, Uuid, SQL_UUID)


def mapper_of(model: type[Any]) -> Mapper[Any]:
    """The mapper of a class.

    Raises:
        RowtrailError: it is not mapped.
    """
    try:
        found = inspection_of(model)
    except NoInspectionAvailable:
        found = None
    if not isinstance(found, Mapper):
        raise RowtrailError(f"{model!r} is not a mapped class, so it has no history")
    return found


def tables_of(mapper: Mapper[Any]) -> list[Table]:
    """The tables whose rows make one object: several with joined inheritance, the root's first.

    Raises:
        RowtrailError: the class is mapped to something that is no table.
    """
    tables: list[Table] = []
    for parent in reversed(list(mapper.iterate_to_root())):
        if parent.concrete or (parent is not mapper and mapper.concrete):
            continue
        if not isinstance(parent.local_table, Table):
            raise RowtrailError(
                f"{mapper.class_.__name__} is not mapped to one table, so it has no history"
            )
        if parent.local_table not in tables:
            tables.append(parent.local_table)
    if mapper.concrete and isinstance(mapper.local_table, Table):
        tables.append(mapper.local_table)
    return tables


def all_tables_of(mapper: Mapper[Any]) -> list[Table]:
    """Those, and the tables of what inherits from the class."""
    tables = tables_of(mapper)
    for one in mapper.self_and_descendants:
        local = one.local_table
        if not one.concrete and isinstance(local, Table) and local not in tables:
            tables.append(local)
    return tables


def name_of(table: Table) -> str:
    """The table's name as SQL has it."""
    parts = [table.name] if table.schema is None else [table.schema, table.name]
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def relid_of(table: Table) -> ColumnElement[int]:
    """The table in the database; NULL where there is none."""
    return cast(func.to_regclass(name_of(table)), OID)


def table_id_of(table: Table) -> Any:
    """Its number in the registry; NULL where it was never tracked."""
    return select(TrackedTable.id).where(TrackedTable.relid == relid_of(table)).scalar_subquery()


def never_tracked(table: Table) -> RowtrailError:
    """The error for a table without history."""
    name = table.fullname
    return RowtrailError(
        f"no history is kept of the table {name}; let its owner run: rowtrail track {name}"
    )


def not_readable(table: Table) -> RowtrailError:
    """The error for a table whose history this login may not read."""
    name = table.fullname
    return RowtrailError(
        f"the history of {name} is only for those who may read all of that table; let its owner "
        f"run: grant select on {name} to this login"
    )


def identity_of(row: object) -> tuple[Any, ...]:
    """The values of the row's primary key, in the mapper's order; asks the database nothing."""
    state: Any = inspection_of(row)
    if state.identity is not None:
        return tuple(state.identity)
    mapper: Mapper[Any] = state.mapper
    return tuple(mapper.primary_key_from_instance(row))


def key_in(table: Table, mapper: Mapper[Any], identity: Sequence[Any]) -> ColumnElement[str]:
    """The key of the object's row in one of its tables, as `rowtrail.versions.row_key` has it.

    A very long one is shortened there.
    """
    known = dict(zip(mapper.primary_key, identity, strict=True))
    same_as = _equivalents(mapper)
    values = []
    for column in table.primary_key.columns or mapper.primary_key:
        root = column
        while root not in known and root in same_as:
            root = same_as[root]
        if root not in known:
            raise RowtrailError(
                f"the key of {table.fullname} is not known from that of {mapper.class_.__name__}"
            )
        values.append((known[root], column.type))
    return func.rowtrail.short_key(_key_text(values), type_=Text)


def as_identity(mapper: Mapper[Any], key: Any) -> tuple[Any, ...]:
    """The key that a person gave, as a tuple.

    Raises:
        RowtrailError: it has not as many values as the key has columns.
    """
    columns = mapper.primary_key
    given = key if isinstance(key, tuple) else tuple(key) if isinstance(key, list) else (key,)
    if len(given) != len(columns):
        names = ", ".join(column.name for column in columns)
        raise RowtrailError(
            f"the key of {mapper.class_.__name__} is ({names}), which {key!r} does not fit"
        )
    return given


def columns_in(expression: Any) -> Iterable[Column[Any]]:
    """The tables' columns that an expression names."""
    return [part for part in visitors.iterate(expression) if isinstance(part, Column)]


def _equivalents(mapper: Mapper[Any]) -> dict[Any, Any]:
    """For joined inheritance: the column of the parent's table that equals the child's."""
    same: dict[Any, Any] = {}
    for each in mapper.iterate_to_root():
        if each.inherit_condition is None or each.inherits is None:
            continue
        parents = set(each.inherits.columns)
        for part in visitors.iterate(each.inherit_condition):
            if getattr(part, "operator", None) is operators.eq:
                left, right = part.left, part.right  # type: ignore[attr-defined]
                if left in parents:
                    left, right = right, left
                same[left] = right
    return same


def _key_text(values: list[tuple[Any, Any]]) -> ColumnElement[str]:
    if len(values) == 1:
        [(value, type_)] = values
        if type(value) in (int, str, UUID) and type(type_) in _SAME_AS_TEXT:
            return literal(str(value), Text)
    # Any other value is written as PostgreSQL writes one of the column's type.
    typed = [cast(literal(value, type_), type_) for value, type_ in values]
    if len(typed) > 1:
        return cast(func.jsonb_build_array(*typed), Text)
    return func.jsonb_extract_path_text(func.jsonb_build_object("key", typed[0]), "key", type_=Text)
