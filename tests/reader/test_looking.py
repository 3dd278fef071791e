"""Looking is bounded: no question reads more of a long history than a page may, and says so."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session

from rowtrail.history import (
    activity,
    comparing,
    feeds,
    finding,
    looking,
    moments,
    places,
    relations,
)
from rowtrail.history.answers import Cursor
from rowtrail.history.filters import Filters
from rowtrail.history.moments import Boundary

VERSIONS = 60_000
BOUND = 5_000
FIRST = 2_000

#: The months of `long`: two that are over, and this one.
SEED = """
do $$
begin
  for month in 1..2 loop
    execute format(
      'create table rowtrail.versions_ago_%s partition of rowtrail.versions '
      'for values from (%L) to (%L)',
      month, date_trunc('month', now()) - month * interval '1 month',
      date_trunc('month', now()) - (month - 1) * interval '1 month');
  end loop;
end
$$;
create table often (id int primary key, status text);
create table rarely (id int primary key, status text);
select rowtrail.track('often');
select rowtrail.track('rarely');
insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, actor, login, data, old)
select
  100 * n, date_trunc('month', now()) - interval '2 months' + n * interval '1 minute',
  (1000 + n / 10)::text::xid8, case when n % 100 = 0 then 2 else 1 end, 'U', (n % 1000)::text,
  case when n = 30000 then 'mallory' else 'user' || n % 20 end, 'shop',
  jsonb_build_object('id', n % 1000, 'status', 'paid'), jsonb_build_object('status', 'new')
from generate_series(1, 60000) as n;
"""


@pytest.fixture
def long(db: Connection, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """60,000 versions, one a minute, of which every hundredth is of another table."""
    db.connection.cursor().execute(SEED)
    db.execute(text("vacuum analyze rowtrail.versions"))
    for module in (looking, finding):
        monkeypatch.setattr(module, "LOOKED_AT", BOUND)
    monkeypatch.setattr(looking, "FIRST_LOOK", FIRST)
    return db


@pytest.fixture
def plans(long: Connection, engine: Engine) -> Callable[[Callable[[Session], Any]], list[Any]]:
    """Asks a question, and gives the plans of its queries as they were carried out."""

    def ask(question: Callable[[Session], Any]) -> list[Any]:
        asked: list[tuple[str, Any]] = []

        def note(_: object, cursor: Any, statement: str, given: Any, *__: object) -> None:
            asked.append((statement, given))

        event.listen(engine, "before_cursor_execute", note)
        with Session(engine) as session:
            session.execute(text("set local role rowtrail_reader"))
            question(session)
            event.remove(engine, "before_cursor_execute", note)
            found = []
            cursor = session.connection().connection.cursor()
            for statement, given in asked:
                if "rowtrail.versions" in statement:
                    cursor.execute("explain (analyze, format json) " + statement, given)
                    [(said,)] = cursor.fetchall()
                    found.append(said[0]["Plan"])
                elif "set_config" in statement:
                    cursor.execute(statement, given)
        return found

    return ask


def scans(plan: Any) -> Iterator[Any]:
    """The scans of versions in a plan that were carried out."""
    names = (plan.get("Relation Name", ""), plan.get("Index Name", ""))
    if any(name.startswith("versions") for name in names) and plan["Actual Loops"]:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)


def read_by(plan: Any) -> float:
    """How many versions a plan has read."""
    return sum(reads(scan) for scan in scans(plan) if scan["Node Type"] != "Bitmap Index Scan")


def reads(scan: Any) -> float:
    """How many versions a scan has read."""
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    read = scan["Actual Rows"] + sum(scan.get(name, 0) for name in removed)
    return float(read * scan["Actual Loops"])


#: Far above all other ids, as in sql/baseline.sql.
BASELINE = 20_000_000_000

DAY = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(25)

QUESTIONS: dict[str, tuple[str, Callable[[Session], Any], float]] = {
    "the feed of a table": (
        "pkey",
        lambda session: feeds.feed(session, Filters(table=1), Cursor()),
        200,
    ),
    "a page deep in it": (
        "pkey",
        lambda session: feeds.feed(session, Filters(table=1), Cursor(before=1_000_000)),
        200,
    ),
    "the feed of all tables": (
        "pkey",
        lambda session: feeds.feed(session, Filters(), Cursor(before=3_000_000)),
        400,
    ),
    "what is new": (
        "pkey",
        lambda session: feeds.feed(session, Filters(), Cursor(after=3_000_000)),
        400,
    ),
    "a row of a table": (
        "row_key",
        lambda session: feeds.feed(session, Filters(table=1, key="7"), Cursor()),
        200,
    ),
    "a key in all tables": (
        "row_key",
        lambda session: feeds.feed(session, Filters(key="7"), Cursor()),
        200,
    ),
    "a key and an actor": (
        "row_key",
        lambda session: feeds.feed(session, Filters(key="7", actor="nobody"), Cursor()),
        400,
    ),
    "an actor in a table": (
        "pkey",
        lambda session: feeds.feed(session, Filters(table=1, actor="mallory"), Cursor()),
        BOUND + 100,
    ),
    "an actor in all tables": (
        "pkey",
        lambda session: feeds.feed(session, Filters(actor="mallory"), Cursor()),
        BOUND + 100,
    ),
    "a value from one to another": (
        "pkey",
        lambda session: feeds.feed(
            session, Filters(table=1, column="status", old="new", new="lost"), Cursor()
        ),
        BOUND + 100,
    ),
    "any value": (
        "pkey",
        lambda session: feeds.feed(session, Filters(table=1, value="lost"), Cursor(after=100)),
        BOUND + 100,
    ),
    "a day long ago": (
        "pkey",
        lambda session: feeds.feed(
            session, Filters(table=1, since=DAY, until=DAY + timedelta(days=1)), Cursor()
        ),
        BOUND + 100,
    ),
    "what an actor did": (
        "pkey",
        lambda session: feeds.deeds_of(session, Filters(actor="user7")),
        BOUND + 100,
    ),
    "a search": ("row_key", lambda session: finding.rows_with(session, "7"), 2_100),
    "a transaction": (
        "changed_at_",
        lambda session: finding.transactions_with(session, "1500"),
        20_000,
    ),
    "the page of a row": (
        "row_key",
        lambda session: places.row(session, places.table(session, 1), "7", Cursor()),
        200,
    ),
    "the page of a row from a version on": (
        "row_key",
        lambda session: places.row(session, places.table(session, 1), "7", Cursor(before=10**6)),
        200,
    ),
    "the page of a transaction": (
        "changed_at_",
        lambda session: places.transaction(session, 1, 1500, Cursor()),
        20_000,
    ),
    "the list of tables": ("pkey", places.tables, 2 * (places.COUNTED + 1)),
    "two versions side by side": (
        "pkey",
        lambda session: comparing.compare(session, places.table(session, 1), 100, 100_100),
        10,
    ),
    "who gave each column its value": (
        "row_key",
        lambda session: comparing.origins(session, places.table(session, 1), "7"),
        200,
    ),
    "a row and those that refer to it": (
        "pkey",
        lambda session: relations.related(session, places.table(session, 1), "7", [], Cursor()),
        BOUND + 100,
    ),
    "what came before and after a moment": (
        "pkey",
        lambda session: moments.neighbours(session, places.table(session, 1), None, DAY),
        2 * (looking.MARGIN / timedelta(minutes=1) + looking.NEAR / looking.STEP),
    ),
    "an export": (
        "pkey",
        lambda session: next(feeds.walk(session, Filters(), 1000)),
        2_100,
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_uses_its_index_and_reads_a_bounded_number_of_versions(
    plans: Callable[[Callable[[Session], Any]], list[Any]], name: str
) -> None:
    index, question, most = QUESTIONS[name]
    found = plans(question)
    names = [scan["Index Name"] for plan in found for scan in scans(plan) if "Index Name" in scan]
    assert any(index in one for one in names)
    for plan in found:
        assert not [scan for scan in scans(plan) if scan["Node Type"] == "Seq Scan" and reads(scan)]
        assert read_by(plan) <= most, json.dumps(plan)[:2000]


def test_what_is_found_soon_is_not_looked_for_far(
    plans: Callable[[Callable[[Session], Any]], list[Any]],
) -> None:
    """Every twentieth version is of this actor, so that a page of 50 is among the first 1,100."""
    found = plans(lambda session: feeds.feed(session, Filters(table=1, actor="user7"), Cursor()))
    assert sum(map(read_by, found)) < 2 * FIRST + 400


@pytest.mark.parametrize(
    "question",
    [
        lambda session: feeds.feed(session, Filters(actor="mallory"), Cursor()),
        lambda session: feeds.feed(session, Filters(actor="mallory"), Cursor(after=BASELINE)),
        lambda session: feeds.deeds_of(session, Filters(actor="mallory")),
    ],
    ids=["down", "up", "deeds"],
)
def test_a_baseline_is_looked_at_by_as_many_versions_as_any_history(
    plans: Callable[[Callable[[Session], Any]], list[Any]],
    long: Connection,
    question: Callable[[Session], Any],
) -> None:
    """Its rows have one id after the other, in each table by itself."""
    long.execute(
        text("""
            insert into rowtrail.versions (id, changed_at, xid, table_id, op, row_key, login, data)
            select :start + n, now(), '9000', 1, 'B', n::text, 'shop', '{}'
            from generate_series(1, 20000) as n
        """),
        {"start": BASELINE},
    )
    long.execute(text("analyze rowtrail.versions"))
    found = plans(question)
    assert all(read_by(plan) <= BOUND + 100 for plan in found)
    # They are looked for and then looked at.
    assert sum(map(read_by, found)) < 2 * BOUND + 400


@pytest.mark.parametrize("place", ["/tables/1.json", "/changes.json"])
def test_where_a_look_takes_long_the_page_comes_after_the_first_part_of_it(
    client: FlaskClient, long: Connection, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(looking, "PATIENCE", 0)
    page: Any = client.get(f"{place}?actor=mallory").json
    assert page["looked"]["version_count"] == FIRST
    found, said = walk(client, f"{place}?actor=mallory", "older")
    assert found == ([3_000_000] if place == "/changes.json" else [])
    assert said >= 25


def test_activity_is_counted_by_the_primary_key_up_to_a_bound(
    plans: Callable[[Callable[[Session], Any]], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "COUNTED", 30 * 2 * 300)

    def ask(session: Session) -> None:
        # What makes a planner think of bitmaps.
        session.execute(text("select set_config('random_page_cost', '1000', true)"))
        activity.activity(session, {}, datetime.now(UTC))

    for plan in plans(ask):
        used = {scan["Index Name"] for scan in scans(plan) if "Index Name" in scan}
        assert all("pkey" in one for one in used)
        assert read_by(plan) < 30 * 2 * (300 + looking.NEAR / looking.STEP + 10)


def walk(client: FlaskClient, place: str | None, onward: str) -> tuple[list[int], int]:
    """The versions of all pages from a place on, and how many pages said how far they looked."""
    found: list[int] = []
    said = 0
    while place:
        page: Any = client.get(place).json
        found += [version["id"] for version in page["changes"]]
        said += page["looked"] is not None
        place = page[onward]
    return found, said


def test_going_on_looking_finds_all_and_each_once(client: FlaskClient, long: Connection) -> None:
    for query in ("actor=mallory", "actor=user7&value=paid", "column=status&from=new&to=lost"):
        for place in ("/tables/1.json", "/changes.json"):
            older, said = walk(client, f"{place}?{query}", "older")
            newer, _ = walk(client, f"{place}?{query}&after=0", "newer")
            where = {
                "actor=mallory": "actor = 'mallory'",
                "actor=user7&value=paid": "actor = 'user7'",
            }.get(query, "false")
            if "tables" in place:
                where += " and table_id = 1"
            every = long.scalars(
                text(f"select id from rowtrail.versions where {where} order by id desc")
            ).all()
            assert older == list(every)
            assert sorted(newer) == sorted(every)
            assert said >= 5 or "user7" in query


def test_a_page_says_how_far_it_looked_and_leads_on(client: FlaskClient, long: Connection) -> None:
    page = client.get("/tables/1?actor=mallory").text
    assert "Nothing found so far" in page
    assert "Looked at 5,000 versions, back to" in page
    assert "go on looking" in page
    assert "look further back" in client.get("/search?q=mallory").text
    actor = client.get("/actor?name=user7").text
    assert "Counted in the last 5,000 versions, back to" in actor


@pytest.mark.parametrize("table", ["/tables/1.json", "/changes.json"])
def test_a_day_long_ago_is_found_at_once_and_whole(
    client: FlaskClient, long: Connection, table: str
) -> None:
    query = f"since={DAY:%Y-%m-%d}&until={DAY:%Y-%m-%d}&op=update"
    found, said = walk(client, f"{table}?{query}", "older")
    assert said == 0
    every = long.scalars(
        text(
            "select id from rowtrail.versions where changed_at >= :day "
            "and changed_at < :day + interval '1 day' and (table_id = 1 or :all) order by id desc"
        ),
        {"day": DAY, "all": "changes" in table},
    ).all()
    assert len(every) > 1400
    assert found == list(every)


def test_a_time_before_and_after_all_history_is_empty(
    client: FlaskClient, long: Connection
) -> None:
    assert walk(client, "/changes.json?until=2000-01-01", "older") == ([], 0)
    assert walk(client, "/changes.json?since=2100-01-01", "older") == ([], 0)
    found, _ = walk(client, "/tables/2.json?since=2000-01-01&until=2100-01-01", "older")
    assert len(found) == 600


def test_a_moment_is_found_among_the_ids(long: Connection, engine: Engine) -> None:
    start = long.scalar(text("select changed_at from rowtrail.versions where id = 100"))
    assert start is not None
    with Session(engine) as session:
        for minutes in (-10, 0, 1, 777, 30_000, 59_999, 70_000):
            moment = start + timedelta(minutes=minutes)
            [(low, high)] = looking.crossings(session, [1, 2], [moment])
            earlier = session.scalar(
                text("select max(id) from rowtrail.versions where changed_at < :moment"),
                {"moment": moment},
            )
            later = session.scalar(
                text("select min(id) from rowtrail.versions where changed_at >= :moment"),
                {"moment": moment},
            )
            assert earlier is None or earlier < high
            assert later is None or later >= low
            assert high - low <= looking.NEAR


def test_a_page_of_a_table_as_it_was_reads_a_bounded_number_of_versions(
    long: Connection, engine: Engine
) -> None:
    reads_of = text("""
        select sum(seq_tup_read), sum(idx_tup_fetch)
        from pg_stat_xact_all_tables where relname like 'versions%'
    """)
    with Session(engine) as session:
        table = places.table(session, 1)
        for boundary, after_key in (
            (Boundary(at=DAY), None),
            (Boundary(at=DAY), "500"),
            (Boundary(transaction="1-2000"), None),
        ):
            scanned_before, read_before = session.execute(reads_of).one()
            then = moments.as_of(session, table, boundary, None, after_key)
            scanned_after, read_after = session.execute(reads_of).one()
            assert len(then.rows) == moments.ROWS
            assert scanned_after == scanned_before
            # Most of it are the ranges of a BRIN at the moment; the replay of the table reads more
            # than there is.
            assert read_after - read_before < VERSIONS


def test_a_page_of_a_table_before_most_of_its_rows_were_there_goes_on(
    client: FlaskClient, db: Connection
) -> None:
    run = db.connection.cursor().execute
    run("create table often (id int primary key); select rowtrail.track('often')")
    run("insert into often values (5000)")
    moment = db.scalar(text("select clock_timestamp()::text"))
    run("insert into often select g from generate_series(1, 4000) as g")
    answer: Any = client.get("/tables/1/as-of.json", query_string={"at": moment}).json
    found = [row["row_key"] for row in answer["rows"]]
    pages = 1
    while place := answer["next"]:
        assert (
            "Next rows, by key" in client.get("/tables/1/as-of", query_string={"at": moment}).text
        )
        answer = client.get(place).json
        found += [row["row_key"] for row in answer["rows"]]
        pages += 1
    assert found == ["5000"]
    assert 3 <= pages <= 6
