"""Rows that belong together by foreign keys: what became of a row and of those that refer to it.

The foreign keys are those of today; the columns are followed through the names that they had.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, case, column, false, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from rowtrail.history.answers import Cursor, Page, Table, TableName, Value
from rowtrail.history.chaining import paged
from rowtrail.history.feeds import page_of_span
from rowtrail.history.looking import BIGGEST_ID, LOWEST_ID, Span
from rowtrail.history.matching import Wanted, data, is_written
from rowtrail.history.paging import OLD, OP, v


@dataclass(frozen=True)
class Reference:
    """A foreign key of one tracked table that leads to the key of another, or of the same.

    Attributes:
        constraint: its name.
        table: whose foreign key it is.
        columns: of that table, in the order of the key that they lead to.
        target: the table that it leads to.
    """

    constraint: str
    table: TableName
    columns: list[str]
    target: TableName

    @property
    def name(self) -> str:
        """What it is called in URLs: the table's number and the name of the constraint."""
        return f"{self.table.id}.{self.constraint}"


def referring(session: Session, table: Table) -> list[Reference]:
    """The foreign keys that lead to the key of the table, by the table whose they are."""
    return references(session, "target", table)


def referred(session: Session, table: Table) -> list[Reference]:
    """The foreign keys of the table that lead to keys of tracked tables."""
    return references(session, "own", table)


def references(session: Session, side: str, table: Table) -> list[Reference]:
    """The foreign keys whose `own` table, or whose `target`, it is."""
    found = session.execute(REFERENCES, {"side": side, "id": table.name.id})
    return [
        Reference(
            constraint=row.conname,
            table=TableName(row.own_id, row.own_schema, row.own_name),
            columns=row.columns,
            target=TableName(row.target_id, row.target_schema, row.target_name),
        )
        for row in found
    ]


#: Those of partitions are the table's own once more. The columns are in the order in which the
#: registry has those of the target's key, which is that of its values in `row_key`.
REFERENCES = text("""
select
  f.conname,
  quote_ident(own_space.nspname) as own_schema, quote_ident(own_class.relname) as own_name,
  own.id as own_id,
  quote_ident(target_space.nspname) as target_schema,
  quote_ident(target_class.relname) as target_name,
  target.id as target_id,
  array(
    select a.attname::text
    from unnest(target.key_attnums) with ordinality as k (number, place)
    join unnest(f.conkey, f.confkey) as c (number, leads_to) on c.leads_to = k.number
    join pg_attribute as a on a.attrelid = f.conrelid and a.attnum = c.number
    order by k.place) as columns
from pg_constraint as f
join rowtrail.tables as own on own.relid = f.conrelid
join rowtrail.tables as target
  on target.relid = f.confrelid
  and f.confkey @> target.key_attnums and f.confkey <@ target.key_attnums
join pg_class as own_class on own_class.oid = f.conrelid
join pg_namespace as own_space on own_space.oid = own_class.relnamespace
join pg_class as target_class on target_class.oid = f.confrelid
join pg_namespace as target_space on target_space.oid = target_class.relnamespace
where f.contype = 'f' and f.conparentid = 0
  and case :side when 'own' then own.id else target.id end = :id
order by own_schema, own_name, own.id, f.conname
""")


def related(
    session: Session, table: Table, key: str, chosen: list[Reference], cursor: Cursor
) -> Page:
    """The changes of a row, and of the rows that refer to it or did, newest first.

    About `LOOKED_AT` versions are looked at; where that is not to the end, the page has `looked`.

    Args:
        session: of the reader.
        table: of the row.
        key: of the row.
        chosen: by which foreign keys rows refer to it.
        cursor: where the page begins.
    """
    own = and_(v.c.table_id == table.name.id, or_(v.c.row_key == key, v.c.old_key == key))
    values = key_values(table, key)
    those = [
        and_(
            v.c.table_id == one.table.id,
            v.c.op.not_in(["T", "S"]),
            refers(session, one, values),
        )
        for one in chosen
        if len(values) == len(one.columns)
    ]
    tables = sorted({table.name.id, *(one.table.id for one in chosen)})
    span = Span(tables, LOWEST_ID, BIGGEST_ID)
    wanted = Wanted([[]], [or_(own, *those)], needs_looking=True)
    return paged(session, tables, cursor, lambda one, begin: page_of_span(one, span, wanted, begin))


def key_values(table: Table, key: str) -> list[str]:
    """The values of the key's columns, as text."""
    if len(table.key_columns) == 1:
        return [key]
    try:
        values = json.loads(key, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return []
    if not isinstance(values, list):
        return []
    return [
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for value in values
    ]


def targets(
    session: Session, table: Table, values: Mapping[str, Value]
) -> list[tuple[Reference, str]]:
    """The rows to which a row with these values refers: by which foreign key, and their keys."""
    found = []
    for one in referred(session, table):
        parts = [values.get(name) for name in one.columns]
        whole = [part for part in parts if part and part.is_whole and part.kind != "null"]
        if len(whole) < len(one.columns):
            continue
        written = [
            json.dumps(part.text, ensure_ascii=False) if part.kind == "string" else part.text
            for part in whole
        ]
        found.append((one, whole[0].text if len(whole) == 1 else f"[{', '.join(written)}]"))
    return found


def refers(session: Session, reference: Reference, values: list[str]) -> ColumnElement[bool]:
    """Whether the version's row refers to the row with these values, before or after it."""
    before = case((OP == "U", OLD))
    alternatives = []
    for low, high, names in names_over_time(session, reference):
        pairs = [(name, value) for name, value in zip(names, values, strict=True) if name]
        if len(pairs) < len(names):
            continue
        after = and_(*(is_written(data.op("->")(name), value) for name, value in pairs))
        then = and_(
            *(
                is_written(func.coalesce(before.op("->")(name), data.op("->")(name)), value)
                for name, value in pairs
            )
        )
        alternatives.append(and_(v.c.id > low, v.c.id < high, or_(after, then)))
    return or_(false(), *alternatives)


def names_over_time(
    session: Session, reference: Reference
) -> list[tuple[int, int, tuple[str | None, ...]]]:
    """Between which ids of versions the columns had which names; None where there was none."""
    maps = func.rowtrail.image_maps(reference.table.id).table_valued(
        "after_id", "before_id", column("names", JSONB), name="maps"
    )
    found = session.execute(select(maps).order_by(maps.c.before_id.desc())).all()
    newest = max((row.before_id for row in found), default=LOWEST_ID)
    spans: list[tuple[int, int, tuple[str | None, ...]]] = [
        (newest, BIGGEST_ID, tuple(reference.columns))
    ]
    for row in found:
        spans.append(
            (row.after_id, row.before_id, tuple(name_then(row.names, c) for c in reference.columns))
        )
    merged = []
    for names, same in groupby(spans, key=lambda span: span[2]):
        parts = list(same)
        merged.append((parts[-1][0], parts[0][1], names))
    return merged


def name_then(names: dict[str, Any], today: str) -> str | None:
    """The name of a column of today at the time of a map; None where another one had it."""
    for was, now in names.items():
        if now == today:
            return was
    return None if today in names else today
