"""The same as JSON, at two families of URLs: each page's own with .json, and those under /api/v1.

One view answers in both, and its links stay in the family in which it was asked. Numbers are
exactly as PostgreSQL wrote them. questions.py has the parameters, shapes.py the answers' forms.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

import simplejson
from flask import Blueprint, Response, abort, current_app, g, request, url_for

from rowtrail.history import comparing, places
from rowtrail.history.answers import (
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
from rowtrail.history.filters import written_moment
from rowtrail.history.older import older_of
from rowtrail.reader import openapi, problems
from rowtrail.reader.config import check_schema, check_schema_now, database
from rowtrail.reader.pages import compared, cursor, lacks_before, row_key
from rowtrail.reader.questions import QUESTIONS

#: Each page's URL with .json.
twins = Blueprint("api", __name__)

v1 = Blueprint("v1", __name__, url_prefix=problems.API)

FAMILIES = (twins, v1)

#: The kinds of values that are text and no JSON.
PLAIN = ("string", "definition", "statement")

View = TypeVar("View", bound=Callable[..., Response])


def answers(
    place: str, page: str | None = "", endpoint: str | None = None
) -> Callable[[View], View]:
    """Registers a view, which questions.py has under the name of its endpoint.

    Args:
        place: its rule under /api/v1.
        page: the rule of the page that shows the same, if it is another one; None if none does.
        endpoint: its name, if that is not the function's.
    """

    def register(view: View) -> View:
        v1.get(place, endpoint=endpoint)(view)
        if page is not None:
            twins.get(f"{page or place}.json", endpoint=endpoint)(view)
        return view

    return register


@twins.before_request
@v1.before_request
def refuse_what_would_not_hold() -> None:
    """A filter that is misspelt, given twice or empty would answer with more than is meant."""
    known = QUESTIONS[(request.endpoint or "").rpartition(".")[2]].query()
    # A page's URL may name a zone, and JSON is in UTC whatever it is.
    ignored = {"tz"} if request.blueprint == twins.name else set()
    for name, values in request.args.lists():
        if name in ignored:
            continue
        if name not in known:
            abort(
                400,
                f"there is no parameter {name[:80]!r} here; "
                f"there are: {', '.join(known) or 'none at all'}",
            )
        if len(values) > 1 and not known[name].is_repeatable:
            abort(400, f"{name} is given {len(values)} times; give it once")
        # A page's form sends what nobody filled in.
        if "" in values and not known[name].may_be_empty and request.blueprint == v1.name:
            abort(400, f"{name} is empty; give it a value, or leave it out")


@twins.after_request
@v1.after_request
def let_be_compared(response: Response) -> Response:
    """Gives the answer an ETag, and answers 304 to who has it already."""
    if response.status_code == 200 and not response.is_streamed:
        etag = sha256(response.get_data()).hexdigest()
        response.set_etag(etag)
        if request.if_none_match.contains_weak(etag):
            response.status_code = 304
            response.set_data(b"")
    return response


@answers("/tables/<int:table_id>/row")
def row(table_id: int) -> Response:
    check_schema()
    found = places.table(database.session(), table_id)
    key = row_key()
    key = places.canonical_key(database.session(), found, key) or key
    page = places.row(database.session(), found, key, cursor())
    return exact(table=table_of(found), row_key=key, **page_of(page))


@answers("/tables/<int:table_id>/compare")
def compare(table_id: int) -> Response:
    check_schema()
    found = places.table(database.session(), table_id)
    both = comparing.compare(database.session(), found, compared("a"), compared("b"))
    return exact(
        table=table_of(found),
        old=metadata_of(both.old),
        new=metadata_of(both.new),
        fields=[field_of(one) for one in both.changed],
        same=[one.column for one in both.same],
    )


@answers("/tables/<int:table_id>/versions/<int(signed=True):version_id>")
def version(table_id: int, version_id: int) -> Response:
    check_schema()
    found = places.version(database.session(), table_id, version_id)
    documents = {"data": found.data, "old": found.old, "verbatim": found.verbatim}
    return exact(
        **metadata_of(found.change), **{name: raw(said) for name, said in documents.items()}
    )


@answers("/transactions/<int:era>-<int:xid>")
def transaction(era: int, xid: int) -> Response:
    check_schema()
    found = places.transaction(database.session(), era, xid, cursor())
    parts = [
        {"table": name_of(part.table), "operation": part.operation, "change_count": part.changes}
        for part in found.parts
    ]
    return exact(
        era=found.era,
        xid=found.xid,
        parts=parts,
        counted_all=not found.has_more,
        **page_of(found.page),
    )


@answers("/health")
def health() -> Response:
    check_schema_now()
    return exact(status="ok", **shipped_to())


@answers("/openapi.json", page=None, endpoint="openapi")
def description() -> Response:
    return exact(**openapi.document(request.script_root + problems.API))


@answers("/problems/<name>", page=None)
def problem(name: str) -> Response:
    found = [one for one in problems.PROBLEMS if one.name == name]
    if not found:
        abort(404, f"no problem is called {name[:80]!r}")
    return exact(**found[0].explained())


def shipped_to() -> dict[str, Any]:
    """How far the history is in the history database, where one is named."""
    older = older_of(database.session())
    if older is None:
        return {}
    shipped = older.shipped()
    return {
        "history_database": {
            "readable": shipped.trouble is None,
            "trouble": shipped.trouble,
            "last_seal": shipped.seal,
            "sealed_at": time_of(shipped.sealed_at),
            "seals_behind": shipped.seals_behind,
            "seconds_behind": shipped.seconds_behind,
        }
    }


def exact(**content: Any) -> Response:
    """A response of JSON."""
    if why := g.get("incomplete"):
        content["incomplete"] = why
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
        "erasable": table.is_erasable,
        "kept": table.retention,
        "complete_from": time_of(table.complete_from),
        "lacks_before": time_of(lacks_before(table)),
        "tracked_since": written_moment(table.tracked_since),
        "tracked_by": table.tracked_by,
        "untracked_at": time_of(table.untracked_at),
        "changes_url": url_for(".table_changes", table_id=table.name.id),
    }


def name_of(table: TableName) -> dict[str, Any]:
    return {"id": table.id, "schema": table.schema, "name": table.name}


def page_of(page: Page) -> dict[str, Any]:
    return {
        "changes": [change_of(change) for change in page.changes],
        "older": place(page.older),
        "newer": place(page.newer),
        "looked": looked_of(page.looked),
    }


def looked_of(looked: Looked | None) -> dict[str, Any] | None:
    """How far versions were looked at; None where that is to the end."""
    if looked is None:
        return None
    return {"version_count": looked.versions, "until": written_moment(looked.until)}


def time_of(moment: datetime | None) -> str | None:
    return None if moment is None else written_moment(moment)


def place(cursor: Cursor | None) -> str | None:
    """The URL of the page there, of the same question."""
    return None if cursor is None else here(before=cursor.before, after=cursor.after)


def here(**changed: Any) -> str:
    """The URL of this question with other parameters; one that is None is left out."""
    asked = {**(request.view_args or {}), **request.args.to_dict(flat=False), **changed}
    return url_for(request.endpoint or "", **asked)


def change_of(change: Change) -> dict[str, Any]:
    """A version with the columns that changed; of a long value only an excerpt, by that name."""
    return {
        **metadata_of(change),
        "fields": [field_of(field) for field in change.fields],
        "field_count": change.columns,
        "event": None if change.event is None else event_of(change.event),
        "moved": change.moved and dict(zip(("from", "to"), change.moved, strict=True)),
    }


def event_of(event: SchemaChange) -> dict[str, Any]:
    """What a schema change was; its fields are the definitions of columns before and after."""
    return {
        "command": event.command,
        **(value_of("statement", event.statement) or {"statement": None}),
        "noticed_by": event.noticed_by,
        "table_dropped": event.is_dropped,
        "another_table": event.is_another_table,
        "rewritten": event.rewritten,
        "attached": event.attached,
        "detached": event.detached,
        "tracking": event.tracking,
        "options": [
            {"option": one.column, **value_of("old", one.old), **value_of("new", one.new)}
            for one in event.options
        ],
        "erasure": event.erasure
        and {
            "row_key": event.erasure.key,
            "columns": event.erasure.columns,
            "version_count": event.erasure.versions,
            "unverified_count": event.erasure.unverified,
        },
        "retirement": event.retirement
        and {
            "until": written_moment(event.retirement.until),
            "version_count": event.retirement.versions,
        },
    }


def metadata_of(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "table": name_of(change.table),
        "operation": change.operation,
        "row_key": change.row_key,
        "old_key": change.old_key,
        "changed_at": written_moment(change.changed_at),
        "era": change.era,
        "xid": change.xid,
        "actor": change.actor,
        "login": change.login,
        "context": raw(change.context),
        "erased": change.erased,
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
