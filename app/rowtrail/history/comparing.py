"""Two versions side by side; and which change gave each column of a row its value."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from rowtrail.history import chaining, places, shares
from rowtrail.history.answers import Change, Field, Table, Value, WholeVersion
from rowtrail.history.paging import (
    METADATA,
    NAMES,
    OLD,
    PAGE,
    excerpt,
    has_name,
    named,
    pg_attribute,
    t,
    v,
    was_erased,
)

COMPARED = 4_000  # characters of a value
LOOKED_AT = 200  # versions of a row, to find who gave each column its value
HOPS = 10  # former keys of a row, for the same


@dataclass(frozen=True)
class Comparison:
    """Two versions, by the columns of today.

    Attributes:
        old: the earlier of the two.
        new: the later.
        changed: the columns that differ, in the order of the table.
        same: those that do not.
    """

    old: Change
    new: Change
    changed: list[Field]
    same: list[Field]


@dataclass(frozen=True)
class Origin:
    """A column of a row: its value, and the change that gave it; None where that is older."""

    column: str
    value: Value
    change: Change | None


def compare(session: Session, table: Table, first: int, second: int) -> Comparison:
    """Two versions of a table, of one row or of two: the rows after them, side by side.

    Raises:
        NotThere: the table has no such version, or one is of the whole table.
    """
    one, other = sorted((first, second))
    versions = [places.version(session, table.name.id, number) for number in (one, other)]
    changes = [version.change for version in versions]
    # The columns of today are known here, also of what is only there.
    images = [image_in(session, table, version) for version in versions]
    for change in changes:
        if change.operation in ("truncate", "schema"):
            raise places.NotThere(
                f"version {change.id} is of the whole table, and has no row to compare"
            )
    pair = (column("key", Text), column("value", JSONB))
    sides = [
        func.jsonb_each(image.row).table_valued(*pair, name=name)
        for image, name in zip(images, ("old_side", "new_side"), strict=True)
    ]
    old, new = sides
    name = func.coalesce(old.c.key, new.c.key)
    differs = cast(old.c.value, Text).is_distinct_from(cast(new.c.value, Text))
    found = session.execute(
        select(
            name.label("column"),
            differs.label("differs"),
            *(
                part.label(f"{side}_{n}")
                for side, values, image in zip(("old", "new"), sides, images, strict=True)
                for n, part in enumerate(
                    excerpt(
                        values.c.value,
                        COMPARED,
                        was_erased("data.", values.c.key, image.erased),
                    )
                )
            ),
        )
        .select_from(
            old.join(new, new.c.key == old.c.key, full=True).outerjoin(
                pg_attribute, has_name(table.name.id, name)
            )
        )
        .order_by(pg_attribute.c.attnum.nulls_last(), name)
    ).all()
    fields = [
        (
            Field(
                row.column,
                None if row.old_0 is None else Value(row.old_0, row.old_1, row.old_2),
                None if row.new_0 is None else Value(row.new_0, row.new_1, row.new_2),
            ),
            row.differs,
        )
        for row in found
    ]
    return Comparison(
        old=changes[0],
        new=changes[1],
        changed=[field for field, has_changed in fields if has_changed],
        same=[field for field, has_changed in fields if not has_changed],
    )


def origins(session: Session, table: Table, key: str) -> list[Origin]:
    """The columns of a row by its newest version, each with the change that gave it its value.

    Looks at the newest `LOOKED_AT` versions, also those under former keys. Empty where the row
    went, or has another key now.
    """
    newest = session.execute(
        select(v.c.id, v.c.op)
        .where(v.c.table_id == table.name.id, v.c.row_key == key, v.c.op.not_in(["T", "S"]))
        .order_by(v.c.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.op == "D":
        return []
    in_table = v.c.table_id == table.name.id
    left = exists().where(in_table, v.c.old_key == key, v.c.id > newest.id)
    truncated = exists().where(in_table, v.c.row_key == "", v.c.op == "T", v.c.id > newest.id)
    if session.scalar(select(or_(left, truncated))):
        return []
    values = values_of(session, table, newest.id)
    givers = givers_of(session, table, key, newest.id, set(values))
    return [Origin(name, value, givers.get(name)) for name, value in values.items()]


def givers_of(
    session: Session, table: Table, key: str, newest: int, wanted: set[str]
) -> dict[str, Change]:
    """The changes that gave the wanted columns their values, as far as they are found."""
    givers: dict[str, Change] = {}
    looked_at, before, hops = 0, newest + 1, 0
    while looked_at < LOOKED_AT and hops <= HOPS and wanted - givers.keys():
        found = changed_columns(session, table, key, before)
        looked_at += len(found)
        for change, columns in found:
            if change.operation == "delete":
                # What was there before is another life of the key.
                return givers
            for name in columns:
                givers.setdefault(name, change)
            before = change.id
            if change.old_key not in (None, key):
                key, hops = change.old_key, hops + 1
                break
        else:
            if len(found) < PAGE:
                break
    return givers


class Image(NamedTuple):
    """The row after a version, by the columns of today, and the places erased from it."""

    row: Any
    erased: Any


def image_in(session: Session, table: Table, version: WholeVersion) -> Image:
    """The row after a version, of which the document is there only, perhaps."""
    change = version.change
    if shares.is_here(session, change):
        return Image(image_of(table, change.id), erased_places(table, change.id))
    document = cast(literal(version.data, Text), JSONB)
    row = func.rowtrail.image_now(table.name.id, change.id, document, type_=JSONB)
    return Image(row, cast(change.erased or [], ARRAY(Text)))


def image_of(table: Table, version_id: int) -> Any:
    """The row after a version, by the columns of today."""
    return (
        select(func.rowtrail.image_now(v.c.table_id, v.c.id, v.c.data, type_=JSONB))
        .where(v.c.table_id == table.name.id, v.c.id == version_id)
        .limit(1)
        .scalar_subquery()
    )


def erased_places(table: Table, version_id: int) -> Any:
    """The places of a version that were erased."""
    return (
        select(v.c.erased)
        .where(v.c.table_id == table.name.id, v.c.id == version_id)
        .limit(1)
        .scalar_subquery()
    )


def values_of(session: Session, table: Table, version_id: int) -> dict[str, Value]:
    """The columns of the row after a version, in the order of the table."""
    side = func.jsonb_each(image_of(table, version_id)).table_valued(
        column("key", Text), column("value", JSONB), name="side"
    )
    found = session.execute(
        select(
            side.c.key,
            *(
                part.label(f"n{n}")
                for n, part in enumerate(
                    excerpt(
                        side.c.value,
                        erased=was_erased("data.", side.c.key, erased_places(table, version_id)),
                    )
                )
            ),
        )
        .select_from(side.outerjoin(pg_attribute, has_name(table.name.id, side.c.key)))
        .order_by(pg_attribute.c.attnum.nulls_last(), side.c.key)
    )
    return {row.key: Value(row.n0, row.n1, row.n2) for row in found}


def changed_columns(
    session: Session, table: Table, key: str, before: int
) -> list[tuple[Change, list[str]]]:
    """A page of the versions of a key below an id, and the columns that each gave a value."""
    return chaining.listed(
        session,
        table.name.id,
        before,
        lambda one, below: changed_in(one, table, key, below),
        lambda found: by_names_of_today(session, table, found),
    )


def changed_in(
    session: Session, table: Table, key: str, before: int
) -> list[tuple[Change, list[str]]]:
    """As one database has it; in the history database by the names that the columns had."""
    recent = (
        select(*METADATA, OLD.label("old"), v.c.data)
        .where(v.c.table_id == table.name.id, v.c.row_key == key, v.c.op.not_in(["T", "S"]))
        .where(v.c.id < before)
        .order_by(v.c.id.desc())
        .limit(PAGE)
        .subquery("recent")
    )
    maps = maps_of(table)
    given = func.jsonb_object_keys(
        case((recent.c.op == "U", recent.c.old), (recent.c.op != "D", recent.c.data))
    ).table_valued("key", name="given")
    given = given.render_derived()
    # By the names of today.
    name: ColumnElement[str] = func.coalesce(maps.c.names.op("->>")(given.c.key), given.c.key)
    joined = named(recent.join(t, t.c.id == recent.c.table_id))
    if shares.is_there(session):
        name = given.c.key
    else:
        joined = joined.outerjoin(
            maps, and_(recent.c.id > maps.c.after_id, recent.c.id < maps.c.before_id)
        )
    columns = (
        select(func.array_agg(name).label("names"))
        .select_from(given)
        .correlate(recent, maps)
        .lateral("columns")
    )
    everything = joined.join(columns, true())
    shown = [one for one in recent.c if one.name not in ("old", "data")]
    found = session.execute(
        select(*shown, *NAMES, columns.c.names).select_from(everything).order_by(recent.c.id.desc())
    )
    return [(Change.of(row), row.names or []) for row in found]


def by_names_of_today(
    session: Session, table: Table, found: list[tuple[Change, list[str]]]
) -> list[tuple[Change, list[str]]]:
    """The same by the columns' names of today."""
    maps = session.execute(select(maps_of(table))).all()
    today = []
    for change, columns in found:
        names = next((m.names for m in maps if m.after_id < change.id < m.before_id), None) or {}
        today.append((change, [names.get(name) or name for name in columns]))
    return today


def maps_of(table: Table) -> Any:
    """Between which ids of versions the columns had other names than today, and which."""
    return func.rowtrail.image_maps(table.name.id).table_valued(
        "after_id", "before_id", column("names", JSONB), name="maps"
    )
