"""Who may read which history: the grants on the tables decide, for each role and each table."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Engine

Run = Callable[..., list[Any]]
MakeTable = Callable[..., str]
Denied = psycopg2.errors.InsufficientPrivilege


@pytest.fixture
def clerk(make_login: Callable[..., Engine], connect_as: Callable[[str], Run]) -> Run:
    """A session of a member of rowtrail_limited_reader, which may select from no table yet."""
    make_login("clerk", member_of="rowtrail_limited_reader")
    return connect_as("clerk")


@pytest.fixture
def shop(make_table: MakeTable, owner: Run, writer: Run, clerk: Run) -> None:
    """Two tables, of which the clerk may select from orders; one transaction wrote to both."""
    make_table("orders (id int primary key, total numeric)")
    make_table("wages (id int primary key, amount numeric)")
    owner("grant select on orders to clerk")
    writer("begin; insert into orders values (1, 10); insert into wages values (1, 5000); commit")
    writer("update wages set amount = 6000")
    writer("update orders set total = 20")


def tables_seen(run: Run) -> list[str]:
    """The tables whose history somebody sees, by the registry, the status and the versions."""
    registered = run("select table_name::text from rowtrail.tables order by 1")
    status = run("select split_part(table_name, '.', 2) from rowtrail.status() order by 1")
    of_versions = run(
        "select distinct t.table_name::text from rowtrail.versions as v "
        "left join rowtrail.tables as t on t.id = v.table_id order by 1"
    )
    assert registered == status == of_versions
    return [name for (name,) in registered]


def test_the_view_of_recent_changes_shows_each_reader_what_it_may_read(
    shop: None, clerk: Run, reader: Run, owner: Run, writer: Run, connect_as: Callable[[str], Run]
) -> None:
    """It is of rowtrail_owner, who reads all; a reader gets no more by it than by functions."""
    view = "select distinct table_name from rowtrail.recent_changes order by 1"
    assert clerk(view) == [("public.orders",)]
    assert reader(view) == [("public.orders",), ("public.wages",)]
    # Many changes of what the clerk does not see leave what it sees.
    writer("insert into wages select g, 1 from generate_series(10, 1200) as g")
    assert clerk("select row_key, op from rowtrail.recent_changes") == [
        ("1", "update"), ("1", "insert"),
    ]  # fmt: skip
    owner("revoke select on orders from clerk")
    assert clerk(view) == []
    for outsider in (writer, owner):
        with pytest.raises(Denied):
            outsider(view)


def test_a_limited_reader_sees_the_history_of_the_tables_that_it_may_select_from(
    shop: None, clerk: Run, reader: Run, owner: Run
) -> None:
    assert tables_seen(clerk) == ["orders"]
    assert clerk("select count(*) from rowtrail.versions") == [(2,)]
    assert clerk("select count(*) from rowtrail.versions where data::text like '%amount%'") == [
        (0,)
    ]
    assert tables_seen(reader) == ["orders", "wages"]
    owner("grant select on wages to clerk")
    assert tables_seen(clerk) == ["orders", "wages"]
    owner("revoke select on orders, wages from clerk")
    assert tables_seen(clerk) == []


def test_a_grant_on_some_columns_does_not_show_the_history(
    shop: None, clerk: Run, owner: Run
) -> None:
    owner("revoke select on orders from clerk; grant select (id, total) on orders to clerk")
    assert clerk("select id from orders") == [(1,)]
    assert tables_seen(clerk) == []


def test_row_security_of_the_table_closes_its_history_to_whom_it_binds(
    shop: None, clerk: Run, owner: Run, superuser: Run
) -> None:
    owner("create policy own on orders to clerk using (id = 1)")
    owner("alter table orders enable row level security")
    assert clerk("select id from orders") == [(1,)]
    assert tables_seen(clerk) == []
    superuser("grant rowtrail_limited_reader to owner")
    assert tables_seen(owner) == ["orders", "wages"]


def test_a_dropped_table_is_for_readers_of_all_only(
    shop: None, clerk: Run, reader: Run, owner: Run
) -> None:
    owner("drop table orders")
    assert tables_seen(clerk) == []
    assert tables_seen(reader) == ["orders", "wages"]
    assert clerk("select count(*) from rowtrail.versions") == [(0,)]


def test_a_renamed_table_keeps_its_readers(shop: None, clerk: Run, owner: Run) -> None:
    owner("alter table orders rename to purchases")
    assert tables_seen(clerk) == ["purchases"]


def test_another_table_under_the_number_of_one_shows_no_history_of_it(
    shop: None, clerk: Run, superuser: Run
) -> None:
    superuser("create table notes (id int primary key); grant select on notes to clerk")
    # As after a restore from a dump, where tables have other numbers.
    superuser("delete from rowtrail.tables where table_name = 'orders'")
    superuser("update rowtrail.tables set relid = 'notes'::regclass where table_name = 'wages'")
    assert clerk("select count(*) from rowtrail.versions") == [(0,)]


def test_who_is_a_reader_of_all_and_a_limited_one_sees_all(
    shop: None, clerk: Run, superuser: Run, connect_as: Callable[[str], Run]
) -> None:
    superuser("grant rowtrail_reader to clerk")
    assert tables_seen(clerk) == ["orders", "wages"]
    superuser("revoke rowtrail_reader from clerk")
    # Functions that this session has planned go on with the policies of then.
    assert tables_seen(connect_as("clerk")) == ["orders"]


def test_what_a_session_has_planned_for_one_role_is_not_used_for_another(
    shop: None, superuser: Run, reader: Run, make_login: Callable[..., Engine]
) -> None:
    make_login("payroll", member_of="rowtrail_limited_reader")
    superuser("grant select on wages to payroll; grant clerk, payroll, reader to postgres")
    [(wages,)] = reader("select id from rowtrail.tables where table_name = 'wages'")
    questions = (
        f"select count(*) from rowtrail.row_history({wages}, '1')",
        f"select count(*) from rowtrail.rows_as_of({wages}, null, now(), null, null)",
        f"select count(*) from rowtrail.replay({wages})",
        "select count(*) from rowtrail.changes('-infinity') as c where c.data ? 'amount'",
    )
    for role in 4 * ("reader", "clerk", "payroll", "clerk"):
        superuser(f"begin; set local role {role}")
        for question in questions:
            [(found,)] = superuser(question)
            assert (found > 0) == (role != "clerk"), (role, question)
        superuser("rollback")


def test_the_grants_of_the_role_that_acts_count(
    shop: None, clerk: Run, superuser: Run, make_login: Callable[..., Engine]
) -> None:
    make_login("boss", member_of="rowtrail_limited_reader")
    superuser("grant select on wages to boss; grant boss to clerk")
    clerk("set role boss")
    assert tables_seen(clerk) == ["wages"]
    clerk("reset role")
    assert tables_seen(clerk) == ["orders", "wages"]


@pytest.mark.parametrize(
    "question",
    [
        "select * from rowtrail.history('wages', 1)",
        "select * from rowtrail.schema_history('wages')",
        "select * from rowtrail.as_of_rows('wages', now())",
        "select * from rowtrail.as_of_row('wages', 1, now())",
        "select * from rowtrail.as_of(null::wages, now())",
    ],
)
def test_a_question_about_a_closed_history_names_the_grant(
    shop: None, clerk: Run, reader: Run, question: str
) -> None:
    with pytest.raises(Denied, match="only for those who may read all of that table") as error:
        clerk(question)
    assert error.value.diag.message_hint == (
        "Let its owner run: grant select on public.wages to clerk;"
    )
    reader(question)
    assert clerk(question.replace("wages", "orders")) == reader(question.replace("wages", "orders"))


def test_a_question_about_all_tables_answers_of_those_that_are_seen(
    shop: None, clerk: Run, reader: Run
) -> None:
    changes = "select count(*) from rowtrail.changes('-infinity')"
    assert (clerk(changes), reader(changes)) == ([(2,)], [(4,)])
    [(transaction,)] = reader(
        "select era || '-' || xid from rowtrail.versions where op = 'I' limit 1"
    )
    patch = f"select string_agg(s, '') from rowtrail.undo_sql(transaction => '{transaction}') as s"
    [(whole,)], [(part,)] = reader(patch), clerk(patch)
    assert "wages" in whole
    assert "orders" in part
    assert "wages" not in part


def test_by_their_numbers_nothing_of_a_closed_history_is_found(
    shop: None, clerk: Run, reader: Run
) -> None:
    [(number,)] = reader("select id from rowtrail.tables where table_name = 'wages'")
    [(version,)] = reader(f"select max(id) from rowtrail.versions where table_id = {number}")
    for question in (
        f"select * from rowtrail.row_history({number}, '1')",
        f"select * from rowtrail.replay({number})",
        f"select * from rowtrail.image_maps({number})",
        f"select * from rowtrail.version_of({version})",
    ):
        with suppress(psycopg2.errors.NoDataFound):
            assert clerk(question) == [], question
    [(row,)] = clerk("select t::text from rowtrail.tracking_of('wages') as t")
    assert row


def test_what_runs_with_the_owners_rights_tells_a_limited_reader_no_row(
    shop: None, clerk: Run, owner: Run
) -> None:
    owner("select rowtrail.track('wages', baseline => true)")
    definers = clerk("""
        select p.proname::text
        from pg_proc as p
        where p.pronamespace = 'rowtrail'::regnamespace
          and p.prosecdef
          and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
          and has_function_privilege(p.oid, 'execute')
        order by 1
    """)
    assert [name for (name,) in definers] == [
        # These ask for what only the table's owner can lend.
        "attach",
        "baseline_step",
        "detach",
        # Whether ids come again; how many versions are of months without a partition.
        "has_low_ids",
        "in_default_partition",
        # Whether the database was restored.
        "is_restored",
        # Up to which transaction a seal goes.
        "snapshot_of_seal",
        # The names of tables; the settings of one.
        "tracking_of",
        "untracked_children",
    ]
    assert clerk("select baseline_after from rowtrail.tracking_of('wages')") == [(None,)]
    for call in ("detach('wages', null)", "baseline_step('wages', 1)"):
        with pytest.raises(Denied):
            clerk(f"select rowtrail.{call}")


def test_a_limited_reader_calls_what_a_reader_calls(shop: None, clerk: Run, reader: Run) -> None:
    callable_ = """
        select p.oid::regprocedure::text from pg_proc as p
        where p.pronamespace = 'rowtrail'::regnamespace and has_function_privilege(p.oid, 'execute')
        order by 1
    """
    assert clerk(callable_) == reader(callable_)


def test_a_limited_reader_changes_nothing(shop: None, clerk: Run) -> None:
    for statement in (
        "insert into rowtrail.versions (changed_at) values (now())",
        "update rowtrail.versions set actor = 'x'",
        "delete from rowtrail.versions",
        "update rowtrail.tables set table_name = 'orders'",
        "drop policy limited_readers on rowtrail.versions",
        "alter table rowtrail.versions disable row level security",
        "select rowtrail.track('orders')",
        "set role rowtrail_reader",
    ):
        with pytest.raises(Denied):
            clerk(statement)


def test_a_function_of_the_reader_is_not_run_on_what_it_may_not_see(
    shop: None, clerk: Run, superuser: Run
) -> None:
    superuser("grant create on schema public to clerk")
    clerk("""
        create function peep(seen jsonb) returns boolean language plpgsql cost 0.0001 as
        $$ begin raise notice '%', seen; return true; end $$
    """)
    clerk("set client_min_messages = notice")
    assert clerk("select count(*) from rowtrail.versions where peep(data)") == [(2,)]
    clerk("""
        create or replace function peep(seen jsonb) returns boolean language plpgsql cost 0.0001 as
        $$ begin
          if seen ? 'amount' then raise exception 'seen: %', seen; end if;
          return true;
        end $$
    """)
    assert clerk("select count(*) from rowtrail.versions where peep(data)") == [(2,)]


def test_partitions_show_nothing_by_themselves(
    shop: None, clerk: Run, superuser: Run, make_login: Callable[..., Engine],
    connect_as: Callable[[str], Run],
) -> None:  # fmt: skip
    superuser("select rowtrail.make_partitions(20)")
    assert superuser(
        "select count(*) from pg_class where relnamespace = 'rowtrail'::regnamespace "
        "and relkind in ('r', 'p') and not relrowsecurity "
        "and relname not in ('alembic_version', 'seals', 'seal_leaves', 'verifications')"
    ) == [(0,)]
    make_login("auditor", member_of="pg_read_all_data")
    auditor = connect_as("auditor")
    [(partition,)] = superuser("select tableoid::regclass::text from rowtrail.versions limit 1")
    for table in ("rowtrail.versions", "rowtrail.tables", "rowtrail.salts", partition):
        assert auditor(f"select count(*) from {table}") == [(0,)], table
        if table == partition:
            with pytest.raises(Denied):
                clerk(f"select count(*) from {table}")


def test_capture_records_whoever_writes(shop: None, clerk: Run, owner: Run, superuser: Run) -> None:
    owner("grant insert, update on orders to clerk")
    clerk("begin; insert into orders values (2, 1); update orders set total = 2; commit")
    clerk("begin; update orders set total = 3; update orders set total = 4; commit")
    assert clerk("select count(*) from rowtrail.versions") == [(9,)]


QUESTIONS = (
    "select * from rowtrail.versions where table_id = 1 order by id desc limit 50",
    "select * from rowtrail.versions where table_id = 1 and row_key = '1' order by id desc",
    "select * from rowtrail.versions where (xid::text)::bigint = 4711 and era = 1",
    "select * from rowtrail.versions where changed_at >= now() - interval '1 day'",
    "select v.op from rowtrail.versions as v join rowtrail.tables as t on t.id = v.table_id",
    "select * from rowtrail.tables where relid = 1",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_who_sees_all_has_the_plan_of_the_owner(shop: None, superuser: Run, question: str) -> None:
    superuser("analyze rowtrail.versions")
    plans = []
    for role in ("rowtrail_owner", "rowtrail_reader"):
        superuser(f"set role {role}")
        plans.append(superuser(f"explain {question}"))
        superuser("reset role")
    assert plans[0] == plans[1]


def test_the_capturing_role_has_the_plan_of_the_owner(shop: None, superuser: Run) -> None:
    superuser("analyze rowtrail.versions")
    plans = []
    for role in ("rowtrail_owner", "rowtrail_capture"):
        superuser(f"set role {role}")
        plans.append(
            superuser(
                "explain select v.id, v.xid, v.file from rowtrail.versions as v "
                "where v.table_id = 1 and v.row_key between '1' and '1' "
                "and v.changed_at between now() - interval '1 day' and now() + interval '1 day' "
                "order by v.row_key desc, v.id desc limit 1"
            )
        )
        superuser("reset role")
    assert plans[0] == plans[1]
    superuser("set role rowtrail_capture")
    insert = (
        "explain (verbose, costs off) insert into rowtrail.versions "
        "(changed_at, xid, table_id, op, row_key, login) values (now(), '1', 1, 'I', '1', 'x')"
    )
    captured = superuser(insert)
    superuser("reset role")
    assert captured == superuser(insert)


def test_the_versions_of_a_limited_reader_are_found_by_index(
    shop: None, clerk: Run, superuser: Run
) -> None:
    superuser("set session_replication_role = replica")
    superuser(
        "insert into rowtrail.versions (changed_at, xid, table_id, op, row_key, login, data) "
        "select now(), '1', t.id, 'U', n::text, 'x', '{}' from rowtrail.tables as t, "
        "generate_series(1, 20000) as n"
    )
    superuser("analyze rowtrail.versions")
    [(number,)] = clerk("select id from rowtrail.tables")
    for question in (
        f"select * from rowtrail.versions where table_id = {number} order by id desc limit 50",
        f"select * from rowtrail.versions where table_id = {number} and row_key = '7'",
    ):
        plan = "\n".join(line for (line,) in clerk(f"explain {question}"))
        # The other partitions are empty.
        this_month = f"versions_{datetime.now(UTC):%Y_%m}"
        assert re.search(rf"Index Scan.* on {this_month} ", plan), plan
        assert not re.search(rf"Seq Scan on {this_month} ", plan), plan
