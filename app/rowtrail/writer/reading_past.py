"""Reads objects of the past: which tables a mapped class has, joined as they were."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import (
    Mapper,
    RelationshipDirection,
    RelationshipProperty,
    Session,
)
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import FromClause, Subquery

from rowtrail.errors import RowtrailError
from rowtrail.writer.images import BESIDE, Boundary, as_of, at, tracked
from rowtrail.writer.past import Past, make
from rowtrail.writer.row_keys import columns_in, key_in, never_tracked, not_readable, tables_of

#: So many keys are looked up one by one; for more the table is read as a whole.
BY_KEY = 20

#: Adds to the statement that reads.
Change = Callable[[Select[Any], "Sources"], Select[Any]]

#: The key of the one object that is wanted, in a table of a mapper.
OfKey = Callable[[Table, Mapper[Any]], ColumnElement[str]]


class Sources:
    """The tables of a class as they were, joined; and the columns of the live ones by theirs."""

    def __init__(
        self,
        mapper: Mapper[Any],
        boundary: Boundary,
        key: OfKey | None = None,
        version: tuple[Table, int] | None = None,
    ) -> None:
        self.mapper = mapper
        self.boundary = boundary
        self.columns: dict[Any, Any] = {}
        self.tables: list[Table] = tables_of(mapper)
        self.subqueries: dict[Table, Subquery] = {}
        for of_table in self.tables:
            self._add(mapper, of_table, key, version)
        joined: FromClause = self.subqueries[self.tables[0]]
        for parent in reversed(list(mapper.iterate_to_root())):
            local: Any = parent.local_table
            if parent.inherit_condition is not None and local in self.subqueries:
                condition = self.adapted(parent.inherit_condition)
                joined = joined.join(self.subqueries[local], condition)
        self.below = [
            one for one in mapper.self_and_descendants if one is not mapper and not one.concrete
        ]
        for one in self.below:
            local = one.local_table
            if not isinstance(local, Table) or local in self.subqueries:
                continue
            self._add(one, local, key, version)
            condition = self.adapted(one.inherit_condition)
            joined = joined.outerjoin(self.subqueries[local], condition)
        self.joined = joined

    def _add(
        self,
        mapper: Mapper[Any],
        of_table: Table,
        key: "OfKey | None",
        version: tuple[Table, int] | None,
    ) -> None:
        mapped = [one for one in of_table.columns if one in mapper.columns.values()]
        mapped += [
            one
            for below in mapper.self_and_descendants
            for one in below.columns.values()
            if isinstance(one, Column) and one.table is of_table and one not in mapped
        ]
        # One class may have mapped a column under two names.
        mapped = list(dict.fromkeys(mapped))
        if version is not None and version[0] is of_table:
            source = at(of_table, mapped, version[1])
        else:
            of_key = None if key is None else key(of_table, mapper)
            source = as_of(of_table, mapped, self.boundary, of_key)
        self.subqueries[of_table] = source
        for one in mapped:
            self.columns[one] = source.c[one.name]

    def adapted(self, expression: Any) -> Any:
        """The expression, of the tables as they were."""
        return replaced(expression, self.columns.get)


def replaced(expression: Any, by: Callable[[Any], Any]) -> Any:
    """The expression with other columns in the place of the tables'."""
    clause: Any = expression
    if hasattr(expression, "__clause_element__"):
        clause = expression.__clause_element__()

    def other(part: Any, **_: Any) -> Any:
        return by(part) if isinstance(part, Column) else None

    replace: Any = other
    return visitors.replacement_traverse(clause, {}, replace)


def read(session: Session, sources: Sources, change: Change | None = None) -> list[Any]:
    """The objects of the past.

    Raises:
        RowtrailError: one of the tables was never tracked.
    """
    return [made for made, _ in read_with(session, sources, change)]


def read_with(
    session: Session, sources: Sources, change: Change | None = None
) -> list[tuple[Any, tuple[Any, ...]]]:
    """The objects of the past, each with what else was selected."""
    mapper = sources.mapper
    order = list(sources.columns)
    beside = [
        source.c[name].label(f"{name} {number}")
        for number, source in enumerate(sources.subqueries.values())
        for name in BESIDE
    ]
    kind = mapper.polymorphic_on
    kinds = [] if kind is None else [sources.adapted(kind).label("rowtrail kind")]
    own = [sources.columns[one].label(f"c{number}") for number, one in enumerate(order)]
    statement = select(*own, *beside, *kinds).select_from(sources.joined)
    if kind is not None and (mapper.inherits is not None or mapper.single):
        identities = [
            one.polymorphic_identity
            for one in mapper.self_and_descendants
            if one.polymorphic_identity is not None
        ]
        statement = statement.where(sources.adapted(kind).in_(identities))
    if change is not None:
        statement = change(statement, sources)
    rows = session.execute(statement, bind_arguments={"mapper": mapper}).all()
    if not rows or sources.below:
        require_tracked(session, mapper, list(sources.subqueries))
    together: list[weakref.ref[Any]] = []
    found = []
    width, count = len(order), len(sources.subqueries)
    for row in rows:
        values = dict(zip(order, row[:width], strict=True))
        rest = tuple(row[width + 3 * count + len(kinds) :])
        said = row[width + 3 * count] if kinds else None
        of_kind = mapper.polymorphic_map.get(said, mapper) if kinds else mapper
        parts = [row[width + 3 * n : width + 3 * n + 3] for n in range(count)]
        found.append((_made(session, sources, of_kind, values, parts, together), rest))
    return found


def _made(
    session: Session,
    sources: Sources,
    mapper: Mapper[Any],
    values: dict[Any, Any],
    parts: Sequence[Any],
    together: list["weakref.ref[Any]"],
) -> Any:
    of_attributes = {}
    for one in mapper.column_attrs:
        # With joined inheritance the key is in each table; it is the same.
        for each in one.columns:
            if each in values:
                of_attributes[one.key] = values[each]
                break
    recorded = [part for part in parts if part[0] is not None]
    version_id, changed_at, _ = max(recorded, key=lambda part: part[0])
    places = {
        (of_table, place.removeprefix("data."))
        for of_table, part in zip(sources.subqueries, parts, strict=True)
        for place in part[2] or ()
        if place.startswith("data.")
    }
    erased = {
        one.key
        for one in mapper.column_attrs
        for each in one.columns
        if isinstance(each, Column) and (each.table, each.name) in places
    }
    known = Past(
        sources.boundary, version_id, changed_at, frozenset(erased),
        _loader=load, _session=weakref.ref(session), _together=together,
    )  # fmt: skip
    return make(mapper.class_, of_attributes, known)


def require_tracked(session: Session, mapper: Mapper[Any], tables: Sequence[Table]) -> None:
    """Raises unless each of the tables is or was tracked, and this login may read its history.

    Raises:
        RowtrailError: one never was, or its history is not for this login.
    """
    answer = session.execute(tracked(tables), bind_arguments={"mapper": mapper}).one()
    for one, is_readable, is_tracked in zip(tables, answer[::2], answer[1::2], strict=True):
        if not is_readable and is_tracked:
            raise not_readable(one)
        if not is_readable:
            raise never_tracked(one)


def load(rows: list[Any], relationship: RelationshipProperty[Any], session: Session) -> None:
    """Loads a relationship of objects of the past, as of their moment, for all of them at once."""
    from rowtrail.writer.past import past_of

    boundary = past_of(rows[0]).boundary
    own = list(
        dict.fromkeys(
            part
            for part in columns_in(relationship.primaryjoin)
            if not _is_remote(part) and _attribute(relationship.parent, part) is not None
        )
    )
    names = [_attribute(relationship.parent, part) for part in own]
    keys = [tuple(vars(row).get(str(name)) for name in names) for row in rows]
    wanted = list(dict.fromkeys(key for key in keys if None not in key))
    if _is_by_key(relationship, own) and len(wanted) <= BY_KEY:
        found = [
            (number, made)
            for number, key in enumerate(wanted)
            for made in read(session, _by_key(relationship, boundary, own, key))
        ]
    elif wanted:
        found = _joined(session, relationship, boundary, own, wanted)
    else:
        found = []
    of_key: dict[tuple[Any, ...], list[Any]] = {}
    for number, made in found:
        of_key.setdefault(wanted[number], []).append(made)
    for row, key in zip(rows, keys, strict=True):
        vars(row)[relationship.key] = _collected(relationship, of_key.get(key, []))


def _joined(
    session: Session,
    relationship: RelationshipProperty[Any],
    boundary: Boundary,
    own: list[Any],
    wanted: list[tuple[Any, ...]],
) -> list[tuple[int, Any]]:
    """The related objects, each with the number of the key that it belongs to."""
    arrays = [
        cast(literal([key[n] for key in wanted], ARRAY(one.type)), ARRAY(one.type))
        for n, one in enumerate(own)
    ]
    given = (
        func.unnest(*arrays)
        .table_valued(
            *(column(f"k{n}", one.type) for n, one in enumerate(own)), with_ordinality="n"
        )
        .render_derived("given")
    )
    of_given = {one: given.c[f"k{n}"] for n, one in enumerate(own)}
    secondary = relationship.secondary
    through: Subquery | None = None
    if isinstance(secondary, Table):
        through = as_of(secondary, list(secondary.columns), boundary)
    elif secondary is not None:
        raise RowtrailError(f"{relationship} goes through something that is no table")

    def change(statement: Select[Any], sources: Sources) -> Select[Any]:
        far = dict(sources.columns)
        if through is not None:
            far |= {one: through.c[one.name] for one in secondary.columns}  # type: ignore[union-attr]

        def first(part: Any) -> Any:
            return far.get(part) if _is_remote(part) else of_given.get(part, far.get(part))

        condition = replaced(relationship.primaryjoin, first)
        if relationship.secondaryjoin is not None:
            condition = and_(condition, replaced(relationship.secondaryjoin, far.get))
        statement = statement.add_columns(given.c.n).where(condition)
        for one in relationship.order_by or ():
            statement = statement.order_by(replaced(one, far.get))
        return statement

    sources = Sources(relationship.mapper, boundary)
    found = read_with(session, sources, change)
    if not found and isinstance(secondary, Table):
        require_tracked(session, relationship.mapper, [secondary])
    return [(int(number) - 1, made) for made, (number,) in found]


def _is_remote(part: Any) -> bool:
    return bool(part._annotations.get("remote"))


def _attribute(mapper: Mapper[Any], part: Any) -> str | None:
    for one in mapper.column_attrs:
        if any(each is part or hash(each) == hash(part) for each in one.columns):
            return str(one.key)
    return None


def _is_by_key(relationship: RelationshipProperty[Any], own: list[Any]) -> bool:
    """Whether it leads to one object by its primary key, and by nothing else."""
    return (
        relationship.direction is RelationshipDirection.MANYTOONE
        and relationship.secondary is None
        and len(own) == len(relationship.mapper.primary_key)
        and {remote for _, remote in relationship.local_remote_pairs or ()}
        == set(relationship.mapper.primary_key)
        and len(columns_in(relationship.primaryjoin)) == 2 * len(own)  # type: ignore[arg-type]
    )


def _by_key(
    relationship: RelationshipProperty[Any],
    boundary: Boundary,
    own: list[Any],
    key: tuple[Any, ...],
) -> Sources:
    of_own = dict(zip(own, key, strict=True))
    of_remote = {remote: of_own[local] for local, remote in relationship.local_remote_pairs or ()}
    identity = [of_remote[one] for one in relationship.mapper.primary_key]
    return Sources(
        relationship.mapper, boundary, lambda table, mapper: key_in(table, mapper, identity)
    )


def _collected(relationship: RelationshipProperty[Any], found: list[Any]) -> Any:
    if not relationship.uselist:
        return found[0] if found else None
    make_collection: Any = relationship.collection_class or list
    empty = make_collection()
    if isinstance(empty, dict):
        keyed_by = empty.keyfunc  # type: ignore[attr-defined]
        return {keyed_by(one): one for one in found}
    return set(found) if isinstance(empty, set) else list(found)
