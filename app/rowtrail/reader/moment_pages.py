"""The pages of a table and of a row as they were, and the same as JSON."""

from typing import Any

from flask import Response, abort, render_template, request, url_for

from rowtrail.history import moments, places
from rowtrail.history.answers import Change, Table
from rowtrail.history.filters import BadFilter, written_moment
from rowtrail.history.moments import BadBoundary, Boundary, RowThen, Then
from rowtrail.reader.api import answers, exact, here, metadata_of, table_of, time_of, value_of
from rowtrail.reader.config import check_schema, database
from rowtrail.reader.pages import pages


@pages.get("/tables/<int:table_id>/as-of", endpoint="as_of")
def page_as_of(table_id: int) -> str:
    table, then = asked(table_id)
    key = request.args.get("key")

    def place(boundary: Boundary, endpoint: str = ".as_of", **more: Any) -> str:
        """The URL of the page of the same row, or of another, as of a boundary."""
        return url_for(
            endpoint, **{"table_id": table_id, "key": key, **boundary.arguments(), **more}
        )

    return render_template(
        "as_of.html", table=table, then=then, key=key, after=after_key(), place=place
    )


@answers("/tables/<int:table_id>/as-of", endpoint="as_of")
def json_as_of(table_id: int) -> Response:
    table, then = asked(table_id)
    following = None
    if then.next_key is not None:
        # Of the same moment, also where this one was asked for as it is now.
        following = here(**then.boundary.arguments(), after_key=then.next_key)
    return exact(
        table=table_of(table),
        as_of=then.boundary.arguments(),
        moment=time_of(then.moment),
        rows=[row_of(row) for row in then.rows],
        next=following,
        earlier=beside(then.earlier),
        later=beside(then.later),
    )


def asked(table_id: int) -> tuple[Table, Then]:
    """The table, and how it was, by the parameters of the URL."""
    check_schema()
    session = database.session()
    table = places.table(session, table_id)
    key = request.args.get("key")
    for text in (key, after_key()):
        if text is not None and "\0" in text:
            abort(400, "no key of PostgreSQL has the character NUL in it")
    if key is not None:
        key = places.canonical_key(session, table, key) or key
    try:
        boundary = Boundary.of(request.args)
        return table, moments.as_of(session, table, boundary, key, after_key())
    except (BadBoundary, BadFilter) as error:
        abort(400, str(error))


def after_key() -> str | None:
    """After which key the page begins, by `?after_key=`."""
    return request.args.get("after_key")


def row_of(row: RowThen) -> dict[str, Any]:
    """A row; of a long value only an excerpt, by that name."""
    return {
        "row_key": row.row_key,
        "version_id": row.id,
        "changed_at": written_moment(row.changed_at),
        "columns": [
            {"column": name, **value_of("value", value)} for name, value in row.values.items()
        ],
    }


def beside(change: Change | None) -> dict[str, Any] | None:
    return None if change is None else metadata_of(change)
