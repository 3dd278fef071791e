"""`rowtrail password` writes the file by which `rowtrail serve` asks people who they are."""

import base64
import json
import socket
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from as_people_do import Run, said_in_one_line
from click.testing import CliRunner
from sqlalchemy import URL
from test_serve import serving

from rowtrail.cli import rowtrail
from rowtrail.reader.passwords import Passwords


def set_password(file: Path, person: str, *typed: str) -> str:
    """What the command says when this is typed."""
    done = CliRunner().invoke(
        rowtrail, ["password", person, "--file", str(file)], input="".join(f"{t}\n" for t in typed)
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_it_asks_twice_and_shows_nothing(folder: Path) -> None:
    file = folder / "passwords"
    said = set_password(file, "ann", "s3cret one", "other", "s3cret two", "s3cret two")
    assert said.endswith(f"{file}: ann has a password\n")
    assert "s3cret" not in said
    assert "s3cret" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    passwords = Passwords(file)
    assert passwords.are_right("ann", "s3cret two")
    assert not passwords.are_right("ann", "s3cret one")


def test_another_password_replaces_the_line_and_keeps_all_else(folder: Path) -> None:
    file = folder / "passwords"
    set_password(file, "ann", "one", "one")
    set_password(file, "bob", "two", "two")
    file.write_text("# the accountants\n" + file.read_text())
    file.chmod(0o640)
    said = set_password(file, "ann", "three", "three")
    assert said.endswith("ann has another password\n")
    lines = file.read_text().splitlines()
    assert lines[0] == "# the accountants"
    assert [line.partition(":")[0] for line in lines[1:]] == ["bob", "ann"]
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in folder.iterdir()] == ["passwords"]


@pytest.mark.parametrize("person", ["a:b", " ann", "#ann", "an\nn", ""])
def test_a_name_that_no_line_can_have_is_refused(folder: Path, run: Run, person: str) -> None:
    file = folder / "passwords"
    said_in_one_line(run("password", person, "--file", file), "nobody can be called")
    assert not file.exists()


def test_a_file_that_is_none_is_one_line(folder: Path, run: Run) -> None:
    said_in_one_line(run("password", "ann"), "Missing option '--file'", "--help")


def test_no_address_of_others_is_served_while_nobody_is_asked(url: URL, run: Run) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "history.example"):
        said_in_one_line(
            run("serve", "--host", host, "--database", url),
            f"not served at {host}", "ROWTRAIL_AUTH=proxy", "ROWTRAIL_AUTH=basic",
        )  # fmt: skip
    said_in_one_line(
        run("serve", "--host", "0.0.0.0", "--database", url, ROWTRAIL_AUTH="none"), "not served at"
    )
    said_in_one_line(
        run("serve", "--host", "0.0.0.0", "--database", url, ROWTRAIL_AUTH="ldap"), "is no way"
    )


def test_an_address_of_others_asks_for_the_names_of_the_host(
    url: URL, run: Run, folder: Path
) -> None:
    set_password(folder / "passwords", "ann", "one", "one")
    given = {"ROWTRAIL_AUTH": "basic", "ROWTRAIL_PASSWORDS": str(folder / "passwords")}
    said_in_one_line(
        run("serve", "--host", "0.0.0.0", "--database", url, **given), "set ROWTRAIL_HOSTS="
    )


def test_with_passwords_all_addresses_may_be_served_and_the_reads_are_logged(
    url: URL, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_password(folder / "passwords", "ann", "one", "one")
    monkeypatch.setenv("ROWTRAIL_AUTH", "basic")
    monkeypatch.setenv("ROWTRAIL_PASSWORDS", str(folder / "passwords"))
    monkeypatch.setenv("ROWTRAIL_HOSTS", "history.example")
    monkeypatch.setenv("ROWTRAIL_READ_LOG", str(folder / "reads"))
    given = {
        "Host": "history.example",
        "Authorization": "Basic " + base64.b64encode(b"ann:one").decode(),
    }
    with serving("--database", url, "--host", "0.0.0.0", "--port", "0") as (_, address):
        here = address.replace("0.0.0.0", socket.gethostbyname("localhost"))
        with urlopen(Request(f"{here}/tables", headers=given)) as answer:
            assert "signed in as ann" in answer.read().decode()
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(f"{here}/tables", headers={"Host": "history.example"}))
        with refused.value as answer:
            assert answer.code == 401
    logged = [json.loads(line) for line in (folder / "reads").read_text().splitlines()]
    assert [(one["person"], one["status"]) for one in logged] == [("ann", 200), (None, 401)]
