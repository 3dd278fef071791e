"""The embedded PostgreSQL: a server of one's own, for when no database is named."""

from rowtrail.embedded.server import Server

__all__ = ["Server"]
