"""Promises about the guard: the owner of a tracked table cannot stop its recording unnoticed."""

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

Run = Callable[..., list[Any]]

NOTHING = """
create function nothing() returns trigger language plpgsql as $$ begin return null; end $$
"""

#: What an owner might try, by what it leaves.
BREACHES = {
    "disable": 'alter table animals disable trigger "!rowtrail_capture"',
    "disable that of TRUNCATE": 'alter table animals disable trigger "!rowtrail_truncate"',
    "disable all": "alter table animals disable trigger all",
    "disable user": "alter table animals disable trigger user",
    "replica only": 'alter table animals enable replica trigger "!rowtrail_capture"',
    "not always": 'alter table animals enable trigger "!rowtrail_capture"',
    "drop": 'drop trigger "!rowtrail_capture" on animals',
    "drop that of TRUNCATE": 'drop trigger "!rowtrail_truncate" on animals',
    "rename": 'alter trigger "!rowtrail_capture" on animals rename to "!x"',
    "replace": (
        'create or replace trigger "!rowtrail_capture" after insert or update or delete '
        "on animals for each row execute function nothing()"
    ),
    "on some columns": (
        'create or replace trigger "!rowtrail_capture" after insert or update of legs '
        "on animals for each row execute function rowtrail.capture_partition()"
    ),
    "never": (
        'create or replace trigger "!rowtrail_capture" after insert or update or delete '
        "on animals for each row when (false) execute function rowtrail.capture_partition()"
    ),
    "never one": (
        'create or replace trigger "!rowtrail_truncate" after truncate '
        "on animals for each statement when (false) execute function nothing()"
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_what_would_stop_the_recording_is_refused(
    animals: str, owner: Run, writer: Run, superuser: Run, breach: str
) -> None:
    owner(NOTHING)
    superuser("grant usage on schema rowtrail to owner")
    with pytest.raises(InsufficientPrivilege) as refused:
        owner(BREACHES[breach])
    error, hint = refused.value.diag.message_primary or "", refused.value.diag.message_hint or ""
    assert error.startswith("rowtrail refuses this ")
    assert "public.animals, its changes would not be recorded any more" in error
    assert "select rowtrail.untrack('public.animals', reason => '...');" in hint
    writer("insert into animals values (7, 'ant', 6)")
    assert superuser("select state from rowtrail.status()") == [("tracked",)]
    assert superuser("select * from rowtrail.differences('animals')") == []


@pytest.mark.parametrize("breach", BREACHES)
def test_it_is_refused_within_a_transaction_that_would_undo_it(
    animals: str, owner: Run, superuser: Run, breach: str
) -> None:
    owner(NOTHING)
    superuser("grant usage on schema rowtrail to owner")
    with pytest.raises(InsufficientPrivilege):
        owner(f"do $$ begin {BREACHES[breach]}; update animals set legs = 9; end $$")
    assert superuser("select * from rowtrail.differences('animals')") == []


def test_a_partition_is_guarded_as_its_table_is(
    owner: Run, superuser: Run, make_table: Callable[..., str]
) -> None:
    owner("create table parts (id int primary key) partition by range (id)")
    owner(
        "create table parts_1 partition of parts for values from (1) to (9) partition by list (id)"
    )
    owner("create table parts_2 partition of parts_1 default")
    owner("select rowtrail.track('parts')")
    for leaf in ("parts", "only parts", "parts_1", "parts_2"):
        with pytest.raises(InsufficientPrivilege):
            owner(f"alter table {leaf} disable trigger all")
    owner("create table parts_3 partition of parts default")
    with pytest.raises(InsufficientPrivilege):
        owner("alter table parts_3 disable trigger user")
    # It is one no more, and nothing of it is recorded: that is an event.
    owner("alter table parts detach partition parts_3; alter table parts_3 disable trigger user")
    assert superuser("select state from rowtrail.status()") == [("tracked",)]


def test_the_owner_may_do_all_else(animals: str, owner: Run, superuser: Run) -> None:
    owner(NOTHING)
    for statement in (
        "create trigger app after insert on animals for each row execute function nothing()",
        'create trigger "!rowtrail_capture_" before insert on animals '
        "for each row execute function nothing()",
        "alter table animals disable trigger app",
        "alter trigger app on animals rename to app2",
        "drop trigger app2 on animals",
        "alter table animals add note text, alter legs type bigint",
        "alter table animals rename to beasts",
        "create rule r as on delete to beasts do instead nothing",
        "create index on beasts (legs)",
        "select rowtrail.track('beasts', ignore => '{note}', truncate_rows => true)",
        "select rowtrail.track('beasts', truncate_rows => false)",
        "create table other (like beasts including all)",
        "alter table other disable trigger all",
        "drop table beasts",
        "create table beasts (id int)",
        'create trigger "!rowtrail_capture" after insert on beasts '
        "for each row execute function nothing()",
    ):
        owner(statement)
    assert superuser("select state from rowtrail.status()") == [("replaced",)]


def test_the_end_of_tracking_is_an_event_with_its_reason(
    animals: str, owner: Run, writer: Run, superuser: Run
) -> None:
    owner(
        "begin; select rowtrail.set_actor('ann', context => '{\"ticket\": 7}'); "
        "select rowtrail.untrack('animals', reason => 'archived'); commit"
    )
    owner("select rowtrail.track('animals')")
    assert superuser(
        "select data ->> 'tracking', data ->> 'command', actor, login, context "
        "from rowtrail.versions where op = 'S' order by id"
    ) == [
        ("ended", "rowtrail.untrack()", "ann", "owner", {"ticket": 7, "reason": "archived"}),
        ("begun again", "rowtrail.track()", None, "owner", None),
    ]
    with pytest.raises(InsufficientPrivilege):
        owner("alter table animals disable trigger user")


def test_another_option_of_tracking_is_an_event(
    make_table: Callable[..., str], owner: Run, superuser: Run
) -> None:
    make_table("cats (id int primary key, name text, note text, seen int)", exclude="{note}")
    owner("alter table cats rename note to remark")
    owner("select rowtrail.track('cats')")
    owner("select rowtrail.track('cats', exclude => '{}', ignore => '{seen}', actor => 'warn')")
    assert superuser(
        "select data -> 'options' from rowtrail.versions where data ? 'options' order by id"
    ) == [
        (
            {
                "actor": {"old": "allow", "new": "warn"},
                "exclude": {"old": ["remark"], "new": []},
                "ignore": {"old": [], "new": ["seen"]},
            },
        )
    ]


def test_a_cast_that_would_run_in_the_recording_is_refused(
    owner: Run, writer: Run, superuser: Run, make_table: Callable[..., str]
) -> None:
    owner("create type mood as enum ('fine', 'bad')")
    owner(
        "create function evil(mood) returns json language plpgsql as "
        "$$ begin raise 'this ran as %', current_user; end $$"
    )
    owner("create function evil_b(mood) returns jsonb language sql as $$ select '1'::jsonb $$")
    for target, function in (("json", "evil"), ("jsonb", "evil_b")):
        with pytest.raises(InsufficientPrivilege, match=f"this cast to {target}") as refused:
            owner(f"create cast (mood as {target}) with function {function}(mood)")
        assert f"Let a superuser own public.{function}(" in (refused.value.diag.message_hint or "")
    make_table("days (id int primary key, mood mood)")
    writer("insert into days values (1, 'fine')")
    owner("create cast (mood as text) with inout as assignment")
    superuser("create cast (mood as json) with function evil(mood)")


def test_a_superuser_passes_with_a_warning_but_not_as_another_role(
    animals: str, superuser: Run, url: Any
) -> None:
    connection = psycopg2.connect(
        host=url.query["host"], port=url.query["port"], user="postgres", dbname=url.database
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("set role owner")
        with pytest.raises(InsufficientPrivilege):
            cursor.execute("alter table animals disable trigger all")
        cursor.execute("reset role")
        cursor.execute("alter table animals disable trigger all")
    assert "public.animals: its changes would not be recorded" in connection.notices[-1]
    connection.close()
    assert superuser("select state from rowtrail.status()") == [("trigger disabled",)]


def test_the_owner_mends_what_a_superuser_broke(animals: str, owner: Run, superuser: Run) -> None:
    superuser("alter table animals disable trigger all")
    # What is broken already holds up nobody's other tables.
    owner("create table other (id int); alter table other add x int")
    owner("select rowtrail.track('animals')")
    assert superuser("select state from rowtrail.status()") == [("tracked",)]


def test_who_may_not_use_the_schema_is_not_held_up(superuser: Run, connect_as: Any) -> None:
    superuser("create role stranger login; create schema strange authorization stranger")
    stranger = connect_as("stranger")
    stranger("create table strange.t (id int); create temp table x (id int); drop table x")
    stranger("alter table strange.t add y int; drop table strange.t")
    superuser("drop schema strange; drop role stranger")
