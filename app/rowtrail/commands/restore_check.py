"""The command `rowtrail restore-check`: what a restored database needs, and whether it is sound."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rowtrail.commands.options import (
    DONE,
    FOUND_WRONG,
    as_json,
    on_database,
    opened,
    plural,
    print_json,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from rowtrail.proof.verify import Finding

NEW_LIFE = """
select rowtrail.is_new_life(
  (select s from rowtrail.seals as s order by s.id desc limit 1)) as is_new
"""

#: The tables that are not tracked as they must be, and whether this login may mend it.
BROKEN = """
select
  s.table_name, s.state, s.mend, c.oid::bigint as oid,
  coalesce(pg_has_role(c.relowner, 'usage'), false) as is_mine
from rowtrail.status() as s
left join pg_class as c on c.oid = to_regclass(s.table_name)
where s.mend is not null
order by 1
"""

TRACK = "select rowtrail.track(cast(cast(:oid as oid) as regclass))"

WHO = "let a superuser or a member of rowtrail_auditor run: rowtrail restore-check"


@click.command(name="restore-check")
@on_database
@as_json
def restore_check(database: str | None, data: Path | None, json_wanted: bool) -> int:
    """Make a restored database go on with its history, and look whether it is sound.

    Run it after a restore or pg_upgrade, before anybody writes: as a superuser, or as the tables'
    owner who is a member of rowtrail_auditor. It begins a new era, in which transactions' numbers
    may come again; puts triggers in order that the restore left otherwise; and then looks at what
    rowtrail verify does, and whether anything was recorded twice or is missing.

    Exit status 1 if something is wrong, with a line for each.
    """
    with opened(database, data) as target:
        from sqlalchemy import text

        from rowtrail.commands.terminal import counting, printable, show_findings
        from rowtrail.proof import rows, seals
        from rowtrail.proof import verify as checks
        from rowtrail.proof.contract import contract

        findings = [*begin(target.engine), *mend(target.engine)]
        with target.engine.connect() as connection:
            checks.pin_names(connection)
            findings += contract(connection)
            for row in connection.execute(text("select * from rowtrail.verify_restored()")):
                findings.append(checks.Finding("restore", *row))
            sealed = seals.numbers(connection)
            broken = len(findings)
            with counting("comparing seals") as show:
                for done, number in enumerate(sealed):
                    show(done, len(sealed))
                    findings += seals.verify(connection, number)
            findings += seals.verify_rest(connection, len(findings) > broken)
            compared = checks.tracked_tables(connection)
            with counting("comparing tables") as show:
                for done, (oid, name) in enumerate(compared):
                    show(done, len(compared))
                    findings += rows.compare(connection, oid, name)
            era = connection.scalar(text("select rowtrail.current_era()"))
    faults = [one for one in findings if one.is_fault]
    names = [name for _, name in compared]
    if json_wanted:
        found = [one._asdict() for one in findings]
        counted = {"era": era, "seals": len(sealed), "compared": names}
        print_json({"faults": len(faults), "findings": found, **counted})
    else:
        show_findings(findings)
        said = [plural(len(faults), "fault") if faults else "sound", f"era {era}"]
        said.append(plural(len(sealed), "seal"))
        said.append(f"{', '.join(map(printable, names)) or 'no table'} compared")
        click.echo("; ".join(said))
    return FOUND_WRONG if faults else DONE


def begin(engine: "Engine") -> "Iterator[Finding]":
    """Begins the new era, and says what that did.

    Raises:
        DBAPIError: the database does not answer any more.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from rowtrail.db import ALONE
    from rowtrail.proof.seals import is_refused
    from rowtrail.proof.verify import Finding

    try:
        with engine.begin() as connection:
            connection.execute(text(ALONE))
            began = connection.execute(text("select * from rowtrail.begin_era()")).one()
    except DBAPIError as error:
        if not is_refused(error):
            raise
        with engine.connect() as connection:
            if connection.scalar(text(NEW_LIFE)):
                problem = "was restored or brought into another cluster; its new era has not begun"
                yield Finding("restore", "the database", problem, WHO, True)
        return
    if began.is_new:
        problem = f"was restored or brought into another cluster: era {began.era} begins"
        yield Finding("restore", "the database", problem, None, False)
    if began.moved:
        problem = f"{plural(began.moved, 'version')} of since the restore now belong to the new era"
        yield Finding("restore", "the database", problem, None, False)
    if began.had_low_ids:
        problem = "gave ids that were there already, and now goes on beyond them"
        yield Finding("restore", "rowtrail.version_id", problem, None, False)


def mend(engine: "Engine") -> "Iterator[Finding]":
    """Puts the triggers in order that this login may, and says which; the others rest.

    rowtrail.verify() names what is still not as it must be.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from rowtrail import schema
    from rowtrail.errors import explain
    from rowtrail.proof.verify import Finding

    with engine.begin() as connection:
        schema.create_event_triggers(connection)
        broken = connection.execute(text(BROKEN)).all()
    for row in broken:
        if not row.is_mine:
            continue
        try:
            with engine.begin() as connection:
                connection.execute(text(TRACK), {"oid": row.oid})
        except DBAPIError as error:
            problem = f"cannot be tracked again: {explain(error)}"
            yield Finding("restore", row.table_name, problem, row.mend, True)
        else:
            problem = f"was not tracked as it must be ({row.state}), and is now"
            yield Finding("restore", row.table_name, problem, None, False)
