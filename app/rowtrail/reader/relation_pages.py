"""The page of a row together with the rows that refer to it, and the same as JSON."""

from dataclasses import dataclass
from typing import Any

from flask import Response, abort, render_template, request

from rowtrail.history import places, relations
from rowtrail.history.answers import Page, Table
from rowtrail.history.relations import Reference
from rowtrail.reader.api import answers, exact, name_of, page_of, table_of
from rowtrail.reader.config import check_schema, database
from rowtrail.reader.pages import cursor, pages, row_key


@dataclass(frozen=True)
class Related:
    """What was asked for.

    Attributes:
        table: of the row.
        key: of the row.
        references: all foreign keys by which rows can refer to it.
        chosen: those whose rows are meant.
        page: the changes.
    """

    table: Table
    key: str
    references: list[Reference]
    chosen: list[Reference]
    page: Page


@pages.get("/tables/<int:table_id>/related", endpoint="related")
def page_related(table_id: int) -> str:
    return render_template("related.html", found=asked(table_id))


@answers("/tables/<int:table_id>/related", endpoint="related")
def json_related(table_id: int) -> Response:
    found = asked(table_id)
    return exact(
        table=table_of(found.table),
        row_key=found.key,
        references=[
            {**reference_of(one), "chosen": one in found.chosen} for one in found.references
        ],
        **page_of(found.page),
    )


def asked(table_id: int) -> Related:
    """The row of `?key=`, with those that refer to it by the foreign keys of `?by=`, or by any."""
    check_schema()
    session = database.session()
    table = places.table(session, table_id)
    key = row_key()
    key = places.canonical_key(session, table, key) or key
    references = relations.referring(session, table)
    names = request.args.getlist("by")
    known = {one.name: one for one in references}
    for name in names:
        if name not in known:
            abort(
                400,
                f"no foreign key {name[:80]!r} leads to the key of {table.name}; "
                f"there are: {', '.join(known) or 'none'}",
            )
    chosen = [one for one in references if not names or one.name in names]
    page = relations.related(session, table, key, chosen, cursor())
    return Related(table, key, references, chosen, page)


def reference_of(reference: Reference) -> dict[str, Any]:
    return {
        "name": reference.name,
        "table": name_of(reference.table),
        "columns": reference.columns,
    }
