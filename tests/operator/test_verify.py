"""Promises about `rowtrail verify`: what was tampered with is named, and nothing else is."""

import json
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from as_people_do import command, environment
from sqlalchemy import URL, Connection, text

Run = Callable[..., Any]

TABLES = """
create table orders (id int primary key, status text);
select rowtrail.track('orders');
insert into orders values (1, 'new'), (2, 'new');
create role meddler;
"""


@pytest.fixture
def tampered(db: Connection) -> Iterator[Connection]:
    """A superuser's session, in a database with a tracked table, and a role that has no rights."""
    db.exec_driver_sql(TABLES)
    yield db
    db.exec_driver_sql("reset all; set role none")
    db.exec_driver_sql("drop type if exists mood cascade; drop function if exists evil")
    db.exec_driver_sql("drop owned by meddler; drop role meddler")


def found(run: Run, url: URL, *options: str) -> tuple[int, list[tuple[str, str, str]]]:
    """The exit status, and the part, object and problem of each fault."""
    done = run("verify", "--json", "--database", url, *options)
    assert done.stderr == ""
    said = json.loads(done.stdout)
    faults = [one for one in said["findings"] if one["is_fault"]]
    assert said["faults"] == len(faults)
    assert all(one["mend"] for one in faults)
    return done.returncode, [(one["part"], one["object"], one["problem"]) for one in faults]


def test_what_is_as_it_must_be_has_no_fault(tampered: Connection, url: URL, run: Run) -> None:
    done = run("verify", "--database", url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "no faults; 0 seals; public.orders compared\n"
    assert run("verify", "--no-rows", "--no-seals", "--database", url).stdout == "no faults\n"
    assert found(run, url) == (0, [])


ATTACKS = {
    "alter table orders disable trigger all": ("table", "public.orders", "trigger disabled"),
    "alter role rowtrail_reader login": ("role", "rowtrail_reader", "can log in"),
    "alter role rowtrail_owner superuser": ("role", "rowtrail_owner", "is a superuser"),
    "alter role rowtrail_capture createrole": (
        "role", "rowtrail_capture", "can create roles, replicate, or pass row security",
    ),
    "alter table rowtrail.salts owner to meddler": (
        "owner", "table rowtrail.salts", "belongs to meddler",
    ),
    "alter function rowtrail.status() owner to meddler": (
        "owner", "routine rowtrail.status()", "belongs to meddler",
    ),
    "grant update on rowtrail.versions to meddler": (
        "grant", "table rowtrail.versions", "meddler may UPDATE",
    ),
    "grant insert on rowtrail.versions_default to public": (
        "grant", "table rowtrail.versions_default", "everybody may INSERT",
    ),
    "grant update (actor) on rowtrail.versions to meddler": (
        "grant", "table rowtrail.versions", "meddler may UPDATE (actor)",
    ),
    "grant select on rowtrail.salts to meddler": (
        "grant", "table rowtrail.salts", "meddler may SELECT",
    ),
    "grant create on schema rowtrail to meddler": (
        "grant", "schema rowtrail", "meddler may CREATE",
    ),
    "grant usage on sequence rowtrail.version_id to meddler": (
        "grant", "sequence rowtrail.version_id", "meddler may USAGE",
    ),
    "create rule skip as on insert to rowtrail.versions_default do instead nothing": (
        "versions", "rowtrail.versions_default", "has the rule skip",
    ),
    "create trigger hide before insert on rowtrail.versions for each row "
    "execute function suppress_redundant_updates_trigger()": (
        "versions", "rowtrail.versions", "has the trigger hide",
    ),
    "create trigger hide before update on rowtrail.verifications for each row "
    "execute function suppress_redundant_updates_trigger()": (
        "versions", "rowtrail.verifications", "has the trigger hide",
    ),
    "grant delete on rowtrail.verifications to rowtrail_auditor": (
        "grant", "table rowtrail.verifications", "rowtrail_auditor may DELETE",
    ),
    "create policy hide on rowtrail.versions as restrictive using (actor <> 'mallory')": (
        "versions", "rowtrail.versions", "has the policy hide",
    ),
    "alter policy readers on rowtrail.versions to meddler": (
        "versions", "rowtrail.versions",
        "has the policy readers, but for others or with another condition",
    ),
    "alter policy readers on rowtrail.versions using (actor <> 'mallory')": (
        "versions", "rowtrail.versions",
        "has the policy readers, but for others or with another condition",
    ),
    "drop policy limited_readers on rowtrail.tables": (
        "versions", "rowtrail.tables", "lacks the policy limited_readers",
    ),
    "alter table rowtrail.versions disable row level security": (
        "versions", "rowtrail.versions", "has no row security",
    ),
    "create table rowtrail.versions_old (like rowtrail.versions); "
    "alter table rowtrail.versions_old owner to rowtrail_owner": (
        "versions", "rowtrail.versions_old",
        "is no partition of rowtrail.versions: what it holds is not read",
    ),
    "alter function rowtrail.capture() reset search_path": (
        "function", "rowtrail.capture()",
        "runs with its owner's rights, and where it looks for names is not pinned",
    ),
    "create schema evil; alter function rowtrail.verify_seal(bigint) set search_path = evil": (
        "function", "rowtrail.verify_seal(bigint)", "is not what this release installs",
    ),
    "alter function rowtrail.move_era() security definer": (
        "function", "rowtrail.move_era()", "is not what this release installs",
    ),
    "alter function rowtrail.capture_partition() set timezone = 'Asia/Tokyo'": (
        "function", "rowtrail.capture_partition()", "is not what this release installs",
    ),
    "alter event trigger rowtrail_guard_drop disable": (
        "guard", "rowtrail_guard_drop",
        "is not always on, leaves out commands, or calls another function",
    ),
    "drop event trigger rowtrail_guard_command; "
    "create event trigger rowtrail_guard_command on ddl_command_end "
    "when tag in ('CREATE EXTENSION') execute function rowtrail.on_guarded_command(); "
    "alter event trigger rowtrail_guard_command enable always": (
        "guard", "rowtrail_guard_command",
        "is not always on, leaves out commands, or calls another function",
    ),
    "drop event trigger rowtrail_guard_drop; "
    "create event trigger rowtrail_guard_drop on sql_drop "
    "when tag in ('DROP EXTENSION') execute function rowtrail.on_guarded_command(); "
    "alter event trigger rowtrail_guard_drop enable always": (
        "guard", "rowtrail_guard_drop",
        "is not always on, leaves out commands, or calls another function",
    ),
    "create schema evil; create table evil.aside partition of rowtrail.versions "
    "for values from ('1990-01-01') to ('1990-02-01'); "
    "create trigger hide before insert on evil.aside for each row "
    "execute function suppress_redundant_updates_trigger()": (
        "versions", "evil.aside", "is a partition of rowtrail.versions in another schema",
    ),
    "create table things (id int primary key); insert into things values (1); "
    "alter table rowtrail.versions add foreign key (table_id) references things "
    "on delete cascade": (
        "versions", "rowtrail.versions", "has the foreign key versions_table_id_fkey",
    ),
    "delete from rowtrail.eras": (
        "seal", "rowtrail.eras", "does not have one row for each of the eras 1 to 1",
    ),
    "alter table rowtrail.seals set unlogged": (
        "versions", "rowtrail.seals", "is not logged: a crash would empty it",
    ),
    "grant execute on function rowtrail.capture() to meddler": (
        "grant", "function rowtrail.capture()", "meddler may EXECUTE",
    ),
    "grant execute on function rowtrail.seal() to public": (
        "grant", "function rowtrail.seal()", "everybody may EXECUTE",
    ),
    # As an upgrade says it of a function that it has left for who still calls it.
    "grant execute on function rowtrail.retire(text) to public; "
    "comment on function rowtrail.retire(text) "
    "is 'Of another release: forged'": (
        "grant", "function rowtrail.retire(text)",
        "everybody may EXECUTE",
    ),
    "select rowtrail.seal(); delete from rowtrail.seals": (
        "seal", "seal 1", "was removed, and its leaves are there",
    ),
    "drop event trigger rowtrail_sql_drop": ("guard", "rowtrail_sql_drop", "is not there"),
    "alter role meddler set session_replication_role = replica": (
        "setting", "meddler", "begins sessions with session_replication_role=replica",
    ),
    "create function rowtrail.helper() returns int language sql as 'select 1'; "
    "alter function rowtrail.helper() owner to rowtrail_owner": (
        "function", "rowtrail.helper()", "is none of this release's",
    ),
    "set session_replication_role = replica; alter table orders disable trigger all; "
    "update orders set status = 'forged' where id = 2; alter table orders enable trigger all; "
    "alter table orders enable always trigger \"!rowtrail_capture\"; "
    "alter table orders enable always trigger \"!rowtrail_truncate\"": (
        "rows", "public.orders, key 2", "holds other values than its versions say: status",
    ),
    "set session_replication_role = replica; alter table orders disable trigger all; "
    "delete from orders where id = 2; "
    "alter table orders enable always trigger \"!rowtrail_capture\"; "
    "alter table orders enable always trigger \"!rowtrail_truncate\"": (
        "rows", "public.orders, key 2", "is gone, and no version says so",
    ),
    "create or replace view rowtrail.recent_changes as select changed_at, table_name, row_key, op, "
    "changes, actor, login, context ->> 'reason' as reason, transaction, id "
    "from rowtrail.recent(1000) where actor <> 'meddler'": (
        "versions", "rowtrail.recent_changes", "is not what this release installs",
    ),
    "drop view rowtrail.recent_changes": (
        "versions", "rowtrail.recent_changes", "is not what this release installs",
    ),
    "delete from rowtrail.versions where row_key = '2'": (
        "rows", "public.orders, key 2", "is there, and no version says so",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_was_tampered_with_is_named_and_nothing_else(
    tampered: Connection, url: URL, run: Run, attack: str
) -> None:
    for statement in attack.split("; "):
        tampered.exec_driver_sql(statement)
    try:
        status, faults = found(run, url)
        expected = ATTACKS[attack]
        assert status == 1
        assert [(part, what) for part, what, _ in faults] == [expected[:2]]
        assert faults[0][2].startswith(expected[2])
    finally:
        for mend in (
            "alter role rowtrail_owner nosuperuser", "alter role rowtrail_reader nologin",
            "alter role rowtrail_capture nocreaterole",
        ):  # fmt: skip
            tampered.exec_driver_sql(mend)


def test_a_table_whose_triggers_are_out_of_date_is_worth_a_note(
    tampered: Connection, url: URL, run: Run
) -> None:
    tampered.exec_driver_sql("alter table orders add column note text")
    done = run("verify", "--database", url)
    assert done.returncode == 0
    assert done.stdout == (
        "note  public.orders: stale\n"
        "      select rowtrail.track('public.orders');\n"
        "no faults; 0 seals; public.orders compared\n"
    )


def changed(definition: str) -> str:
    """The definition of a function with a space more in it, as the driver takes it."""
    return definition.replace("return null;", "return  null;", 1).replace("%", "%%")


def test_a_function_that_was_changed_is_told_by_the_release(
    tampered: Connection, url: URL, run: Run
) -> None:
    [(definition,)] = tampered.execute(
        text("select pg_get_functiondef('rowtrail.capture()'::regprocedure)")
    )
    tampered.exec_driver_sql(changed(definition))
    _, faults = found(run, url)
    assert {what for _, what, _ in faults} == {"rowtrail.capture()", "rowtrail.capture_partition()"}
    assert run("upgrade", "--database", url).returncode == 0
    assert found(run, url) == (0, [])


def test_a_catalogue_that_is_not_true_does_not_deceive(
    tampered: Connection, url: URL, run: Run
) -> None:
    tampered.exec_driver_sql("create schema evil")
    tampered.exec_driver_sql(
        "create view evil.pg_proc as select oid, proname, pronamespace, prolang, provolatile, "
        "proisstrict, prosecdef, proparallel, proconfig, "
        "replace(prosrc, 'return  null;', 'return null;') as prosrc from pg_catalog.pg_proc"
    )
    tampered.exec_driver_sql(
        f'alter database "{url.database}" set search_path = evil, pg_catalog, public'
    )
    [(definition,)] = tampered.execute(
        text("select pg_get_functiondef('rowtrail.capture_truncate()'::regprocedure)")
    )
    tampered.exec_driver_sql(changed(definition))
    _, faults = found(run, url)
    assert faults == [
        ("function", "rowtrail.capture_truncate()", "is not what this release installs")
    ]


def test_a_function_of_postgresql_that_was_replaced_is_named(
    tampered: Connection, url: URL, run: Run
) -> None:
    for statement in (
        "select rowtrail.seal()",
        "create function hashed(bytea) returns bytea language internal immutable as 'sha256_bytea'",
        "create table leaves as select rowtrail.record(v) as was, v.id from rowtrail.versions as v",
        "update rowtrail.versions set login = 'mallory' where row_key = '2'",
        "create function true_one(bytea) returns bytea language plpgsql immutable as "
        "$$ begin return coalesce((select E'\\\\x00'::bytea || l.was from public.leaves as l "
        "join rowtrail.versions as v using (id) "
        "where E'\\\\x00'::bytea || rowtrail.record(v) = $1), $1); end $$",
        "create or replace function pg_catalog.sha256(bytea) returns bytea "
        "language sql immutable as 'select public.hashed(public.true_one($1))'",
    ):
        tampered.exec_driver_sql(statement)
    assert found(run, url)[1] == [
        (
            "function",
            "pg_catalog.sha256(bytea)",
            "is not PostgreSQL's own: what rowtrail verify is told may not be true",
        )
    ]


def test_a_cast_that_runs_when_a_row_is_recorded_is_named(
    tampered: Connection, url: URL, run: Run
) -> None:
    for statement in (
        "create type mood as enum ('fine')",
        "create function evil(mood) returns json language sql as $$ select '1'::json $$",
        "create cast (mood as json) with function evil(mood)",
    ):
        tampered.exec_driver_sql(statement)
    assert found(run, url) == (0, [])
    tampered.exec_driver_sql("alter function evil(mood) owner to meddler")
    _, [fault] = found(run, url)
    assert fault == (
        "function",
        "the cast from public.mood to json",
        "runs public.evil(public.mood) when a row is recorded, which belongs to meddler",
    )


def test_who_may_set_the_role_of_replication_is_named(
    tampered: Connection, url: URL, run: Run
) -> None:
    [(version,)] = tampered.execute(text("select current_setting('server_version_num')::int"))
    if version < 150000:
        pytest.skip("before PostgreSQL 15 nobody but a superuser could be given a parameter")
    tampered.exec_driver_sql("grant set on parameter session_replication_role to meddler")
    _, faults = found(run, url)
    assert faults == [("setting", "meddler", "may set session_replication_role")]


def test_a_setting_that_switches_event_triggers_off_is_named_however_it_is_written(
    tampered: Connection, url: URL, run: Run
) -> None:
    [(version,)] = tampered.execute(text("select current_setting('server_version_num')::int"))
    if version < 170000:
        pytest.skip("before PostgreSQL 17 there is no such setting")
    for written in ("off", "f", "no"):
        tampered.exec_driver_sql(f"alter role meddler set event_triggers = '{written}'")
        _, [(part, what, problem)] = found(run, url)
        assert (part, what) == ("setting", "meddler")
        assert problem.startswith("begins sessions with event_triggers=")
    tampered.exec_driver_sql("alter role meddler reset all")
    tampered.exec_driver_sql("alter system set event_triggers = off")
    tampered.exec_driver_sql("select pg_reload_conf()")
    try:
        assert found(run, url)[1] == [
            (
                "setting",
                "everybody",
                "begins sessions with event_triggers=off, by the server's configuration",
            )
        ]
    finally:
        tampered.exec_driver_sql("alter system reset event_triggers")
        tampered.exec_driver_sql("select pg_reload_conf()")


def test_an_installer_that_is_no_superuser_is_worth_a_note(
    tampered: Connection, url: URL, run: Run
) -> None:
    tampered.exec_driver_sql("grant rowtrail_owner to meddler")
    done = run("verify", "--database", url)
    assert done.returncode == 0
    assert "meddler: may act as rowtrail_owner, and so change the history" in done.stdout


def test_many_rows_are_counted_and_some_are_named(tampered: Connection, url: URL, run: Run) -> None:
    tampered.exec_driver_sql("insert into orders select n, 'x' from generate_series(3, 102) as n")
    tampered.exec_driver_sql("delete from rowtrail.versions where row_key::int > 2")
    _, faults = found(run, url)
    assert len(faults) == 11
    assert faults[-1] == ("rows", "public.orders", "and 90 more rows differ")
    assert found(run, url, "--no-rows") == (0, [])


def test_steps_find_what_a_comparison_at_once_finds(
    tampered: Connection, url: URL, run: Run
) -> None:
    tampered.exec_driver_sql("insert into orders select n, 'x' from generate_series(3, 102) as n")
    tampered.exec_driver_sql("create table lines (id int primary key)")
    tampered.exec_driver_sql("select rowtrail.track('lines')")
    assert found(run, url, "--steps") == (0, [])
    tampered.exec_driver_sql(
        "update rowtrail.versions set data = data || '{\"status\": 1}' where id < 300"
    )
    tampered.exec_driver_sql("delete from rowtrail.versions where row_key::int > 95")
    status, faults = found(run, url)
    assert (status, len(faults)) == (1, 9)
    assert sorted(found(run, url, "--steps")[1]) == sorted(faults)
    tampered.exec_driver_sql("delete from rowtrail.versions where row_key::int > 2")
    assert found(run, url, "--steps")[1][-1] == ("rows", "public.orders", "and 92 more rows differ")
    _, faults = found(run, url, "--steps", "--from", "block:0", "orders")
    assert faults[-1] == ("rows", "public.orders", "and 90 more rows differ")


def test_steps_that_are_interrupted_say_how_to_go_on(
    tampered: Connection, url: URL, run: Run
) -> None:
    tampered.exec_driver_sql(
        "insert into orders select n, 'x' from generate_series(3, 60000) as n; "
        "delete from rowtrail.versions where row_key = '60000'; "
        "create table lines (id int primary key); select rowtrail.track('lines')"
    )
    process = subprocess.Popen(
        command("verify", "--no-seals", "--steps", "orders", "lines", "--database", url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    under_way = "select count(*) from pg_stat_activity where query like '%%' || 'key:' || '%%'"
    while process.poll() is None and tampered.exec_driver_sql(under_way).scalar() == 1:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate()
    assert process.returncode == 130
    assert said == "no faults; no table compared\n"
    go_on = re.fullmatch(
        r"rowtrail: interrupted; go on with: rowtrail (verify .* --from key:\d+ .*lines)\n",
        complained,
    )
    assert go_on is not None, complained
    done = run(*shlex.split(go_on[1]), "--database", url)
    assert done.returncode == 1
    assert "public.orders, key 60000: is there, and no version says so" in done.stdout
    assert "public.orders, public.lines compared" in done.stdout


def test_where_to_begin_is_asked_of_steps_only(tampered: Connection, url: URL, run: Run) -> None:
    for options in (["--from", "key:1"], ["--from", "key:1", "orders"], ["--steps", "--from", "x"]):
        done = run("verify", *options, "--database", url)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--from is of --steps, and of the first TABLE" in done.stderr
    _, [fault] = found(run, url, "--steps", "--from", "elsewhere", "orders")
    assert "'elsewhere' is no place in a comparison" in fault[2]


def test_a_table_that_is_not_tracked_is_said(tampered: Connection, url: URL, run: Run) -> None:
    tampered.exec_driver_sql("create table other (id int)")
    done = run("verify", "other", "--database", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("rowtrail: other is not tracked; its owner runs: rowtrail track other\n")


def test_a_reader_of_history_who_may_not_read_the_table_is_told(
    tampered: Connection, url: URL, run: Run, make_login: Callable[..., Any]
) -> None:
    reader = make_login("looker", member_of="rowtrail_reader").url
    done = run("verify", "--database", reader)
    assert done.returncode == 1
    assert "public.orders: could not be compared: permission denied" in done.stdout
    tampered.exec_driver_sql("grant select on orders to looker")
    assert run("verify", "--database", reader).returncode == 0
    tampered.exec_driver_sql("revoke select on orders from looker")


def test_who_reads_a_part_of_the_history_is_told_what_verifying_takes(
    tampered: Connection, url: URL, run: Run, make_login: Callable[..., Any]
) -> None:
    clerk = make_login("clerk", member_of="rowtrail_limited_reader").url
    for asked in ("verify", "digest", "restore-check"):
        done = run(asked, "--database", clerk)
        assert done.returncode == 2
        assert done.stderr.endswith("; let the owner run: grant rowtrail_reader to clerk;\n")


def noted(db: Connection) -> list[tuple[Any, ...]]:
    """What is kept of the verifications: login, faults, notes, seals, tables, digests, left out."""
    rows = db.execute(
        text(
            "select login, faults, notes, seals, tables, digests, left_out "
            "from rowtrail.verifications order by id"
        )
    )
    return [tuple(row) for row in rows]


def test_what_was_verified_is_noted_with_what_was_left_out(
    tampered: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    for statement in (
        "create table lines (id int primary key)",
        "select rowtrail.track('lines')",
        "select rowtrail.seal()",
        "insert into lines values (1)",
        "select rowtrail.seal()",
        "grant rowtrail_capture to meddler",
    ):
        tampered.exec_driver_sql(statement)
    digests = tmp_path / "digests"
    for number in ("1", "2"):
        done = run("digest", "--seal", number, "--to", digests, "--database", url)
        assert done.returncode == 0
    for options in (
        ("--digests", digests),
        ("--no-rows",),
        ("--no-rows", "--no-seals"),
        ("--since-seal", "2", "lines"),
        ("--since-seal", "1", "lines", "orders"),
    ):
        assert run("verify", "--database", url, *options).returncode == 0
    assert noted(tampered) == [
        ("postgres", 0, 1, 2, 2, 2, []),
        ("postgres", 0, 1, 2, 0, 0, ["rows"]),
        ("postgres", 0, 1, 0, 0, 0, ["rows", "seals"]),
        ("postgres", 0, 1, 1, 1, 0, ["other tables", "earlier seals"]),
        ("postgres", 0, 1, 2, 2, 0, []),
    ]


def test_what_a_verification_found_is_kept_with_it(
    tampered: Connection, url: URL, run: Run
) -> None:
    tampered.exec_driver_sql("grant rowtrail_capture to meddler")
    tampered.exec_driver_sql("delete from rowtrail.versions where row_key = '2'")
    _, faults = found(run, url)
    assert noted(tampered) == [("postgres", 1, 1, 0, 1, 0, [])]
    [(findings,)] = tampered.execute(text("select findings from rowtrail.verifications"))
    assert [(one["part"], one["object"], one["problem"]) for one in findings] == [
        *faults,
        ("role", "meddler", "may act as rowtrail_capture, and so change the history"),
    ]
    assert [one["is_fault"] for one in findings] == [True, False]


def test_an_auditor_notes_a_verification_and_a_reader_is_not_asked_to(
    tampered: Connection, url: URL, run: Run, make_login: Callable[..., Any]
) -> None:
    for name in ("auditor", "reader"):
        login = make_login(name, member_of=f"rowtrail_{name}").url
        tampered.exec_driver_sql(f"grant select on orders to {name}")
        done = run("verify", "--database", login)
        assert (done.returncode, done.stderr) == (0, "")
        tampered.exec_driver_sql(f"revoke select on orders from {name}")
    assert noted(tampered) == [("auditor", 0, 0, 0, 1, 0, [])]


def test_where_nothing_can_be_written_a_verification_is_not_noted(
    tampered: Connection, url: URL, run: Run, make_login: Callable[..., Any]
) -> None:
    auditor = make_login("auditor", member_of="rowtrail_auditor").url
    tampered.exec_driver_sql("alter role auditor set default_transaction_read_only = on")
    done = run("verify", "--no-rows", "--database", auditor)
    assert (done.returncode, done.stdout, done.stderr) == (0, "no faults; 0 seals\n", "")
    assert noted(tampered) == []


def test_a_verification_that_cannot_be_noted_says_so_and_what_it_found(
    tampered: Connection, url: URL, run: Run
) -> None:
    tampered.exec_driver_sql(
        "alter table rowtrail.verifications add constraint full_up check (false)"
    )
    done = run("verify", "--no-rows", "--no-seals", "--database", url)
    assert (done.returncode, done.stdout) == (0, "no faults\n")
    [line] = done.stderr.splitlines()
    assert line.startswith("rowtrail: the verification is not noted: new row for relation")


def test_a_file_whose_name_is_no_text_is_noted_all_the_same(
    tampered: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "digests-\udcff"
    file.write_text("nothing\n")
    done = run("verify", "--no-rows", "--digests", file, "--database", url)
    assert (done.returncode, done.stderr) == (1, "")
    [(kept,)] = tampered.execute(
        text("select findings -> 0 ->> 'object' from rowtrail.verifications")
    )
    assert kept.endswith("digests-\\udcff, line 1")
