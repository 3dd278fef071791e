"""Promises about erasing: the values are gone, the rest is as before, and the seals verify."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

Run = Callable[..., list[Any]]
Texts = Callable[[], str]

ERASE = "rowtrail.erase(text, text, text[], text, boolean, jsonb)"
NO_RIGHT = "permission denied for (schema rowtrail|function erase)"

#: What a version holds, but for what is never erased.
HELD = "select op, row_key, old_key, data, old, verbatim, erased from rowtrail.versions "
ROWS = HELD + "where op <> 'S' order by id"


@pytest.fixture
def eraser(logins: None, make_login: Callable[..., Any], connect_as: Any, superuser: Run) -> Run:
    """A session of a login that was given the right to erase, and no other."""
    make_login("eraser")
    superuser("grant usage on schema rowtrail to eraser")
    superuser(f"grant execute on function {ERASE} to eraser")
    run: Run = connect_as("eraser")
    return run


@pytest.fixture
def auditor(logins: None, make_login: Callable[..., Any], connect_as: Any) -> Run:
    """A session of a member of rowtrail_auditor."""
    make_login("auditor", member_of="rowtrail_auditor")
    run: Run = connect_as("auditor")
    return run


@pytest.fixture
def people(make_table: Callable[..., str]) -> str:
    """A table of which values may have to be erased."""
    return make_table(
        "people (id int primary key, name text, email text, note json)", erasable="true"
    )


@pytest.fixture
def texts(superuser: Run) -> Texts:
    """All that is stored in the schema rowtrail, as text, as a dump has it."""

    def texts() -> str:
        tables = superuser(
            "select c.oid::regclass::text from pg_class as c "
            "where c.relnamespace = 'rowtrail'::regnamespace and c.relkind = 'r'"
        )
        return "\n".join(
            row[0] for (table,) in tables for row in superuser(f"select t::text from {table} as t")
        )

    return texts


def found(run: Run) -> list[tuple[str, bool]]:
    """What is wrong with any seal, with any erasure, or worth knowing."""
    said = "select f.object || ' ' || f.problem, f.is_fault from "
    return run(
        f"{said} generate_series(1, (select max(id) from rowtrail.seals)) as n (number) "
        "cross join lateral rowtrail.verify_seal(n.number) as f "
        f"union all {said} rowtrail.verify_sealed() as f"
    )


def some_history(writer: Run, auditor: Run) -> None:
    """A person who comes, changes, gets another number and goes; and one who stays."""
    writer("insert into people values (1, 'Ada', 'ada@here.example', '{\"a\": 1.50,  \"a\": 2}')")
    writer("insert into people values (2, 'Bob', 'bob@here.example', null)")
    auditor("select rowtrail.seal()")
    writer("update people set email = 'ada@there.example' where id = 1")
    writer("update people set id = 7, name = 'Ada L.' where id = 1")
    auditor("select rowtrail.seal()")
    writer("delete from people where id = 7")


def test_a_value_is_gone_from_all_versions_and_the_seals_verify(
    people: str, writer: Run, auditor: Run, eraser: Run, superuser: Run, texts: Texts, owner: Run
) -> None:
    some_history(writer, auditor)
    before = superuser(ROWS)
    assert "ada@here" in texts()
    [(number, versions, values)] = eraser(
        "select * from rowtrail.erase('people', '7', '{email}', 'request 17')"
    )
    assert (versions, values) == (4, 5)
    assert "ada@" not in texts()
    assert "Ada L." in texts()
    assert found(auditor) == []
    auditor("select rowtrail.seal()")
    assert found(auditor) == []
    for was, now in zip(before, superuser(ROWS), strict=True):
        places = now[6] or []
        for document, name in ((3, "data"), (4, "old"), (5, "verbatim")):
            gone = {field: None for field in was[document] or {} if f"{name}.{field}" in places}
            assert now[document] == (was[document] and was[document] | gone)
        assert now[:3] == was[:3]
        assert ("Bob" in str(was)) == (places == [])
    assert superuser("select * from rowtrail.differences('people')") == []
    [(columns, ids, reason, login)] = superuser(
        "select data -> 'erased' -> 'columns', "
        "jsonb_array_length(data -> 'erased' -> 'versions'), context ->> 'reason', login "
        "from rowtrail.versions where id = %s",
        number,
    )
    assert (columns, ids, reason, login) == (["email"], 4, "request 17", "eraser")


def test_without_columns_all_is_erased_but_the_key(
    people: str, writer: Run, auditor: Run, eraser: Run, superuser: Run, texts: Texts
) -> None:
    some_history(writer, auditor)
    eraser("select rowtrail.erase('public.people', '1')")
    assert not [word for word in ("Ada", "ada@", "1.50") if word in texts()]
    assert "Bob" in texts()
    keys = superuser("select row_key, old_key, data -> 'id' from rowtrail.versions where op = 'U'")
    assert keys == [("1", None, 1), ("7", "1", 7)]
    assert found(auditor) == []


def test_a_key_is_erased_too_where_it_is_named(
    make_table: Any, writer: Run, auditor: Run, eraser: Run, reader: Run, texts: Texts
) -> None:
    make_table("members (email text primary key, n int)", erasable="true")
    writer("insert into members values ('eve@here.example', 1), ('bob@here.example', 2)")
    writer("update members set n = 3 where n = 1")
    auditor("select rowtrail.seal()")
    writer("update members set email = 'eve@there.example' where n = 3")
    auditor("select rowtrail.seal()")
    writer("delete from members where n = 3")
    [(number, versions, _)] = eraser(
        "select * from rowtrail.erase('members', 'eve@here.example', '{email}')"
    )
    assert versions == 4
    assert "eve@" not in texts()
    key = f"erased:{number}"
    history = reader("select op, row_key, old_key from rowtrail.history('members', %s)", key)
    assert history == [
        ("delete", key, None),
        ("update", key, key),
        ("update", key, None),
        ("insert", key, None),
    ]
    assert found(auditor) == []
    assert eraser("select * from rowtrail.erase('members', %s, '{n}')", key)[0][1:] == (4, 5)
    assert found(auditor) == []


def test_what_was_erased_before_it_was_sealed_is_sealed_as_it_is(
    people: str, writer: Run, auditor: Run, eraser: Run, texts: Texts
) -> None:
    some_history(writer, auditor)
    writer("insert into people values (3, 'Cy', 'cy@here.example', null)")
    writer("delete from people where id = 3")
    eraser("select rowtrail.erase('people', '3', '{email}')")
    auditor("select rowtrail.seal()")
    eraser("select rowtrail.erase('people', '3', '{name}')")
    assert "cy@" not in texts()
    assert "Cy" not in texts()
    assert found(auditor) == []


def test_erasing_again_finds_nothing_and_leaves_no_event(
    people: str, writer: Run, auditor: Run, eraser: Run, superuser: Run
) -> None:
    some_history(writer, auditor)
    eraser("select rowtrail.erase('people', '7', '{email,name}')")
    events = "select count(*) from rowtrail.versions where op = 'S'"
    before = superuser(events)
    assert eraser("select * from rowtrail.erase('people', '1', '{name}')") == [(None, 0, 0)]
    assert superuser(events) == before


def test_what_the_table_still_holds_is_refused(
    people: str, writer: Run, eraser: Run, superuser: Run
) -> None:
    writer("insert into people values (1, 'Ada', 'ada@here.example', null)")
    for columns in ("'{email}'", "null", "'{id}'"):
        with pytest.raises(psycopg2.Error, match=r"row 1 of public\.people still holds a value in"):
            eraser(f"select rowtrail.erase('people', '1', {columns})")
    writer("update people set email = null")
    eraser("select rowtrail.erase('people', '1', '{email}')")
    assert superuser("select * from rowtrail.differences('people')") == []
    # Another row has the key now.
    writer("delete from people")
    writer("insert into people values (1, 'Eve', 'eve@here.example', null)")
    with pytest.raises(psycopg2.Error, match="still holds a value in name"):
        eraser("select rowtrail.erase('people', '1', '{name}')")


def test_what_a_schema_change_made_unknown_is_refused(
    people: str, owner: Run, writer: Run, eraser: Run
) -> None:
    writer("insert into people values (1, 'Ada', 'ada@here.example', null)")
    owner("alter table people alter email type varchar(3) using left(email, 3)")
    with pytest.raises(psycopg2.Error, match="it is not known what it holds in email"):
        eraser("select rowtrail.erase('people', '1', '{email}')")
    writer("update people set email = null")
    eraser("select rowtrail.erase('people', '1', '{email}')")


def test_a_renamed_and_a_dropped_column_are_erased(
    people: str, owner: Run, writer: Run, auditor: Run, eraser: Run, texts: Texts
) -> None:
    some_history(writer, auditor)
    owner("alter table people rename email to address")
    owner("alter table people drop column name")
    with pytest.raises(psycopg2.Error, match="has no column email"):
        eraser("select rowtrail.erase('people', '7', '{email}')")
    eraser("select rowtrail.erase('people', '7', '{address,name}')")
    assert not [word for word in ("ada@", "Ada") if word in texts()]
    assert found(auditor) == []


def test_a_table_that_was_dropped_or_untracked_can_be_erased_from(
    people: str, owner: Run, writer: Run, auditor: Run, eraser: Run, texts: Texts
) -> None:
    some_history(writer, auditor)
    owner("select rowtrail.untrack('people')")
    eraser("select rowtrail.erase('people', '2', '{email}')")
    owner("drop table people")
    eraser("select rowtrail.erase('people', '7')")
    assert not [word for word in ("bob@", "ada@", "Ada") if word in texts()]
    auditor("select rowtrail.seal()")
    assert found(auditor) == []


def test_versions_that_were_sealed_without_salts_take_force_and_are_noted(
    make_table: Any, owner: Run, writer: Run, auditor: Run, eraser: Run, texts: Texts
) -> None:
    make_table("people (id int primary key, name text, email text, note json)")
    some_history(writer, auditor)
    owner("select rowtrail.track('people', erasable => true)")
    auditor("select rowtrail.seal()")
    with pytest.raises(
        psycopg2.Error, match=r"3 of the 4 versions were sealed while public\.people"
    ):
        eraser("select rowtrail.erase('people', '7', '{email}')")
    assert "ada@" in texts()
    [(number,)] = eraser(
        "select erasure from rowtrail.erase('people', '7', '{email}', force => true)"
    )
    assert "ada@" not in texts()
    notes = found(auditor)
    assert len(notes) == 3
    for problem, is_fault in notes:
        assert f"was erased by event {number}, at 20" in problem
        assert "cannot be verified" in problem
        assert not is_fault


def test_who_was_not_let_may_not_erase(
    people: str, writer: Run, owner: Run, reader: Run, auditor: Run, eraser: Run, superuser: Run
) -> None:
    writer("insert into people values (1, 'Ada', 'ada@here.example', null)")
    writer("delete from people")
    for run in (writer, owner, reader, auditor):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match=NO_RIGHT):
            run("select rowtrail.erase('people', '1')")
    for statement in (
        "select * from rowtrail.versions",
        "select * from rowtrail.tables",
        "select * from rowtrail.seal_salts",
        "select rowtrail.seal()",
        "update rowtrail.versions set data = null",
        "delete from rowtrail.erased_versions",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            eraser(statement)
    assert eraser("select versions from rowtrail.erase('people', '1')") == [(2,)]
    notes = superuser("select object, problem, is_fault from rowtrail.verify()")
    assert ("eraser", "may erase values from the history", False) in notes


def test_limited_readers_see_no_salts(
    people: str, writer: Run, auditor: Run, make_login: Any, connect_as: Any, superuser: Run
) -> None:
    make_login("some_reader", member_of="rowtrail_limited_reader")
    writer("insert into people values (1, 'Ada', 'ada@here.example', null)")
    auditor("select rowtrail.seal()")
    assert len(auditor("select * from rowtrail.seal_salts")) == 1
    for table in ("seal_salts", "erased_versions"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            connect_as("some_reader")(f"select * from rowtrail.{table}")
    superuser("grant pg_read_all_data to some_reader")
    assert connect_as("some_reader")("select * from rowtrail.seal_salts") == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("'nothing', '1'", "no table nothing has a history"),
        ("'people', '99'", "public.people has no version of a row 99"),
        ("'people', '1', '{age}'", "public.people has no column age"),
        ("'people', '1', '{}'", "no column is named"),
        ("'people', null", "whose values are to be erased"),
        ("'loose', '1'", "nothing of public.loose can be erased: it has no key"),
        ("'lines', '1,2'", "a row of this table is named by a JSON array of a, b"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    people: str, make_table: Any, writer: Run, eraser: Run, arguments: str, problem: str
) -> None:
    make_table("loose (a int)")
    make_table("lines (a int, b int, primary key (a, b))")
    writer("insert into people values (1)")
    with pytest.raises(psycopg2.Error, match=problem):
        eraser(f"select rowtrail.erase({arguments})")


def test_a_table_without_a_key_cannot_be_erasable(owner: Run) -> None:
    owner("create table loose (a int)")
    with pytest.raises(psycopg2.Error, match="cannot be erasable: it has no key"):
        owner("select rowtrail.track('loose', erasable => true)")


def test_the_option_is_an_event_and_holds_from_the_next_seal_on(
    people: str, owner: Run, writer: Run, auditor: Run, superuser: Run
) -> None:
    writer("insert into people values (1, 'Ada', null, null)")
    auditor("select rowtrail.seal()")
    [(said,)] = owner("select rowtrail.track('people', erasable => false)")
    assert "erasable" not in said
    writer("insert into people values (2, 'Bob', null, null)")
    auditor("select rowtrail.seal()")
    assert superuser("select count(*) from rowtrail.seal_salts") == [(1,)]
    assert found(auditor) == []
    [(said,)] = owner("select rowtrail.track('people', erasable => true)")
    assert said.endswith(", erasable")
    options = (
        "select data -> 'options' -> 'erasable' from rowtrail.versions where op = 'S' order by id"
    )
    assert [row for row in superuser(options) if row[0]] == [
        ({"old": True, "new": False},),
        ({"old": False, "new": True},),
    ]


def test_a_seal_is_not_made_while_values_are_erased_and_writers_do_not_wait(
    people: str, writer: Run, auditor: Run, eraser: Run, connect_as: Any
) -> None:
    some_history(writer, auditor)
    eraser("begin")
    eraser("select rowtrail.erase('people', '7')")
    writer("set statement_timeout = '5s'")
    writer("insert into people values (9, 'Zoe', null, null)")
    writer("update people set name = 'Bo' where id = 2")
    done = threading.Event()

    def seal() -> None:
        auditor("select rowtrail.seal()")
        done.set()

    thread = threading.Thread(target=seal)
    thread.start()
    time.sleep(0.3)
    assert not done.is_set()
    eraser("commit")
    thread.join(20)
    assert done.is_set()
    assert found(auditor) == []


def test_a_snapshot_that_may_be_old_is_refused(people: str, eraser: Run) -> None:
    eraser("begin isolation level repeatable read")
    with pytest.raises(psycopg2.Error, match="needs a READ COMMITTED transaction"):
        eraser("select rowtrail.erase('people', '1')")


def test_only_the_row_that_was_meant_is_erased_where_a_key_goes_round(
    people: str, writer: Run, auditor: Run, eraser: Run, texts: Texts
) -> None:
    writer("insert into people values (1, 'Ada', null, null)")
    writer("update people set id = 2 where id = 1")
    writer("insert into people values (1, 'Bob', null, null)")
    writer("update people set id = 3 where id = 2")
    writer("insert into people values (2, 'Cy', null, null)")
    writer("delete from people where id = 3")
    auditor("select rowtrail.seal()")
    eraser("select rowtrail.erase('people', '3')")
    said = texts()
    assert ("Ada" in said, "Bob" in said, "Cy" in said) == (False, True, True)
    assert found(auditor) == []


def test_a_row_that_moved_between_partitions_is_erased_with_both_halves(
    owner: Run, writer: Run, auditor: Run, eraser: Run, texts: Texts, superuser: Run
) -> None:
    owner("create table m (a int, b text, note text, primary key (a, b)) partition by list (b)")
    for part in "xyz":
        owner(f"create table m_{part} partition of m for values in ('{part}')")
    owner("grant all on m to writer")
    owner("select rowtrail.track('m', erasable => true)")
    writer("insert into m values (1, 'x', 'one'), (2, 'x', 'two'), (3, 'z', 'gone with z')")
    auditor("select rowtrail.seal()")
    writer("update m set b = 'y' where a = 1")
    writer("update m set note = 'one!' where a = 1")
    writer("delete from m where a = 1")
    owner("drop table m_z")
    assert eraser("""select versions from rowtrail.erase('m', '[1,"x"]', '{b,note}')""") == [(5,)]
    assert eraser("""select versions from rowtrail.erase('m', '[3, "z"]', '{b,note}')""") == [(1,)]
    said = texts()
    assert "one" not in said.replace("none", "")
    assert "gone with" not in said
    assert "two" in said
    assert superuser("select * from rowtrail.differences('m')") == []
    auditor("select rowtrail.seal()")
    assert found(auditor) == []


def test_the_key_at_which_a_baseline_ended_is_forgotten_too(
    owner: Run, eraser: Run, texts: Texts
) -> None:
    owner("create table members (email text primary key)")
    owner("insert into members values ('ada@here.example'), ('eve@here.example')")
    owner("select rowtrail.track('members', baseline => true)")
    owner("delete from members where email like 'eve%'")
    assert "eve@" in texts()
    eraser("select rowtrail.erase('members', 'eve@here.example', '{email}')")
    assert "eve@" not in texts()
    assert "ada@" in texts()


def test_what_was_recorded_under_another_kind_of_key_is_found_under_it_and_loses_it(
    owner: Run, eraser: Run, texts: Texts, superuser: Run
) -> None:
    owner("create table members (email text primary key, id int not null unique, note text)")
    owner("select rowtrail.track('members')")
    owner("insert into members values ('eve@here.example', 1, 'one'), ('bob@here.example', 2, '')")
    owner("select rowtrail.track('members', key_columns => '{id}', baseline => true)")
    owner("delete from members where id = 1")
    eraser("select rowtrail.erase('members', 'eve@here.example')")
    assert "eve@" in texts()
    eraser("select rowtrail.erase('members', '1')")
    assert "eve@" not in texts()
    assert "one" not in texts().replace("none", "")
    assert "bob@" in texts()
    assert superuser("select * from rowtrail.differences('members')") == []


def test_reading_shows_what_was_erased_and_undoing_does_not_invent_it(
    people: str, writer: Run, auditor: Run, eraser: Run, superuser: Run, reader: Run
) -> None:
    some_history(writer, auditor)
    eraser("select rowtrail.erase('people', '7', '{email}')")
    history = reader("select op, changes, erased from rowtrail.history('people', 7) order by id")
    assert history == [
        ("update", {"id": [1, 7], "name": ["Ada", "Ada L."]}, ["data.email"]),
        ("delete", None, ["data.email"]),
    ]
    [(last,)] = reader("select max(id) from rowtrail.versions where op = 'D'")
    patch = "\n".join(line for (line,) in reader("select rowtrail.undo_sql(version => %s)", last))
    assert "'Ada L.'" in patch
    assert "email" not in patch.split("insert into")[1].split(")")[0]
    conflicts = reader(
        "select column_name, problem from rowtrail.undo_conflicts(version => %s)", last
    )
    assert conflicts == [("email", "the value was erased from the history")]


@pytest.fixture
def erased(people: str, writer: Run, auditor: Run, eraser: Run) -> int:
    """The erasure of a value of four versions, two of which were sealed before."""
    some_history(writer, auditor)
    [(number,)] = eraser("select erasure from rowtrail.erase('people', '7', '{email}')")
    auditor("select rowtrail.seal()")
    assert found(auditor) == []
    return int(number)


#: What stands for ids in a change.
MEANT = {
    "{first}": "(select min(version_id) from rowtrail.erased_versions)",
    "{salted}": "(select min(version_id) from rowtrail.seal_salts)",
}
SEALED = "is not what it was when seal"
VERSIONS = "update rowtrail.versions set "


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        # What is left counts.
        (VERSIONS + "data = jsonb_set(data, '{name}', '\"Adb\"') where id = {first}", SEALED),
        (VERSIONS + "data = data - 'email' where id = {first}", SEALED),
        (VERSIONS + "data = jsonb_set(data, '{x}', 'null') where id = {first}", SEALED),
        (VERSIONS + "row_key = '2' where id = {first}", SEALED),
        (VERSIONS + "actor = 'x' where id = {first}", SEALED),
        (VERSIONS + "verbatim = null where id = {first}", SEALED),
        # So does what is kept of what was erased.
        (
            "update rowtrail.erased_versions set commitments = "
            "jsonb_set(commitments, '{data.email}', to_jsonb(repeat('0', 64))) "
            "where version_id = {first}",
            SEALED,
        ),
        (
            "update rowtrail.erased_versions set salts = salts - 'data.name' "
            "where version_id = {first}",
            SEALED,
        ),
        ("delete from rowtrail.erased_versions where version_id = {first}", SEALED),
        ("delete from rowtrail.seal_salts where version_id = {salted}", SEALED),
        (
            "update rowtrail.seal_salts set salt = set_bit(salt, 0, 1 - get_bit(salt, 0)) "
            "where version_id = {salted}",
            SEALED,
        ),
        # The erasure itself.
        (
            VERSIONS + "data = jsonb_set(data, '{email}', '\"eve\"') where id = {first}",
            "does not have erased, as event {n} left it: data.email",
        ),
        (VERSIONS + "erased = null where id = {first}", "is not as event {n} left it"),
        (
            VERSIONS + "erased = '{old.email}' where id = {first}",
            "is not marked with all that was erased",
        ),
        (
            VERSIONS + "erased = '{data.note}' where data ->> 'name' = 'Bob'",
            "is marked as erased, and no event says so",
        ),
        # Another value of a version of which some were erased.
        (
            "update rowtrail.erased_versions as e set salts = e.salts - 'data.name', "
            "commitments = e.commitments || jsonb_build_object('data.name', encode("
            "rowtrail.commitment(decode(e.salts ->> 'data.name', 'hex'), "
            "(v.data -> 'name')::text), 'hex')) "
            "from rowtrail.versions as v where v.id = {first} and e.version_id = v.id; "
            + VERSIONS
            + "data = data || '{\"name\": null}', erased = erased || '{data.name}' "
            "where id = {first}",
            "has erased what no event says: data.name",
        ),
        (
            "insert into rowtrail.seal_salts values ({first}, '\\x00')",
            "has a salt again, which event {n} took",
        ),
        (
            "insert into rowtrail.erased_versions values (5, '{}', '{}')",
            "is kept as one of which values were erased, and is none",
        ),
        (
            "delete from rowtrail.versions where id = {n}",
            "is marked as erased, and no event says so",
        ),
    ],
)
def test_what_is_not_as_erasing_left_it_is_named(
    erased: int, superuser: Run, reader: Run, change: str, problem: str
) -> None:
    for name, meant in MEANT.items():
        change = change.replace(name, meant)
    superuser(change.replace("{n}", str(erased)))
    problems = [line for line, is_fault in found(reader) if is_fault]
    assert any(problem.replace("{n}", str(erased)) in line for line in problems), problems


def test_random_histories_stay_exact_and_verified_when_values_are_erased(
    make_table: Any,
    owner: Run,
    writer: Run,
    auditor: Run,
    eraser: Run,
    superuser: Run,
    texts: Texts,
) -> None:
    make_table("people (id text primary key, name text, note json, age numeric)", erasable="true")
    chance = random.Random(20)
    word = 0
    live: dict[str, dict[str, Any]] = {}
    #: The words that each person ever had, by column; a person keeps them under other keys.
    words: dict[str, dict[str, set[str]]] = {}
    gone: list[dict[str, set[str]]] = []
    last_keys: list[str] = []
    erased_words: set[str] = set()
    kept_words: set[str] = set()

    def fresh() -> str:
        nonlocal word
        word += 1
        return f"w{word}w"

    def note(key: str, column: str, value: str) -> str:
        words[key].setdefault(column, set()).add(value)
        return value

    for step in range(400):
        match chance.randrange(9):
            case 0 | 1:
                key = fresh()
                words[key] = {}
                note(key, "id", key)
                live[key] = {}
                name, text = note(key, "name", fresh()), note(key, "note", fresh())
                writer(
                    "insert into people values (%s, %s, %s, 1.50)", key, name, f'{{"a":  "{text}"}}'
                )
            case 2 | 3 if live:
                key = chance.choice(list(live))
                column = chance.choice(["name", "note"])
                value = note(key, column, fresh())
                written = value if column == "name" else f'{{"a":  "{value}"}}'
                writer(f"update people set {column} = %s where id = %s", written, key)
            case 4 if live:
                key = chance.choice(list(live))
                renamed = fresh()
                words[renamed] = words.pop(key)
                live[renamed] = live.pop(key)
                note(renamed, "id", renamed)
                writer("update people set id = %s where id = %s", renamed, key)
            case 5 if live:
                key = chance.choice(list(live))
                writer("delete from people where id = %s", key)
                del live[key]
                last_keys.append(key)
            case 6:
                auditor("select rowtrail.seal()")
            case 7 if last_keys:
                key = chance.choice(last_keys)
                columns = chance.choice(
                    [
                        None,
                        ["name"],
                        ["note"],
                        ["name", "note"],
                        ["id", "name"],
                        ["id", "note", "name"],
                    ]
                )
                start = chance.choice(sorted(words[key]["id"])) if "id" in words[key] else key
                [(number, _, _)] = eraser(
                    "select * from rowtrail.erase('people', %s, %s, %s)", start, columns, f"n{step}"
                )
                for column in columns or ["name", "note"]:
                    erased_words |= words[key].pop(column, set())
                if columns and "id" in columns and number:
                    last_keys.remove(key)
                    gone.append(words.pop(key))
            case 8 if live:
                key = chance.choice(list(live))
                writer("update people set name = null where id = %s", key)
                eraser("select rowtrail.erase('people', %s, '{name}')", key)
                erased_words |= words[key].pop("name", set())
    for left in [*words.values(), *gone]:
        for values in left.values():
            kept_words |= values
    assert superuser("select * from rowtrail.differences('people')") == []
    assert found(auditor) == []
    auditor("select rowtrail.seal()")
    assert found(auditor) == []
    said = texts()
    assert [one for one in sorted(erased_words) if one in said] == []
    assert [one for one in sorted(kept_words) if one not in said] == []
    assert len(erased_words) > 50
    assert len(kept_words) > 50
