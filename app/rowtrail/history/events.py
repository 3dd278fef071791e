"""Schema changes among the versions: what each did to the table, and which a row was there for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Text, case, cast, column, func, select, true, type_coerce
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import Session

from rowtrail.history.answers import Change, Erasure, Field, Retirement, SchemaChange, Value
from rowtrail.history.paging import EXCERPT, FIELDS, METADATA, NAMES, named, t, v

BESIDE = 100  # schema changes beside a page of a row's versions

data = type_coerce(v.c.data, JSONB)
old = type_coerce(v.c.old, JSONB)


def described(session: Session, changes: Sequence[Change]) -> list[Change]:
    """The same versions, where the schema changes among them say what they changed."""
    ids = [change.id for change in changes if change.operation == "schema"]
    if not ids:
        return list(changes)
    of_table = {change.table.id for change in changes}
    differing = differences()
    found = session.execute(
        select(
            v.c.table_id,
            v.c.id,
            data.op("->>")("command").label("command"),
            func.left(data.op("->>")("statement"), EXCERPT).label("statement"),
            func.coalesce(
                data.op("->>")("statement_length"),
                cast(func.length(data.op("->>")("statement")), Text),
            ).label("statement_length"),
            data.op("->>")("noticed_by").label("noticed_by"),
            data.has_key("dropped").label("is_dropped"),
            data.has_key("renumbered").label("is_another_table"),
            rewritten_columns().label("rewritten"),
            partitions("attached", "$.*").label("attached"),
            partitions("detached", "$.*.name").label("detached"),
            data.op("->>")("tracking").label("tracking"),
            func.coalesce(data.op("->")("options"), retention(), type_=JSONB).label("options"),
            data.op("->")("retired").label("retired"),
            # Without the ids of the versions, of which there may be many.
            erasure().label("erasure"),
            *differing.c,
        )
        .select_from(v.join(differing, true()))
        .where(v.c.table_id.in_(of_table), v.c.id.in_(ids), v.c.op == "S")
    )
    events = {(row.table_id, row.id): row for row in found}
    return [with_event(change, events.get((change.table.id, change.id))) for change in changes]


def beside(
    session: Session, changes: Sequence[Change], key: str, newer: int | None
) -> list[Change]:
    """A row's versions, newest first, with the schema changes that it was there for.

    Args:
        newer: the id of the row's next version after these.
    """
    if not changes:
        return []
    next_ids = [newer, *(change.id for change in changes)]
    stays = [
        (change.id, next_id)
        for change, next_id in zip(changes, next_ids, strict=False)
        if change.row_key == key and change.operation in ("insert", "update", "baseline")
    ]
    if not stays:
        return list(changes)
    found = session.execute(
        select(*METADATA, *NAMES, data.has_key("dropped").label("is_dropped"))
        .select_from(named(v.join(t, t.c.id == v.c.table_id)))
        .where(v.c.table_id == changes[0].table.id, v.c.row_key == "", v.c.op == "S")
        .where(v.c.id > stays[-1][0])
        .where(true() if newer is None else v.c.id < newer)
        .order_by(v.c.id.desc())
        .limit(BESIDE)
    ).all()
    seen = []
    for start, end in stays:
        within = [row for row in found if row.id > start and (end is None or row.id < end)]
        # With the table the row went too; what is there under its name later is another one.
        drops = [row.id for row in within if row.is_dropped]
        seen += [Change.of(row) for row in within if not drops or row.id <= min(drops)]
    events = described(session, seen)
    return sorted([*changes, *events], key=lambda change: change.id, reverse=True)


def with_event(change: Change, found: Any) -> Change:
    """A schema change with what was found of it."""
    if found is None:
        return change
    statement = None
    if found.statement is not None:
        statement = Value("statement", found.statement, int(found.statement_length))
    return replace(
        change,
        fields=[field_of(*one) for one in found.fields or ()],
        columns=found.columns or 0,
        event=SchemaChange(
            command=found.command,
            statement=statement,
            noticed_by=found.noticed_by,
            is_dropped=found.is_dropped,
            is_another_table=found.is_another_table,
            rewritten=found.rewritten or [],
            attached=sorted(found.attached or []),
            detached=sorted(found.detached or []),
            tracking=found.tracking,
            options=[option_of(*one) for one in sorted((found.options or {}).items())],
            erasure=None if found.erasure is None else Erasure(*found.erasure),
            retirement=None if found.retired is None else retirement_of(found.retired),
        ),
    )


def field_of(
    name: str, before: str | None, before_length: int, after: str | None, after_length: int
) -> Field:
    """A column, or the table's name, before and after."""
    return Field(
        name,
        None if before is None else Value("definition", before, before_length),
        None if after is None else Value("definition", after, after_length),
    )


def option_of(name: str, sides: dict[str, Any]) -> Field:
    """An option of `rowtrail.track()`, before and after."""
    texts = [
        ", ".join(side) or "none" if isinstance(side, list) else str(side).lower()
        for side in (sides["old"], sides["new"])
    ]
    return field_of(name, texts[0], len(texts[0]), texts[1], len(texts[1]))


def retirement_of(said: dict[str, Any]) -> Retirement:
    """What was retired, by what the event says."""
    return Retirement(datetime.fromisoformat(said["until"]), said["versions"])


def retention() -> Any:
    """For how long the history is kept, before and after, as an option."""
    said = data.op("->")("retention")
    sides = [func.coalesce(said.op("->>")(side), "for ever") for side in ("old", "new")]
    option = func.jsonb_build_object("old", sides[0], "new", sides[1])
    return case((data.has_key("retention"), func.jsonb_build_object("kept", option)))


def erasure() -> Any:
    """What of a row was erased: its key, the columns, of how many versions, unverified ones."""
    erased = data.op("->")("erased")
    last = v.alias("last")
    key = (
        select(last.c.row_key)
        .where(last.c.table_id == v.c.table_id)
        .where(last.c.id == cast(erased.op("->")("versions").op("->>")(-1), BigInteger))
        .limit(1)
        .correlate(v)
        .scalar_subquery()
    )
    said = func.json_build_array(
        key,
        erased.op("->")("columns"),
        func.jsonb_array_length(erased.op("->")("versions")),
        func.coalesce(func.jsonb_array_length(erased.op("->")("forced")), 0),
        type_=JSON,
    )
    return case((data.has_key("erased"), said))


def rewritten_columns() -> Any:
    """The names of the columns whose values the event may have changed in the rows."""
    columns = func.jsonb_array_elements(data.op("->")("columns")).table_valued(
        column("value", JSONB), name="columns"
    )
    return (
        select(func.json_agg(columns.c.value.op("->>")("name")))
        .select_from(columns)
        .where(data.op("->")("rewritten").op("@>")(columns.c.value.op("->")("number")))
        .scalar_subquery()
    )


def partitions(what: str, names: str) -> Any:
    """The names of the partitions that came or went, by their path in the event."""
    return func.jsonb_path_query_array(data.op("->")(what), cast(names, JSONPATH), type_=JSONB)


def differences() -> Any:
    """What the event changed, at most `FIELDS` of it, and how much there is."""
    found = func.rowtrail.schema_differences(data, old).table_valued(
        *(column(name, Text) for name in ("what", "name", "before", "after")), name="found"
    )
    one = func.json_build_array(
        func.coalesce(case((found.c.what == "column", found.c.name)), found.c.what),
        *(func.left(found.c.before, EXCERPT), func.length(found.c.before)),
        *(func.left(found.c.after, EXCERPT), func.length(found.c.after)),
    )
    shown = (
        select(one.label("field"), func.count().over().label("columns"))
        .select_from(found)
        .limit(FIELDS)
        .correlate(v)
        .lateral("shown")
    )
    return (
        select(
            func.json_agg(shown.c.field).label("fields"),
            func.max(shown.c.columns).label("columns"),
        )
        .select_from(shown)
        .lateral("differences")
    )
