"""The pages that are made are up to date, and the site can be built."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from blocks import ROOT, pages
from sqlalchemy import Connection

MADE = runpy.run_path(str(ROOT / "docs/reference/make.py"))


def test_the_sql_reference_is_up_to_date(db: Connection) -> None:
    page = (ROOT / "docs/reference/sql.md").read_text(encoding="utf-8")
    assert page == MADE["sql_page"](db), "run: make reference"


def test_the_command_reference_is_up_to_date() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert page == MADE["commands_page"](), "run: make reference"


def test_what_the_pages_call_is_in_the_sql_reference(db: Connection) -> None:
    functions = set(
        db.exec_driver_sql(
            "select proname::text from pg_proc where pronamespace = 'rowtrail'::regnamespace"
        ).scalars()
    )
    listed = {name for part in MADE["PARTS"].values() for name in part}
    assert listed <= functions
    named = {
        name
        for page in pages()
        for name in re.findall(r"rowtrail\.(\w+)\(", (ROOT / page).read_text(encoding="utf-8"))
    }
    # Named to say what they are, or for attacks; nobody is told to call them.
    not_called = {"capture", "capture_partition", "capture_truncate", "attach"}
    assert (named & functions) - not_called <= listed


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    """Those within docs/ are checked when the site is built."""
    said = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", said):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_the_site_can_be_built(tmp_path: Path) -> None:
    """Without a warning, and nothing in it is fetched from elsewhere when it is looked at."""
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q"]
    done = subprocess.run(
        [*command, "-d", tmp_path / "trees", ROOT / "docs", site],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for file in site.rglob("*.html"):
        said = file.read_text(encoding="utf-8")
        for tag in re.findall(r"<(?:script|img|link|source|iframe)\b[^>]*>", said):
            assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", tag), (file.name, tag)
    assert (site / "searchindex.js").exists()
