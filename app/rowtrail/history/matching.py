"""What the filters mean in SQL: conditions on a version, and on the values in it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    NUMERIC,
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from rowtrail.history.answers import OPERATIONS
from rowtrail.history.filters import Filters
from rowtrail.history.paging import IS_MOVE, OLD, OP, Alternatives, v

LETTERS = {word: letter for letter, word in OPERATIONS.items()}

#: Without an exponent: 1e999999 is a number in JSON, and none that PostgreSQL can hold.
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,500})(\.[0-9]{1,500})?")

data = type_coerce(v.c.data, JSONB)


@dataclass(frozen=True)
class Wanted:
    """Which versions of some tables are meant.

    Attributes:
        alternatives: what an index finds of them, besides the table.
        conditions: what no index finds: it is looked at in each version.
        needs_looking: whether so many versions may have to be looked at that it must be bounded.
    """

    alternatives: Alternatives
    conditions: list[ColumnElement[bool]]
    needs_looking: bool

    @classmethod
    def by(cls, filters: Filters) -> "Wanted":
        """The versions that the filters mean."""
        return cls(alternatives_of(filters), conditions_of(filters), filters.needs_looking)


def alternatives_of(filters: Filters) -> Alternatives:
    """What an index finds of the filters, besides the table."""
    if filters.key is None:
        return [[]]
    return [
        [v.c.row_key == filters.key, v.c.op.not_in(["T", "S"])],
        # The first alternative has it, where the key before is the key after.
        [v.c.old_key == filters.key, v.c.row_key != filters.key],
    ]


def conditions_of(filters: Filters) -> list[ColumnElement[bool]]:
    """What no index finds: it is looked at in each version."""
    found: list[ColumnElement[bool]] = []
    if filters.operations:
        found.append(OP.in_([LETTERS[word] for word in filters.operations]))
    if filters.no_actor:
        found.append(v.c.actor.is_(None))
    if filters.actor is not None:
        found.append(v.c.actor == filters.actor)
    if filters.login is not None:
        found.append(v.c.login == filters.login)
    if filters.since is not None:
        found.append(v.c.changed_at >= filters.since)
    if filters.until is not None:
        found.append(v.c.changed_at < filters.until)
    if filters.column is not None:
        found.append(of_column(filters.column, filters.old, filters.new))
    if filters.value is not None:
        found.append(of_any_column(filters.value))
    return found


def of_column(name: str, old: str | None, new: str | None) -> ColumnElement[bool]:
    """The column changed, or came or went with its row; from this value and to that one."""
    # The image of the row that holds the column at all; for an update only where it changed.
    image = case((OP == "U", OLD), (v.c.op.in_(["I", "B", "D"]), data))
    found = [cast(image, JSONB).has_key(name)]
    if old is not None:
        before = case((OP == "U", OLD.op("->")(name)), (v.c.op == "D", data.op("->")(name)))
        found.append(is_value(before, old))
    if new is not None:
        after = case((v.c.op.in_(["U", "I", "B"]), data.op("->")(name)))
        found.append(is_value(after, new))
    return and_(*found)


def of_any_column(value: str) -> ColumnElement[bool]:
    """Some column that the version shows held the value before or after."""
    image = case((OP == "U", OLD), (v.c.op.in_(["I", "B", "D"]), data))
    pairs = (column("key", Text), column("value", JSONB))
    each = func.jsonb_each(image).table_valued(*pairs, name="each")
    after = case((or_(v.c.op == "U", IS_MOVE), data.op("->")(each.c.key)))
    return (
        select(literal(1))
        .select_from(each)
        .where(or_(is_value(each.c.value, value), is_value(after, value)))
        .correlate(v)
        .exists()
    )


def is_value(found: ColumnElement[Any], given: str) -> ColumnElement[bool]:
    """Whether a value in JSON is what a person wrote.

    `NULL` is no value, a text in double quotes that text. A number is that number, with whatever
    zeros at its end. All else is a text, or the JSON of an array or object as PostgreSQL writes it.
    """
    if given == "NULL":
        return cast(found, Text) == "null"
    if (text := quoted(given)) is not None:
        return cast(found, JSONB) == func.to_jsonb(cast(text, Text))
    return is_written(found, given)


def is_written(found: ColumnElement[Any], given: str) -> ColumnElement[bool]:
    """Whether a value in JSON is this text, or this number with whatever zeros at its end."""
    as_text = found.op("#>>")(cast([], ARRAY(Text))) == given
    if NUMBER.fullmatch(given):
        number = func.to_jsonb(cast(literal(given, Text), NUMERIC))
        return or_(cast(found, JSONB) == number, as_text)
    return as_text


def quoted(given: str) -> str | None:
    """The text that stands in double quotes; None where none does."""
    if len(given) < 2 or given[0] != '"' or given[-1] != '"':
        return None
    try:
        text = json.loads(given, strict=False)
        text.encode()
    except (ValueError, AttributeError):
        return given[1:-1]
    return given[1:-1] if "\0" in text else str(text)
