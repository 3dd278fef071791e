"""The questions of the API, and the parameters of each.

The API goes by them: a parameter that is not here is refused. openapi.py describes them to others.
"""

from dataclasses import dataclass, replace
from typing import Any

from rowtrail.history.filters import LONGEST
from rowtrail.reader.problems import PROBLEMS
from rowtrail.reader.shapes import ID, OPERATION, TABLE_ID, Schema, many


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation.

    Attributes:
        name: as the URL has it.
        schema: what it may be.
        meaning: for people.
        example: one that can be meant.
        place: `query`, `path` or `header`.
        is_required: whether the operation needs it.
        may_be_empty: whether an empty text is something else than nothing.
    """

    name: str
    schema: Schema
    meaning: str
    example: Any = None
    place: str = "query"
    is_required: bool = False
    may_be_empty: bool = False

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be given more than once."""
        return self.schema.get("type") == "array"


@dataclass(frozen=True)
class Question:
    """A question that can be asked.

    Attributes:
        id: the endpoint of its view.
        path: under /api/v1.
        summary: in a few words.
        answer: the name of its answer's schema.
        parameters: of its path and its query.
        more: what else there is to say.
        is_file: whether the answer is a file, sent while it is read.
        is_open: whether everybody may ask it: nothing of the history is in it.
        is_feed: whether it is answered by a stream of events too.
    """

    id: str
    path: str
    summary: str
    answer: str = ""
    parameters: tuple[Parameter, ...] = ()
    more: str = ""
    is_file: bool = False
    is_open: bool = False
    is_feed: bool = False

    def query(self) -> dict[str, Parameter]:
        """The parameters of its query, by their names."""
        return {one.name: one for one in self.parameters if one.place == "query"}


def in_path(name: str, schema: Schema, meaning: str, example: Any) -> Parameter:
    return Parameter(name, schema, meaning, example, "path", is_required=True)


def required(parameter: Parameter) -> Parameter:
    return replace(parameter, is_required=True)


#: PostgreSQL has no text with the character NUL.
ANY_TEXT: Schema = {"type": "string", "pattern": "^[^\\u0000]*$"}
SOME_TEXT: Schema = {**ANY_TEXT, "minLength": 1, "maxLength": LONGEST}
PART: Schema = {"type": "string", "minLength": 1}
NOT_BLANK = r"^[^\u0000]*[^\u0000\s\u001c-\u001f\u0085][^\u0000]*$"
MOMENT: Schema = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}

TABLE = in_path("table_id", TABLE_ID, "The table's number, as `/tables` has it.", 1)
BEFORE = Parameter(
    "before", ID, "Only changes before this version. Not together with `after`.", 4700
)
AFTER = Parameter(
    "after", ID, "Only changes after this version, the oldest of them first found.", 100
)
CURSORS = (BEFORE, AFTER)
KEY = Parameter(
    "key",
    ANY_TEXT,
    "The row's key; of several columns a JSON array such as `[42, 1]`, however it is spaced.",
    "42",
    may_be_empty=True,
)
SINCE = Parameter(
    "since",
    MOMENT,
    "From then on. UTC where no offset is given; a day alone is its beginning.",
    "2026-11-24T15:30:00Z",
)
UNTIL = Parameter("until", MOMENT, "Before then; a day alone is to its end.", "2026-11-24")
FILTERS = (
    Parameter("op", many(OPERATION), "Of that kind; give it again for several.", ["update"]),
    Parameter("actor", SOME_TEXT, "By whom, as the application said.", "alice"),
    Parameter("no_actor", {"type": "string", "enum": ["1"]}, "Where nobody was named.", "1"),
    Parameter("login", SOME_TEXT, "By whom, as the database knows.", "shop"),
    SINCE,
    UNTIL,
    Parameter(
        "column",
        SOME_TEXT,
        "In which this column changed, or came or went with its row; by its name at that time.",
        "status",
    ),
    Parameter(
        "from",
        SOME_TEXT,
        "From this value of `column`, which has to be given too. `NULL` is no value; in double "
        "quotes it is a text.",
        "new",
    ),
    Parameter("to", SOME_TEXT, "To this value of `column`, as `from`.", "paid"),
    Parameter("value", SOME_TEXT, "In which any column held this, before or after.", "4711"),
    replace(
        KEY,
        schema=SOME_TEXT,
        meaning="Of this row; where its key changed, of both keys.",
        may_be_empty=False,
    ),
)
FORM = in_path(
    "form",
    {"type": "string", "enum": ["csv", "jsonl"]},
    "`jsonl`, which loses nothing, or `csv` for spreadsheets.",
    "jsonl",
)

IN_FULL = (
    "Oldest first, all of them, as one moment of the database: sent while it is read, and without "
    "an ETag. A line of JSON Lines is an `ExportedVersion`; CSV has a line for each changed column."
)

LOOKING = (
    "Newest first, 50 a page. A key, a table and a time are found by an index; for anything else "
    "up to about 100,000 versions are looked at, for some seconds at most, and `looked` says how "
    "far that was."
)

QUESTIONS = {
    one.id: one
    for one in (
        Question(
            "tables",
            "/tables",
            "The tables that are or were tracked",
            "Tables",
            (
                Parameter("name", PART, "With this in the name, in any case.", "ord"),
                Parameter("state", PART, "In this state.", "tracked"),
                Parameter(
                    "sort",
                    {"type": "string", "enum": ["name", "last", "activity"]},
                    "By name, which is the default, by the last change, or by what was recorded "
                    "in the last 30 days.",
                    "last",
                ),
            ),
        ),
        Question("table", "/tables/{table_id}", "A table", "TableWithColumns", (TABLE,)),
        Question(
            "table_changes",
            "/tables/{table_id}/changes",
            "The changes of a table",
            "TableChanges",
            (TABLE, *FILTERS, *CURSORS),
            LOOKING,
        ),
        Question(
            "table_export",
            "/tables/{table_id}/changes/export.{form}",
            "The changes of a table as a file",
            parameters=(TABLE, FORM, *FILTERS),
            more=IN_FULL,
            is_file=True,
        ),
        Question(
            "row",
            "/tables/{table_id}/row",
            "The history of a row",
            "Row",
            (TABLE, required(KEY), *CURSORS),
            "Newest first, 50 a page. Among the row's own versions stand the changes of its whole "
            "table that it was there for.",
        ),
        Question(
            "related",
            "/tables/{table_id}/related",
            "The changes of a row and of those that refer to it",
            "Related",
            (
                TABLE,
                required(KEY),
                Parameter(
                    "by",
                    many({"type": "string"}),
                    "Only those that refer by this foreign key, as `references` has it; give it "
                    "again for several.",
                    ["2.lines_order_id_fkey"],
                ),
                *CURSORS,
            ),
        ),
        Question(
            "version",
            "/tables/{table_id}/versions/{version_id}",
            "A version, whole",
            "Version",
            (TABLE, in_path("version_id", ID, "The version's id.", 4700)),
            "What it says of the row never changes; its table has its name of today.",
        ),
        Question(
            "compare",
            "/tables/{table_id}/compare",
            "The rows of two versions side by side",
            "Comparison",
            (
                TABLE,
                required(Parameter("a", ID, "The id of one version.", 100)),
                required(Parameter("b", ID, "The id of the other, of the same row or not.", 4700)),
            ),
            "By the columns of today. The earlier version is `old`, whichever it is of the two.",
        ),
        Question(
            "as_of",
            "/tables/{table_id}/as-of",
            "A table as it was, or one of its rows",
            "AsOf",
            (
                TABLE,
                Parameter(
                    "at", MOMENT, "At that time; without any boundary it is now.", "2026-11-24"
                ),
                Parameter(
                    "transaction",
                    {"type": "string", "pattern": "^[0-9]{1,9}-[0-9]{1,18}$"},
                    "After this transaction, its era and number.",
                    "1-4711",
                ),
                Parameter(
                    "snapshot",
                    {"type": "string", "pattern": "^[0-9]+:[0-9]+:[0-9,]*$"},
                    "As a query saw it that had this `pg_current_snapshot()`.",
                    "4711:4720:4713",
                ),
                Parameter(
                    "seal",
                    {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
                    "As this seal saw it, by its number.",
                    "17",
                ),
                replace(KEY, meaning="Only this row."),
                Parameter(
                    "after_key",
                    ANY_TEXT,
                    "Only rows with keys after this one.",
                    "42",
                    may_be_empty=True,
                ),
            ),
            "50 rows a page, by key. Columns have their names of that day.",
        ),
        Question(
            "changes",
            "/changes",
            "The changes of all tables",
            "Changes",
            (*FILTERS, *CURSORS),
            LOOKING,
        ),
        Question(
            "changes_export",
            "/changes/export.{form}",
            "The changes of all tables as a file",
            parameters=(FORM, *FILTERS),
            more=IN_FULL,
            is_file=True,
        ),
        Question(
            "transaction",
            "/transactions/{era}-{xid}",
            "What a transaction changed",
            "Transaction",
            (
                in_path("era", {"type": "integer", "minimum": 0}, "The era.", 1),
                in_path("xid", {"type": "integer", "minimum": 0}, "The number.", 4711),
                *CURSORS,
            ),
            "Oldest first, unlike all other pages, 50 a page.",
        ),
        Question(
            "actor",
            "/actor",
            "What an actor did",
            "Actor",
            (
                required(Parameter("name", SOME_TEXT, "Who.", "alice")),
                SINCE,
                UNTIL,
                *CURSORS,
            ),
            "In numbers, as far back as `deeds_looked` says, and a page of it, newest first.",
        ),
        Question(
            "search",
            "/search",
            "What is called so",
            "Search",
            (
                required(
                    Parameter(
                        "q",
                        {**SOME_TEXT, "pattern": NOT_BLANK},
                        "A row's key, an actor's name or a transaction's number.",
                        "42",
                    )
                ),
            ),
            "20 rows and 20 transactions at most.",
        ),
        Question(
            "integrity",
            "/integrity",
            "Whether the history is recorded, sealed and verified",
            "Integrity",
            (
                Parameter("before", ID, "Only seals before this one. Not with `after`.", 4700),
                Parameter("after", ID, "Only seals after this one.", 100),
            ),
            "Only for who reads all history. It is the database's own word: what it cannot say of "
            "itself, `rowtrail verify` finds out. The seals are newest first, 50 a page.",
        ),
        Question(
            "feed",
            "/feed",
            "Every committed version once, oldest first",
            "FeedPage",
            (
                Parameter(
                    "after",
                    {"type": "string", "pattern": "^(now|1\\.[0-9.:,-]+)$"},
                    "What was committed after this cursor; `now` for what is from now on; without "
                    "it, from the very beginning.",
                    "now",
                ),
                Parameter(
                    "most",
                    {"type": "integer", "minimum": 1, "maximum": 10000},
                    "So many versions at most; without it, 1000.",
                    100,
                ),
                Parameter(
                    "wait",
                    {"type": "integer", "minimum": 0, "maximum": 30},
                    "So many seconds, if there is none yet.",
                    30,
                ),
                Parameter(
                    "table", many(TABLE_ID), "Only of this table; give it again for several.", [1]
                ),
                Parameter(
                    "Last-Event-ID",
                    {"type": "string"},
                    "Of a stream of events: instead of `after`, as browsers do by themselves.",
                    place="header",
                ),
            ),
            "Go on with `cursor` as `after`. No version is left out because its transaction "
            "committed late. With `Accept: text/event-stream` each version is an event whose id is "
            "the cursor; the stream ends after a minute, and the client goes on in another. Few "
            "can wait or listen at once: a 503 says by `Retry-After` when to try again.",
            is_feed=True,
        ),
        Question("health", "/health", "Whether the history can be read", "Health", is_open=True),
        Question("openapi", "/openapi.json", "This document", "Document", is_open=True),
        Question(
            "problem",
            "/problems/{name}",
            "A kind of error",
            "ProblemKind",
            (
                in_path(
                    "name",
                    {"type": "string", "enum": [problem.name for problem in PROBLEMS]},
                    "The last part of its type.",
                    "not-in-the-history",
                ),
            ),
            is_open=True,
        ),
    )
}
