"""The command `rowtrail demo`; the demo itself is rowtrail.demo."""

from pathlib import Path

import click

from rowtrail.commands.options import on_database, opened


@click.command()
@on_database
@click.option("--no-serve", is_flag=True, help="End after the summary.")
@click.option(
    "--seconds", type=click.IntRange(min=1), default=10, show_default=True, help="pgbench's run."
)
@click.option(
    "--clients", type=click.IntRange(1, 50), default=4, show_default=True, help="pgbench's clients."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Of the pages; without it 5000 or the next."
)
def demo(
    database: str | None,
    data: Path | None,
    no_serve: bool,
    seconds: int,
    clients: int,
    port: int | None,
) -> int:
    """Try it all on real input, in about 20 seconds, then look at it in the browser.

    It tracks pgbench's tables and runs pgbench on them, writes through Flask-SQLAlchemy, runs a
    psql script, and checks that the versions replay to the live tables.

    On the embedded PostgreSQL it works in a database rowtrail_demo, made anew each time; in a
    database that you name, in a schema rowtrail_demo. Nothing else is touched.
    """
    from rowtrail.demo import run

    with opened(database, data, upgraded=False) as target:
        return run(target, seconds=seconds, clients=clients, serve_pages=not no_serve, port=port)
