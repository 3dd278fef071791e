"""Serves the pages of the history on this machine."""

import ipaddress
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from rowtrail import create_app
from rowtrail.commands.interrupts import make_queries_plain
from rowtrail.commands.target import Target
from rowtrail.db import require_current
from rowtrail.errors import RowtrailError
from rowtrail.reader.access import WAYS, asks
from rowtrail.reader.reads import logger

HOST = "127.0.0.1"
PORT = 5000

#: Where PORT is taken, the next free one of so many is used.
PORTS_TRIED = 100

THREADS = 8


def serve(
    target: Target, host: str = HOST, port: int | None = None, say: Callable[[str], object] = print
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
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def log_reads() -> None:
    """Lets the log of reads go to stderr, unless it goes to a file or elsewhere already."""
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
