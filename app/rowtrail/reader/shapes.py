"""What the answers of the API look like: JSON Schema 2020-12, for openapi.py.

Each name in `SHAPES` is a schema of the OpenAPI document. api.py and its neighbours make the
answers; the tests hold the two together.
"""

from collections.abc import Collection
from typing import Any

from rowtrail.history.answers import OPERATIONS
from rowtrail.reader.problems import PROBLEMS

Schema = dict[str, Any]


def record(optional: Collection[str] = (), **properties: Schema) -> Schema:
    """An object that has these properties, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def said(schema: Schema, description: str) -> Schema:
    """The schema, with what it means."""
    return {**schema, "description": description}


TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
ID: Schema = {
    "type": "integer",
    "format": "int64",
    "minimum": -(2**63) + 1,
    "maximum": 2**63 - 1,
}
TABLE_ID: Schema = {"type": "integer", "format": "int32", "minimum": 1, "maximum": 2**31 - 1}
MOMENT: Schema = {"type": "string", "format": "date-time", "pattern": "Z$"}
LINK: Schema = {"type": "string", "format": "uri-reference"}
HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
OPERATION: Schema = {"type": "string", "enum": list(OPERATIONS.values())}
DOCUMENT: Schema = {"type": ["object", "null"]}
COUNTED_ALL = said(FLAG, "Whether all were counted. If not, counting stopped: there are more.")
ANY_VALUE = said(
    {},
    "A value of the column, as PostgreSQL wrote it into JSON. A number has all its digits: read it "
    "as a decimal if 1.50 and 1.5, or more than 17 digits, matter.",
)


def sides(*names: str) -> tuple[Schema, list[str], Schema]:
    """What a value is called, whole or cut; which of that may be left out; what goes together."""
    properties: Schema = {}
    for name in names:
        properties[name] = ANY_VALUE
        properties[f"{name}_excerpt"] = said(
            TEXT, "The beginning of a value too long for a list; of any but a text, its JSON."
        )
        properties[f"{name}_length"] = said(COUNT, "How many characters the whole value has.")
    together = {
        "dependentRequired": {
            **{f"{name}_excerpt": [f"{name}_length"] for name in names},
            **{f"{name}_length": [f"{name}_excerpt"] for name in names},
        }
    }
    return properties, list(properties), together


def valued(first: Schema, *names: str) -> Schema:
    """An object with values that may be left out, or cut."""
    properties, optional, together = sides(*names)
    return {**record(optional, **first, **properties), **together}


NAME: Schema = {
    "id": said(TABLE_ID, "Its number in rowtrail.tables."),
    "schema": said(TEXT, "As SQL writes it: in double quotes where it needs them."),
    "name": said(TEXT, "Its name of today, or the last one it had; as SQL writes it."),
}

TABLE: Schema = {
    **NAME,
    "state": said(
        TEXT,
        "`tracked`, `untracked`, `dropped`, or in a few words what is wrong with its triggers.",
    ),
    "mend": said(nullable(TEXT), "The SQL that mends the state, where there is something to mend."),
    "key_columns": said(
        many(TEXT), "The columns that tell its rows apart; empty for the whole row."
    ),
    "excluded_columns": said(many(TEXT), "Those of which nothing is recorded."),
    "hashed_columns": said(many(TEXT), "Those of which a salted hash is recorded."),
    "ignored_columns": said(many(TEXT), "Those that make no version when only they change."),
    "erasable": said(FLAG, "Whether values of its versions can be erased, and the rest verified."),
    "kept": said(nullable(TEXT), "For how long its history is kept; null for ever."),
    "complete_from": said(
        nullable(MOMENT), "What was not needed since then was taken out; null where nothing was."
    ),
    "lacks_before": said(
        nullable(MOMENT),
        "With a history database: what was not needed since then was taken out of that as well; "
        "null where nothing was, or where it was not asked yet.",
    ),
    "tracked_since": MOMENT,
    "tracked_by": said(TEXT, "The login that began it."),
    "untracked_at": nullable(MOMENT),
    "changes_url": said(LINK, "Its changes."),
}

METADATA: Schema = {
    "id": said(
        ID, "Of the version. A row's versions, and a table's, are in the order of their ids."
    ),
    "table": ref("TableName"),
    "operation": OPERATION,
    "row_key": said(
        TEXT,
        "The row's key: its value as text, or a JSON array for a key of several columns. Empty "
        "where the change is of the whole table (`truncate`, `schema`).",
    ),
    "old_key": said(nullable(TEXT), "The key before, where an update changed it."),
    "changed_at": said(MOMENT, "When it was recorded, by the server's clock."),
    "era": said(COUNT, "Which life of the cluster `xid` belongs to; it grows with a restore."),
    "xid": said({"type": "string", "pattern": "^[0-9]+$"}, "The transaction's number, 64 bits."),
    "actor": said(nullable(TEXT), "Who the application says it was."),
    "login": said(TEXT, "Who the database knows it was."),
    "context": said(DOCUMENT, "What the writer chose to say, such as a `reason`."),
    "erased": said(
        nullable(many(TEXT)),
        "The places of values that were erased since, such as `data.email` or `row_key`; there is "
        "a null, or for a key `erased:` and the erasure's number.",
    ),
    "url": said(LINK, "The whole version."),
}

MOVED = record(**{"from": nullable(TEXT), "to": nullable(TEXT)})

PAGE: Schema = {
    "changes": said(
        many(ref("Change")), "At most 50; of a row, some of its table may stand among them."
    ),
    "older": said(nullable(LINK), "The page with those before; null where there are none."),
    "newer": said(nullable(LINK), "The page with those after; null where there are none."),
    "looked": ref("Looked"),
}

FILTER_TEXTS = ("key", "actor", "login", "column", "from", "to", "value")

DEEDS: Schema = {
    "deeds": said(many(ref("Deed")), "What the actor did, most first."),
    "deeds_looked": ref("Looked"),
}

SHAPES: Schema = {
    "TableName": record(**NAME),
    "Table": record(**TABLE),
    "TableWithColumns": record(
        **TABLE, columns=said(many(TEXT), "Its columns by their names of today, in their order.")
    ),
    "Tables": record(
        database=said(TEXT, "The database's name."),
        tables=many(
            record(
                **TABLE,
                version_count=COUNT,
                counted_all=COUNTED_ALL,
                last_change=nullable(ref("ChangeMetadata")),
                activity=record(
                    first_day={"type": "string", "format": "date"},
                    version_counts=said(many(COUNT), "Of each day from then on (UTC), to today."),
                    counted_all=COUNTED_ALL,
                ),
            )
        ),
    ),
    "ChangeMetadata": record(**METADATA),
    "Change": record(
        **METADATA,
        fields=said(
            many(ref("Field")),
            "An update: the columns that changed. Insert, baseline, delete: the row. A schema "
            "change: the definitions of the columns that changed. At most 100.",
        ),
        field_count=said(COUNT, "How many fields there really are."),
        event=said(nullable(ref("SchemaEvent")), "Of a schema change, what it was."),
        moved=said(
            nullable(MOVED),
            "Of an update that moved the row to another partition: from which, to which; null for "
            "one that has no name any more.",
        ),
    ),
    "Field": said(
        valued({"column": TEXT}, "old", "new"),
        "A column before (`old`) and after (`new`). A side that is missing is no value at all, "
        "which is not a null: there was no row, or no such column.",
    ),
    "SchemaEvent": valued(
        {
            "command": said(nullable(TEXT), "PostgreSQL's tag, such as ALTER TABLE."),
            "noticed_by": said(nullable(TEXT), "What noticed it, where it was recorded late."),
            "table_dropped": FLAG,
            "another_table": said(FLAG, "From here on it is another table of the same name."),
            "rewritten": said(
                many(TEXT), "Columns of which rows may hold other values from then on."
            ),
            "attached": said(many(TEXT), "Partitions that came with their rows."),
            "detached": said(many(TEXT), "Partitions that left with their rows."),
            "tracking": said(
                {"enum": ["ended", "begun again", None]},
                "What became of it; null where it went on.",
            ),
            "options": said(
                many(valued({"option": TEXT}, "old", "new")),
                "Those of `rowtrail.track()` that are others from then on, as text.",
            ),
            "erasure": said(
                nullable(
                    record(
                        row_key=said(
                            nullable(TEXT), "Of the row; `erased:` and a number if it was, too."
                        ),
                        columns=many(TEXT),
                        version_count=COUNT,
                        unverified_count=said(COUNT, "Those that no seal speaks for any more."),
                    )
                ),
                "Where values of a row were erased from its history, which.",
            ),
            "retirement": said(
                nullable(record(until=MOMENT, version_count=COUNT)),
                "Where versions of before a time that were not needed since were taken out of "
                "the history, how many.",
            ),
        },
        "statement",
    ),
    "Version": record(
        **METADATA,
        data=said(DOCUMENT, "The row after the change; of a delete the row that went."),
        old=said(DOCUMENT, "What the columns that changed held before."),
        verbatim=said(DOCUMENT, "The text of `json` columns that `data` would not give back."),
    ),
    "Looked": {
        **nullable(record(version_count=COUNT, until=MOMENT)),
        "description": (
            "Null where all was looked at. Else about so many versions were looked at, back to "
            "that time: what is beyond is not known from this answer; `older` or `newer` goes on."
        ),
    },
    "Filters": said(
        record(
            (*FILTER_TEXTS, "op", "no_actor", "since", "until"),
            **dict.fromkeys(FILTER_TEXTS, TEXT),
            op=many(OPERATION),
            no_actor={"const": "1"},
            since=MOMENT,
            until=MOMENT,
        ),
        "The filters that hold, as they were understood.",
    ),
    "Changes": record(filters=ref("Filters"), **PAGE),
    "TableChanges": record(table=ref("Table"), filters=ref("Filters"), **PAGE),
    "Row": record(table=ref("Table"), row_key=TEXT, **PAGE),
    "Related": record(
        table=ref("Table"),
        row_key=TEXT,
        references=many(
            record(
                name=said(TEXT, "For `by`."),
                table=said(ref("TableName"), "Whose foreign key it is."),
                columns=many(TEXT),
                chosen=said(FLAG, "Whether the rows that refer by it are meant."),
            )
        ),
        **PAGE,
    ),
    "Comparison": record(
        table=ref("Table"),
        old=said(ref("ChangeMetadata"), "The earlier of the two."),
        new=ref("ChangeMetadata"),
        fields=said(many(ref("Field")), "The columns that differ."),
        same=said(many(TEXT), "The columns that do not."),
    ),
    "AsOf": record(
        table=ref("Table"),
        as_of=said(
            record(("at", "transaction", "snapshot"), at=MOMENT, transaction=TEXT, snapshot=TEXT),
            "The boundary; where none was given, now.",
        ),
        moment=said(nullable(MOMENT), "The time of the boundary; null for a snapshot."),
        rows=many(
            record(
                row_key=TEXT,
                version_id=said(ID, "The newest version that it had."),
                changed_at=MOMENT,
                columns=many(valued({"column": TEXT}, "value")),
            )
        ),
        next=said(nullable(LINK), "The page with the rows after these, as of the same boundary."),
        earlier=said(nullable(ref("ChangeMetadata")), "The last change that counted."),
        later=said(nullable(ref("ChangeMetadata")), "The first change that did not."),
    ),
    "Transaction": record(
        era=COUNT,
        xid=METADATA["xid"],
        parts=many(record(table=ref("TableName"), operation=OPERATION, change_count=COUNT)),
        counted_all=COUNTED_ALL,
        **PAGE,
    ),
    "Deed": record(
        table=ref("TableName"),
        login=TEXT,
        operation=OPERATION,
        change_count=COUNT,
        first=MOMENT,
        last=MOMENT,
    ),
    "Actor": record(actor=TEXT, filters=ref("Filters"), **DEEDS, **PAGE),
    "Search": record(
        q=TEXT,
        rows=said(many(ref("ChangeMetadata")), "The last change of each row with that key."),
        transactions=said(
            many(ref("ChangeMetadata")), "A change of each transaction with that number."
        ),
        **DEEDS,
    ),
    "ExportedVersion": said(
        record(
            **{name: METADATA[name] for name in ("id", "changed_at")},
            table_id=TABLE_ID,
            table=said(TEXT, "Its schema and name, as SQL writes them."),
            **{name: METADATA[name] for name in ("operation", "row_key", "old_key", "actor")},
            **{name: METADATA[name] for name in ("login", "era", "xid", "context")},
            data=DOCUMENT,
            old=DOCUMENT,
            verbatim=DOCUMENT,
            moved=nullable(MOVED),
            erased=METADATA["erased"],
        ),
        "A line of an export as JSON Lines: a whole version.",
    ),
    "Finding": said(
        record(
            part=said(TEXT, "Of what: `table`, `role`, `grant`, `function`, `seal`, `rows` …"),
            object=said(TEXT, "Which."),
            problem=said(TEXT, "What is wrong with it."),
            mend=said(nullable(TEXT), "What mends it, where that can be said."),
            is_fault=said(FLAG, "Whether it is wrong; else it is only worth knowing."),
        ),
        "Something that is not as it must be. Of each text at most 1,000 characters.",
    ),
    "Verification": said(
        record(
            id=ID,
            begun_at=MOMENT,
            done_at=MOMENT,
            login=said(TEXT, "Who ran it."),
            fault_count=COUNT,
            note_count=said(COUNT, "Findings that are only worth knowing."),
            seal_count=said(COUNT, "Seals that were compared with their versions."),
            table_count=said(COUNT, "Tables that were compared with their history."),
            digest_count=said(COUNT, "Digests, kept elsewhere, that were looked for."),
            left_out=said(
                many({"enum": ["rows", "other tables", "seals", "earlier seals"]}),
                "What was not looked at.",
            ),
            findings=said(many(ref("Finding")), "The first 100, faults first."),
        ),
        "What a run of `rowtrail verify` found.",
    ),
    "Integrity": record(
        ("history_database",),
        history_database=ref("HistoryDatabase"),
        database=said(TEXT, "The database's name."),
        recording=record(
            table_count=said(COUNT, "Tables that are tracked."),
            faulty_table_count=said(COUNT, "Tables that are not recorded as they must be."),
            stale_table_count=said(
                COUNT, "Tables whose triggers are out of date: all is recorded, only slower."
            ),
            is_guarded=said(FLAG, "Whether what would stop the recording is refused."),
            records_schema_changes=said(FLAG, "Whether they are recorded as they happen."),
            default_partition_version_count=said(
                COUNT, "Versions of months for which there is no partition."
            ),
            counted_all=COUNTED_ALL,
        ),
        contract=said(
            record(
                fault_count=COUNT,
                note_count=COUNT,
                findings=said(many(ref("Finding")), "The first 100, faults first."),
            ),
            "What `rowtrail.verify()` finds just now.",
        ),
        sealing=record(
            last_seal=said(nullable(ID), "Its number; null where there is none."),
            sealed_at=nullable(MOMENT),
            hash=nullable(HASH),
            is_new_life=said(
                FLAG, "Whether the database came into another cluster since its last seal."
            ),
            unsealed_version_count=said(
                nullable(COUNT), "Versions that no seal has yet; null in a new life."
            ),
            counted_all=COUNTED_ALL,
            oldest_unsealed_at=nullable(MOMENT),
        ),
        digest=said(
            nullable(record(seal=ID, text=TEXT, hash=HASH)),
            "Of the last seal, as `rowtrail digest` prints it.",
        ),
        verifications=said(
            many(ref("Verification")),
            "The newest 5, and the last one that left nothing out.",
        ),
        seals=many(
            record(
                seal=ID,
                sealed_at=MOMENT,
                version_count=COUNT,
                ends_era=said(FLAG, "Whether it is the last of a life of the cluster."),
                hash=HASH,
            )
        ),
        older=said(nullable(LINK), "The page with the seals before; null where there are none."),
        newer=said(nullable(LINK), "The page with those after; null where there are none."),
    ),
    "FeedVersion": record(
        cursor=said(TEXT, "Where to go on after it."),
        is_whole=said(FLAG, "Whether with it no transaction has come in part."),
        id=ID,
        table_id=TABLE_ID,
        table=said(TEXT, "Its name of today, with its schema, as SQL writes it."),
        op=OPERATION,
        row_key=said(TEXT, "The row's key; empty where it is of the whole table."),
        old_key=said(nullable(TEXT), "The key before, where it changed or the row was moved."),
        data=said(
            DOCUMENT,
            "The row after the change, or before it was deleted; of a schema "
            "change, what was changed.",
        ),
        old=said(DOCUMENT, "Of an update what the changed columns held before."),
        verbatim=said(DOCUMENT, "The text of json columns, where `data` would not give it back."),
        changed_at=MOMENT,
        actor=nullable(TEXT),
        login=TEXT,
        transaction=said(TEXT, "Its era and number."),
        context=DOCUMENT,
        is_superseded=said(FLAG, "Of a baseline: a later version of the row has come already."),
        erased=nullable(many(TEXT)),
    ),
    "FeedPage": record(
        versions=many(ref("FeedVersion")),
        cursor=said(TEXT, "Where to go on, whether or not there were any."),
        is_whole=said(FLAG, "Whether no transaction has come in part."),
        has_more=said(FLAG, "Whether there is more already."),
    ),
    "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
    "Health": record(
        ("history_database",), status={"const": "ok"}, history_database=ref("HistoryDatabase")
    ),
    "HistoryDatabase": said(
        record(
            readable=FLAG,
            trouble=said(nullable(TEXT), "Why it cannot be read; null where it can."),
            last_seal=said(nullable(ID), "The last seal that is there."),
            sealed_at=nullable(MOMENT),
            seals_behind=said(nullable(COUNT), "The seals that are not there yet."),
            seconds_behind=said(
                nullable({"type": "number", "minimum": 0}),
                "For how long the first of these has been waiting.",
            ),
        ),
        "How far the history is in the history database; only where one is named.",
    ),
    "ProblemKind": record(
        type=LINK,
        title={"enum": [problem.title for problem in PROBLEMS]},
        status={"type": "integer"},
        meaning=TEXT,
    ),
    "Problem": said(
        record(
            type=said(LINK, "Which kind of error it is; at this URL it is explained."),
            title=said(TEXT, "The same at every occurrence of the kind."),
            status={"type": "integer", "minimum": 400, "maximum": 599},
            detail=said(TEXT, "One line: what is wrong, the value, the mend."),
            instance=said(LINK, "The path that was asked for."),
        ),
        "An error, as RFC 9457 has it.",
    ),
}

#: The answers that older history can be missing from, where there is a history database.
for name in (
    *("Tables", "TableWithColumns", "Changes", "TableChanges", "Row", "Related", "Comparison"),
    *("AsOf", "Transaction", "Actor", "Search", "Version", "Integrity", "Health"),
):
    SHAPES[name]["properties"]["incomplete"] = said(
        TEXT, "Only where older history is missing from the answer: why, in a line."
    )
