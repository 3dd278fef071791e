"""The command `rowtrail restore-check`: is a restored database sound, and does it go on?"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rowtrail.integrity import plural
from rowtrail.options import DONE, FOUND_WRONG, as_json, on_database, opened, print_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Tables that were tracked, and are not as they must be; whether this login may mend it.
UNSOUND = """
select s.table_name, s.state, to_regclass(s.table_name)::oid::bigint as oid
from rowtrail.status() as s
join pg_class as c on c.oid = to_regclass(s.table_name)
where s.mend is not null and pg_has_role(c.relowner, 'usage')
order by 1
"""

IS_NEW_LIFE = """
select rowtrail.is_new_life((select s from rowtrail.seals as s order by s.id desc limit 1))
"""

#: Both are rowtrail_auditor's.
MAY_SEAL = """
select has_function_privilege('rowtrail.seal()', 'execute')
  and has_function_privilege('rowtrail.forget_numbers()', 'execute')
"""


@click.command("restore-check")
@on_database
@click.option("--no-rows", is_flag=True, help="Do not compare tables with their history.")
@as_json
def restore_check(database: str | None, data: Path | None, no_rows: bool, json_wanted: bool) -> int:
    """Say whether a database that was restored is sound, and let it go on.

    The tables have other numbers after a restore from a dump, and triggers may have become ordinary
    ones: those of tables that this login owns are tracked again. In another cluster, transactions
    count anew: the seals' next era begins, if this login may seal. Then all is looked at that
    rowtrail verify looks at. Nothing of the history is changed, and it can be run again.

    Exit status 1 if something is wrong, with a line for each.
    """
    with opened(database, data) as target:
        from sqlalchemy import text

        from rowtrail import seals
        from rowtrail import verify as checks
        from rowtrail.terminal import counting, printable, show_findings

        with target.engine.connect() as connection:
            may_seal = connection.scalar(text(MAY_SEAL))
            if may_seal:
                connection.execute(text("select rowtrail.forget_numbers()"))
            mended = track_again(connection)
            connection.commit()
            sealed = seals.numbers(connection)
            with counting("comparing seals") as show:
                findings = seals.verify_all(target.engine, sealed, 2, show)
            connection.rollback()
            if may_seal and connection.scalar(text(IS_NEW_LIFE)):
                connection.rollback()
                made = seals.seal(connection)
                if made is not None:
                    mended.append(
                        f"seal {made.seal} closes what was recorded before the restore and until "
                        "now: another era begins"
                    )
            connection.rollback()
            findings += seals.verify_rest(connection, bool(findings))
            findings += checks.contract(connection)
            wanted = [] if no_rows else checks.tracked_tables(connection)
            with counting("comparing tables") as show:
                for done, (oid, name) in enumerate(wanted):
                    show(done, len(wanted))
                    findings += checks.rows(connection, oid, name)
    faults = sum(one.is_fault for one in findings)
    if json_wanted:
        found = [one._asdict() for one in findings]
        print_json({"faults": faults, "findings": found, "mended": mended, "seals": len(sealed)})
        return FOUND_WRONG if faults else DONE
    for line in mended:
        click.echo(printable(line))
    show_findings(findings)
    compared = "" if no_rows else f"; {plural(len(wanted), 'table')} compared"
    verdict = f"not sound: {plural(faults, 'fault')}" if faults else "sound"
    click.echo(f"{verdict}; {plural(len(sealed), 'seal')}{compared}")
    return FOUND_WRONG if faults else DONE


def track_again(connection: "Connection") -> list[str]:
    """Tracks again what this login owns and is not tracked as it must be; says what it did.

    Raises:
        RowtrailError: the database refuses it.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from rowtrail.errors import RowtrailError, explain

    said = []
    for table in connection.execute(text(UNSOUND)).all():
        call = text("select rowtrail.track(cast(cast(:oid as oid) as regclass))")
        try:
            connection.execute(call, {"oid": table.oid})
        except DBAPIError as error:
            raise RowtrailError(f"{table.table_name}: {explain(error)}") from None
        said.append(f"{table.table_name} is tracked again (it was {table.state})")
    return said
