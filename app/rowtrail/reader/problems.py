"""Errors of the API, as RFC 9457 has them: `application/problem+json`.

What a client can tell apart is the `type`; what a person reads is the `detail`, one line.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Response, current_app, request

MEDIA_TYPE = "application/problem+json"

API = "/api/v1"


@dataclass(frozen=True)
class Problem:
    """A kind of error.

    Attributes:
        name: the last part of its type.
        status: of HTTP.
        title: what it is called, the same at every occurrence.
        meaning: when it occurs, and what mends it.
    """

    name: str
    status: int
    title: str
    meaning: str

    @property
    def type(self) -> str:
        """The URL that identifies it, and where it is explained."""
        return f"{request.script_root}{API}/problems/{self.name}"

    def explained(self) -> dict[str, Any]:
        """What is at its URL."""
        return {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "meaning": self.meaning,
        }


PROBLEMS = (
    Problem(
        "bad-request",
        400,
        "Bad Request",
        "A parameter is missing, is not of its form, is given twice or contradicts another, or "
        "there is none of that name; or the request names a host that is not served. "
        "The detail says which; the same request will fail again.",
    ),
    Problem(
        "unauthorized",
        401,
        "Unauthorized",
        "People have to say who they are here: by their name and password, as HTTP Basic has it.",
    ),
    Problem(
        "forbidden",
        403,
        "Forbidden",
        "Who asks may not read any history here, or nobody knows who it is. What of the history "
        "somebody may not read is not forbidden but not there; its integrity as a whole is "
        "forbidden to who reads a part of it.",
    ),
    Problem(
        "not-found",
        404,
        "Not Found",
        "Nothing is at this URL, whatever the history holds: the path is misspelt.",
    ),
    Problem(
        "not-in-the-history",
        404,
        "Not in the history",
        "The history has no such table, row, version or transaction, or none yet, or none that who "
        "asks may read.",
    ),
    Problem(
        "method-not-allowed",
        405,
        "Method Not Allowed",
        "History is only read: by GET and HEAD.",
    ),
    Problem(
        "gone",
        410,
        "Gone",
        "The feed cannot go on from this cursor: the database was restored to an earlier moment, "
        "or is another one. Who follows it has to be brought to what is here, and begin anew.",
    ),
    Problem(
        "failure",
        500,
        "Internal Server Error",
        "rowtrail itself failed: a mistake in it. The log of its server has the traceback.",
    ),
    Problem(
        "busy",
        503,
        "The database is busy",
        "All connections are in use, or the database did not answer in time. Try again in a "
        "moment; a question about a shorter time is answered sooner.",
    ),
    Problem(
        "unavailable",
        503,
        "The history cannot be read",
        "The database cannot be reached, or its schema rowtrail is missing, older or newer than "
        "this rowtrail, or may not be read. The detail says what its operator can do.",
    ),
)

BY_TITLE = {problem.title: problem for problem in PROBLEMS}


def are_wanted() -> bool:
    """Whether who asks is a program: under /api, or at a page's URL with .json."""
    return request.path.startswith("/api/") or request.path.endswith(".json")


def response(status: int, title: str, detail: str) -> Response:
    """An error as a problem; of no known title it is just its status.

    Args:
        status: of HTTP.
        title: of one of `PROBLEMS`.
        detail: one line: what is wrong, the value, the mend.
    """
    known = BY_TITLE.get(title)
    body = {
        "type": "about:blank" if known is None else known.type,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(request.script_root + request.path, safe="/:@!$&'()*+,;=~"),
    }
    return current_app.response_class(
        current_app.json.dumps(body) + "\n", status, mimetype=MEDIA_TYPE
    )
