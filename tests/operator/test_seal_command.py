"""Promises about `rowtrail seal`, `digest` and `prove`: what was sealed can be shown to anybody."""

import json
import runpy
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from as_people_do import Run, command, environment, said_in_one_line
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sqlalchemy import URL, Connection, text

from rowtrail.proof import seals

CHECK = Path(__file__).parents[2] / "docs" / "check_proof.py"

#: What a stranger's script finds wrong with a proof.
problem: Any = runpy.run_path(str(CHECK))["problem"]


@pytest.fixture
def orders(db: Connection) -> Connection:
    """A superuser's session, and a tracked table with two rows."""
    db.exec_driver_sql("create table orders (id int primary key, status text)")
    db.exec_driver_sql("select rowtrail.track('orders')")
    db.exec_driver_sql("insert into orders values (1, 'new'), (2, 'Zoë')")
    return db


@pytest.fixture
def auditor(make_login: Callable[..., Any]) -> URL:
    """The URL of a login that may seal and verify, and nothing else."""
    url: URL = make_login("auditor", member_of="rowtrail_auditor").url
    return url


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """The files of a private and a public key."""
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def verified(run: Run, url: URL, *options: object) -> tuple[int, list[str]]:
    """The exit status, and each fault."""
    done = run("verify", "--no-rows", "--json", "--database", url, *options)
    assert done.stderr == ""
    findings = json.loads(done.stdout)["findings"]
    return done.returncode, [f"{one['object']}: {one['problem']}" for one in findings]


def test_an_auditor_seals_and_what_a_superuser_changes_is_named(
    orders: Connection, auditor: URL, run: Run
) -> None:
    done = run("seal", "--database", auditor)
    assert done.stdout.startswith("seal 1 at ")
    assert done.returncode == 0
    assert run("seal", "--database", auditor).stderr == (
        "rowtrail: nothing was committed since the last seal\n"
    )
    assert verified(run, auditor) == (0, [])
    orders.exec_driver_sql("update rowtrail.versions set login = 'nobody' where row_key = '2'")
    status, [fault] = verified(run, auditor)
    assert status == 1
    assert "of public.orders, key 2: is not what it was when seal 1 was made" in fault


def test_sealing_needs_the_role(
    orders: Connection, make_login: Callable[..., Any], run: Run
) -> None:
    reader = make_login("looker", member_of="rowtrail_reader").url
    done = run("seal", "--database", reader)
    assert said_in_one_line(done, "permission denied", "rowtrail_auditor")


def test_a_seal_says_what_it_is_to_a_script(orders: Connection, url: URL, run: Run) -> None:
    said = json.loads(run("seal", "--json", "--database", url).stdout)
    assert (said["seal"], said["versions"] >= 2, len(said["hash"])) == (1, True, 64)


def test_sealing_goes_on_until_it_is_stopped_and_publishes_each_digest(
    orders: Connection, auditor: URL, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "digests.jsonl"
    process = subprocess.Popen(
        command("seal", "--every", "1s", "--digest", file, "--database", auditor),
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("seal 1 at ")
    orders.exec_driver_sql("insert into orders values (3, 'new')")
    assert process.stdout.readline().startswith("seal 2 at ")
    while len(file.read_text().splitlines()) < 2:
        pass
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert errors == ""
    assert process.returncode == 143
    assert [json.loads(line)["seal"] for line in file.read_text().splitlines()] == [1, 2]
    assert verified(run, auditor, "--digests", file) == (0, [])


def test_a_cut_off_tail_is_seen_by_a_digest_only(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "digests.jsonl"
    run("seal", "--database", url, "--digest", file)
    orders.exec_driver_sql("update orders set status = 'paid' where id = 1")
    run("seal", "--database", url, "--digest", file)
    assert verified(run, url, "--digests", file) == (0, [])
    orders.exec_driver_sql("delete from rowtrail.versions where op = 'U'")
    orders.exec_driver_sql("delete from rowtrail.seal_leaves where seal_id = 2")
    orders.exec_driver_sql("delete from rowtrail.seals where id = 2")
    assert verified(run, url) == (0, [])
    status, faults = verified(run, url, "--digests", file)
    assert status == 1
    assert faults == [
        f"{file}, line 2: is of seal 2, which is not there: the history was cut off before it"
    ]
    orders.exec_driver_sql("update orders set status = 'sent' where id = 1")
    run("seal", "--database", url)
    assert verified(run, url, "--digests", file) == (
        1,
        [f"{file}, line 2: is of another seal 2 than the one that is there"],
    )


def test_a_file_of_digests_that_was_changed_is_told(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "digests.jsonl"
    run("seal", "--database", url, "--digest", file)
    orders.exec_driver_sql("delete from orders where id = 1")
    run("seal", "--database", url, "--digest", file)
    first, second = file.read_text().splitlines()
    for lines, wrong in (
        ([first, second, first], "line 3: is of seal 1, after one of seal 2: it was put there"),
        ([first.replace("versions", "versionz"), second], "line 1: is not what was written"),
        ([second.replace('"seal": 2', '"seal": 1')], "line 1: is not what was written"),
        (["{}"], "line 1: is no digest"),
        (["nonsense", second], "line 1: is no digest"),
        ([first.replace('"seal": 1', '"seal": Infinity')], "line 1: is no digest"),
        ([first.replace("rowtrail", "\\ud800")], "line 1: is no digest"),
        (["[" * 100000], "line 1: is no digest"),
        ([""], "digests.jsonl: holds no digest"),
    ):
        file.write_text("".join(line + "\n" for line in lines))
        status, [fault] = verified(run, url, "--digests", file)
        assert status == 1
        assert wrong in fault
    file.write_text(f"{first}\n\n{second}\n")
    assert verified(run, url, "--digests", file) == (0, [])
    said = run("verify", "--no-rows", "--digests", file, "--database", url).stdout
    assert said == "no faults; 2 seals; 2 digests\n"
    missing = run("verify", "--digests", tmp_path / "none", "--database", url)
    assert said_in_one_line(missing, "none cannot be read")


def test_digests_are_signed_and_the_signature_is_asked_for(
    orders: Connection, url: URL, run: Run, tmp_path: Path, keys: tuple[Path, Path]
) -> None:
    private, public = keys
    file = tmp_path / "digests.jsonl"
    run("seal", "--database", url, "--digest", file, "--sign", private)
    options = ("--digests", file, "--key", public)
    assert verified(run, url, *options) == (0, [])
    orders.exec_driver_sql("delete from orders where id = 1")
    run("seal", "--database", url, "--digest", file)
    status, [fault] = verified(run, url, *options)
    assert (status, fault) == (1, f"{file}, line 2: is not signed by the key that was given")
    done = run("digest", "--database", url, "--sign", public)
    assert said_in_one_line(done, "has no private Ed25519 key", "openssl genpkey")
    done = run("verify", "--database", url, "--digests", file, "--key", private)
    assert said_in_one_line(done, "has no public Ed25519 key", "openssl pkey")


def test_a_digest_goes_into_a_git_repository(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "kept"
    settings = ("-c", "user.name=rowtrail", "-c", "user.email=rowtrail@example.org")
    for arguments in (["init", "-q", str(folder)], ["-C", str(folder), "config", "user.name", "r"],
                      ["-C", str(folder), "config", "user.email", "r@example.org"]):  # fmt: skip
        subprocess.run(["git", *settings, *arguments], check=True)
    place = f"git:{folder / 'digests.jsonl'}"
    assert run("seal", "--database", url, "--digest", place).returncode == 0
    assert run("digest", "--database", url, "--to", place).returncode == 0
    log = subprocess.run(
        ["git", "-C", str(folder), "log", "--format=%s"], capture_output=True, text=True, check=True
    )
    assert log.stdout == "Digest of seal 1\n"
    outside = tmp_path / "digests.jsonl"
    done = run("digest", "--database", url, "--to", f"git:{outside}")
    assert said_in_one_line(done, f"the digest is in {outside}, but git add failed")


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[bytes]]]:
    """The URL of a server that takes what is posted, but not at /refused; and what it took."""
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(403 if self.path == "/refused" else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()
        thread.join()


def test_a_digest_is_posted(
    orders: Connection, url: URL, run: Run, webhook: tuple[str, list[bytes]]
) -> None:
    address, taken = webhook
    assert run("seal", "--database", url, "--digest", f"{address}/taken").returncode == 0
    assert json.loads(taken[0]) == json.loads(run("digest", "--database", url).stdout)
    done = run("digest", "--database", url, "--to", f"{address}/refused")
    assert said_in_one_line(done, "did not take the digest: 403")
    done = run("digest", "--database", url, "--to", "http://127.0.0.1:1/")
    assert said_in_one_line(done, "could not be posted")
    done = run("digest", "--database", url, "--to", "ftp://example.org/x")
    assert said_in_one_line(done, "is no place for a digest")


def test_what_is_not_there_has_no_digest_and_no_proof(
    orders: Connection, url: URL, run: Run
) -> None:
    assert said_in_one_line(run("digest", "--database", url), "there is no seal yet")
    [version] = orders.scalars(text("select id from rowtrail.versions where row_key = '2'"))
    assert said_in_one_line(run("prove", version, "--database", url), "is in no seal yet")
    run("seal", "--database", url)
    assert said_in_one_line(run("digest", "--seal", 7, "--database", url), "there is no seal 7")
    assert said_in_one_line(run("prove", 7, "--database", url), "there is no version 7")
    assert said_in_one_line(run("prove", "--database", url), "id of a version")
    assert said_in_one_line(run("prove", 2**63, "--database", url), "Invalid value for")
    late = run("verify", "--since-seal", 7, "--database", url)
    assert said_in_one_line(late, "there is no seal 7, nor a later one")
    assert said_in_one_line(run("seal", "--every", "0s", "--database", url), "is no interval")
    orders.exec_driver_sql(f"update rowtrail.versions set actor = 'x' where id = {version}")
    assert said_in_one_line(run("prove", version, "--database", url), "is not what seal 1 closed")
    orders.exec_driver_sql(f"delete from rowtrail.versions where id = {version}")
    assert said_in_one_line(
        run("prove", version, "--database", url), f"version {version} is missing"
    )


def checked(proof: Path, digests: Path) -> subprocess.CompletedProcess[str]:
    """What a stranger is told, with no rowtrail and no database."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(CHECK), str(proof), str(digests)],
        capture_output=True, text=True, check=False, env={"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def test_a_stranger_can_check_each_version_by_each_later_digest(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    digests, proof = tmp_path / "digests.jsonl", tmp_path / "proof.json"
    hashes = []
    for n in range(6):
        orders.exec_driver_sql(f"update orders set status = 'step {n}'")
        orders.exec_driver_sql("select rowtrail.seal()")
        hashes.append(seals.digest(orders)["hash"])
    rows = orders.execute(
        text(
            "select c.seal_id, u.id from rowtrail.seal_leaves as c "
            "cross join lateral unnest(c.ids) as u (id) order by 2"
        )
    ).all()
    for number, version in rows:
        for head in range(number, 7):
            made = seals.prove(orders, version, head)
            assert problem(made, {hashes[head - 1]}) is None, (number, head)
            assert problem(made, set(hashes) - {hashes[head - 1]}) is not None
    run("digest", "--database", url, "--to", digests)
    run("prove", version, "--database", url, "-o", proof)
    done = checked(proof, digests)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert f"id: {version}" in lines
    assert lines[-1].startswith("PROVEN by the digest of seal 6: it was so when seal 6 was made")
    assert "login: postgres" in lines
    assert 'data: {"id": 2, "status": "step 5"}' in lines


def test_a_proof_that_was_changed_proves_nothing(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    digests, proof = tmp_path / "digests.jsonl", tmp_path / "proof.json"
    for n in range(3):
        orders.exec_driver_sql(f"update orders set status = 'step {n}'")
        run("seal", "--database", url, "--digest", digests)
    [version] = orders.scalars(text("select min(id) from rowtrail.versions where op = 'U'"))
    run("prove", version, "--database", url, "-o", proof)
    good = json.loads(proof.read_text())
    assert checked(proof, digests).returncode == 0
    for name, changed in (
        ("record", good["record"][:-8] + "AAAAAAA="),
        ("index", good["index"] + 1),
        ("path", good["path"][:-1]),
        ("path", [*good["path"], "00" * 32]),
        ("log_path", ["11" * 32, *good["log_path"][1:]]),
        ("seal", good["seal"].replace("era 1", "era 2")),
        ("head", good["head"].replace("era 1", "era 2")),
    ):
        proof.write_text(json.dumps(good | {name: changed}))
        done = checked(proof, digests)
        assert done.returncode == 1, name
        assert done.stderr.startswith("NOT PROVEN: "), (name, done.stderr)
    for content in ("", "[]", "7", "{}", digests.read_text(), '{"seal": 1, "head": 2}'):
        proof.write_text(content)
        done = checked(proof, digests)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), (content, done.stderr)
        assert done.stderr.startswith("NOT PROVEN: "), content
    assert "cannot be read" in checked(tmp_path / "none", digests).stderr
    proof.write_text(json.dumps(good))
    digests.write_text(digests.read_text() + "\n\n")
    assert checked(proof, digests).returncode == 0
    digests.write_text("".join(digests.read_text().splitlines(keepends=True)[:2]))
    assert "there is no digest of its seal 3" in checked(proof, digests).stderr


def test_a_stranger_is_told_each_value_in_a_line_of_its_own(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    digests, proof = tmp_path / "digests.jsonl", tmp_path / "proof.json"
    orders.exec_driver_sql("create table notes (id text primary key)")
    orders.exec_driver_sql("select rowtrail.track('notes')")
    orders.exec_driver_sql("insert into notes values (E'1\\nlogin: alice\\u001b[2J')")
    run("seal", "--database", url, "--digest", digests)
    version = orders.scalar(text("select max(id) from rowtrail.versions"))
    run("prove", version, "--database", url, "-o", proof)
    said = checked(proof, digests).stdout
    assert r"row_key: 1\nlogin: alice\x1b[2J" in said.splitlines()


def test_a_stranger_can_check_that_a_later_seal_goes_on_where_an_earlier_ended(
    orders: Connection, url: URL, run: Run, tmp_path: Path
) -> None:
    digests, proof = tmp_path / "digests.jsonl", tmp_path / "proof.json"
    hashes = []
    for n in range(17):
        orders.exec_driver_sql(f"update orders set status = 'step {n}'")
        orders.exec_driver_sql("select rowtrail.seal()")
        hashes.append(seals.digest(orders)["hash"])
    for first in range(1, 18):
        for head in range(first, 18):
            made = seals.prove_consistency(orders, first, head)
            assert problem(made, {hashes[head - 1]}) is None, (first, head)
            if made["consistency"]:
                made["consistency"][0] = "22" * 32
                assert problem(made, {hashes[head - 1]}) == "the log was rewritten"
    run("digest", "--database", url, "--to", digests)
    run("prove", "--from-seal", 5, "--database", url, "-o", proof)
    assert checked(proof, digests).stdout.startswith("PROVEN by the digest of seal 17: ")
    done = run("prove", "--from-seal", 5, "--digest-of", 2, "--database", url)
    assert said_in_one_line(done, "seal 2 was made before seal 5")
