"""The log of reads: who read which history, when; a line of JSON for each request.

It goes to the file that ROWTRAIL_READ_LOG names, else to the logger `rowtrail.reads`. A read that
cannot be logged is not given.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, request

from rowtrail.errors import RowtrailError
from rowtrail.reader import problems
from rowtrail.reader.access import OPEN

logger = logging.getLogger("rowtrail.reads")

#: What a program asks for again and again, and shows nothing of the history: it is logged only
#: where it was refused, or failed.
SCRAPED = ("pages.metrics",)

#: Of a URL.
LONGEST = 4000  # characters


class Export:
    """How much of an export was given."""

    def __init__(self) -> None:
        self.versions = 0
        self.bytes = 0
        self.is_whole = False

    def counted(self, lines: Iterable[str], has_header: bool) -> Iterator[bytes]:
        """The lines as they are sent; those of one version come together, and begin with its id.

        Args:
            lines: of the export.
            has_header: whether the first of them is of no version.
        """
        self.versions -= has_header
        last = None
        for line in lines:
            beginning = line.partition(",")[0]
            self.versions += beginning != last
            last = beginning
            sent = line.encode(errors="backslashreplace")
            self.bytes += len(sent)
            yield sent
        self.is_whole = True

    def said(self) -> dict[str, Any]:
        """What the log says of it."""
        return {
            "versions": max(self.versions, 0),
            "bytes": self.bytes,
            "broken_off": not self.is_whole,
        }


def init_app(app: Flask, environ: Mapping[str, str]) -> None:
    """Logs the application's reads.

    Raises:
        RowtrailError: the file of the log cannot be written.
    """
    app.extensions["rowtrail.reads"] = writer_of(environ)
    app.after_request(note)


def writer_of(environ: Mapping[str, str]) -> Callable[[str], object]:
    """What writes a line of the log."""
    if not (named := environ.get("ROWTRAIL_READ_LOG")):
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
        # Not as a format: a percent sign in it stands for itself.
        return lambda line: logger.info("%s", line)
    path = Path(named)

    def append(line: str) -> None:
        # Opened each time, so that it can be moved away, and another one begins.
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode() + b"\n" if line else b"")
        finally:
            os.close(file)

    try:
        append("")
    except OSError as error:
        raise RowtrailError(
            f"the log of reads cannot be written to {path}: {os.strerror(error.errno or 0)}; "
            "name another file in ROWTRAIL_READ_LOG"
        ) from None
    return append


def note(response: Response) -> Response:
    """Logs the request: an export when it has ended, all else before it is answered."""
    is_scrape = request.endpoint in SCRAPED and response.status_code == 200
    if request.endpoint in OPEN or is_scrape:
        return response
    write = current_app.extensions["rowtrail.reads"]
    query = request.query_string.decode("latin-1")
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "person": g.get("person"),
        "role": g.get("role"),
        "peer": request.remote_addr,
        "method": request.method,
        "path": (f"{request.path}?{query}" if query else request.path)[:LONGEST],
        "status": response.status_code,
    }
    export: Export | None = g.get("export")
    if export is not None and response.is_streamed:
        response.call_on_close(lambda: write(line_of(entry | export.said())))
        return response
    try:
        write(line_of(entry | {"bytes": response.calculate_content_length()}))
    except OSError as error:
        current_app.logger.error("the log of reads cannot be written: %s", error)
        line = (
            "the history is not shown, since the log of reads cannot be written; "
            "let the operator look at ROWTRAIL_READ_LOG"
        )
        if problems.are_wanted():
            return problems.response(503, "The history cannot be read", line)
        return current_app.response_class(f"{line}\n", 503, mimetype="text/plain")
    return response


def line_of(entry: dict[str, Any]) -> str:
    """The entry as one line of ASCII: what somebody sends cannot begin another."""
    return json.dumps(entry, ensure_ascii=True)
