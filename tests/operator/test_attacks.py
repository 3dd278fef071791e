"""Each attack that is tried, made as the login that would make it, and what comes of it.

The attacks are in tests/instruments/attacks.py, from which the table of docs/security.md is made.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attacks
import psycopg2
import pytest
from as_people_do import Run
from attacks import ATTACKS, STAGE, Attack, Named, Refused, Shows
from sqlalchemy import URL, Engine

from rowtrail import create_app
from rowtrail.reader.config import database

MEMBERSHIPS = {
    "owner": "",
    "writer": "",
    "stranger": "",
    "clerk": "rowtrail_limited_reader",
    "reader": "rowtrail_reader",
    "auditor": "rowtrail_auditor",
}

#: All that is recorded and sealed, and what is tracked.
HISTORY = """
select
  (select md5(string_agg(v::text, ',' order by v.id)) from rowtrail.versions as v),
  (select md5(string_agg(s::text, ',' order by s.id)) from rowtrail.seals as s),
  (select md5(string_agg(l::text, ',' order by l.seal_id, l.part)) from rowtrail.seal_leaves as l),
  (select md5(string_agg(t::text, ',' order by t.id)) from rowtrail.tables as t where t.id = 1),
  (select string_agg(o::text, ',' order by o.id) from orders as o)
"""

Session = Callable[[str], list[Any]]


@pytest.fixture
def sessions(url: URL, make_login: Callable[..., Engine]) -> Iterator[dict[str, Session]]:
    """A session of each of the people, in a database where orders are tracked and sealed."""
    opened = []

    def connect(login: str) -> Session:
        connection = psycopg2.connect(
            host=url.query["host"], port=url.query["port"], user=login, dbname=url.database
        )
        connection.autocommit = True
        opened.append(connection)

        def run(statement: str) -> list[Any]:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []

        return run

    for name, role in MEMBERSHIPS.items():
        make_login(name, member_of=role)
    people = {name: connect(name) for name in MEMBERSHIPS} | {"superuser": connect("postgres")}
    for who, statement in STAGE:
        people[who](statement)
    yield people
    for connection in opened:
        connection.close()


@pytest.mark.parametrize("attack", [pytest.param(one, id=one.name) for one in ATTACKS])
def test_attack(
    sessions: dict[str, Session], url: URL, run: Run, tmp_path: Path, attack: Attack
) -> None:
    superuser = sessions["superuser"]
    [(version,)] = superuser("select current_setting('server_version_num')::int / 10000")
    if version < attack.since:
        pytest.skip(f"PostgreSQL {version} has nothing to attack here")
    digests = tmp_path / "digests.jsonl"
    for number in (1, 2):
        if isinstance(attack.outcome, Named) and attack.outcome.by_digest:
            options = ("--seal", number, "--to", digests, "--database", url)
            assert run("digest", *options).returncode == 0
    for who, statement in attack.before:
        sessions[who](statement)

    *first, last = attack.does
    for statement in first:
        sessions[attack.who](statement)
    if isinstance(attack.outcome, Refused):
        history = superuser(HISTORY)
        with pytest.raises(psycopg2.Error) as refused:
            sessions[attack.who](last)
        assert attack.outcome.error in (refused.value.diag.message_primary or "")
        assert superuser(HISTORY) == history
        superuser("set role writer")
        superuser("insert into orders values (99, 'after', 1)")
        superuser("reset role")
        assert superuser(attacks.LAST) == [("I", "99", None, "postgres")]
        assert superuser("select * from rowtrail.differences('orders')") == []
        return
    sessions[attack.who](last)
    for who, statement in attack.after:
        sessions[who](statement)
    if isinstance(attack.outcome, Named):
        check_named(attack.outcome, run, url, digests)
    elif attack.outcome.question.startswith("/"):
        check_page(attack.outcome, url)
    else:
        assert sessions[attack.outcome.asks](attack.outcome.question) == attack.outcome.answer


def check_named(expected: Named, run: Run, url: URL, digests: Path) -> None:
    """Checks that `rowtrail verify` names it."""
    options = ("--digests", digests) if expected.by_digest else ()
    done = run("verify", "--json", "--database", url, *options)
    assert done.stderr == ""
    found = json.loads(done.stdout)["findings"]
    if expected.alone:
        assert len(found) == 1, found
    # A file of digests is named by its path.
    name = re.compile(f"(^|/){re.escape(expected.object)}$")
    assert any(
        name.search(one["object"])
        and one["problem"].startswith(expected.problem)
        and one["is_fault"] == expected.is_fault
        for one in found
    ), found
    assert done.returncode == int(expected.is_fault)


def check_page(expected: Shows, url: URL) -> None:
    """Checks that a page says it, and runs none of what it was given."""
    app = create_app(url.set(username="reader"))
    shown = app.test_client().get(expected.question)
    with app.app_context():
        database.engine.dispose()
    assert shown.status_code == 200
    assert str(expected.answer) in shown.text
    assert "<script>alert" not in shown.text
    assert "<img src=x" not in shown.text
    assert "unsafe" not in shown.headers["Content-Security-Policy"]


def test_the_document_has_each_attack() -> None:
    document = attacks.SECURITY.read_text(encoding="utf-8")
    assert attacks.BEGIN in document
    assert attacks.with_table(document) == document, "run: make attacks"


def test_each_attack_has_a_name_of_its_own() -> None:
    assert len({one.name for one in ATTACKS}) == len(ATTACKS)
