"""What came of the demo: what was recorded, whether it replays to the tables, and where to look."""

import shlex
import shutil
import sys
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text
from sqlalchemy import text

from rowtrail.commands import reports
from rowtrail.commands.names import find_history
from rowtrail.commands.terminal import console, printable, show_history
from rowtrail.demo.place import NAME, Place
from rowtrail.embedded.server import default_folder
from rowtrail.proof.seals import Sealed

# Since the last TRUNCATE: in a database that was named, earlier demos ended with one.
RECORDED = """
select
  s.table_name as name, count(*) filter (where v.op = 'I') as inserts,
  count(*) filter (where v.op = 'U') as updates, count(*) filter (where v.op = 'D') as deletes,
  count(distinct v.xid) as transactions
from rowtrail.status() as s
left join rowtrail.versions as v
  on v.table_id = s.table_id
  and v.id > coalesce((
    select max(t.id) from rowtrail.versions as t
    where t.table_id = s.table_id and t.row_key = '' and t.op = 'T'), 0)
where s.state <> 'dropped' and s.state <> 'untracked' and starts_with(s.table_name, :schema || '.')
group by s.table_name
order by s.table_name
"""

SIZE = """
select pg_size_pretty(sum(pg_total_relation_size(i.inhrelid)))
from pg_inherits as i where i.inhparent = 'rowtrail.versions'::regclass
"""


@dataclass(frozen=True)
class Recorded:
    """What was recorded of one table.

    Attributes:
        rows: that the table has now.
        differences: rows that are not what their versions say.
    """

    name: str
    inserts: int
    updates: int
    deletes: int
    transactions: int
    rows: int
    differences: int


def recorded(place: Place) -> list[Recorded]:
    """Counts each table's versions and replays them."""
    with place.engine.connect() as connection:
        found = []
        for table in connection.execute(text(RECORDED), {"schema": place.schema}).all():
            rows = connection.exec_driver_sql(f"select count(*) from {table.name}").scalar_one()  # noqa: S608
            differences = connection.scalar(
                text("select count(*) from rowtrail.differences(to_regclass(:table))"),
                {"table": table.name},
            )
            found.append(Recorded(**table._asdict(), rows=rows, differences=differences or 0))
        return found


def show(
    place: Place, tables: list[Recorded], benchmark: dict[str, float], sealed: Sealed | None
) -> bool:
    """Prints the summary.

    Args:
        place: of the demo.
        tables: what was recorded of each.
        benchmark: what pgbench reported.
        sealed: the seal of it all, where one was made.

    Returns:
        Whether every table is what its versions say, and no transaction of pgbench failed.
    """
    out = console()
    out.print()
    sheet = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    sheet.add_column("table")
    for column in ("inserts", "updates", "deletes", "transactions", "rows now"):
        sheet.add_column(column, justify="right")
    sheet.add_column("replay")
    for table in tables:
        verdict = (
            Text("equals live", style="bold green")
            if table.differences == 0
            else Text(f"{table.differences:,} differ", style="bold red")
        )
        sheet.add_row(
            table.name.removeprefix(f"{place.schema}."),
            *(f"{n:,}" for n in (table.inserts, table.updates, table.deletes)),
            f"{table.transactions:,}",
            f"{table.rows:,}",
            verdict,
        )
    out.print(sheet)
    out.print(
        "pgbench_history is not tracked: it has no primary key, so its rows cannot be told apart."
    )
    versions = sum(table.inserts + table.updates + table.deletes for table in tables)
    with place.engine.connect() as connection:
        size = connection.scalar(text(SIZE))
    out.print(
        f"\npgbench: {benchmark['transactions']:,.0f} transactions "
        f"by {benchmark['clients']:.0f} clients in {benchmark['seconds']:.0f} s, "
        f"{benchmark['tps']:,.0f} per second, "
        f"{benchmark['failed']:,.0f} failed",
        soft_wrap=True,
    )
    out.print(
        f"history: {versions:,} versions recorded by this run, {size} on disk with all indexes"
    )
    if sealed is not None:
        out.print(
            f"seal {sealed.seal}: {sealed.versions:,} versions; rowtrail verify names each that "
            "is changed from now on, even by a superuser",
            soft_wrap=True,
        )
    show_example(place)
    right = bool(tables) and not benchmark["failed"] and all(t.differences == 0 for t in tables)
    verdict = (
        Text("Replay equals live for every table.", style="bold green")
        if right
        else Text("Something is wrong: see above.", style="bold red")
    )
    out.print(verdict)
    return right


def show_example(place: Place) -> None:
    """Prints one user's history: written by the application as alice and bob, by psql as carol."""
    out = console()
    out.print("\nOne row's history (users, key 3; in Python user.versions):")
    with place.engine.connect() as connection:
        users = find_history(connection, f"{place.schema}.users")
        rows = reports.versions(
            connection, reports.VERSIONS_FOR_PEOPLE, users.table_id, users.key_columns, "3", 3
        )
        show_history(rows, 3)
    out.print()


def show_where_next(place: Place, url: str | None) -> None:
    """Prints where to look: the pages, psql, the command.

    Args:
        place: of the demo.
        url: of the pages; None where they are not served.
    """
    out = console()
    database = f"--database {shlex.quote(address(place))}"
    if place.server and place.server.folder != default_folder():
        database += f" --data {shlex.quote(str(place.server.folder))}"
    prefix = "" if place.server else f"{NAME}."
    command = "rowtrail" if shutil.which("rowtrail") else shlex.quote(sys.argv[0])
    lines = [
        f"  {command} history {prefix}users 3 {database}",
        f"  {command} history {prefix}orders 1042 {database}",
        f"  {command} verify {database}",
    ]
    if url is None:
        lines.append(f"  {command} serve {database}")
    else:
        lines.append(
            f"  {shlex.quote(str(place.programs / 'psql'))} {shlex.quote(place.conninfo())}"
        )
    out.print("Where to go next:")
    for line in lines:
        out.print(printable(line), soft_wrap=True)
    if url is not None:
        out.print(Text.assemble("\nThe pages: ", (url, "bold underline"), "  (Ctrl-C ends)"))


def address(place: Place) -> str:
    """What to give as --database to come back here; a password is not repeated."""
    if place.server:
        return f"embedded:{NAME}"
    url = place.engine.url.difference_update_query(["options"]).set(drivername="postgresql")
    return url.render_as_string(hide_password=True)
