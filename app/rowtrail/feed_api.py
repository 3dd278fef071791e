"""The same as JSON as `feed_pages.py` shows: each page's URL with .json."""

from typing import Any

from flask import Response, redirect
from werkzeug.wrappers import Response as BaseResponse

from rowtrail import feeds, finding, history
from rowtrail.activity import Activity
from rowtrail.answers import TableSummary
from rowtrail.api import api, exact, looked_of, metadata_of, name_of, page_of, table_of
from rowtrail.config import check_schema, database
from rowtrail.feed_pages import (
    filters_of,
    filters_of_actor,
    listed_tables,
    place_of_value,
    wanted_text,
)
from rowtrail.feeds import Deed, Deeds
from rowtrail.pages import cursor


@api.get("/tables.json")
def tables() -> Response:
    check_schema()
    found, active = listed_tables()
    return exact(
        database=history.database_name(database.session()),
        tables=[summary_of(one, active[one.table.name.id]) for one in found],
    )


@api.get("/tables/<int:table_id>.json")
def table(table_id: int) -> Response:
    check_schema()
    found = history.table(database.session(), table_id)
    filters = filters_of(found)
    page = feeds.feed(database.session(), filters, cursor())
    return exact(table=table_of(found), filters=filters.arguments(), **page_of(page))


@api.get("/changes.json")
def changes() -> Response:
    check_schema()
    filters = filters_of(None)
    page = feeds.feed(database.session(), filters, cursor())
    return exact(filters=filters.arguments(), **page_of(page))


@api.get("/actor.json")
def actor() -> Response:
    check_schema()
    filters = filters_of_actor()
    found = feeds.deeds_of(database.session(), filters)
    page = feeds.feed(database.session(), filters, cursor())
    return exact(actor=filters.actor, **deeds_of(found), **page_of(page))


@api.get("/search.json")
def search() -> BaseResponse:
    check_schema()
    if place := place_of_value():
        return redirect(place)
    wanted = wanted_text()
    hits = finding.find(database.session(), wanted)
    return exact(
        q=wanted,
        rows=[metadata_of(change) for change in hits.rows],
        transactions=[metadata_of(change) for change in hits.transactions],
        **deeds_of(hits.deeds),
    )


def summary_of(found: TableSummary, active: Activity) -> dict[str, Any]:
    return {
        **table_of(found.table),
        "versions": found.versions,
        "has_more_versions": found.has_more,
        "last_change": found.last and metadata_of(found.last),
        "activity": {
            "first_day": active.first.isoformat(),
            "versions": active.versions,
            "has_more_versions": active.has_more,
        },
    }


def deeds_of(found: Deeds) -> dict[str, Any]:
    return {
        "deeds": [deed_of(deed) for deed in found.deeds],
        "deeds_looked": found.looked and looked_of(found.looked),
    }


def deed_of(deed: Deed) -> dict[str, Any]:
    return {
        "table": name_of(deed.table),
        "login": deed.login,
        "operation": deed.operation,
        "changes": deed.changes,
        "first": deed.first.isoformat(),
        "last": deed.last.isoformat(),
    }
