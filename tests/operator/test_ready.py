"""A command that is forked, as most are in these tests, is what one is that people start."""

import subprocess
from pathlib import Path

import pytest
from as_people_do import command, environment
from ready import Ready
from sqlalchemy import URL


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["history", "--help"],
        ["history"],
        ["status", "--database", "mysql://localhost/shop"],
        ["status", "--models", "here_alone"],
        ["status", "--models", "here_ends"],
        ["verify", "--json"],
        ["history", "orders", "ü漢"],
    ],
)
def test_it_says_and_ends_as_one_that_is_started(
    ready: Ready,
    arguments: list[str],
    url: URL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here_alone.py").write_text(
        "import os, sys; sys.exit(str((os.getcwd(), sorted(os.environ.items()))))"
    )
    Path("here_ends.py").write_text("import os; os.kill(os.getpid(), 9)")
    env = environment() | {"COLUMNS": "60", "TZ": "Asia/Tokyo", "DATABASE_URL": str(url)}
    started = subprocess.run(
        command(*arguments), capture_output=True, text=True, env=env, check=False
    )
    forked = ready.run(arguments, env, timeout=60)
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        started.returncode, started.stdout, started.stderr,
    )  # fmt: skip


def test_one_that_does_not_end_in_time_is_killed(
    ready: Ready, url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sleeping.py").write_text("import time; time.sleep(600)")
    env = environment() | {"DATABASE_URL": str(url)}
    with pytest.raises(subprocess.TimeoutExpired):
        ready.run(["status", "--models", "sleeping"], env, timeout=1)


def test_what_the_interpreter_reads_when_it_starts_is_read_by_none_that_is_forked(
    ready: Ready,
) -> None:
    assert ready.may_run_with(environment() | {"DATABASE_URL": "postgresql:///shop"})
    for name in ("PYTHONPATH", "PYTHONIOENCODING", "LC_ALL"):
        assert not ready.may_run_with(environment() | {name: "another"})
