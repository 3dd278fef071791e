"""The pages. A URL is a place; the same with .json gives the same content as JSON (api.py)."""

import json
import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as BaseResponse

from rowtrail import __version__
from rowtrail.history import comparing, contrast, places, relations
from rowtrail.history.answers import Cursor, Table, Value
from rowtrail.history.looking import LOWEST_ID
from rowtrail.history.older import Shipped, older_of
from rowtrail.reader.config import check_schema, check_schema_now, database

pages = Blueprint("pages", __name__)

#: Longer values are folded.
FOLDED = 160  # characters


@pages.get("/")
def start() -> BaseResponse:
    return redirect(url_for(".tables"))


@pages.get("/tables/<int:table_id>/row")
def row(table_id: int) -> str | BaseResponse:
    check_schema()
    found = places.table(database.session(), table_id)
    key = row_key()
    try:
        page = places.row(database.session(), found, key, cursor())
    except places.NotThere:
        if other := places.canonical_key(database.session(), found, key):
            return redirect(url_for(".row", table_id=table_id, key=other))
        raise
    columns = [] if cursor() != Cursor() else comparing.origins(database.session(), found, key)
    values = {one.column: one.value for one in columns}
    return render_template(
        "row.html",
        table=found,
        key=key,
        page=page,
        columns=columns,
        children=relations.referring(database.session(), found),
        parents=relations.targets(database.session(), found, values),
    )


@pages.get("/tables/<int:table_id>/compare")
def compare(table_id: int) -> str:
    check_schema()
    found = places.table(database.session(), table_id)
    both = comparing.compare(database.session(), found, compared("a"), compared("b"))
    return render_template("compare.html", table=found, both=both)


@pages.get("/tables/<int:table_id>/versions/<int(signed=True):version_id>")
def version(table_id: int, version_id: int) -> BaseResponse:
    """The place of a version is its row's timeline, from it on."""
    check_schema()
    change = places.version(database.session(), table_id, version_id).change
    place: dict[str, Any] = {"before": version_id + 1, "_anchor": f"v{version_id}"}
    if change.operation in ("truncate", "schema"):
        return redirect(url_for(".table", table_id=table_id, **place))
    return redirect(url_for(".row", table_id=table_id, key=change.row_key, **place))


@pages.get("/transactions/<int:era>-<int:xid>")
def transaction(era: int, xid: int) -> str:
    check_schema()
    found = places.transaction(database.session(), era, xid, cursor())
    return render_template("transaction.html", transaction=found)


@pages.get("/health")
def health() -> Response:
    check_schema_now()
    lines = ["ok"]
    if (older := older_of(database.session())) is not None:
        lines.append(f"history database: {said_of(older.shipped())}")
    return current_app.response_class("".join(f"{one}\n" for one in lines), mimetype="text/plain")


def said_of(shipped: Shipped) -> str:
    """How far the history is in the history database, in a line."""
    if (why := shipped.trouble or shipped.lost) is not None:
        return why
    return (
        f"ok, up to seal {shipped.seal}; behind by {shipped.seals_behind} seals, "
        f"{shipped.seconds_behind:.0f} s"
    )


def cursor(what: str = "the id of a version", of: str = "version") -> Cursor:
    """Where the page begins, by `?before=` or `?after=` a version's id, or whatever else it is."""
    ends = {}
    for name in ("before", "after"):
        given = request.args.get(name)
        if given is None:
            continue
        # Only ids of versions go below 0, of those that were imported.
        sign = "-?" if of == "version" else ""
        if (
            not re.fullmatch(rf"{sign}[0-9]{{1,19}}", given)
            or abs(int(given)) > places.BIGGEST_BIGINT
        ):
            abort(400, f"{name} is {what}, a whole number, not {given!r}")
        ends[name] = int(given)
    if len(ends) > 1:
        abort(400, f"a page is before one {of} or after one; give only one of the two")
    if ends.get("after") == 0 and of == "version":
        # From the oldest on, also where that was imported.
        ends["after"] = LOWEST_ID
    return Cursor(**ends)


def compared(name: str) -> int:
    """One of the versions to compare, by `?a=` and `?b=`."""
    given = request.args.get(name, "")
    if not re.fullmatch(r"-?[0-9]{1,19}", given) or abs(int(given)) > places.BIGGEST_BIGINT:
        abort(400, f"which two versions? name their ids: compare?a=100&b=200, not {name}={given!r}")
    return int(given)


def row_key() -> str:
    """The key of the row that is meant, by `?key=`."""
    key = request.args.get("key")
    if key is None:
        abort(400, "which row? name its key: /tables/1/row?key=42")
    if "\0" in key:
        abort(400, "no key of PostgreSQL has the character NUL in it")
    return key


# What the templates need --------------------------------------------------------------------------


@pages.app_context_processor
def for_templates() -> dict[str, Any]:
    return {
        "version": __version__,
        "FOLDED": FOLDED,
        "contrast": contrast,
        "now": lambda: datetime.now(UTC),
        "database_named": lambda: database.engine.url.database or "",
        "incomplete": lambda: g.get("incomplete"),
        "lacks_before": lacks_before,
        "has_history_database": lambda: "rowtrail.history" in current_app.extensions,
    }


def lacks_before(table: Table) -> datetime | None:
    """Where something was retired in the history database too: what was not needed since then."""
    older = older_of(database.session())
    return None if older is None else older.lacks_before(table)


@pages.app_template_filter()
def visible(text: str) -> Markup:
    """Text in which nothing hides: control, direction and invisible characters are written out."""
    parts: list[Markup] = []
    position = 0
    for found in SUSPECT.finditer(text):
        if unicodedata.category(found[0]) not in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"):
            continue
        parts.append(escape(text[position : found.start()]))
        written = Markup('<span class="code">{}</span>').format(code_of(found[0]))
        parts.append(written + "\n" if found[0] == "\n" else written)
        position = found.end()
    return Markup("").join([*parts, escape(text[position:])])


@pages.app_template_filter()
def referenced(text: str) -> Markup:
    """Text for an attribute, with character references for all that could hide in the source."""
    parts = re.split(f"({SUSPECT.pattern})", text)
    # The odd ones are what was found between the others.
    return Markup("").join(
        Markup("&#{};").format(ord(part)) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


#: All but the ranges in which there is nothing to hide; what it finds is looked at closely.
SUSPECT = re.compile(r"[^ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u05ff\u3000-\ud7ff]")

SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def code_of(character: str) -> str:
    """The escape by which a character is written in JSON and Python."""
    number = ord(character)
    return SHORT.get(character) or (f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}")


@pages.app_template_filter()
def ago(moment: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for name, length in UNITS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"


UNITS = (
    ("year", 31_556_952),
    ("month", 2_629_746),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 5),
)


@pages.app_template_filter()
def pairs(context: str) -> list[tuple[str, Value]]:
    """What the writer chose to say, each with its name; the reason first."""
    try:
        said: dict[str, Any] = json.loads(context, parse_float=Decimal)
    except RecursionError:
        return [("context", Value("object", context, len(context)))]
    found = []
    for name, value in sorted(said.items(), key=lambda pair: pair[0] != "reason"):
        text = (
            value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
        )
        found.append(
            (name, Value("string" if isinstance(value, str) else "object", text, len(text)))
        )
    return found
