"""Brings the schema up to date: by `rowtrail upgrade`, or by `alembic …` in a checkout."""

import os
import random
import time
from collections.abc import Callable

from alembic import command
from psycopg2.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from rowtrail.db import installed_revision
from rowtrail.patience import LOCK_TIMEOUT, PAUSE, Watch, patiently
from rowtrail.schema.files import config_of
from rowtrail.schema.migration import MAKE_PARTITIONS, explained, migration, take_turn

#: The tables whose triggers are of another release and that this login may renew.
STALE_AND_MINE = """
select t.relid::bigint
from rowtrail.status() as s
join rowtrail.tables as t on t.id = s.table_id
join pg_class as c on c.oid = t.relid
where s.state = 'stale' and pg_has_role(c.relowner, 'usage')
"""

#: So often a lock on such a table is asked for.
TRIES = 20


def upgrade(engine: Engine) -> list[str]:
    """Brings the schema and its functions up to date; safe to run again, and twice at once.

    That is one transaction, while writers go on; then come partitions and the triggers, which are
    as good as before until they are renewed.

    Returns:
        The tables whose triggers are out of date, and that this login may not touch or that
        somebody kept locked: the owner of each has to run `rowtrail.track()` on it.

    Raises:
        RowtrailError: the server is too old, the schema too new, a right is missing, or somebody
            keeps a lock that it needs.
    """

    def once(watch: Watch) -> None:
        with migration(engine, watch) as connection:
            command.upgrade(config_of(connection), "head")

    with explained(engine):
        patiently(engine, once, "the upgrade")
        return bring_up_to_date(engine)


def migrate_with(run: Callable[[Connection], None]) -> None:
    """Runs migrations in the database that DATABASE_URL names, or the embedded one: `alembic …`."""
    from rowtrail.commands.target import open_database

    named = os.environ.get("DATABASE_URL")
    with open_database(named, None) as target, explained(target.engine):
        with migration(target.engine) as connection:
            run(connection)
        if is_installed(target.engine):
            bring_up_to_date(target.engine)


def bring_up_to_date(engine: Engine) -> list[str]:
    """Makes partitions, and renews triggers of an earlier release, a table at a time.

    Returns:
        The tables whose triggers are still out of date.
    """

    def partitions(watch: Watch) -> None:
        with engine.begin() as connection:
            watch.of(connection)
            take_turn(connection)
            connection.execute(text("set local role rowtrail_owner"))
            connection.execute(text(MAKE_PARTITIONS))

    def track(oid: int) -> None:
        with engine.begin() as connection:
            connection.execute(text(f"set local lock_timeout = {LOCK_TIMEOUT}"))
            connection.execute(text("select rowtrail.track(cast(:oid as oid))"), {"oid": oid})

    patiently(engine, partitions, "making partitions")
    with engine.connect() as connection:
        mine = connection.scalars(text(STALE_AND_MINE)).all()
    for oid in mine:
        for _ in range(TRIES):
            try:
                track(oid)
                break
            except DBAPIError as error:
                if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                    # rowtrail.track() tells its owner.
                    break
                time.sleep(random.uniform(*PAUSE))  # noqa: S311
    with engine.connect() as connection:
        out_of_date = text("select table_name from rowtrail.status() where state = 'stale'")
        return list(connection.scalars(out_of_date))


def is_installed(engine: Engine) -> bool:
    """Whether the schema is there."""
    with engine.connect() as connection:
        return installed_revision(connection) is not None
