"""The demo: real writers on tracked tables, then the proof that the versions replay to the tables.

The writers are pgbench, a Flask-SQLAlchemy application (blog.py) and psql (corrections.sql).
"""

from rowtrail import schema
from rowtrail.commands.target import Target
from rowtrail.demo.blog import write_through_flask
from rowtrail.demo.place import Place, prepared
from rowtrail.demo.programs import fill_pgbench, run_pgbench, run_psql
from rowtrail.demo.progress import Progress
from rowtrail.demo.summary import recorded, show, show_where_next
from rowtrail.proof.seals import seal

__all__ = ["run"]


def run(target: Target, *, seconds: int, clients: int, serve_pages: bool, port: int | None) -> int:
    """Runs the demo and shows what came of it.

    Args:
        target: the embedded server, or a database of one's own.
        seconds: how long pgbench writes.
        clients: how many connections pgbench writes by.
        serve_pages: go on to serve the pages until Ctrl-C.
        port: of the pages; None for 5000 or the next free one.

    Returns:
        0 if the versions replay to the live tables and no transaction failed; else 1.

    Raises:
        RowtrailError: the database is not usable, or a writer failed.
    """
    progress = Progress()
    with prepared(target) as place:
        with progress.step("rowtrail upgrade installs the schema rowtrail"):
            schema.upgrade(place.engine)
        place.make_anew()
        benchmark = write(place, progress, seconds, clients)
        with progress.step("the versions are replayed and compared with the tables"):
            tables = recorded(place)
        sealed = None
        if place.server:
            # A database of one's own gets its first seal when its owner wants one.
            with progress.step("what was recorded is sealed"), place.engine.connect() as connection:
                sealed = seal(connection)
        right = show(place, tables, benchmark, sealed)
        if serve_pages:
            # Here, not at the top: without the pages there is no need for Flask's server.
            from rowtrail.commands.serve import serve_pages as serve

            serve(
                Target(place.engine, target.server),
                port=port,
                say=lambda url: show_where_next(place, url),
            )
        else:
            show_where_next(place, None)
    return 0 if right else 1


def write(place: Place, progress: Progress, seconds: int, clients: int) -> dict[str, float]:
    """Lets all writers write; gives what pgbench reported of its run."""
    with progress.step("pgbench makes its tables, and fills them while they are tracked"):
        fill_pgbench(place)
    with progress.step(f"pgbench writes with {clients} clients", total=seconds) as note:
        benchmark = run_pgbench(place, seconds, clients, note)
    with progress.step("a Flask-SQLAlchemy application writes its users, as alice and as bob"):
        write_through_flask(place)
    with progress.step("a psql script corrects orders, as carol"):
        run_psql(place, "corrections.sql")
    return benchmark
