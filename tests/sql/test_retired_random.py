"""Whatever was written, what is retired is needed by no moment since, and the seals still verify.

ROWTRAIL_EXAMPLES sets how many random programs are tried (default 25).
"""

import os
from collections.abc import Callable
from typing import Any

import psycopg2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from two_writers import LOOK, PROGRAMS, Statement, restart

Run = Callable[..., list[Any]]

TABLES = ("things", "places")

VERIFY = "select v.* from rowtrail.seals as s cross join lateral rowtrail.verify_seal(s.id) as v"


@settings(
    max_examples=int(os.environ.get("ROWTRAIL_EXAMPLES", "25")),
    deadline=None,
    derandomize="ROWTRAIL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(program=PROGRAMS, cuts=st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_what_is_retired_is_needed_by_no_moment_since(
    sessions: list[Run], superuser: Run, program: list[Statement], cuts: list[float]
) -> None:
    for run in sessions:
        run("rollback")
    superuser("truncate things, places, heaps")
    [(begun,)] = superuser("select clock_timestamp()")
    for statement in program:
        if statement == LOOK:
            superuser("select rowtrail.seal()")
            continue
        run = sessions[statement.session]
        try:
            run(statement.text)
        except (
            psycopg2.errors.NoActiveSqlTransaction,
            psycopg2.errors.InvalidSavepointSpecification,
        ):
            restart(run)
        except (psycopg2.IntegrityError, psycopg2.OperationalError, psycopg2.errors.InternalError):
            restart(run)
    for run in sessions:
        run("commit")
    superuser("select rowtrail.seal()")

    moments = [
        moment
        for (moment,) in superuser(
            "select distinct changed_at from rowtrail.versions where changed_at >= %s order by 1",
            begun,
        )
    ]
    states = {moment: as_of(superuser, moment) for moment in moments}
    for cut in sorted(cuts):
        if not moments:
            break
        moments = moments[int(cut * (len(moments) - 1)) :]
        superuser(
            "select * from rowtrail.retire_until(array(select id from rowtrail.tables), %s)",
            moments[0],
        )
        for moment in moments:
            assert as_of(superuser, moment) == states[moment], (moment, moments[0])
        for table in TABLES:
            assert superuser(f"select * from rowtrail.differences('{table}')") == []
        # What was retired before cannot be asked for; what is left verifies.
        for thorough in ("true", "false"):
            assert superuser(f"select * from rowtrail.verify_sealed({thorough})") == []
        wrong = (
            "select v.* from rowtrail.seals as s cross join lateral rowtrail.verify_seal(s.id) v"
        )
        assert superuser(wrong) == []
        superuser("select rowtrail.seal()")


def as_of(run: Run, moment: Any) -> list[Any]:
    """The tables as they were, each row with its key and newest version."""
    return [
        run(
            "select row_key, data::text, id from rowtrail.as_of_rows(%s::regclass, %s) order by 1",
            table,
            moment,
        )
        for table in TABLES
    ]
