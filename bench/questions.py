"""What is asked of a long history: the pages of the reader, and the same of other tools' tables."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from bench.past import FIRST_XID, KINDS, Past, event_table

#: The tables of bench.past.KINDS, by their numbers in rowtrail's registry.
ORDERS, STOCK, CUSTOMERS = range(1, len(KINDS) + 1)

#: Pages that look at a bounded number of versions, since no index finds what they ask for.
LOOKS = "looks"


@dataclass(frozen=True)
class Question:
    """A page of the reader.

    Attributes:
        name: what people ask.
        path: its URL.
        deep: the same far from its beginning, where it has pages.
        kind: `LOOKS`, or nothing.
        forget: whether what the application remembers is forgotten before.
    """

    name: str
    path: str
    deep: str | None = None
    kind: str = ""
    forget: bool = False


def questions(past: Past) -> list[Question]:
    """The pages that are asked for, of a history of this size."""
    middle = past.begin + past.step * (past.changes // 2)
    half = 100 * (past.changes // 2)
    day = middle.replace(hour=0, minute=0, second=0)
    # What the change of this number has changed: an order, and its transaction.
    number = past.changes // 1000 * 10 * 35
    order = str(past.key_of(KINDS[0], number))
    before = 100 * (number - past.since_last(KINDS[0]) + 1)
    at = {"at": f"{middle:%Y-%m-%dT%H:%M:%S}Z"}
    feed = f"/tables/{ORDERS}"

    def url(place: str, **query: object) -> str:
        return f"{place}?{urlencode(query)}"

    # A short history has none.
    large = [Question("a transaction of 20,000 changes", f"/transactions/1-{FIRST_XID + 180_000}")][
        : past.changes // 1_000_000
    ]
    return [
        Question("the tables, with 30 days of activity", "/tables"),
        Question("the same, asked for the first time", "/tables", forget=True),
        Question("what changed in a table", feed, deep=url(feed, before=half)),
        Question("what changed in all tables", "/changes", deep=url("/changes", before=half)),
        Question(
            "a row of 400 versions",
            url(f"/tables/{STOCK}/row", key=7),
            deep=url(f"/tables/{STOCK}/row", key=7, before=half),
        ),
        Question("a row of 6 versions", url(f"/tables/{ORDERS}/row", key=order)),
        Question("a table, by an actor", url(feed, actor="user7"), kind=LOOKS),
        Question("a table, by an actor of long ago", url(feed, actor="mallory"), kind=LOOKS),
        Question(
            "all tables, by an actor of long ago", url("/changes", actor="mallory"), kind=LOOKS
        ),
        Question(
            "a column, from a value to another",
            url(feed, column="status", **{"from": "sent", "to": "lost"}),
            kind=LOOKS,
        ),
        Question("a value in any column", url(feed, value="no such value"), kind=LOOKS),
        Question(
            "a table, on a day two months ago",
            url(feed, since=f"{day:%Y-%m-%d}", until=f"{day:%Y-%m-%d}"),
            kind=LOOKS,
        ),
        Question("what an actor did", url("/actor", name="user7"), kind=LOOKS),
        Question("a search", url("/search", q=order), kind=LOOKS),
        Question(
            "a row and those that refer to it",
            url(f"/tables/{CUSTOMERS}/related", key=7),
            kind=LOOKS,
        ),
        Question("a transaction of 5 changes", f"/transactions/1-{past.transaction_of(number)}"),
        *large,
        Question(
            "two versions side by side", url(f"{feed}/compare", a=before, b=100 * (number + 1))
        ),
        Question("a row as it was", url(f"{feed}/as-of", key=order, **at)),
        Question(
            "a table as it was",
            url(f"{feed}/as-of", **at),
            deep=url(f"{feed}/as-of", after_key="4", **at),
        ),
        Question("the same, four months ago", url(f"{feed}/as-of", at=f"{early(past)}Z")),
    ]


def early(past: Past) -> str:
    """A moment at which most of the rows were not there yet."""
    return f"{past.begin + timedelta(days=4):%Y-%m-%dT%H:%M:%S}"


@dataclass(frozen=True)
class Asked:
    """The same question in the SQL of each tool; a tool that has no way at all has none.

    Attributes:
        name: what people ask.
        sql: by the tool's name.
    """

    name: str
    sql: dict[str, str] = field(default_factory=dict)


ROWTRAIL, POSTGRESQL_AUDIT, DJANGO_PGHISTORY = "rowtrail", "postgresql-audit", "django-pghistory"


def asked_in_sql(past: Past) -> list[Asked]:
    """The questions that all of them can be asked, by rows that lie in the middle of the past."""
    moment = f"timestamptz '{(past.begin + past.step * (past.changes // 2)).isoformat()}'"
    number = past.changes // 1000 * 10 * 35
    order, xid = past.key_of(KINDS[0], number), past.transaction_of(number)
    # Its own words for a row's key: the values that it had, whichever way they changed.
    audited = "(old_data || changed_data) ->> 'id'"
    by_context = " union all ".join(
        f"select to_jsonb(e) from {event_table(kind)} as e "
        f"where pgh_context_id = md5('{xid}')::uuid"
        for kind in KINDS
    )

    def row(name: str, table: str, kind: int, key: int) -> Asked:
        return Asked(
            name,
            {
                ROWTRAIL: f"select * from rowtrail.history('{table}', {key})",
                POSTGRESQL_AUDIT: f"select * from activity where table_name = '{table}' "
                f"and {audited} = '{key}' order by id desc",
                DJANGO_PGHISTORY: f"select * from {event_table(KINDS[kind])} "
                f"where pgh_obj_id = {key} order by pgh_id desc",
            },
        )

    return [
        row("all versions of a row that has 400", "stock", STOCK - 1, 7),
        row("all versions of a row that has 6", "orders", ORDERS - 1, order),
        Asked(
            "the newest 50 of a table",
            {
                ROWTRAIL: f"select * from rowtrail.versions where table_id = {ORDERS} "
                "order by id desc limit 50",
                POSTGRESQL_AUDIT: "select * from activity where table_name = 'orders' "
                "order by id desc limit 50",
                DJANGO_PGHISTORY: f"select * from {event_table(KINDS[0])} "
                "order by pgh_id desc limit 50",
            },
        ),
        *(
            Asked(
                f"the newest 50 of an actor, {which}",
                {
                    ROWTRAIL: "select * from rowtrail.versions where table_id = "
                    f"{ORDERS} and actor = '{name}' order by id desc limit 50",
                    POSTGRESQL_AUDIT: "select a.* from activity as a join transaction as t "
                    "on t.id = a.transaction_id where a.table_name = 'orders' "
                    f"and t.actor_id = '{name}' order by a.id desc limit 50",
                    DJANGO_PGHISTORY: f"select e.* from {event_table(KINDS[0])} as e "
                    "join pghistory_context as c on c.id = e.pgh_context_id "
                    f"where c.metadata ->> 'user' = '{name}' order by e.pgh_id desc limit 50",
                },
            )
            for which, name in (("of today", "user7"), ("of long ago", "mallory"))
        ),
        Asked(
            "one transaction",
            {
                ROWTRAIL: "select * from rowtrail.versions "
                f"where (xid::text)::bigint = {xid} and era = 1 order by id",
                POSTGRESQL_AUDIT: "select * from activity "
                f"where native_transaction_id = '{xid}' order by id",
                DJANGO_PGHISTORY: by_context,
            },
        ),
        Asked(
            "a row as it was",
            {
                ROWTRAIL: f"select * from rowtrail.as_of_row('orders', {order}, {moment})",
                POSTGRESQL_AUDIT: "select old_data || changed_data, verb from activity "
                f"where table_name = 'orders' and {audited} = '{order}' "
                f"and issued_at <= {moment} at time zone 'UTC' order by id desc limit 1",
                DJANGO_PGHISTORY: f"select * from {event_table(KINDS[0])} "
                f"where pgh_obj_id = {order} and pgh_created_at <= {moment} "
                "order by pgh_id desc limit 1",
            },
        ),
        Asked(
            "a table as it was, all rows",
            {
                ROWTRAIL: "select sum(length(r.data::text)) "
                f"from rowtrail.as_of_rows('orders', {moment}) as r",
                POSTGRESQL_AUDIT: "select sum(length(r.data::text)) "
                f"from (select distinct on ({audited}) old_data || changed_data as data, verb "
                "from activity where table_name = 'orders' "
                f"and issued_at <= {moment} at time zone 'UTC' order by {audited}, id desc) as r "
                "where verb <> 'delete'",
                DJANGO_PGHISTORY: "select sum(length(r::text)) "
                f"from (select distinct on (pgh_obj_id) * from {event_table(KINDS[0])} "
                f"where pgh_created_at <= {moment} order by pgh_obj_id, pgh_id desc) as r "
                "where pgh_label <> 'delete'",
            },
        ),
    ]
