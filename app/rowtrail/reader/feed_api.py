"""The same as JSON as `feed_pages.py` shows, and exports."""

from typing import Any

from flask import Response, abort

from rowtrail.history import feeds, finding, places
from rowtrail.history.activity import Activity
from rowtrail.history.answers import Deed, Deeds, TableSummary
from rowtrail.history.filters import written_moment
from rowtrail.reader.api import answers, exact, looked_of, metadata_of, name_of, page_of, table_of
from rowtrail.reader.config import check_schema, database
from rowtrail.reader.feed_pages import (
    export_of_all,
    export_of_table,
    filters_of,
    filters_of_actor,
    listed_tables,
    wanted_text,
)
from rowtrail.reader.pages import cursor


@answers("/tables")
def tables() -> Response:
    check_schema()
    found, active = listed_tables()
    return exact(
        database=places.database_name(database.session()),
        tables=[summary_of(one, active[one.table.name.id]) for one in found],
    )


@answers("/tables/<int:table_id>", page=None)
def table(table_id: int) -> Response:
    check_schema()
    found = places.table(database.session(), table_id)
    return exact(**table_of(found), columns=places.columns(database.session(), found))


@answers("/tables/<int:table_id>/changes", page="/tables/<int:table_id>")
def table_changes(table_id: int) -> Response:
    check_schema()
    found = places.table(database.session(), table_id)
    filters = filters_of(found)
    page = feeds.feed(database.session(), filters, cursor())
    return exact(table=table_of(found), filters=filters.arguments(), **page_of(page))


@answers("/changes")
def changes() -> Response:
    check_schema()
    filters = filters_of(None)
    page = feeds.feed(database.session(), filters, cursor())
    return exact(filters=filters.arguments(), **page_of(page))


@answers("/actor")
def actor() -> Response:
    check_schema()
    filters = filters_of_actor()
    found = feeds.deeds_of(database.session(), filters)
    page = feeds.feed(database.session(), filters, cursor())
    return exact(
        actor=filters.actor, filters=filters.arguments(), **deeds_of(found), **page_of(page)
    )


@answers("/search")
def search() -> Response:
    check_schema()
    wanted = wanted_text()
    if not wanted:
        abort(400, "what is looked for? a key, an actor or a transaction: /search?q=42")
    hits = finding.find(database.session(), wanted)
    return exact(
        q=wanted,
        rows=[metadata_of(change) for change in hits.rows],
        transactions=[metadata_of(change) for change in hits.transactions],
        **deeds_of(hits.deeds),
    )


# At the pages' URLs the exports are already.
EXPORT = "export.<any(csv, jsonl):form>"
answers(f"/tables/<int:table_id>/changes/{EXPORT}", None, "table_export")(export_of_table)
answers(f"/changes/{EXPORT}", None, "changes_export")(export_of_all)


def summary_of(found: TableSummary, active: Activity) -> dict[str, Any]:
    return {
        **table_of(found.table),
        "version_count": found.versions,
        "counted_all": not found.has_more,
        "last_change": found.last and metadata_of(found.last),
        "activity": {
            "first_day": active.first.isoformat(),
            "version_counts": active.versions,
            "counted_all": not active.has_more,
        },
    }


def deeds_of(found: Deeds) -> dict[str, Any]:
    return {
        "deeds": [deed_of(deed) for deed in found.deeds],
        "deeds_looked": looked_of(found.looked),
    }


def deed_of(deed: Deed) -> dict[str, Any]:
    return {
        "table": name_of(deed.table),
        "login": deed.login,
        "operation": deed.operation,
        "change_count": deed.changes,
        "first": written_moment(deed.first),
        "last": written_moment(deed.last),
    }
