"""The wheel does what a checkout does, wherever it is installed."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import URL, Connection, text

UPGRADE_AND_SAY_WHERE = """
import os, sys
from rowtrail import schema
from rowtrail.db import connect
schema.upgrade(connect(os.environ["DATABASE_URL"]))
print(schema.sql_folder())
"""

TRACK = """
from alembic import op
from alembic.runtime import plugins
print(op.track_table.__module__, *[name for name in plugins._all_plugins if "rowtrail" in name])
"""


def test_the_wheel_finds_its_sql_and_its_migrations(
    tmp_path: Path, db: Connection, url: URL
) -> None:
    checkout = Path(__file__).parents[2]
    installed = tmp_path / "an empty place"
    build = ["build", "--no-isolation", "--wheel", "--outdir", str(tmp_path), str(checkout)]
    subprocess.run([sys.executable, "-m", *build], check=True, capture_output=True)
    [wheel] = tmp_path.glob("rowtrail-*.whl")
    install = ["pip", "install", "--quiet", "--no-deps", "--target", str(installed), str(wheel)]
    subprocess.run([sys.executable, "-m", *install], check=True)

    db.execute(text("create database for_the_wheel"))
    try:
        trial = url.set(database="for_the_wheel").render_as_string(hide_password=False)
        environment = {**os.environ, "PYTHONPATH": str(installed), "DATABASE_URL": trial}
        said = subprocess.run(
            [sys.executable, "-c", UPGRADE_AND_SAY_WHERE],
            cwd=tmp_path, env=environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        tracks = subprocess.run(
            [sys.executable, "-c", TRACK],
            cwd=tmp_path, env=environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    finally:
        db.execute(text("drop database for_the_wheel"))
    assert Path(said.strip()) == installed / "rowtrail" / "sql"
    assert (installed / "rowtrail" / "reader" / "templates").is_dir()
    # Alembic finds the operations, and its autogenerate the comparison, by what the wheel says.
    assert tracks.split()[-1] == "alembic.autogenerate.rowtrail"
