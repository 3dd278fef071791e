"""Runs the migrations of rowtrail's own schema.

`rowtrail upgrade` hands its connection over in the configuration's attributes. Called as
`alembic …` from a checkout, it connects by DATABASE_URL, or to the embedded server.
"""

from alembic import context
from sqlalchemy import Connection

from rowtrail import schema


def run(connection: Connection) -> None:
    context.configure(connection=connection, version_table_schema="rowtrail", target_metadata=None)
    context.run_migrations()


if context.is_offline_mode():
    raise SystemExit(
        "rowtrail: its migrations need a connection: they install functions that depend on it; "
        "run `rowtrail upgrade`."
    )
handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    schema.migrate_with(run)
