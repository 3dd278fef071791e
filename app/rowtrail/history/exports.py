"""Changes as a file: CSV for spreadsheets, JSON Lines that lose nothing.

Versions are read a few at a time, oldest first, in one snapshot of the database: the memory that it
takes does not grow with the history.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Subquery,
    Text,
    case,
    cast,
    column,
    func,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from rowtrail.history.answers import OPERATIONS
from rowtrail.history.feeds import walk
from rowtrail.history.filters import Filters, written_moment
from rowtrail.history.looking import Place, at
from rowtrail.history.paging import METADATA, NAMES, OLD, metadata, named, t, v

CHUNK = 1000  # versions

#: So many lines are in memory at once: one may hold megabytes.
FETCHED = 100  # lines

#: The forms of an export, and what the web calls them.
FORMS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}

COLUMNS = (
    *("id", "changed_at", "table", "operation", "row_key", "old_key", "actor", "login"),
    *("era", "xid", "context", "column", "old", "new"),
)

#: What a spreadsheet would take for a formula, or for what goes before one.
FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")


def lines(
    session: Session, filters: Filters, form: str, tell: Callable[[int], object] = lambda _: None
) -> Iterator[str]:
    """The changes that the filters mean, oldest first, line by line.

    Args:
        session: of a transaction in which the time zone is UTC.
        filters: what is wanted.
        form: one of `FORMS`.
        tell: is told up to which version has been looked, now and then.
    """
    names = names_of_tables(session)
    if form == "csv":
        yield csv_line(*COLUMNS)
    write = csv_lines if form == "csv" else json_lines
    for source, found, reached in walk(session, filters, CHUNK):
        if found:
            yield from write(source, found, names)
        tell(reached)


def json_lines(session: Session, found: list[Place], names: str) -> Iterator[str]:
    """Each version as a line of JSON, as the server writes it: 1.50 stays 1.50."""
    page = at(found, *metadata(session), DATA, OLD.label("old"), v.c.verbatim)
    moved = func.to_json(page.c.moved)
    from_and_to = func.json_build_object("from", moved.op("->")(0), "to", moved.op("->")(1))
    document = func.json_build_object(
        *("id", page.c.id, "changed_at", func.to_char(page.c.changed_at, MOMENT)),
        *("table_id", page.c.table_id, "table", name_in(names, page), "operation", word(page.c.op)),
        *("row_key", page.c.row_key, "old_key", page.c.old_key),
        *("actor", page.c.actor, "login", page.c.login),
        *("era", page.c.era, "xid", cast(page.c.xid, Text), "context", cast(page.c.context, JSON)),
        *("data", page.c.data, "old", page.c.old, "verbatim", page.c.verbatim),
        *("moved", case((moved.is_not(None), from_and_to)), "erased", page.c.erased),
    )
    query = select(cast(document, Text)).select_from(page)
    for line in session.scalars(query, execution_options={"yield_per": FETCHED}):
        yield line + "\n"


def records(
    session: Session, filters: Filters, tell: Callable[[int], object] = lambda _: None
) -> Iterator[Any]:
    """The changes that the filters mean, oldest first, as rows; documents as the server's text.

    Args:
        session: of a transaction in which the time zone is UTC.
        filters: what is wanted.
        tell: is told up to which version has been looked, now and then.
    """
    names = names_of_tables(session)
    for source, found, reached in walk(session, filters, CHUNK):
        if found:
            page = at(found, *METADATA, DATA, OLD.label("old"), v.c.verbatim)
            documents = [
                cast(page.c[name], Text).label(name)
                for name in ("context", "data", "old", "verbatim")
            ]
            query = select(
                *(page.c.id, page.c.changed_at, page.c.table_id),
                name_in(names, page).label("table"),
                word(page.c.op).label("operation"),
                *(page.c.row_key, page.c.old_key, page.c.actor, page.c.login, page.c.era),
                cast(cast(page.c.xid, Text), BigInteger).label("xid"),
                *documents,
                page.c.erased,
            ).select_from(page)
            yield from source.execute(query, execution_options={"yield_per": FETCHED})
        tell(reached)


def csv_lines(session: Session, found: list[Place], names: str) -> Iterator[str]:
    """Each changed column as a line of its own; a version without any as one line."""
    page = at(found, *METADATA, DATA, OLD.label("old"))
    image = case((page.c.op == "U", page.c.old), (page.c.op.in_(["I", "B", "D"]), page.c.data))
    each = (
        func.jsonb_each(image)
        .table_valued(column("key", Text), column("value", JSONB), name="each")
        .lateral()
    )
    before = case((page.c.op.in_(["U", "D"]), each.c.value))
    after = case(
        (page.c.op == "U", page.c.data.op("->")(each.c.key)),
        (page.c.op == "S", page.c.data.op("->")("statement")),
        else_=case((page.c.op != "D", each.c.value)),
    )
    query = select(
        *(
            page.c.id,
            page.c.changed_at,
            name_in(names, page).label("table"),
            word(page.c.op).label("operation"),
        ),
        *(page.c.row_key, page.c.old_key, page.c.actor, page.c.login, page.c.era),
        *(cast(page.c.xid, Text).label("xid"), page.c.context, each.c.key.label("column")),
        *(content(before).label("old"), func.jsonb_typeof(before).label("old_kind")),
        *(content(after).label("new"), func.jsonb_typeof(after).label("new_kind")),
    ).select_from(page.outerjoin(each, true()))
    for row in session.execute(query, execution_options={"yield_per": FETCHED}):
        texts = (row.row_key, row.old_key, row.actor, row.login)
        yield csv_line(
            *(str(row.id), written_moment(row.changed_at), harmless(row.table), row.operation),
            *map(harmless, texts),
            *(str(row.era), row.xid, row.context, harmless(row.column)),
            row.old if row.old_kind == "number" else harmless(row.old),
            row.new if row.new_kind == "number" else harmless(row.new),
        )


DATA = type_coerce(v.c.data, JSONB).label("data")

#: As `written_moment()` has it; the session's zone is UTC.
MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


def names_of_tables(session: Session) -> str:
    """The tables' names of today, as SQL writes them, by their numbers; as JSON."""
    name = NAMES[0].element + "." + NAMES[1].element
    by_number = func.coalesce(func.json_object_agg(t.c.id, name), cast({}, JSON))
    return str(session.scalar(select(cast(by_number, Text)).select_from(named(t))))


def name_in(names: str, page: Subquery) -> ColumnElement[str]:
    """The name of a version's table: without a join, that could take the order away."""
    return cast(cast(names, Text), JSONB).op("->>")(cast(page.c.table_id, Text))


def word(op: ColumnElement[str]) -> ColumnElement[str]:
    """The word for an operation's letter."""
    return case(
        *((op == letter, said) for letter, said in OPERATIONS.items()), else_=cast(op, Text)
    )


def content(value: ColumnElement[Any]) -> ColumnElement[str | None]:
    """The characters of a text, the JSON of anything else; nothing for a null."""
    kind = func.jsonb_typeof(value)
    return case(
        (kind == "null", None),
        (kind == "string", value.op("#>>")(cast([], ARRAY(Text)))),
        else_=cast(value, Text),
    )


def harmless(text: str | None) -> str | None:
    """The text, with an apostrophe before what a spreadsheet would run as a formula."""
    return "'" + text if text and FORMULA.match(text) else text


def csv_line(*cells: str | None) -> str:
    """A line as RFC 4180 has it: a text in quotes, and nothing at all where there is no value."""
    written = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in cells)
    return ",".join(written) + "\r\n"
