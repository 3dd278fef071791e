"""Promises about columns that are not stored as they are: hashed, ignored, named like secrets."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Versions = Callable[[str], list[Any]]


def test_a_hashed_column_shows_equality_and_not_the_value(
    make_table: Callable[..., str],
    writer: Run,
    superuser: Run,
    versions: Callable[[str], list[Any]],
    assert_exact: Callable[..., None],
) -> None:
    make_table("patients (id int primary key, name text, ssn text, other text)", hash="{ssn,other}")
    writer("insert into patients values (1, 'ann', '078-05-1120', '078-05-1120')")
    writer("insert into patients values (2, 'bob', '078-05-1120', null)")
    writer("update patients set ssn = '219-09-9999' where id = 2")
    writer("update patients set ssn = '078-05-1120', name = 'rob' where id = 2")
    [ann, bob, changed, back] = [(data, old) for _, _, data, old in versions("patients")]
    assert ann[0]["ssn"] == bob[0]["ssn"] == back[0]["ssn"] != changed[0]["ssn"]
    assert ann[0]["ssn"] != ann[0]["other"], "equal values in two columns do not show as equal"
    assert ann[0]["ssn"].startswith("sha256:")
    assert bob[0]["other"] is None
    assert changed[1] == {"ssn": bob[0]["ssn"]}
    assert back[1] == {"ssn": changed[0]["ssn"], "name": "bob"}
    assert_exact("patients")
    [(count,)] = superuser(
        "select count(*) from rowtrail.versions as v where v::text ~ '078-05|219-09'"
    )
    assert count == 0


def test_what_was_recorded_before_its_column_was_hashed_is_no_difference(
    make_table: Callable[..., str], owner: Run, writer: Run, superuser: Run
) -> None:
    make_table("patients (id int primary key, name text, ssn text)", keep="{ssn}")
    writer("insert into patients values (1, 'ann', '078-05-1120'), (2, 'bob', '219-09-9999')")
    owner("select rowtrail.track('patients', hash => '{ssn}', keep => '{}')")
    writer("update patients set ssn = '000-00-0000' where id = 2")
    assert superuser("select * from rowtrail.differences('patients')") == []
    superuser("alter table patients disable trigger all")
    writer("update patients set name = 'eve'")
    writer("update patients set ssn = '1' where id = 2")
    found = superuser("select row_key, replayed ->> 'name' from rowtrail.differences('patients')")
    assert found == [("1", "ann"), ("2", "bob")], "all else is compared"


def test_a_hash_without_its_salt_stops_the_write_and_says_so(
    make_table: Callable[..., str], owner: Run, writer: Run, superuser: Run
) -> None:
    make_table("patients (id int primary key, ssn text)", hash="{ssn}")
    superuser("delete from rowtrail.salts")
    with pytest.raises(
        psycopg2.errors.ObjectNotInPrerequisiteState,
        match=r"the salt of the hashed columns of table public.patients is gone",
    ):
        writer("insert into patients values (1, '078-05-1120')")
    writer("insert into patients values (1, null)")
    owner("select rowtrail.track('patients')")
    writer("update patients set ssn = '078-05-1120'")


@pytest.mark.parametrize("how", ["exclude", "hash"])
def test_a_column_generated_from_one_that_is_not_stored_asks_for_a_decision(
    make_table: Callable[..., str], owner: Run, writer: Run, versions: Versions, how: str
) -> None:
    columns = "id int primary key, ssn text, tail text generated always as (right(ssn, 4)) stored"
    owner(f"create table patients ({columns}, n int generated always as (id + 1) stored)")
    with pytest.raises(
        psycopg2.errors.InvalidParameterValue,
        match=r"public.patients has columns generated from excluded or hashed ones: tail",
    ):
        owner(f"select rowtrail.track('patients', {how} => '{{ssn}}')")
    owner(f"select rowtrail.track('patients', {how} => '{{ssn}}', keep => '{{tail}}')")
    owner(f"select rowtrail.track('patients', {how} => '{{ssn,tail}}', keep => '{{}}')")
    owner("grant insert on patients to writer")
    writer("insert into patients values (1, '078-05-1120')")
    assert "1120" not in str(versions("patients"))


def test_two_tables_hash_one_value_each_in_its_own_way(
    make_table: Callable[..., str], writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    for table in ("a", "b"):
        make_table(f"{table} (id int primary key, ssn text)", hash="{ssn}")
        writer(f"insert into {table} values (1, '078-05-1120')")
    assert versions("a")[0][2]["ssn"] != versions("b")[0][2]["ssn"]


@pytest.mark.parametrize("login", ["owner", "writer", "reader"])
def test_nobody_can_try_guesses(
    make_table: Callable[..., str], connect_as: Callable[[str], Run], login: str
) -> None:
    make_table("patients (id int primary key, ssn text)", hash="{ssn}")
    run = connect_as(login)
    for statement in (
        "select rowtrail.hash_of(1, 2::int2, '078-05-1120')",
        "select * from rowtrail.salts",
        "select rowtrail.stored_row(1, row(1, '078-05-1120'))",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(statement)


def test_a_hashed_column_stays_hashed_when_it_is_renamed_and_another_takes_its_name(
    make_table: Callable[..., str], owner: Run, writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    make_table("patients (id int primary key, ssn text, note text)", hash="{ssn}")
    owner("alter table patients rename ssn to x")
    owner("alter table patients rename note to ssn")
    owner("alter table patients rename x to note")
    writer("insert into patients values (1, '078-05-1120', 'open')")
    [(_, _, data, _)] = versions("patients")
    assert data["ssn"] == "open"
    assert data["note"].startswith("sha256:")


def test_a_hashed_column_that_is_dropped_leaves_nothing_in_later_versions(
    make_table: Callable[..., str], owner: Run, writer: Run, superuser: Run, versions: Versions
) -> None:
    make_table("people (id int primary key, ssn text, name text)", hash="{ssn}")
    writer("insert into people values (1, '078', 'ann')")
    owner("alter table people drop ssn")
    writer("update people set name = 'anna'")
    writer("insert into people values (2, 'bob')")
    assert [data for *_, data, _ in versions("people")[1:]] == [
        {"id": 1, "name": "anna"},
        {"id": 2, "name": "bob"},
    ]
    assert superuser("select * from rowtrail.differences('people')") == []


def test_a_reader_compares_without_the_hashes(
    make_table: Callable[..., str], owner: Run, writer: Run, reader: Run, superuser: Run
) -> None:
    make_table("patients (id int primary key, name text, ssn text)", hash="{ssn}")
    writer("insert into patients values (1, 'ann', '078-05-1120')")
    owner("grant select on patients to reader")
    assert reader("select * from rowtrail.differences('patients')") == []
    superuser("alter table patients disable trigger all")
    writer("update patients set name = 'eve'")
    assert len(reader("select * from rowtrail.differences('patients')")) == 1


def test_a_change_of_ignored_columns_alone_has_no_version(
    make_table: Callable[..., str],
    writer: Run,
    versions: Callable[[str], list[Any]],
    superuser: Run,
) -> None:
    make_table("pages (id int primary key, title text, seen int, at date)", ignore="{seen,at}")
    writer("insert into pages values (1, 'a', 0)")
    writer("update pages set seen = 1")
    writer("update pages set seen = 2, at = now()")
    writer("update pages set seen = 3, title = 'b'")
    writer("begin")
    writer("update pages set title = 'c'")
    writer("update pages set seen = 4")
    writer("update pages set title = 'd', seen = 5")
    writer("commit")
    writer("delete from pages")
    ops = [(op, data["title"], data["seen"]) for op, _, data, _ in versions("pages")]
    assert ops == [
        ("I", "a", 0), ("U", "b", 3), ("U", "c", 3), ("U", "d", 5), ("D", "d", 5),
    ]  # fmt: skip
    assert superuser("select * from rowtrail.differences('pages')") == []


def test_that_a_column_is_no_longer_ignored_is_an_event_and_a_baseline_records_what_it_holds(
    make_table: Callable[..., str], owner: Run, writer: Run, superuser: Run
) -> None:
    make_table("pages (id int primary key, title text, seen int, at date)", ignore="{seen,at}")
    writer("insert into pages values (1, 'a', 0), (2, 'b', 0)")
    writer("update pages set seen = 5")
    owner("select rowtrail.track('pages', ignore => '{at}')")
    owner("select rowtrail.track('pages', ignore => '{at}')")
    [(command, statement, rewritten)] = superuser(
        "select data ->> 'command', data ->> 'statement', data ->> 'rewritten' "
        "from rowtrail.versions where op = 'S'"
    )
    assert (command, rewritten) == ("rowtrail.track()", "[3]")
    assert statement == "select rowtrail.track('pages', ignore => '{at}')"
    assert superuser("select * from rowtrail.differences('pages')") == []
    writer("update pages set seen = 6 where id = 1")
    owner("call rowtrail.baseline('pages')")
    said = superuser(
        "select row_key, op, data ->> 'seen' from rowtrail.versions where op <> 'S' order by id"
    )
    assert ("2", "B", "5") in said
    assert ("1", "U", "6") in said
    superuser("alter table pages disable trigger all")
    writer("update pages set seen = 7")
    assert len(superuser("select * from rowtrail.differences('pages')")) == 2


def test_ignored_changes_do_not_break_the_order_of_what_a_trigger_writes_back(
    make_table: Callable[..., str], owner: Run, writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    make_table("pages (id int primary key, title text, seen int default 0)", ignore="{seen}")
    owner("""create function back() returns trigger language plpgsql as $$ begin
      if new.seen < 3 then update pages set seen = seen + 1 where id = new.id;
      elsif new.seen = 3 then update pages set seen = 4, title = title || '!' where id = new.id;
      end if;
      return null;
    end $$""")
    owner(
        'create trigger "!!" after insert or update on pages for each row execute function back()'
    )
    owner("grant execute on function back() to writer")
    writer("insert into pages values (1, 'a')")
    # What is recorded before the change that led to it needs each link of the chain.
    [first, *_, last] = [(op, data["title"], data["seen"]) for op, _, data, _ in versions("pages")]
    assert (first, last) == (("I", "a", 0), ("U", "a!", 4))


@pytest.mark.parametrize(
    "column",
    ["password", "passwordHash", "api_token", "SSN", "secret_key", "pin", "encrypted_password"],
)
def test_a_column_named_like_a_secret_asks_for_a_decision(
    owner: Run, superuser: Run, column: str
) -> None:
    owner(f'create table users (id int primary key, "{column}" text)')
    with pytest.raises(
        psycopg2.errors.InvalidParameterValue,
        match=f"public.users has columns named like secrets: {column}",
    ):
        owner("select rowtrail.track('users')")
    assert superuser("select count(*) from rowtrail.tables") == [(0,)]
    for decision in ("exclude", "hash", "keep"):
        owner("select rowtrail.untrack('users')")
        owner(f"select rowtrail.track('users', {decision} => '{{\"{column}\"}}')")


@pytest.mark.parametrize(
    "column",
    ["password_changed_at date", "pinned text", "tokens int", "spinner text", "is_secret bool"],
)
def test_other_columns_ask_for_none(owner: Run, column: str) -> None:
    owner(f"create table users (id int primary key, {column})")
    owner("select rowtrail.track('users')")


def test_a_secret_added_later_is_warned_of_and_does_not_stop_an_upgrade(
    make_table: Callable[..., str], owner: Run
) -> None:
    make_table("users (id int primary key, name text)")
    owner("alter table users add password text")
    owner("select rowtrail.track('users')")
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="named like secrets"):
        owner("select rowtrail.track('users', exclude => '{name}')")


def test_one_thing_can_be_said_of_a_column(owner: Run) -> None:
    owner("create table users (id int primary key, ssn text)")
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="only one of exclude, hash"):
        owner("select rowtrail.track('users', hash => '{ssn}', exclude => '{ssn}')")
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="it is of the key"):
        owner("select rowtrail.track('users', hash => '{id,ssn}')")


@pytest.mark.parametrize("how", ["hash", "exclude", "ignore"])
def test_a_json_column_that_cannot_be_recorded_may_be_left_out_or_hashed(
    make_table: Callable[..., str],
    writer: Run,
    versions: Callable[[str], list[Any]],
    assert_exact: Callable[..., None],
    how: str,
) -> None:
    make_table("notes (id int primary key, title text, body json)", **{how: "{body}"})
    statements = (
        r"""insert into notes values (1, 'a', '"\u0000"')""",
        "update notes set title = 'b'",
    )
    if how == "ignore":
        with pytest.raises(psycopg2.errors.UntranslatableCharacter, match="column body does not"):
            writer(statements[0])
        return
    for statement in statements:
        writer(statement)
    assert [old for *_, old in versions("notes")] == [None, {"title": "a"}]
    assert_exact("notes")


def test_the_baseline_hashes_and_keeps_the_text_of_json(
    owner: Run, superuser: Run, assert_exact: Callable[..., None]
) -> None:
    owner("create table notes (id int primary key, ssn text, hidden text, body json)")
    owner("""insert into notes values (1, '078', 'x', '{"b": 1, "a": 1, "a": 2}')""")
    owner(
        "select rowtrail.track('notes', hash => '{ssn}', exclude => '{hidden}', baseline => true)"
    )
    [(data, verbatim)] = superuser("select data, verbatim from rowtrail.versions where op = 'B'")
    assert data["ssn"].startswith("sha256:")
    assert "hidden" not in data
    assert verbatim == {"body": '{"b": 1, "a": 1, "a": 2}'}
    assert_exact("notes")


def test_what_is_said_of_columns_outlives_a_restore_that_numbers_them_anew(
    make_table: Callable[..., str], owner: Run, writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    # As pg_restore leaves it: another relation, other numbers, the trigger as it was.
    options = {"exclude": "{hidden}", "hash": "{note}", "actor": "require"}
    make_table("users (id int primary key, gone int, hidden text, note text)", **options)
    owner("create table copy (id int primary key, hidden text, note text)")
    owner("drop table users")
    owner("alter table copy rename to users")
    owner("grant insert on users to writer")
    owner("select rowtrail.track('users')")
    with pytest.raises(psycopg2.errors.CheckViolation, match="without an actor"):
        writer("insert into users values (1, 'x', 'y')")
    owner("select rowtrail.track('users', actor => 'allow')")
    writer("insert into users values (1, 'x', 'y')")
    [(_, _, data, _)] = versions("users")
    assert data.keys() == {"id", "note"}
    assert data["note"].startswith("sha256:")


def test_a_restored_table_records_no_excluded_column_before_it_is_tracked_again(
    make_table: Callable[..., str], owner: Run, superuser: Run, writer: Run
) -> None:
    make_table("users (id int primary key, gone int, name text, hidden text)", exclude="{hidden}")
    [(made,)] = owner("select pg_get_triggerdef(oid) from pg_trigger where tgname like '%capture'")
    owner("create table copy (id int primary key, name text, hidden text)")
    owner("drop table users")
    owner("alter table copy rename to users")
    owner("grant insert on users to writer")
    superuser(made)
    writer("insert into users values (1, 'ann', 'x')")
    [(data,)] = superuser("select data from rowtrail.versions where op = 'I'")
    assert data == {"id": 1, "name": "ann"}


def test_an_excluded_column_that_is_dropped_and_made_anew_is_not_let_out_by_itself(
    make_table: Callable[..., str], owner: Run, writer: Run, versions: Callable[[str], list[Any]]
) -> None:
    make_table("users (id int primary key, hidden text)", exclude="{hidden}")
    owner("alter table users drop hidden")
    owner("alter table users add hidden text")
    writer("insert into users values (1, 'x')")
    assert [data for *_, data, _ in versions("users")] == [{"id": 1}]


def test_ignored_json_that_is_written_another_way_is_no_difference(
    make_table: Callable[..., str], writer: Run, superuser: Run
) -> None:
    for table, key in (("a", "primary key"), ("b", "")):
        make_table(f"{table} (id int {key}, body json)", ignore="{body}")
        writer(f"""insert into {table} values (1, '{{"a":1}}')""")
        writer(f"""update {table} set body = '{{"a": 2}}'""")
        assert superuser("select * from rowtrail.differences(%s::regclass)", table) == []


def test_a_key_names_each_column_once(owner: Run) -> None:
    owner("create table users (id int primary key)")
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="no unique key"):
        owner("select rowtrail.track('users', key_columns => '{id,id}')")


def test_a_hashed_column_that_was_dropped_leaves_nothing_behind(
    make_table: Callable[..., str],
    owner: Run,
    writer: Run,
    versions: Callable[[str], list[Any]],
    assert_exact: Callable[..., None],
) -> None:
    make_table("patients (id int primary key, name text, ssn text)", hash="{ssn}")
    owner("alter table patients drop ssn")
    writer("insert into patients values (1, 'ann')")
    writer("update patients set name = 'eve'")
    assert [sorted(data) for _, _, data, _ in versions("patients")] == [["id", "name"]] * 2
    assert_exact("patients")
