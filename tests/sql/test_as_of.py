"""How tables and rows were."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from sqlalchemy import URL

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]


def now(run: Run) -> Any:
    """The time by the server's clock."""
    [(moment,)] = run("select clock_timestamp()")
    return moment


def test_a_table_is_read_as_it_was(animals: str, writer: Run, reader: Run) -> None:
    writer("insert into animals values (1, 'ant', 8), (2, 'bee', 6), (3, 'cat', 4)")
    first = now(reader)
    writer("update animals set legs = 6 where id = 1")
    writer("delete from animals where id = 2")
    writer("update animals set id = 30 where id = 3")
    second = now(reader)
    writer("truncate animals")
    writer("insert into animals values (2, 'bat', 2)")

    def at(moment: object) -> list[Any]:
        return reader("select * from rowtrail.as_of(null::animals, %s) order by id", moment)

    assert at(first) == [(1, "ant", 8), (2, "bee", 6), (3, "cat", 4)]
    assert at(second) == [(1, "ant", 6), (30, "cat", 4)]
    assert at(now(reader)) == [(2, "bat", 2)]
    assert at("2001-01-01") == []


def test_a_transaction_that_goes_on_after_the_moment_had_not_committed(
    animals: str, make_table: MakeTable, writer: Run, reader: Run, connect_as: Callable[[str], Run]
) -> None:
    make_table("others (id int primary key)")
    writer("insert into animals values (1, 'ant', 6), (2, 'bee', 6)")
    slow = connect_as("writer")
    slow("begin")
    slow("update animals set legs = 0 where id = 1")
    writer("update animals set legs = 5 where id = 2")
    moment = now(reader)
    # In another table: what it did in this one does not count either.
    slow("insert into others values (1)")
    slow("commit")
    legs = "select id, legs from rowtrail.as_of(null::animals, %s) order by id"
    assert reader(legs, moment) == [(1, 6), (2, 5)]
    assert reader(legs, now(reader)) == [(1, 0), (2, 5)]
    one = "select data -> 'legs' from rowtrail.as_of_row('animals', 1, %s)"
    assert reader(one, moment) == [(6,)]
    assert reader(one, now(reader)) == [(0,)]


def test_a_transaction_is_a_boundary(animals: str, writer: Run, reader: Run) -> None:
    writer("insert into animals values (1, 'ant', 6)")
    writer("begin")
    writer("update animals set legs = 5")
    writer("insert into animals values (2, 'bee', 6)")
    writer("commit")
    writer("delete from animals")
    [(transaction,)] = reader(
        "select transaction from rowtrail.changes('-infinity', 'animals', of_column => 'legs')"
    )
    query = "select id, legs from rowtrail.as_of(null::animals, transaction => %s) order by id"
    assert reader(query, transaction) == [(1, 5), (2, 6)]
    with pytest.raises(psycopg2.Error, match="there is no version of a transaction 1-999999"):
        reader(query, "1-999999")
    with pytest.raises(psycopg2.Error, match="'<script>' names no transaction"):
        reader(query, "<script>")


@pytest.mark.parametrize("given", ["", ", null::timestamptz", ", now(), '1-5'"])
def test_as_of_what_is_said_once(animals: str, reader: Run, given: str) -> None:
    with pytest.raises(psycopg2.Error, match="as of when\\? Give a moment, a transaction or") as e:
        reader(f"select * from rowtrail.as_of(null::animals{given})")
    assert "transaction => '1-4711'" in (e.value.diag.message_hint or "")


def test_as_of_takes_the_row_of_a_table(animals: str, reader: Run) -> None:
    with pytest.raises(psycopg2.Error, match="a row of the table says which one is meant, not int"):
        reader("select rowtrail.as_of(1, now())")
    with pytest.raises(psycopg2.Error, match="pg_class has no history: it was never tracked"):
        reader("select rowtrail.as_of(null::pg_class, now())")


def test_page_after_page_has_the_rows_that_the_whole_has(
    animals: str, writer: Run, owner: Run, reader: Run
) -> None:
    def many(statement: str) -> str:
        return ";".join(statement.format(n) for n in range(12))

    moments = []
    for statement in (
        "insert into animals select n, 'a', n from generate_series(1, 9) as n",
        "update animals set legs = 0 where id < 4",
        "delete from animals where id in (2, 5)",
        "insert into animals values (2, 'again', 1)",
        "begin; insert into animals values (20, 'b', 1); update animals set legs = 2 where id = 20;"
        "commit",
        # A key stands for two rows in one transaction.
        "begin; update animals set id = 100 where id = 1; update animals set id = 1 where id = 3;"
        "update animals set id = 3 where id = 100; commit",
        # More of one transaction than is looked at.
        f"begin; {many('update animals set legs = 40 + {} where id = 4')}; commit",
        f"begin; insert into animals values (7000, 'c', 0);"
        f"{many('update animals set legs = 10 + {} where id = 7000')};"
        "delete from animals where id = 7000; commit",
        "begin; delete from animals where id = 6; insert into animals values (6, 'd', 6); commit",
        "begin; update animals set legs = 9 where id = 7; delete from animals where id = 7; commit",
        "update animals set id = 70 where id = 8",
    ):
        writer(statement)
        moments.append(now(reader))
    owner("alter table animals rename legs to feet")
    moments.append(now(reader))
    writer("truncate animals")
    moments.append(now(reader))
    writer("insert into animals values (9, 'e', 1)")
    moments.append(now(reader))
    for moment in moments:
        whole = reader("select * from rowtrail.as_of_rows('animals', %s) order by row_key", moment)
        found: list[Any] = []
        key = None
        while True:
            lines = reader(
                "select p.* from rowtrail.tables as t "
                "cross join lateral rowtrail.page_as_of(t.id, %s, 3, %s, null, null, 3) as p",
                key, moment,
            )  # fmt: skip
            found += [line for line in lines if line[3] is not None]
            if not lines or (len(lines) < 3 and lines[-1][3] is not None):
                break
            key = lines[-1][0]
        assert found == whole


def test_nothing_is_known_from_before_the_history(
    animals: str, writer: Run, reader: Run, url: URL
) -> None:
    writer("insert into animals values (1, 'ant', 6)")
    connection = psycopg2.connect(
        host=url.query["host"], port=5432, user="reader", dbname=url.database
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("select * from rowtrail.as_of(null::animals, '2001-01-01')")
        assert cursor.fetchall() == []
    assert "nothing is known of public.animals before 20" in connection.notices[0]
    connection.close()


def test_rows_of_a_baseline_are_known_from_its_beginning_on(
    owner: Run, writer: Run, reader: Run
) -> None:
    owner("create table animals (id int primary key, legs int)")
    owner("grant all on animals to writer")
    owner("insert into animals values (1, 6), (2, 6), (3, 6)")
    owner("select rowtrail.track('animals')")
    writer("update animals set legs = 5 where id = 1")
    before = now(reader)
    owner("call rowtrail.baseline('animals')")
    after = now(reader)
    writer("delete from animals where id = 2")
    query = "select id, legs from rowtrail.as_of(null::animals, %s) order by id"
    assert reader(query, before) == [(1, 5)]
    assert reader(query, after) == [(1, 5), (2, 6), (3, 6)]
    assert reader(query, now(reader)) == [(1, 5), (3, 6)]


def test_the_columns_of_today_or_of_that_day(
    make_table: MakeTable, owner: Run, writer: Run, reader: Run
) -> None:
    make_table("notes (id int primary key, title text, gone int, amount int)")
    writer("insert into notes values (1, 'a', 5, 7), (2, 'b', 5, 7)")
    first = now(reader)
    owner("alter table notes rename title to heading")
    owner("alter table notes drop column gone")
    owner("alter table notes add column state text default 'new'")
    writer("update notes set heading = 'c' where id = 2")
    second = now(reader)
    owner("alter table notes alter amount type numeric using amount * 100")
    owner("alter table notes rename heading to title")
    owner("alter table notes rename state to condition")
    typed = "select id, title, amount, condition from rowtrail.as_of(null::notes, %s) order by id"
    # What a later statement made of the amounts is not what they were.
    assert reader(typed, first) == [(1, "a", 7, "new"), (2, "b", 7, "new")]
    assert reader(typed, second) == [(1, "a", 7, "new"), (2, "c", 7, "new")]
    # What it made of them is not known until a baseline.
    unknown = "select id, title, amount from rowtrail.as_of(null::notes, now()) order by id"
    assert reader(unknown) == [(1, "a", None), (2, "c", None)]
    owner("call rowtrail.baseline('notes')")
    assert reader(unknown) == [(1, "a", 700), (2, "c", 700)]
    recorded = "select data from rowtrail.as_of_rows('notes', %s) order by row_key"
    assert reader(recorded, first) == [
        ({"id": 1, "title": "a", "gone": 5, "amount": 7},),
        ({"id": 2, "title": "b", "gone": 5, "amount": 7},),
    ]
    assert reader(recorded, second) == [
        ({"id": 1, "heading": "a", "amount": 7, "state": "new"},),
        ({"id": 2, "heading": "c", "amount": 7, "state": "new"},),
    ]


def test_values_come_back_as_they_were(make_table: MakeTable, writer: Run, reader: Run) -> None:
    make_table(
        "typed (id bigint primary key, a numeric, b timestamptz, c interval, d bytea, e json, "
        "f int[], g daterange, h money, i jsonb, j double precision, k varchar(9), l uuid, m date)"
    )
    writer("set timezone = 'Asia/Kathmandu'")
    writer(
        "insert into typed values (9007199254740993, 1.00, '2026-01-01', '1 mon -3 days', "
        "'\\xff00', "
        """'{"b": 1,  "a": 1, "a": 2}', '{1,null}', '[2026-01-01,)', 1.5, '{"n": 1.50}', 'NaN', """
        "'x', gen_random_uuid(), 'infinity')"
    )
    writer("insert into typed values (2)")
    reader("set timezone = 'America/Lima'")
    reader("set datestyle = 'SQL, DMY'")
    [past] = reader(
        "select array_agg(t::text order by id) from rowtrail.as_of(null::typed, now()) as t"
    )
    writer("set timezone = 'America/Lima'")
    writer("set datestyle = 'SQL, DMY'")
    [live] = writer("select array_agg(t::text order by id) from typed as t")
    assert past == live


def test_what_was_excluded_or_hashed_is_null(
    make_table: MakeTable, writer: Run, reader: Run
) -> None:
    make_table(
        "users (id int primary key, password text, ssn int)", exclude="{password}", hash="{ssn}"
    )
    writer("insert into users values (1, 'secret', 123)")
    assert reader("select * from rowtrail.as_of(null::users, now())") == [(1, None, None)]


def test_a_value_that_does_not_fit_today_is_one_error(
    make_table: MakeTable, owner: Run, writer: Run, reader: Run
) -> None:
    make_table("notes (id int primary key, n text)")
    writer("insert into notes values (1, 'many')")
    moment = now(reader)
    owner("alter table notes alter n type int using length(n)")
    with pytest.raises(psycopg2.Error, match=r"was not as its columns are today: .*many") as error:
        reader("select * from rowtrail.as_of(null::notes, %s)", moment)
    assert "rowtrail.as_of_rows('public.notes'" in (error.value.diag.message_hint or "")


def test_a_dropped_table_is_read_as_it_was(
    animals: str, owner: Run, writer: Run, reader: Run
) -> None:
    writer("insert into animals values (1, 'ant', 6)")
    moment = now(reader)
    [(number,)] = reader("select id from rowtrail.tables")
    owner("drop table animals")
    rows = "select data -> 'name' from rowtrail.rows_as_of(%s, null, %s, null, null)"
    assert reader(rows, number, moment) == [("ant",)]
    assert reader(rows, number, now(reader)) == []
    # Made again with other columns, it goes on with its history.
    owner("create table animals (name text, id int primary key)")
    owner("select rowtrail.track('animals')")
    assert reader("select * from rowtrail.as_of(null::animals, %s)", moment) == [("ant", 1)]
    assert reader("select * from rowtrail.as_of(null::animals, now())") == []


def test_partitions_that_went_are_there_before_and_not_after(
    owner: Run, writer: Run, reader: Run
) -> None:
    owner("create table parts (id int, part int, primary key (id, part)) partition by list (part)")
    owner("create table parts_0 partition of parts for values in (0)")
    owner("create table parts_1 partition of parts for values in (1)")
    owner("select rowtrail.track('parts')")
    owner("grant all on parts to writer")
    writer("insert into parts values (1, 0), (2, 1), (3, 0)")
    before = now(reader)
    writer("update parts set part = 1 where id = 3")
    owner("alter table parts detach partition parts_0")
    owner("alter table parts rename part to place")
    typed = "select * from rowtrail.as_of(null::parts, %s) order by id"
    assert reader(typed, before) == [(1, 0), (2, 1), (3, 0)]
    assert reader(typed, now(reader)) == [(2, 1), (3, 1)]
    recorded = "select data from rowtrail.as_of_rows('parts', %s) order by row_key"
    assert reader(recorded, before)[0] == ({"id": 1, "part": 0},)
    assert reader(recorded, now(reader)) == [({"id": 2, "place": 1},), ({"id": 3, "place": 1},)]
    owner("drop table parts")
    of_dropped = "select data from rowtrail.rows_as_of(1, null, %s, null, null) order by row_key"
    assert reader(of_dropped, before)[0] == ({"id": 1, "part": 0},)


def test_who_may_not_read_history_reads_no_past(animals: str, writer: Run, owner: Run) -> None:
    for call in (
        "as_of(null::animals, now())",
        "as_of_rows('animals', now())",
        "as_of_row('animals', 1, now())",
        "changes(now())",
        "diff(1, 2)",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            owner(f"select * from rowtrail.{call}")


def test_recorded_rows_are_read_without_code_of_the_owner(
    make_table: MakeTable, owner: Run, writer: Run, reader: Run
) -> None:
    owner("create function spy(int) returns boolean language plpgsql as "
          "$$ begin raise exception 'code of the owner'; end $$")  # fmt: skip
    owner("create domain age as int")
    make_table("people (id int primary key, years age)")
    writer("insert into people values (1, 30)")
    owner("alter domain age add constraint spied check (spy(value)) not valid")
    with pytest.raises(psycopg2.Error, match="code of the owner"):
        reader("select * from rowtrail.as_of(null::people, now())")
    assert reader("select data -> 'years' from rowtrail.as_of_rows('people', now())") == [(30,)]
    assert reader("select data -> 'years' from rowtrail.as_of_row('people', 1, now())") == [(30,)]


def test_one_row_is_found_by_index(animals: str, writer: Run, superuser: Run) -> None:
    writer("insert into animals select k, 'x', 1 from generate_series(1, 20000) as k")
    writer("update animals set legs = 2")
    superuser("analyze rowtrail.versions")
    superuser("set track_functions = 'all'")
    scans = (
        "select coalesce(sum(seq_tup_read), 0) from pg_stat_xact_user_tables "
        "where schemaname = 'rowtrail' and relname like 'versions%'"
    )
    superuser("begin")
    [(before,)] = superuser(scans)
    found = superuser("select data -> 'legs' from rowtrail.as_of_row('animals', 77, now())")
    [(after,)] = superuser(scans)
    superuser("commit")
    assert found == [(2,)]
    assert after == before


def test_a_row_of_many_changes_is_read_from_the_last_of_them(
    animals: str, writer: Run, reader: Run, superuser: Run
) -> None:
    writer("insert into animals values (1, 'ant', 0), (2, 'bee', 0)")
    writer("do $$ begin for n in 1..150 loop update animals set legs = n; end loop; end $$")
    one = "select data -> 'legs' from rowtrail.as_of_row('animals', %s, now())"
    # More than are looked at first, all of one transaction.
    assert reader(one, 1) == [(150,)]
    writer("begin")
    writer("update animals set id = id + 10")
    writer("do $$ begin for n in 1..30 loop update animals set legs = 200 + n; end loop; end $$")
    writer("update animals set id = 30 - id")
    writer("commit")
    assert reader(one, 1) == []
    assert reader(one, 18) == [(230,)]
    for n in range(70):
        writer(f"update animals set legs = {n}")
    assert reader(one, 19) == [(69,)]
    [(settled,)] = superuser("select rowtrail.settled_at(1, rowtrail.unbounded(), '19')")
    [(newest,)] = superuser("select max(id) from rowtrail.versions where row_key = '19'")
    assert settled == newest


def test_a_row_without_a_key_is_read_by_what_it_holds(
    make_table: MakeTable, writer: Run, reader: Run
) -> None:
    make_table("readings (sensor text, value int)")
    writer("insert into readings values ('a', 1), ('a', 1), ('b', 2)")
    first = now(reader)
    writer("update readings set value = 3 where sensor = 'a'")
    typed = "select * from rowtrail.as_of(null::readings, %s) order by 1"
    assert reader(typed, first) == [("a", 1), ("a", 1), ("b", 2)]
    assert reader(typed, now(reader)) == [("a", 3), ("a", 3), ("b", 2)]
    [(key,)] = reader("select distinct row_key from rowtrail.versions where old_key is not null")
    one = "select data from rowtrail.as_of_row('readings', %s, %s)"
    assert reader(one, key, first) == []
    assert reader(one, key, now(reader)) == [({"sensor": "a", "value": 3},)] * 2
