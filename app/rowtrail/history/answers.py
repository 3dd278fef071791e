"""What history answers with: plain values, the same for the pages and for JSON."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: The words for the letters in rowtrail.versions.op.
OPERATIONS = {
    "I": "insert",
    "U": "update",
    "D": "delete",
    "T": "truncate",
    "B": "baseline",
    "S": "schema",
}


@dataclass(frozen=True)
class Value:
    """A value of a column, as PostgreSQL wrote it into the version.

    Attributes:
        kind: string, number, boolean, null, array or object; erased, where there was one.
        text: for a string its characters, else its JSON; at most the first `EXCERPT` characters.
        length: the number of characters that it really has.
    """

    kind: str
    text: str
    length: int

    @property
    def is_whole(self) -> bool:
        """Whether `text` is all of it."""
        return len(self.text) == self.length


@dataclass(frozen=True)
class Field:
    """One column of a change: before and after. None is no value at all, not a NULL."""

    column: str
    old: Value | None
    new: Value | None

    @classmethod
    def of(cls, operation: str, column: str, *excerpts: Any) -> "Field":
        """From the kind, text and length of one value or, for an update, of two."""
        first = Value(*excerpts[:3])
        if operation == "update":
            return cls(column, first, Value(*excerpts[3:]) if excerpts[3] is not None else None)
        return cls(column, first, None) if operation == "delete" else cls(column, None, first)

    @property
    def same_excerpt(self) -> bool:
        """Whether two long values look alike here, since they differ only later."""
        if self.old is None or self.new is None or (self.old.is_whole and self.new.is_whole):
            return False
        return (self.old.kind, self.old.text) == (self.new.kind, self.new.text)


@dataclass(frozen=True)
class TableName:
    """A tracked table, by its number in the registry and its name as of now, quoted as in SQL."""

    id: int
    schema: str
    name: str

    @classmethod
    def of(cls, row: Any) -> "TableName":
        """From a row of a query."""
        return cls(row.table_id, row.table_schema, row.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Erasure:
    """Values of a row that were erased from its history.

    Attributes:
        key: of the row, as its newest version has it: `erased:N` where it was erased too; None
            where that version is gone.
        columns: the columns of which values were erased.
        versions: of so many versions.
        unverified: of so many of them the seals say nothing any more.
    """

    key: str | None
    columns: list[str]
    versions: int
    unverified: int


@dataclass(frozen=True)
class Retirement:
    """What was retired of a table's history.

    Attributes:
        until: what was recorded before it, and was not needed since (UTC).
        versions: so many.
    """

    until: datetime
    versions: int


@dataclass(frozen=True)
class SchemaChange:
    """What a schema change was, besides the columns that it changed.

    Attributes:
        command: PostgreSQL's tag, as ALTER TABLE; None where it was noticed late.
        statement: the query that the client sent; None where it was noticed late.
        noticed_by: what noticed it late; None where it was recorded as it happened.
        is_dropped: whether the table went.
        is_another_table: whether it is another one from here on, under the same name: made anew, or
            restored from a dump.
        rewritten: the columns of which rows may hold values that no version says: it may have
            changed them, or they were ignored until then.
        attached: the partitions that came with it, by name; their rows have no versions yet.
        detached: the partitions that are the table's no longer; their rows left it with them.
        tracking: ended, or begun again; None where it went on.
        options: of `rowtrail.track()` those that are others from here on, as definitions.
        erasure: where values of a row were erased from its history, which.
        retirement: where a part of the history was retired, which.
    """

    command: str | None
    statement: Value | None
    noticed_by: str | None
    is_dropped: bool
    is_another_table: bool
    rewritten: list[str]
    attached: list[str]
    detached: list[str]
    tracking: str | None = None
    options: list[Field] = field(default_factory=list)
    erasure: Erasure | None = None
    retirement: Retirement | None = None


@dataclass(frozen=True)
class Change:
    """One version: what changed, when, and who did it.

    Attributes:
        operation: insert, update, delete, truncate, baseline or schema.
        actor: who the application says it was; None where it named nobody.
        login: who the database knows it was.
        context: the JSON of what the writer chose to say; None where it said nothing.
        fields: the columns that changed; for insert and baseline the row, for delete the row that
            went. At most `FIELDS` of them.
        columns: how many there really are.
        event: of a schema change, what it was; its fields are the definitions of the columns.
        moved: of an update that moved the row to another partition, the one from which and the one
            to which it did, by their names of today; None for one that bears no name any more.
        erased: the places of values that were erased since, as `data.email`; None for none.
    """

    id: int
    table: TableName
    operation: str
    row_key: str
    old_key: str | None
    changed_at: datetime
    era: int
    xid: str
    actor: str | None
    login: str
    context: str | None
    fields: list[Field] = field(default_factory=list)
    columns: int = 0
    event: SchemaChange | None = None
    moved: tuple[str | None, str | None] | None = None
    erased: list[str] | None = None

    @property
    def author(self) -> tuple[str | None, str, str | None]:
        """Who it was, and what they said."""
        return self.actor, self.login, self.context

    @property
    def imported_from(self) -> str | None:
        """The tool that had recorded it; None where rowtrail did."""
        if self.era > 0:
            return None
        said = json.loads(self.context or "{}").get("imported")
        return str(said.get("from")) if isinstance(said, dict) else "elsewhere"

    @property
    def is_mere_event(self) -> bool:
        """Whether it is a schema change that no row went with."""
        return self.operation == "schema" and not (
            self.event and (self.event.is_dropped or self.event.detached)
        )

    @classmethod
    def of(cls, row: Any) -> "Change":
        """From a row of a query, with or without the columns that changed."""
        operation = OPERATIONS[row.op]
        return cls(
            id=row.id,
            table=TableName.of(row),
            operation=operation,
            row_key=row.row_key,
            old_key=row.old_key,
            changed_at=row.changed_at,
            era=row.era,
            xid=row.xid,
            actor=row.actor,
            login=row.login,
            context=row.context,
            fields=[Field.of(operation, *one) for one in getattr(row, "fields", None) or ()],
            columns=getattr(row, "columns", None) or 0,
            moved=None if row.moved is None else (row.moved[0], row.moved[1]),
            erased=row.erased,
        )


@dataclass(frozen=True)
class WholeVersion:
    """A version with nothing left out; the documents are the server's own JSON.

    Attributes:
        data: the row after the change.
        old: what the changed columns held before.
        verbatim: the text of the json columns that `data` would not give back.
    """

    change: Change
    data: str | None
    old: str | None
    verbatim: str | None


@dataclass(frozen=True)
class Table:
    """A table that is or was tracked.

    Attributes:
        state: tracked, untracked, dropped, shipped (in a history database), or what is wrong
            with its triggers.
        mend: the SQL that mends the state, where there is something to mend.
        retention: for how long its history is kept; None for ever.
        complete_from: what was not needed since then was retired (UTC); None where nothing was.
    """

    name: TableName
    state: str
    mend: str | None
    key_columns: list[str]
    excluded_columns: list[str]
    hashed_columns: list[str]
    ignored_columns: list[str]
    is_erasable: bool
    retention: str | None
    complete_from: datetime | None
    tracked_since: datetime
    tracked_by: str
    untracked_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> "Table":
        """From a row of a query."""
        return cls(
            name=TableName.of(row),
            state=row.state,
            mend=row.mend,
            key_columns=row.key_columns,
            excluded_columns=row.excluded_columns,
            hashed_columns=row.hashed_columns,
            ignored_columns=row.ignored_columns,
            is_erasable=row.is_erasable,
            retention=row.retention,
            complete_from=row.complete_from,
            tracked_since=row.tracked_since,
            tracked_by=row.tracked_by,
            untracked_at=row.untracked_at,
        )


@dataclass(frozen=True)
class TableSummary:
    """A table in the list of all: how much history it has, up to `COUNTED`, and its last change."""

    table: Table
    versions: int
    has_more: bool
    last: Change | None


@dataclass(frozen=True)
class Cursor:
    """Where in a history a page begins: before or after a version, or at its natural beginning."""

    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class Looked:
    """How far the versions of a filtered page were looked at, where that is not to the end.

    Attributes:
        versions: about how many, at most.
        until: the time of the last of them (UTC).
    """

    versions: int
    until: datetime


@dataclass(frozen=True)
class Page:
    """Some versions, and whether there are more on either side.

    Attributes:
        changes: in the order in which they are shown.
        older: the cursor of the page with the versions before these; None when there are none.
        newer: the same for those after.
        looked: how far they were looked for, where the page is not full for that reason.
    """

    changes: list[Change]
    older: Cursor | None
    newer: Cursor | None
    looked: Looked | None = None


@dataclass(frozen=True)
class Part:
    """How many changes of one kind a transaction made in one table."""

    table: TableName
    operation: str
    changes: int


@dataclass(frozen=True)
class Transaction:
    """What one transaction changed: all of it in numbers, up to `COUNTED`, and a page of it."""

    era: int
    xid: str
    parts: list[Part]
    has_more: bool
    page: Page


@dataclass(frozen=True)
class Deed:
    """How often an actor did one kind of thing to one table, by one login.

    Attributes:
        table: by its name of today.
        login: who the database knows it was.
        operation: one of the words in `OPERATIONS`.
        changes: how many.
        first: when it was done first (UTC), as far as was looked.
        last: when it was done last (UTC).
    """

    table: TableName
    login: str
    operation: str
    changes: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Deeds:
    """What an actor did, and how far back that was looked for; None is to the beginning."""

    deeds: list[Deed]
    looked: Looked | None
