"""Ten years of history on two servers and in Parquet, by one command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "ten-years"

VARIABLES = ("DATABASE_URL", "HISTORY_DATABASE_URL")


def run(*arguments: object, **variables: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, EXAMPLE / "ten_years.py", "--no-serve", *map(str, arguments)],
        env=kept | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, timeout=300,
    )  # fmt: skip


def test_it_works(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    done = run("--folder", tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.rstrip().endswith("It works.")
    assert "Versions of order 1, out of both databases: 121" in done.stdout
    assert list((tmp_path / "archive").rglob("*.parquet"))


def test_one_database_named_is_one_too_few() -> None:
    done = run(DATABASE_URL="postgresql://nobody@localhost/nothing")
    assert done.returncode == 2
    assert done.stdout.startswith("rowtrail: set both DATABASE_URL and HISTORY_DATABASE_URL")


def test_the_readme_says_what_is_run() -> None:
    program = (EXAMPLE / "ten_years.py").read_text()
    readme = " ".join((EXAMPLE / "README.md").read_text().split())
    commands = [
        line.strip().rstrip(",").strip("\"'")
        for line in program.splitlines()
        if line.strip().startswith(('"rowtrail ', "'rowtrail ", "'psql "))
    ]
    assert len(commands) > 10
    for command in commands:
        assert command in readme
