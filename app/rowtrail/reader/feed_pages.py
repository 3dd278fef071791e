"""The pages on which changes of many rows stand: tables, feeds, an actor, a search, and exports."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from flask import Response, abort, current_app, g, redirect, render_template, request, url_for
from markupsafe import escape
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from rowtrail.history import exports, feeds, finding, places
from rowtrail.history.activity import Activity, Known, activity
from rowtrail.history.answers import OPERATIONS, Page, Table, TableSummary
from rowtrail.history.filters import LONGEST, BadFilter, Filters
from rowtrail.reader import reads
from rowtrail.reader.config import check_schema, complete, database, history_snapshot
from rowtrail.reader.pages import cursor, pages, visible

#: How the list of tables can be sorted, by the parameter `sort`.
SORTS = {"name": "name", "last": "last change", "activity": "activity"}


@dataclass(frozen=True)
class View:
    """A feed as a page shows it: where it is, and where its filters lead.

    Attributes:
        filters: of the feed.
        page: where its cursor leads.
    """

    filters: Filters
    page: Page | None = None

    @property
    def endpoint(self) -> str:
        """The page of the feed."""
        return "pages.changes" if self.filters.table is None else "pages.table"

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameters of its URL, but for the cursor."""
        table = {} if self.filters.table is None else {"table_id": self.filters.table}
        return {**table, **self.filters.arguments()}

    def url(self, **changes: Any) -> str:
        """The feed from its beginning, with some filters changed."""
        changed = View(self.filters.but(**changes))
        return url_for(changed.endpoint, **changed.arguments)

    def parts(self) -> list[tuple[str, str, str]]:
        """What is filtered: its name, its value, and the feed without it."""
        return [(name, value, self.url(**without)) for name, value, without in self.filters.parts()]

    def only_new(self) -> str | None:
        """The feed of what is recorded after all that is on this page, if it is the newest."""
        if self.page is None or self.page.newer is not None or self.filters.until is not None:
            return None
        if self.page.changes:
            newest = self.page.changes[0].id
        elif "after" in request.args:
            newest = int(request.args["after"])
        else:
            return None
        return url_for(self.endpoint, **self.arguments, after=newest)

    def export(self, form: str) -> str:
        """The same changes as a file."""
        return url_for(f"{self.endpoint}_export", form=form, **self.arguments)


@pages.get("/tables")
def tables() -> str:
    check_schema()
    found, active = listed_tables()
    return render_template(
        "tables.html",
        tables=found,
        activity=active,
        states=sorted({one.table.state for one in found} | {request.args.get("state", "")}),
        sorts=SORTS,
        database=places.database_name(database.session()),
    )


@pages.get("/tables/<int:table_id>")
def table(table_id: int) -> str:
    check_schema()
    found = places.table(database.session(), table_id)
    filters = filters_of(found)
    page = feeds.feed(database.session(), filters, cursor())
    return render_template(
        "table.html",
        table=found,
        page=page,
        feed=View(filters, page),
        columns=[one for one in places.columns(database.session(), found) if is_plain(one)],
        operations=OPERATIONS.values(),
    )


@pages.get("/changes")
def changes() -> str:
    """The feed of all tables."""
    check_schema()
    filters = filters_of(None)
    page = feeds.feed(database.session(), filters, cursor())
    return render_template(
        "changes.html",
        page=page,
        feed=View(filters, page),
        columns=[],
        operations=OPERATIONS.values(),
        database=places.database_name(database.session()),
    )


@pages.get("/actor")
def actor() -> str:
    """What somebody did, as far back as one look goes, by ?name= and a time."""
    check_schema()
    filters = filters_of_actor()
    found = feeds.deeds_of(database.session(), filters)
    page = feeds.feed(database.session(), filters, cursor())
    return render_template("actor.html", found=found, page=page, feed=View(filters, page))


@pages.get("/search")
def search() -> str | BaseResponse:
    """Finds a key, a transaction or an actor, by ?q=; or leads to where a value was."""
    check_schema()
    if place := place_of_value():
        return redirect(place)
    wanted = wanted_text()
    return render_template(
        "search.html",
        wanted=wanted,
        hits=finding.find(database.session(), wanted) if wanted else None,
        tables=places.tables(database.session()),
    )


@pages.get("/tables/<int:table_id>/export.<any(csv, jsonl):form>", endpoint="table_export")
def export_of_table(table_id: int, form: str) -> Response:
    check_schema()
    found = places.table(database.session(), table_id)
    return exported(filters_of(found), form, found.name.name)


@pages.get("/changes/export.<any(csv, jsonl):form>", endpoint="changes_export")
def export_of_all(form: str) -> Response:
    check_schema()
    return exported(filters_of(None), form, "changes")


@pages.app_template_test("plain")
def is_plain(text: str) -> bool:
    """Whether nothing hides in the text, so that it can stand in a form as it is."""
    return visible(text) == escape(text)


def listed_tables() -> tuple[list[TableSummary], dict[int, Activity]]:
    """The tables that are asked for by ?name= and ?state=, in the order of ?sort=."""
    known: Known = current_app.extensions.setdefault("rowtrail.days", {})
    active = activity(database.session(), known, datetime.now(UTC))
    name, state = request.args.get("name", "").casefold(), request.args.get("state")
    found = [
        one
        for one in places.tables(database.session())
        if name in str(one.table.name).casefold() and state in (None, "", one.table.state)
    ]
    sort = request.args.get("sort", "name")
    if sort not in SORTS:
        abort(400, f"tables are sorted by {', '.join(SORTS)}, not by {sort[:80]!r}")
    if sort == "last":
        found.sort(key=lambda one: -one.last.changed_at.timestamp() if one.last else 0)
    if sort == "activity":
        found.sort(key=lambda one: -active[one.table.name.id].total)
    return found, active


def filters_of(table: Table | None) -> Filters:
    """What the URL filters; a composite key is taken however it is spaced."""
    try:
        filters = Filters.of(request.args, None if table is None else table.name.id)
    except BadFilter as error:
        abort(400, str(error))
    if table is not None and filters.key is not None:
        key = places.canonical_key(database.session(), table, filters.key) or filters.key
        filters = replace(filters, key=key)
    return filters


def filters_of_actor() -> Filters:
    """The actor of ?name=, and the time of ?since= and ?until=."""
    name = request.args.get("name")
    if not name:
        abort(400, "who is meant? name the actor: /actor?name=alice")
    try:
        given = Filters.of(request.args)
        return Filters(actor=name, since=given.since, until=given.until)
    except BadFilter as error:
        abort(400, str(error))


def wanted_text() -> str:
    """The text of ?q=."""
    wanted = request.args.get("q", "").strip()
    if "\0" in wanted:
        abort(400, "no text of PostgreSQL has the character NUL in it")
    if len(wanted) > LONGEST:
        abort(400, f"q is longer than {LONGEST:,} characters; look for a shorter text")
    return wanted


def place_of_value() -> str | None:
    """The feed in which the value of ?value= is looked for: of one table, in a stretch of time."""
    if not request.args.get("value"):
        return None
    table = request.args.get("table", "")
    if not table.isascii() or not table.isdigit() or len(table) > 10:
        abort(400, "in which table? a value is looked for in one table: ?value=…&table=1")
    names = ("value", "column", "since", "until")
    given: dict[str, Any] = {name: request.args.get(name) or None for name in names}
    return url_for(".table", table_id=int(table), **given)


def exported(filters: Filters, form: str, name: str) -> Response:
    """The changes as a file, sent while it is read."""
    # One snapshot for all of it, in a transaction that outlives the request's own.
    connection = database.engine.connect().execution_options(isolation_level="REPEATABLE READ")
    session = Session(connection)
    older = complete(session, history_snapshot)

    def close() -> None:
        connection.close()
        if older is not None:
            older.close()

    lines = exports.lines(session, filters, form)
    try:
        # What is wrong from the start is said as a page.
        first = list(islice(lines, 2))
    except BaseException:
        close()
        raise

    g.export = export = reads.Export()

    def body() -> Iterator[bytes]:
        yield from export.counted(chain(first, lines), has_header=form == "csv")
        close()

    response = current_app.response_class(body(), content_type=exports.FORMS[form])
    # Also where nobody reads it to its end.
    response.call_on_close(close)
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%MZ")
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"{file_name(name)}-{stamp}.{form}"
    )
    return response


def file_name(name: str) -> str:
    """The name as a file's, on any system."""
    kept = "".join(one if one.isalnum() or one in "-_" else "_" for one in name.strip('"'))
    return kept[:80].encode("ascii", "replace").decode().replace("?", "_") or "table"
