"""Whatever a transaction did to tables that refer to each other, its undo puts exactly that back.

Each row bears a number (`uid`) that nobody changes and no other row ever has, so that what must
be there after the undo follows from three looks at the tables: before, after, and now.
"""

import os
from collections.abc import Callable
from typing import Any

import psycopg2
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

Run = Callable[..., list[Any]]
Row = tuple[Any, ...]
State = dict[str, dict[int, Row]]

COLUMNS = {
    "parents": ("uid", "id", "name", "amount"),
    "children": ("uid", "id", "parent", "amount", "tags"),
    "people": ("uid", "id", "boss", "name"),
    "notes": ("uid", "body", "nr"),
}
KEYS = {"parents": "id", "children": "id", "people": "id", "notes": None}
VALUES = {
    "name": ["'a'", "'b'", "E'x\\n\\'y'", "null"],
    "amount": ["1.0", "1.00", "'NaN'", "-2.5", "null"],
    "tags": ["'{}'", "'{a,NULL}'", "'{\"b,c\"}'", "null"],
    "body": ["'a'", "'b'", "null"],
    "nr": ["1", "2", "null"],
}
SMALL = st.integers(1, 4)
ACTIONS = st.sampled_from(["cascade", "set null", "no action"])


@st.composite
def writes(draw: st.DrawFn, deferrable: bool) -> tuple[str, ...]:
    """One write; `{uid}` stands for a number that no row ever had."""
    table = draw(st.sampled_from(sorted(COLUMNS)))
    columns = [column for column in COLUMNS[table] if column != "uid"]

    def value(column: str) -> str:
        if column in VALUES:
            return draw(st.sampled_from(VALUES[column]))
        if column in ("parent", "boss"):
            return draw(st.sampled_from(["1", "2", "3", "4", "null"]))
        return str(draw(SMALL))

    where = f"{KEYS[table] or 'nr'} = {draw(SMALL)}"
    if draw(st.integers(0, 9)) == 0:
        where = "true"
    kind = draw(st.sampled_from(["insert", "insert", "update", "update", "delete", "key"]))
    if kind == "insert":
        values = ", ".join(value(column) for column in columns)
        return (f"insert into {table} (uid, {', '.join(columns)}) values ({{uid}}, {values})",)
    if kind == "delete":
        if draw(st.integers(0, 9)) == 0:
            return (f"truncate {table}{' cascade' if table == 'parents' else ''}",)
        return (f"delete from {table} where {where}",)
    if kind == "key" and KEYS[table]:
        if table == "people" and deferrable:
            return ("set constraints all deferred", f"update people set id = 5 - id where {where}")
        # A key that no row ever had: rows cannot swap keys that are not deferrable.
        return (f"update {table} set id = {{uid}} where id = {draw(SMALL)}",)
    column = draw(st.sampled_from([c for c in columns if c != "id"]))
    return (f"update {table} set {column} = {value(column)} where {where}",)


@st.composite
def stories(draw: st.DrawFn) -> dict[str, Any]:
    """Tables, and transactions before the one that is undone, that one, and later ones."""
    deferrable = draw(st.booleans())

    def transactions(least: int, most: int) -> list[list[tuple[str, ...]]]:
        one = st.lists(writes(deferrable), min_size=1, max_size=5)
        return draw(st.lists(one, min_size=least, max_size=most))

    return {
        "deferrable": deferrable,
        "actions": [draw(ACTIONS), draw(ACTIONS)],
        "before": transactions(2, 5),
        "undone": transactions(1, 3),
        "later": transactions(0, 2),
        "by": draw(st.sampled_from(["actor", "transaction"])),
    }


class Scene:
    """The tables of one story, and those who write them."""

    def __init__(self, owner: Run, superuser: Run, story: dict[str, Any]) -> None:
        self.owner, self.superuser = owner, superuser
        self.uid = 100
        owner("rollback")
        owner("drop table if exists children, parents, people, notes")
        deferrable = "deferrable" if story["deferrable"] else ""
        owner("create table parents (uid int, id int primary key, name text, amount numeric)")
        owner(
            "create table children (uid int, id int primary key, amount numeric, tags text[], "
            f"parent int references parents on update cascade on delete {story['actions'][0]})"
        )
        references = "" if deferrable else f"references people on delete {story['actions'][1]}"
        owner(
            f"create table people (uid int, id int primary key {deferrable}, "
            f"boss int {references}, name text)"
        )
        owner("create table notes (uid int, body text, nr int)")
        for table in COLUMNS:
            owner(f"select rowtrail.track('{table}')")

    def write(self, transaction: list[tuple[str, ...]], actor: str) -> str | None:
        """Runs a transaction, without what fails; gives its name, or None if it did nothing."""
        self.owner("begin")
        try:
            self.owner("select set_config('rowtrail.actor', %s, true)", actor)
            for statements in transaction:
                self.owner("savepoint s")
                try:
                    for statement in statements:
                        self.uid += 1
                        self.owner(statement.replace("{uid}", str(self.uid)))
                except psycopg2.IntegrityError:
                    self.owner("rollback to s")
            [(name,)] = self.owner("select '1-' || pg_current_xact_id()::text")
            self.owner("commit")
        except psycopg2.IntegrityError:
            self.owner("rollback")
            return None
        found = self.superuser(
            "select 1 from rowtrail.versions where format('%%s-%%s', era, xid) = %s limit 1", name
        )
        return str(name) if found else None

    def state(self) -> State:
        """The rows of each table by uid, values as text."""
        found: State = {}
        for table, columns in COLUMNS.items():
            texts = ", ".join(f"{column}::text" for column in columns[1:])
            found[table] = {
                row[0]: row[1:] for row in self.superuser(f"select uid, {texts} from {table}")
            }
        return found

    def assert_recorded(self) -> None:
        """Checks that the history is complete."""
        for table in COLUMNS:
            query = "select * from rowtrail.differences(%s::regclass)"
            assert self.superuser(query, table) == []


def allowed(table: str, before: State, after: State, now: State, uid: int) -> list[Row | None]:
    """What may be there of a row after the undo."""
    was, became, is_ = (state[table].get(uid) for state in (before, after, now))
    if was == became:
        return [is_]
    if was is None:
        # Born: it goes, unless it was changed since.
        return [None] if is_ in (None, became) else [is_]
    if became is None:
        return [was]
    if is_ is None:
        return [None]
    return [
        tuple(
            old if new == value else value for old, new, value in zip(was, became, is_, strict=True)
        )
    ]


# The same programs each time; with ROWTRAIL_EXAMPLES so many others.
@settings(
    max_examples=int(os.environ.get("ROWTRAIL_EXAMPLES", "40")),
    derandomize="ROWTRAIL_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories())
def test_an_undo_puts_back_what_was_changed_and_nothing_else(
    owner: Run, reader: Run, superuser: Run, story: dict[str, Any]
) -> None:
    scene = Scene(owner, superuser, story)
    for transaction in story["before"]:
        scene.write(transaction, "alice")
    before = scene.state()
    [(since,)] = superuser("select clock_timestamp()")
    name = None
    for transaction in story["undone"] if story["by"] == "actor" else story["undone"][:1]:
        name = scene.write(transaction, "mallory") or name
    assume(name)
    after = scene.state()
    has_later = False
    for transaction in story["later"]:
        has_later = bool(scene.write(transaction, "bob")) or has_later
    now = scene.state()

    call, parameters = "transaction => %s", (name,)
    if story["by"] == "actor":
        call, parameters = "actor => 'mallory', since => %s", (since,)
    conflicts = reader(
        f"select table_name, row_key from rowtrail.undo_conflicts({call})", *parameters
    )
    script = "\n".join(x for (x,) in reader(f"select rowtrail.undo_sql({call})", *parameters))
    assert scene.state() == now
    if not has_later:
        assert conflicts == []
    try:
        if "There is nothing to put back" not in script:
            owner(script)
    except psycopg2.IntegrityError:
        # Rows that came later stand in its way: it stops, and nothing is changed.
        owner("rollback")
        assert has_later
        assert scene.state() == now
        return
    undone = scene.state()
    scene.assert_recorded()
    if not has_later:
        assert undone == before
    check(before, after, now, undone, {table for table, _ in conflicts})

    [(undo, actor)] = (
        superuser(
            "select format('%s-%s', era, xid), actor from rowtrail.versions "
            "order by changed_at desc, id desc limit 1"
        )
        if undone != now
        else [(None, None)]
    )
    if undo:
        assert actor == "owner"
        owner("\n".join(x for (x,) in reader("select rowtrail.undo_sql(transaction => %s)", undo)))
        assert scene.state() == now
        scene.assert_recorded()


def check(before: State, after: State, now: State, undone: State, in_conflict: set[str]) -> None:
    """Checks each row; one that is not as the undo would have it must be as it was now."""
    for table in COLUMNS:
        # A row that took the key of one that went in the same transaction is that row, changed.
        if key_passed_on(table, before, after):
            continue
        for uid in before[table].keys() | after[table].keys() | now[table].keys():
            found = undone[table].get(uid)
            is_left = found == now[table].get(uid) and f"public.{table}" in in_conflict
            wanted = allowed(table, before, after, now, uid)
            assert found in wanted or is_left, (table, uid, found, wanted)


def key_passed_on(table: str, before: State, after: State) -> bool:
    """Whether a row of after has the key that another row had before."""
    if not KEYS[table]:
        return False
    place = COLUMNS[table].index("id") - 1
    keys = {row[place]: uid for uid, row in before[table].items()}
    return any(keys.get(row[place], uid) != uid for uid, row in after[table].items())
