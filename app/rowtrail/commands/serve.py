"""The command `rowtrail serve`: the pages of the history, on this machine."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rowtrail import create_app
from rowtrail.commands.options import on_database, opened
from rowtrail.errors import RowtrailError

if TYPE_CHECKING:
    from rowtrail.commands.target import Target

HOST = "127.0.0.1"
PORT = 5000

#: Where PORT is taken, the next free one of so many is used.
PORTS_TRIED = 100

THREADS = 8


@click.command()
@on_database
@click.option("--host", default=HOST, show_default=True, help="Others need ROWTRAIL_AUTH.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port; without it 5000, or the next one that is free.",
)
def serve(database: str | None, data: Path | None, host: str, port: int | None) -> None:
    """Serve the pages of the history on this machine, until Ctrl-C.

    They ask nobody for a password, unless the variable ROWTRAIL_AUTH says how: proxy, where a proxy
    in front names the person; basic, by a file that rowtrail password writes; oidc, by a provider
    of OpenID Connect. Only then they can be served at an address that others reach. The reads are
    logged: on stderr, or in the file that ROWTRAIL_READ_LOG names.
    """
    host = require_guarded(host)
    log_reads()
    with opened(database, data) as target:
        serve_pages(
            target,
            host,
            port,
            lambda url: click.echo(f"rowtrail: the history is at {url} (Ctrl-C ends)"),
        )


def serve_pages(
    target: "Target",
    host: str = HOST,
    port: int | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Serves the pages until Ctrl-C or SIGTERM.

    Args:
        target: the database.
        host: an address of this machine's own, unless people are asked who they are.
        port: the port; None for 5000, or the next one that is free.
        say: is given the URL when the pages can be read.

    Raises:
        RowtrailError: the host is open to others and nobody would be asked who they are, the port
            is taken, or the database has no history that can be read.
    """
    import logging

    from rowtrail.commands.interrupts import make_queries_plain
    from rowtrail.db import require_current

    host = require_guarded(host)
    with target.engine.connect() as connection:
        require_current(connection)
    app = create_app(target.web_url())
    # Else a page of somebody else's, whose name leads to this machine, could read the history.
    if is_loopback(host) and not os.environ.get("ROWTRAIL_HOSTS"):
        app.config["TRUSTED_HOSTS"] = ["localhost", host, f"[{host}]"]
    logging.getLogger("waitress").setLevel(logging.ERROR)
    server = listening(app, host, port)
    # A client that goes away must not end us.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    make_queries_plain()
    shown = f"[{host}]" if ":" in host else host
    say(f"http://{shown}:{server.effective_port}")
    try:
        # Ends by itself at KeyboardInterrupt and SystemExit.
        server.run()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        with suppress(OSError):
            server.close()


def require_guarded(host: str) -> str:
    """The address to listen at.

    Raises:
        RowtrailError: others than this machine's users could reach it, and nobody would be asked
            who they are, or by which names it may be asked is not known.
    """
    from rowtrail.reader.access import WAYS, asks

    if host == "localhost":
        return HOST
    if is_loopback(host):
        return host
    if not asks():
        raise RowtrailError(
            f"the pages ask nobody for a password, so they are not served at {host}; serve them at "
            f"{HOST}, or set {WAYS}"
        )
    if not os.environ.get("ROWTRAIL_HOSTS"):
        raise RowtrailError(
            f"by which names will people ask for the pages at {host}? "
            "set ROWTRAIL_HOSTS=history.example.org"
        )
    return host


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def log_reads() -> None:
    """Lets the log of reads go to stderr, unless it goes to a file or elsewhere already."""
    import logging

    from rowtrail.reader.reads import logger

    if not os.environ.get("ROWTRAIL_READ_LOG") and not logger.hasHandlers():
        logger.addHandler(logging.StreamHandler())


def listening(app: object, host: str, port: int | None):  # type: ignore[no-untyped-def]
    """A server that listens at the port, or at the first free one from PORT on."""
    import waitress

    for tried in range(PORT, PORT + PORTS_TRIED) if port is None else [port]:
        try:
            return waitress.create_server(app, host=host, port=tried, threads=THREADS, ident=None)
        except OSError as error:
            failure = f"cannot listen at {host}:{tried}: {os.strerror(error.errno or 0)}"
    raise RowtrailError(f"{failure}; choose another port with --port")
