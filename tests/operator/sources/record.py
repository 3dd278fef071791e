"""Records what other tools write as small SQL files, which the tests of `rowtrail import` load.

    make .venv-bench/installed
    python tests/operator/sources/record.py

Each tool writes to a database of its own by its public interface. What is kept is the tables that
it made, and the rows in them; none of its triggers and functions. The files *-by-hand.sql are not
made here: their tools are SQL, of which only the columns are written down.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2

from rowtrail.embedded.server import Server, plain_environment

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
PEERS_PYTHON = Path(sys.argv[1] if len(sys.argv) > 1 else CHECKOUT / ".venv-bench/bin/python")

#: The tables that are kept of each tool.
TOOLS = {
    "postgresql-audit": ("orders", "lines", "transaction", "activity"),
    "sqlalchemy-continuum": ("orders", "lines", "transaction", "orders_version", "lines_version"),
    "django-pghistory": ("orders", "orderevent", "benchmark_orderevent", "pghistory_context"),
}

KEYS = "alter table public.orders add primary key (id);\n"
KEY_OF_LINES = "alter table public.lines add primary key (order_id, sku);\n"

#: Of a dump, what another server or another login would not understand, and what says nothing.
LEFT_OUT = re.compile(
    r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\.*restrict.*|.* OWNER TO .*)?$"
)


def dump(server: Server, database: str, tables: tuple[str, ...]) -> str:
    """The definitions and the rows of these tables, without triggers and indexes."""
    done = subprocess.run(
        [
            *(server.binaries / "pg_dump", "--section=pre-data", "--section=data", "--inserts"),
            *("--no-owner", "--no-privileges", "-h", server.socket_folder, "-U", "postgres"),
            *(f"--table=public.{table}" for table in tables),
            database,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    kept = [line for line in done.stdout.splitlines() if not LEFT_OUT.match(line)]
    return "\n".join(kept) + "\n"


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="rowtrail-record-"))
    folder.chmod(0o755)
    with Server(folder / "server") as server:
        for tool, tables in TOOLS.items():
            database = tool.replace("-", "_")
            dsn = f"host={server.socket_folder} port=5432 user=postgres dbname="
            admin = psycopg2.connect(dsn + "postgres")
            admin.autocommit = True
            admin.cursor().execute(f"create database {database}")
            admin.cursor().execute(f"alter database {database} set timezone = 'UTC'")
            admin.close()
            subprocess.run(
                [PEERS_PYTHON, HERE / "write_with_peers.py", tool, dsn + database],
                check=True,
                env=plain_environment(),
            )
            written = dump(server, database, tables) + KEYS
            if "CREATE TABLE public.lines " in written:
                written += KEY_OF_LINES
            (HERE / f"{tool}.sql").write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
