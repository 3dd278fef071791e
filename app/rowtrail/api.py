"""The same as JSON: each page's URL with .json. Numbers are exactly as PostgreSQL wrote them."""

from typing import Any

import simplejson
from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from rowtrail import comparing, history
from rowtrail.answers import (
    Change,
    Cursor,
    Field,
    Looked,
    Page,
    SchemaChange,
    Table,
    TableName,
    Value,
)
from rowtrail.config import check_schema, database, forget_schema
from rowtrail.pages import compared, cursor, row_key

api = Blueprint("api", __name__)

#: The kinds of values that are text and no JSON.
PLAIN = ("string", "definition", "statement")


@api.get("/tables/<int:table_id>/row.json")
def row(table_id: int) -> BaseResponse:
    check_schema()
    found = history.table(database.session(), table_id)
    key = row_key()
    try:
        page = history.row(database.session(), found, key, cursor())
    except history.NotThere:
        if other := history.canonical_key(database.session(), found, key):
            return redirect(url_for(".row", table_id=table_id, key=other))
        raise
    return exact(table=table_of(found), row_key=key, **page_of(page))


@api.get("/tables/<int:table_id>/compare.json")
def compare(table_id: int) -> Response:
    check_schema()
    found = history.table(database.session(), table_id)
    both = comparing.compare(database.session(), found, compared("a"), compared("b"))
    return exact(
        table=table_of(found),
        old=metadata_of(both.old),
        new=metadata_of(both.new),
        changes=[field_of(one) for one in both.changed],
        same=[one.column for one in both.same],
    )


@api.get("/tables/<int:table_id>/versions/<int:version_id>.json")
def version(table_id: int, version_id: int) -> Response:
    check_schema()
    found = history.version(database.session(), table_id, version_id)
    documents = {"data": found.data, "old": found.old, "verbatim": found.verbatim}
    return exact(
        **metadata_of(found.change), **{name: raw(said) for name, said in documents.items()}
    )


@api.get("/transactions/<int:era>-<int:xid>.json")
def transaction(era: int, xid: int) -> Response:
    check_schema()
    found = history.transaction(database.session(), era, xid, cursor())
    parts = [
        {"table": name_of(part.table), "operation": part.operation, "changes": part.changes}
        for part in found.parts
    ]
    return exact(
        era=found.era, xid=found.xid, parts=parts, has_more=found.has_more, **page_of(found.page)
    )


@api.get("/health.json")
def health() -> Response:
    forget_schema()
    check_schema()
    return exact(status="ok")


def exact(**content: Any) -> Response:
    """A response of JSON."""
    text = simplejson.dumps(content, use_decimal=True, ensure_ascii=False)
    return current_app.response_class(text + "\n", mimetype="application/json")


def raw(json_text: str | None) -> Any:
    """The server's own JSON, as it is: a parser would turn 1.50 into 1.5."""
    return None if json_text is None else simplejson.RawJSON(json_text)


def table_of(table: Table) -> dict[str, Any]:
    return {
        **name_of(table.name),
        "state": table.state,
        "mend": table.mend,
        "key_columns": table.key_columns,
        "excluded_columns": table.excluded_columns,
        "hashed_columns": table.hashed_columns,
        "ignored_columns": table.ignored_columns,
        "tracked_since": table.tracked_since.isoformat(),
        "tracked_by": table.tracked_by,
        "untracked_at": table.untracked_at and table.untracked_at.isoformat(),
        "url": url_for(".table", table_id=table.name.id),
    }


def name_of(table: TableName) -> dict[str, Any]:
    return {"id": table.id, "schema": table.schema, "name": table.name}


def page_of(page: Page) -> dict[str, Any]:
    return {
        "versions": [change_of(change) for change in page.changes],
        "older": place(page.older),
        "newer": place(page.newer),
        **({} if page.looked is None else {"looked": looked_of(page.looked)}),
    }


def looked_of(looked: Looked) -> dict[str, Any]:
    """How far versions were looked at: `versions` of them, back to `until`."""
    return {"versions": looked.versions, "until": looked.until.isoformat()}


def place(cursor: Cursor | None) -> str | None:
    """The URL of the page there, of the same question."""
    if cursor is None:
        return None
    arguments = {**(request.view_args or {}), **request.args.to_dict(flat=False)}
    arguments |= {"before": cursor.before, "after": cursor.after}
    # None that url_for would take for itself: _external, _scheme, endpoint.
    own = {
        name: value
        for name, value in arguments.items()
        if not name.startswith("_") and name != "endpoint"
    }
    return url_for(f".{(request.endpoint or '').removeprefix('api.')}", **own)


def change_of(change: Change) -> dict[str, Any]:
    """A version with the columns that changed; of a long value only an excerpt, by that name."""
    return {
        **metadata_of(change),
        "fields": [field_of(field) for field in change.fields],
        "columns": change.columns,
        **({} if change.event is None else {"event": event_of(change.event)}),
        **({} if change.moved is None else {"moved": list(change.moved)}),
    }


def event_of(event: SchemaChange) -> dict[str, Any]:
    """What a schema change was; its fields are the definitions of columns before and after."""
    return {
        "command": event.command,
        **value_of("statement", event.statement),
        "noticed_by": event.noticed_by,
        "table_dropped": event.is_dropped,
        "another_table": event.is_another_table,
        "rewritten": event.rewritten,
        "attached": event.attached,
        "detached": event.detached,
        "tracking": event.tracking,
        "options": [field_of(one) for one in event.options],
    }


def metadata_of(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "table": name_of(change.table),
        "operation": change.operation,
        "row_key": change.row_key,
        "old_key": change.old_key,
        "changed_at": change.changed_at.isoformat(),
        "era": change.era,
        "xid": change.xid,
        "actor": change.actor,
        "login": change.login,
        "context": raw(change.context),
        "url": url_for(".version", table_id=change.table.id, version_id=change.id),
    }


def field_of(field: Field) -> dict[str, Any]:
    return {
        "column": field.column,
        **value_of("old", field.old),
        **value_of("new", field.new),
    }


def value_of(side: str, value: Value | None) -> dict[str, Any]:
    """The value, as `old` or `new`; a long one as `old_excerpt` with its `old_length`."""
    if value is None:
        return {}
    if not value.is_whole:
        return {f"{side}_excerpt": value.text, f"{side}_length": value.length}
    return {side: value.text if value.kind in PLAIN else raw(value.text)}
