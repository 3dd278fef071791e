"""The event triggers: those that record schema changes, and those that guard the recording."""

from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

#: The event triggers, each with its function: those that record schema changes, and those that
#: refuse what would stop the recording. Only a superuser can create them, or whom a managed service
#: lets. Only commands are waited for that can change a table's columns or triggers; what is dropped
#: can be one whatever the command was.
EVENT_TRIGGERS = {
    "rowtrail_ddl_command_end": (
        "ddl_command_end when tag in "
        "('CREATE TABLE', 'ALTER TABLE', 'ALTER INDEX', 'ALTER TYPE', 'ALTER DOMAIN', "
        "'ALTER SCHEMA')",
        "rowtrail.on_schema_change()",
    ),
    "rowtrail_sql_drop": ("sql_drop", "rowtrail.on_schema_change()"),
    "rowtrail_table_rewrite": ("table_rewrite", "rowtrail.on_schema_change()"),
    "rowtrail_guard_command": (
        "ddl_command_end when tag in "
        "('ALTER TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER', 'CREATE TABLE', 'CREATE CAST')",
        "rowtrail.on_guarded_command()",
    ),
    "rowtrail_guard_drop": ("sql_drop", "rowtrail.on_guarded_command()"),
}


def create_event_triggers(connection: Connection) -> None:
    """Creates the event triggers, if this login may.

    Without them schema changes are noted late, and what stops the recording is shown, not refused.
    """
    for name, (event, function) in EVENT_TRIGGERS.items():
        enabled = connection.scalar(
            text("select evtenabled from pg_event_trigger where evtname = :name"), {"name": name}
        )
        if enabled == "A":
            continue
        try:
            with connection.begin_nested():
                if enabled is None:
                    connection.exec_driver_sql(
                        f"create event trigger {name} on {event} execute function {function}"
                    )
                # They fire under session_replication_role = replica too.
                connection.exec_driver_sql(f"alter event trigger {name} enable always")
        except ProgrammingError as error:
            if not isinstance(error.orig, InsufficientPrivilege):
                raise
