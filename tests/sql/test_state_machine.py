"""Whatever is written to whatever tables, by whoever, in whatever order: the history is exact.

A hypothesis state machine makes random tables and lets three sessions write and change them. With
ROWTRAIL_MINUTES set it goes on for so long (`make test-long MINUTES=60`), beginning at
ROWTRAIL_SEED, and prints what it found as programs; a file with one is run again by
ROWTRAIL_PROGRAM. What it found once is a test in the files beside this one.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import random_changes
import random_tables
import random_writes
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from program import Step, parse, smallest
from random_tables import Table
from sqlalchemy import URL
from world import LOGINS, OWNER, Found, World, execute

Run = Callable[..., list[Any]]

MINUTES = float(os.environ.get("ROWTRAIL_MINUTES", "0"))

SESSIONS = st.sampled_from(LOGINS)
MODES = st.sampled_from(
    ["", "", "", "isolation level repeatable read", "isolation level serializable"]
)


@pytest.fixture
def world(logins: None, superuser: Run, url: URL) -> Iterator[World]:
    """An empty world, in which nothing happens by itself."""
    superuser("create role clerk login")
    superuser("alter system set autovacuum = off")
    superuser("select pg_reload_conf()")
    world = World(url)
    yield world
    world.close()
    world.god.close()
    superuser("drop schema if exists shop cascade")
    superuser("drop role clerk")
    superuser("alter system reset autovacuum")
    superuser("select pg_reload_conf()")


def machine_in(world: World) -> type[RuleBasedStateMachine]:
    """The state machine, which acts in this world."""

    class Machine(RuleBasedStateMachine):
        @initialize(statements=random_tables.schemas())
        def make_tables(self, statements: list[str]) -> None:
            world.begin_anew()
            self.serial = self.checked = 0
            # A deferred key that passes between transactions that run at the same time is a
            # documented limit: docs/concepts.md, "Limits of the order".
            self.is_alone = any("deferrable initially deferred)" in s for s in statements)
            for statement in statements:
                world.run(Step(OWNER, statement))

        @rule(logins=st.lists(SESSIONS, min_size=1, max_size=4), data=st.data())
        def write(self, logins: list[str], data: Any) -> None:
            for login in logins:
                self.do(login, data.draw(random_writes.writes(self.look(login), self.version)))

        @precondition(lambda self: self.is_open)
        @rule(
            login=SESSIONS,
            other=SESSIONS,
            end=st.sampled_from(["commit", "rollback"]),
            data=st.data(),
        )
        def wait_for_another(self, login: str, other: str, end: str, data: Any) -> None:
            """A statement that finds its rows locked goes on when the other transaction ends."""
            login, other = self.who(login), self.who(other)
            statement = data.draw(random_writes.writes(self.look(login), self.version))
            if login == other or world.is_idle(other):
                world.run(Step(login, statement))
            else:
                world.run(Step(login, statement, other, end))

        @rule(login=SESSIONS, mode=MODES, named=st.booleans(), saved=st.booleans())
        def begin(self, login: str, mode: str, named: bool, saved: bool) -> None:
            login = self.who(login)
            if not world.is_idle(login):
                return
            world.run(Step(login, f"begin {mode}".strip()))
            self.serial += 1
            actor = f"{login}-{self.serial}" if named else ""
            # Takes the snapshot too, so that the program says when.
            world.run(
                Step(
                    login,
                    f"select set_config('rowtrail.actor', '{actor}', true), "
                    f"set_config('shop.actor', '{actor}', true)",
                )
            )
            if saved:
                world.run(Step(login, "savepoint s"))

        @precondition(lambda self: self.is_open)
        @rule(login=SESSIONS, what=st.sampled_from(["savepoint s", "rollback to s", "release s"]))
        def use_savepoint(self, login: str, what: str) -> None:
            if not world.is_idle(self.who(login)):
                self.do(login, what)

        @precondition(lambda self: self.is_open)
        @rule(login=SESSIONS, end=st.sampled_from(["commit", "commit", "rollback"]))
        def end(self, login: str, end: str) -> None:
            if not world.is_idle(self.who(login)):
                self.do(login, end)

        @rule(data=st.data())
        def change_schema(self, data: Any) -> None:
            self.do(OWNER, data.draw(random_changes.schema_changes(self.look(OWNER))))

        @rule(data=st.data(), rows=st.integers(1, 3))
        def take_a_batch_of_baseline(self, data: Any, rows: int) -> None:
            table = data.draw(st.sampled_from(self.look(OWNER)))
            self.do(OWNER, f"select rowtrail.baseline_batch('{table.name}', {rows})")

        @precondition(lambda self: len(world.steps) > self.checked + 12)
        @rule()
        def settle(self) -> None:
            world.settle()
            world.check()
            self.checked = len(world.steps)

        def teardown(self) -> None:
            if world.sessions:
                world.settle()
                world.check()

        def do(self, login: str, statement: str) -> None:
            world.run(Step(self.who(login), statement))

        def who(self, login: str) -> str:
            return OWNER if self.is_alone else login

        def look(self, login: str) -> list[Table]:
            return [
                Table(*row) for row in execute(world.sessions[self.who(login)], random_tables.LOOK)
            ]

        @property
        def is_open(self) -> bool:
            return not all(world.is_idle(login) for login in world.sessions)

        @property
        def version(self) -> int:
            return int(world.god.server_version)

    return Machine


def first_found(world: World, number: int, examples: int, steps: int) -> Found | None:
    """Runs random examples, until one is found whose history is not exact."""
    try:
        run_state_machine_as_test(
            seed(number)(machine_in(world)),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                # Programs are made smaller as what they are, statements: made_small().
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Found as found:
        return found
    except Flaky as flaky:
        # What is drawn depends on what a session finds, and so on how long locks took. What was
        # found and not found again is found all the same.
        for one in getattr(flaky, "exceptions", ()):
            if isinstance(one, Found):
                return one
        world.flaky += 1
    return None


def made_small(world: World, found: Found) -> str:
    """What was found, and the smallest program that shows it still, as text."""
    program = list(world.steps)
    counts = world.examples, world.statements, world.failures
    # Rows from before a table was tracked would be found too.
    made = sum(
        step.statement.startswith("create table t") and "partition of" not in step.statement
        for step in program
    )
    needed = [step for step in program if "rowtrail.track(" in step.statement][:made]

    def is_found(steps: list[Step]) -> bool:
        if not set(needed) <= set(steps):
            return False
        try:
            world.replay(steps)
        except Found as again:
            return kind(again) == kind(found)
        return False

    seen_again = is_found(program)
    if seen_again:
        program = smallest(program, is_found)
    world.examples, world.statements, world.failures = counts
    remark = "" if seen_again else "It was not found when the program was run again.\n"
    return f"{found}\n{remark}\n" + "\n".join(str(step) for step in program) + "\n"


def kind(found: Found) -> tuple[str, bool, bool]:
    """What is alike in two that have the same cause."""
    text = str(found)
    return text.split(":")[0], ", None, {" in text, "}, None)" in text


@pytest.mark.skipif(MINUTES > 0, reason="the long run is on")
def test_whatever_sessions_do_the_history_is_exact(world: World) -> None:
    found = first_found(world, 1, examples=12, steps=30)
    assert found is None, made_small(world, found)


@pytest.mark.skipif(not MINUTES, reason="make test-long runs it")
def test_for_long_whatever_sessions_do_the_history_is_exact(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    number = int(os.environ.get("ROWTRAIL_SEED", str(random.randrange(1_000_000))))
    all_found = []
    while time.monotonic() - began < MINUTES * 60:
        found = first_found(world, number, examples=50, steps=50)
        with capsys.disabled():
            if found is not None:
                all_found.append(made_small(world, found))
                print(f"\nFOUND with seed {number}: {all_found[-1]}", flush=True)
            print(
                f"{(time.monotonic() - began) / 60:6.1f} min  seed {number}  "
                f"{world.examples} examples  {world.statements} statements "
                f"({world.failures} failed, {world.timeouts} by time)  "
                f"{world.flaky} flaky seeds  {len(all_found)} found",
                flush=True,
            )
        number += 1
    assert not all_found


@pytest.mark.skipif("ROWTRAIL_PROGRAM" not in os.environ, reason="it names no program")
def test_a_program_from_a_file_replays(world: World) -> None:
    world.replay(parse(Path(os.environ["ROWTRAIL_PROGRAM"]).read_text()))
