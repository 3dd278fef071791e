"""The command `rowtrail status`: what is tracked, and whether it is as it must be."""

from pathlib import Path
from typing import Any

import click

from rowtrail.commands.options import (
    DONE,
    FOUND_WRONG,
    as_json,
    on_database,
    opened,
    print_json,
)


@click.command()
@on_database
@click.option(
    "--models",
    "models",
    metavar="MODULE[:NAME]",
    envvar="ROWTRAIL_MODELS",
    show_envvar=True,
    help="The models of a project, to look whether the database does what they want.",
)
@as_json
def status(database: str | None, data: Path | None, models: str | None, json_wanted: bool) -> int:
    """Show what is tracked, and whether it is as it must be.

    Exit status 1 if some table is not tracked as it must be, or not as a Versioned model of
    --models wants it, or rowtrail is not installed or older; what mends it is shown. MODULE is one
    that imports the models: every metadata, base and SQLAlchemy() in it counts, or the one of NAME,
    as shop.models:db. The tables that are not tracked are named; nothing is wrong with them.
    """
    from rowtrail.errors import NotUpgraded

    with opened(database, data, upgraded=False) as target:
        from rowtrail.commands import reports
        from rowtrail.commands.names import database_of
        from rowtrail.db import REVISION, installed_revision, require_current

        with target.engine.connect() as connection:
            name = database_of(connection)
            try:
                require_current(connection)
            except NotUpgraded as error:
                if json_wanted:
                    found = {"database": name, "revision": installed_revision(connection)}
                    print_json(found | {"problem": str(error), "mend": "rowtrail upgrade"})
                else:
                    click.echo(str(error))
                return FOUND_WRONG
            tables = reports.status(connection)
            not_tracked = reports.not_tracked(connection)
            recorded = reports.records_schema_changes(connection)
            guarded = reports.is_guarded(connection)
            unfinished = reports.unfinished_imports(connection)
            history_of = reports.history_of(connection)
            shipped = reports.history_database(connection)
            wishes = None
            if models is not None:
                from rowtrail.commands.wishes import find_metadatas, unmet

                wishes = list(unmet(connection, find_metadatas(models)))
    if json_wanted:
        state: dict[str, Any] = {"database": name, "revision": REVISION}
        state |= {"records_schema_changes": recorded, "is_guarded": guarded}
        state |= {"tables": tables, "not_tracked": not_tracked, "unfinished_imports": unfinished}
        state |= {"history_of": history_of, "history_database": shipped}
        print_json(state if wishes is None else state | {"models": wishes})
    else:
        from rowtrail.commands.terminal import show_shipping, show_status

        if history_of is not None:
            # Nothing is recorded here, by triggers or otherwise.
            recorded = guarded = True
            not_tracked = []
        show_status(tables, recorded, guarded, not_tracked, wishes)
        show_shipping(history_of, shipped)
        for one in unfinished:
            click.echo(
                f"\nThe import from {one['source']} is not finished: {one['rows_read']:,} of "
                f"{one['rows']:,} rows were read.\n"
                f"It goes on by: rowtrail import --from {one['source']}"
            )
    return FOUND_WRONG if wishes or any(table["mend"] for table in tables) else DONE
