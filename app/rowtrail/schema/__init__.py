"""Installs and removes the schema `rowtrail`: its migrations, then the functions from `sql/`.

Both happen in one transaction, so a database is never between two revisions. Writers go on: what
they would wait for is asked for only for a moment, and tried again.
"""

from rowtrail.schema.event_triggers import create_event_triggers
from rowtrail.schema.files import SQL_FILES, head, sql_folder
from rowtrail.schema.functions import drop_functions, remove_functions
from rowtrail.schema.going_back import downgrade, remove, require_forgotten
from rowtrail.schema.migration import LOCK_KEY
from rowtrail.schema.upgrading import migrate_with, upgrade

__all__ = [
    "LOCK_KEY",
    "SQL_FILES",
    "create_event_triggers",
    "downgrade",
    "drop_functions",
    "head",
    "migrate_with",
    "remove",
    "remove_functions",
    "require_forgotten",
    "sql_folder",
    "upgrade",
]
