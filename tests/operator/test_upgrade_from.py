"""A database of each released revision, with history in it, is brought up to date; and back."""

import os
import subprocess
import sys
from pathlib import Path

import picture
import pytest
from as_people_do import Run, execute, said_in_one_line, scalar
from shops import RELEASED, Shops, definitions, history, is_whole, session, sql_of

from rowtrail import schema
from rowtrail.db import REVISION
from rowtrail.embedded.server import Server


@pytest.mark.parametrize("revision", RELEASED)
def test_a_picture_is_what_its_release_left(shop: Shops, revision: str) -> None:
    url = shop(revision)
    assert scalar(url, "select version_num from rowtrail.alembic_version") == revision
    ask = session(url)
    kinds = ask(
        "select count(*) from rowtrail.tables "
        "union all select count(*) from rowtrail.seals "
        "union all select count(*) from rowtrail.erased_versions "
        "union all select count(*) from rowtrail.retired_leaves "
        "union all select count(distinct era) from rowtrail.versions"
    )
    ask.close()
    assert all(count > 0 for (count,) in kinds)
    assert kinds[-1][0] > 1


def test_each_revision_but_the_newest_has_a_picture() -> None:
    scripts = (picture.FOLDER.parents[2] / "alembic" / "versions").glob("0*.py")
    revisions = {file.name[:4] for file in scripts}
    assert set(RELEASED) | {REVISION} == revisions


@pytest.mark.parametrize("revision", RELEASED)
def test_upgraded_it_is_what_is_installed_anew(
    shops: Server, shop: Shops, run: Run, revision: str
) -> None:
    url = shop(revision)
    before = history(url)
    done = run("upgrade", "--database", url)
    assert (done.returncode, done.stderr) == (0, "")
    assert history(url) == before
    is_whole(url)

    execute(shops.url(), "create database anew")
    anew = shops.url(database="anew")
    assert run("upgrade", "--database", anew).returncode == 0
    execute(
        anew,
        "grant rowtrail_limited_reader to shop_reader",
        "grant usage on schema rowtrail to shop_owner, shop_protection",
        "grant execute on function rowtrail.erase to shop_protection",
    )
    found, expected = definitions(shops, str(url.database)), definitions(shops, "anew")
    assert set(found) == set(expected)
    assert {n: d for n, d in found.items() if d != expected[n]} == {}
    execute(shops.url(), "drop database anew")


@pytest.mark.parametrize("revision", RELEASED)
def test_upgraded_it_goes_on(shop: Shops, run: Run, revision: str) -> None:
    url = shop(revision)
    assert run("upgrade", "--database", url).returncode == 0
    app = session(url, "shop_app")
    app("update orders set state = 'sent' where id between 2 and 5")
    app("delete from people where id = 9 and not exists (select from orders where person = 9)")
    app("insert into measures values ('2026-12-31', 'here', 1)")
    app.close()
    ask = session(url)
    assert ask("select versions from rowtrail.seal()")[0][0] > 0
    ask.close()
    is_whole(url)
    verified = run("verify", "--database", url)
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout


EARLIER = pytest.mark.parametrize("revision", [one for one in RELEASED if one != REVISION])


@EARLIER
def test_taken_back_it_is_what_it_was(
    shops: Server, shop: Shops, run: Run, tmp_path: Path, revision: str
) -> None:
    url = shop(revision)
    before = definitions(shops, str(url.database))
    assert run("upgrade", "--database", url).returncode == 0
    app = session(url, "shop_app")
    app("prepare send (bigint) as update orders set state = 'sent' where id = $1")
    app("execute send (4)")
    ask = session(url)
    ask("select rowtrail.seal()")
    recorded = history(url)

    back = ["downgrade", "--to", revision, "--sql", sql_of(revision, tmp_path / "sql")]
    done = run(*back, "--database", url)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"revision {REVISION} to {revision}" in done.stdout
    assert history(url) == recorded
    after = definitions(shops, str(url.database))
    assert set(after) == set(before)
    assert {n: d for n, d in after.items() if d != before[n]} == {}
    app("execute send (5)")
    app.close()
    assert len(history(url)) == len(recorded) + 1
    ask("select rowtrail.seal()")
    ask.close()
    is_whole(url)
    said_in_one_line(run(*back, "--database", url), f"is at revision {revision} already")

    assert run("upgrade", "--database", url).returncode == 0
    is_whole(url)


@EARLIER
def test_what_would_be_lost_is_not_taken_back(
    shop: Shops, run: Run, tmp_path: Path, revision: str
) -> None:
    url = shop(revision)
    assert run("upgrade", "--database", url).returncode == 0
    execute(
        url,
        "insert into rowtrail.shipping (history_id, place, begun_at, begun_by) "
        "values (gen_random_uuid(), 'postgresql://history/shop', now(), 'postgres')",
    )
    back = ["downgrade", "--to", revision, "--sql", sql_of(revision, tmp_path / "sql")]
    said_in_one_line(
        run(*back, "--database", url), "what is in rowtrail.shipping would be lost", "--forget"
    )
    assert scalar(url, "select version_num from rowtrail.alembic_version") == REVISION
    assert scalar(url, "select count(*) from rowtrail.shipping") == 1
    assert run(*back, "--forget", "--database", url).returncode == 0
    is_whole(url)


def test_alembic_alone_loses_nothing_either_unless_it_is_told_to(shop: Shops, run: Run) -> None:
    url = shop(RELEASED[-1])
    assert run("upgrade", "--database", url).returncode == 0
    execute(
        url,
        "insert into rowtrail.departures (number, tables, versions, leaves_hash, login, at) "
        "values (1, '{}', 1, '', 'postgres', now())",
    )

    def downgraded(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "alembic", *options, "downgrade", "base"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "DATABASE_URL": url.render_as_string(hide_password=False)},
            capture_output=True,
            text=True,
            check=False,
        )

    done = downgraded()
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert (
        "what is in rowtrail.departures would be lost: revision 0001" in done.stdout + done.stderr
    )
    assert scalar(url, "select version_num from rowtrail.alembic_version") == REVISION
    assert scalar(url, "select count(*) from rowtrail.departures") == 1
    done = downgraded("-x", "forget")
    assert done.returncode == 0, done
    assert scalar(url, "select to_regnamespace('rowtrail') is null")


def test_going_back_is_asked_for_as_it_must_be(shop: Shops, run: Run, tmp_path: Path) -> None:
    url = shop(RELEASED[0])
    assert run("upgrade", "--database", url).returncode == 0
    for arguments, said in (
        (["--to", "0001"], "--to needs --sql"),
        (["--sql", tmp_path], "go with --to"),
        (["--to", "0001", "--sql", tmp_path], "has no access.sql"),
        (["--to", "0001", "--sql", schema.sql_folder(), "--delete-history"], "leave out"),
        (["--to", "17", "--sql", schema.sql_folder()], "there is no revision 17; there are 0001"),
        (["--to", REVISION, "--sql", schema.sql_folder()], f"is at revision {REVISION} already"),
    ):
        said_in_one_line(run("downgrade", *arguments, "--database", url), said)


def test_what_another_release_had_goes_and_who_might_run_it_may_run_what_has_its_name(
    shop: Shops, run: Run
) -> None:
    url = shop(RELEASED[-1])
    execute(
        url,
        "create function rowtrail.gone() returns int language sql as 'select 1'",
        "alter function rowtrail.gone() owner to rowtrail_owner",
        "create function rowtrail.undo_sql(int) returns int language sql as 'select 1'",
        "alter function rowtrail.undo_sql(int) owner to rowtrail_owner",
        "grant execute on function rowtrail.undo_sql(int) to shop_protection",
        "create function rowtrail.theirs() returns int language sql as 'select 1'",
        "create view shop.uses as select rowtrail.gone()",
    )
    said_in_one_line(
        run("upgrade", "--database", url), "view shop.uses depends on function rowtrail.gone()"
    )
    execute(url, "drop view shop.uses")
    done = run("upgrade", "--database", url)
    assert (done.returncode, done.stderr) == (0, "")
    ask = session(url)
    assert ask(
        "select distinct proname::text, has_function_privilege('shop_protection', oid, 'execute') "
        "from pg_proc where pronamespace = 'rowtrail'::regnamespace "
        "and proname in ('gone', 'undo_sql', 'theirs') order by 1"
    ) == [("theirs", True), ("undo_sql", True)]
    ask.close()


def test_a_dropped_table_of_a_closed_schema_hinders_no_reader(shop: Shops, run: Run) -> None:
    url = shop(RELEASED[-1])
    assert run("upgrade", "--database", url).returncode == 0
    ask = session(url)
    ask("set role rowtrail_reader")
    # Whose schema this role may not use.
    states = dict(ask("select table_name, state from rowtrail.status()"))
    ask.close()
    assert (states["shop.gone"], states["shop.orders"]) == ("dropped", "tracked")
