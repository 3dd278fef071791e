"""Programs of two sessions whose history comes to lie in two databases."""

import re
from contextlib import suppress

import psycopg2
from halves import Halves, connected
from two_writers import LOOK, SCHEMA, Statement, restart

#: The owner's changes, of which one is between two parts of a program.
CHANGES = (
    "alter table things add x int default 7",
    "alter table things rename note to x",
    "alter table things drop n",
    "alter table places rename n to m",
    "alter table things rename to stuff",
    "drop table things",
    "alter table things alter n type text using n::text",
)

#: In which much is retired, of rows that change their keys and move between partitions.
FULL = [
    [
        Statement(number % 2, text)
        for number, text in enumerate(
            (
                "insert into things select k, 1 from generate_series(1, 4) as k",
                "insert into places select k, 1, 2 from generate_series(1, 3) as k",
                "update things set n = 2 where id = 1",
                "update things set id = id % 4 + 1",
                "update places set part = 1 - part, n = 5",
                "update places set part = 1 - part where id = 1",
                f"update things set n = n + 1, note = 'x{part}'",
                "delete from things where id = 2",
                "insert into heaps values (1, 2.0)",
                "update things set n = n + 1, note = 'y'",
                "begin",
                "update things set n = n + 1 where id = 3",
                "update places set n = 7",
                *(("commit",) if part else ("truncate things", "commit")),
            )
        )
    ]
    for part in range(3)
]
for program in FULL[1:]:
    program[0:2] = [Statement(0, "insert into things values (2, 5)")]
    program[8:11] = [Statement(0, "update things set n = 4"), Statement(0, "begin")]


def with_history(
    halves: Halves, programs: list[list[Statement]], changes: list[str], cuts: list[float]
) -> None:
    """Fills a history: two parts of it are shipped, the third is not; then some is retired."""
    schema = re.sub(r"grant .*;\n", "", SCHEMA)
    halves.run(*schema.strip().split(";\n"))
    # Only what is sealed is shipped, and a program may write nothing.
    halves.run("insert into heaps values (0, 0)")
    for number, program in enumerate(programs):
        if number and len(changes) >= number:
            with suppress(psycopg2.Error):
                halves.run(changes[number - 1])
        perform(halves, program)
        if number < 2:
            halves.run("select rowtrail.seal()")
        if number == 1:
            halves.ship()
            [(shipped,)] = halves.ask("select max(changed_at) from rowtrail.versions")
    halves.keep_whole()
    for names, cut in zip((("things", "stuff"), ("places",)), cuts, strict=True):
        moments = halves.ask(
            "select distinct v.changed_at from rowtrail.versions as v "
            "join rowtrail.tables as t on t.id = v.table_id "
            "where t.table_name = any (%s) and v.changed_at <= %s order by 1",
            list(names),
            shipped,
        )
        if moments:
            moment = moments[int(cut * (len(moments) - 1))][0]
            halves.retire(dict.fromkeys(names, moment))


def perform(halves: Halves, program: list[Statement]) -> None:
    """Runs a program of two sessions, of which one names an actor."""
    with connected(halves.here) as first, connected(halves.here) as second:
        second.execute("set rowtrail.actor = 'alice'")
        for cursor in (first, second):
            cursor.execute("set lock_timeout = '20ms'")
        for statement in program:
            if statement == LOOK:
                halves.run("select rowtrail.seal()")
                continue
            cursor = (first, second)[statement.session]
            try:
                cursor.execute(statement.text)
            except psycopg2.Error:
                restart(cursor.execute)
        for cursor in (first, second):
            cursor.execute("commit")
