"""Promises about `rowtrail erase`, and about proofs of versions of which values were erased."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from as_people_do import Run, said_in_one_line
from sqlalchemy import URL, Connection, text

CHECK = Path(__file__).parents[2] / "docs" / "check_proof.py"


@pytest.fixture
def people(db: Connection) -> Connection:
    """A superuser's session; a person who was changed, sealed and deleted, and one who stays."""
    for statement in (
        "create table people (id int primary key, name text, email text)",
        "select rowtrail.track('people', erasable => true)",
        "insert into people values (-1, 'Ada', 'ada@here.example'), (2, 'Bob', 'bob@here.example')",
        "update people set name = 'Zoë' where id = -1",
        "select rowtrail.seal()",
        "delete from people where id = -1",
    ):
        db.exec_driver_sql(statement)
    return db


@pytest.fixture
def eraser(people: Connection, make_login: Callable[..., Any]) -> URL:
    """The URL of a login that may erase, and nothing else; as the guide makes one."""
    url: URL = make_login("eraser").url
    people.exec_driver_sql("grant usage on schema rowtrail to eraser")
    people.exec_driver_sql("grant execute on function rowtrail.erase to eraser")
    return url


def test_who_may_erases_values_and_the_history_verifies(
    people: Connection, eraser: URL, url: URL, run: Run
) -> None:
    erase = ("erase", "people", "-1", "email", "--reason", "request 17", "--database", eraser)
    done = run(*erase)
    number = people.scalar(text("select max(id) from rowtrail.versions where op = 'S'"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"people, key -1: 3 values erased from 3 versions, erasure {number}\n"
    assert run(*erase).stdout == "people, key -1: there was nothing to erase\n"
    verified = run("verify", "--database", url)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "note  eraser: may erase values from the history" in verified.stdout
    assert "no faults" in verified.stdout


def test_what_the_database_sets_for_its_sessions_does_not_matter(
    people: Connection, url: URL, run: Run
) -> None:
    for setting in (
        "default_transaction_isolation = 'repeatable read'",
        "default_transaction_read_only = on",
        "standard_conforming_strings = off",
        "quote_all_identifiers = on",
        "search_path = ''",
    ):
        people.exec_driver_sql(f'alter database "{url.database}" set {setting}')
    done = run("seal", "--database", url)
    assert (done.returncode, done.stderr) == (0, ""), done
    done = run("erase", "public.people", "-1", "--reason", "x", "--database", url)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert run("seal", "--database", url).returncode == 0
    done = run("verify", "--database", url)
    assert (done.returncode, done.stdout.split(";")[:2]) == (0, ["no faults", " 3 seals"]), done
    done = run("restore-check", "--database", url)
    assert done.stdout.startswith("sound; era 1; 3 seals; "), done


def test_a_script_is_told_what_was_erased(eraser: URL, run: Run) -> None:
    done = run("erase", "people", "-1", "--reason", "x", "--json", "--database", eraser)
    said = json.loads(done.stdout)
    assert (said["table"], said["key"], said["versions"]) == ("people", "-1", 3)
    assert said["erased_values"] == 7
    assert said["erasure"] > 0


def test_what_cannot_be_erased_is_said_in_one_line(
    people: Connection, eraser: URL, run: Run, make_login: Callable[..., Any]
) -> None:
    def erase(*arguments: str, to: URL = eraser) -> subprocess.CompletedProcess[str]:
        return run("erase", *arguments, "--database", to)

    reason = ("--reason", "x")
    assert said_in_one_line(erase("people", "-1"), "Missing option '--reason'")
    assert said_in_one_line(erase("people", "-1", "--reason", " "), "'--reason': it is empty")
    assert said_in_one_line(
        erase("people", "2", "email", *reason),
        "row 2 of public.people still holds a value in email",
        "delete the row",
    )
    assert said_in_one_line(erase("nothing", "2", *reason), "no table nothing has a history")
    assert said_in_one_line(erase("people", "3", *reason), "no version of a row 3")
    assert said_in_one_line(
        erase("people", "2", "--froce", *reason), "public.people has no column", "--froce"
    )
    reader = make_login("looker", member_of="rowtrail_reader").url
    assert said_in_one_line(
        erase("people", "-1", *reason, to=reader),
        "looker may not erase from the history",
        "grant execute on function rowtrail.erase to looker",
    )


def test_what_was_sealed_without_salts_takes_force(people: Connection, url: URL, run: Run) -> None:
    for statement in (
        "create table plain (id int primary key, name text)",
        "select rowtrail.track('plain')",
        "insert into plain values (1, 'Ada')",
        "delete from plain",
        "select rowtrail.seal()",
    ):
        people.exec_driver_sql(statement)
    erase = ("erase", "plain", "1", "--reason", "x", "--database", url)
    assert said_in_one_line(run(*erase), "2 of the 2 versions were sealed while", "--force")
    assert "2 values erased from 2 versions" in run(*erase, "--force").stdout
    done = run("verify", "--database", url)
    assert done.returncode == 0
    assert done.stdout.count("cannot be verified") == 2


def test_the_option_is_given_and_taken_back(people: Connection, url: URL, run: Run) -> None:
    track = ("track", "people", "--json", "--database", url)
    assert json.loads(run(*track, "--not-erasable").stdout)["erasable"] is False
    assert json.loads(run(*track).stdout)["erasable"] is False
    assert json.loads(run(*track, "--erasable").stdout)["erasable"] is True


def test_a_stranger_sees_what_is_left_of_a_version_and_that_the_rest_was_erased(
    people: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    version = people.scalar(text("select min(id) from rowtrail.versions where op = 'U'"))
    proof, digests = tmp_path / "proof.json", tmp_path / "digests.jsonl"
    run("seal", "--database", url, "--digest", digests)

    def checked() -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "-I", CHECK, proof, digests],
            capture_output=True, text=True, check=False, env={"PYTHONUTF8": "1"},
        )  # fmt: skip
        return done.stdout, done.stderr

    assert run("prove", version, "-o", proof, "--database", url).stderr == ""
    said, errors = checked()
    assert errors == ""
    assert 'data.email: "ada@here.example"' in said
    assert 'data.name: "Zoë"' in said
    assert "row_key: -1" in said
    assert "\nPROVEN by the digest of seal 2" in said

    before = json.loads(proof.read_text())
    run("erase", "people", "-1", "email", "--reason", "x", "--database", url)
    run("prove", version, "-o", proof, "--database", url)
    said, errors = checked()
    assert errors == ""
    assert "data.email: (not shown: erased, or left out of the proof)" in said
    assert 'data.name: "Zoë"' in said
    after = json.loads(proof.read_text())
    assert (after["record"], after["path"]) == (before["record"], before["path"])
    assert after["values"] == {k: v for k, v in before["values"].items() if k != "data.email"}

    after["values"]["data.name"]["value"] = '"Eve"'
    proof.write_text(json.dumps(after))
    assert checked() == ("", "NOT PROVEN: another value of data.name was sealed\n")


def test_the_history_says_what_was_erased(people: Connection, url: URL, run: Run) -> None:
    run("erase", "people", "-1", "name", "--reason", "x", "--database", url)
    done = run("history", "people", "-1", "--database", url)
    assert "name: erased → erased" in done.stdout
    assert "  erased data.name, old.name  " in done.stdout
    lines = run("history", "people", "-1", "--json", "--database", url).stdout.splitlines()
    assert [json.loads(line)["erased"] for line in lines] == [
        ["data.name"],
        ["data.name", "old.name"],
        ["data.name"],
    ]
    exported = run("export", "people", "--jsonl", "--key", "-1", "--database", url)
    assert [json.loads(line)["erased"] for line in exported.stdout.splitlines()] == [
        ["data.name"],
        ["data.name", "old.name"],
        ["data.name"],
    ]
