"""The errors that a person can cause. Each is one line: what is wrong, the value, and the mend."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError


class RowtrailError(Exception):
    """Something that a person can mend; its text is one line for them."""


class NoDatabase(RowtrailError):
    """The server cannot be reached, or does not let this login in."""


class Busy(RowtrailError):
    """The database has no time just now; the same may go well in a moment."""


class NotUpgraded(RowtrailError):
    """The database has no rowtrail schema, or one of an earlier revision."""


class NewerSchema(RowtrailError):
    """The database has a revision that this rowtrail does not know."""


def explain(error: "DBAPIError") -> str:
    """What the server said, in one line: its message and, after a semicolon, its hint."""
    diagnosis = getattr(error.orig, "diag", None)
    message = getattr(diagnosis, "message_primary", None) or str(error.orig)
    hint = getattr(diagnosis, "message_hint", None)
    return " ".join("; ".join(part for part in (message, hint) if part).split())
