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
import random_sql
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from random_sql import Table
from sqlalchemy import URL
from world import LOGINS, OWNER, Found, Step, World, execute, parse, smallest

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
        @initialize(statements=random_sql.schemas())
        def make_tables(self, statements: list[str]) -> None:
            world.begin_anew()
            self.serial = 0
            # A deferred key that passes between transactions that run at the same time is a
            # documented limit: docs/concepts.md, "Limits of the order".
            self.is_alone = any("deferrable initially deferred)" in s for s in statements)
            for statement in statements:
                world.run(Step(OWNER, statement))

        @rule(login=SESSIONS, data=st.data())
        def write(self, login: str, data: Any) -> None:
            self.do(login, data.draw(random_sql.writes(self.look(login), self.version)))

        @rule(login=SESSIONS, data=st.data())
        def write_twice(self, login: str, data: Any) -> None:
            for _ in range(2):
                self.do(login, data.draw(random_sql.writes(self.look(login), self.version)))

        @rule(
            login=SESSIONS,
            other=SESSIONS,
            end=st.sampled_from(["commit", "rollback"]),
            data=st.data(),
        )
        def wait_for_another(self, login: str, other: str, end: str, data: Any) -> None:
            """A statement that finds its rows locked goes on when the other transaction ends."""
            login, other = self.who(login), self.who(other)
            statement = data.draw(random_sql.writes(self.look(login), self.version))
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

        @rule(login=SESSIONS, what=st.sampled_from(["savepoint s", "rollback to s", "release s"]))
        def use_savepoint(self, login: str, what: str) -> None:
            if not world.is_idle(self.who(login)):
                self.do(login, what)

        @rule(login=SESSIONS, end=st.sampled_from(["commit", "commit", "rollback"]))
        def end(self, login: str, end: str) -> None:
            if not world.is_idle(self.who(login)):
                self.do(login, end)

        @rule(data=st.data())
        def change_schema(self, data: Any) -> None:
            self.do(OWNER, data.draw(random_sql.schema_changes(self.look(OWNER))))

        @rule(data=st.data(), rows=st.integers(1, 3))
        def take_a_batch_of_baseline(self, data: Any, rows: int) -> None:
            table = data.draw(st.sampled_from(self.look(OWNER)))
            self.do(OWNER, f"select rowtrail.baseline_batch('{table.name}', {rows})")

        @rule()
        def settle(self) -> None:
            world.settle()
            world.check()

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
                Table(*row) for row in execute(world.sessions[self.who(login)], random_sql.LOOK)
            ]

        @property
        def version(self) -> int:
            return int(world.god.server_version)

    return Machine


def first_found(world: World, number: int, examples: int, steps: int) -> Found | None:
    """Runs random examples, until one is found whose history is not exact."""

    machine = machine_in(world)
    try:
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Found as found:
        return found
    return None


def made_small(world: World, found: Found) -> str:
    """What was found, and the smallest program that shows it still, as text."""
    program = list(world.steps)
    kind = str(found)[:20]

    def is_found(steps: list[Step]) -> bool:
        try:
            world.replay(steps)
        except Found as again:
            return str(again)[:20] == kind
        except Exception:
            return False
        return False

    if is_found(program):
        program = smallest(program, is_found)
    else:
        program = [*program, Step(OWNER, "-- not found again when run again")]
    return f"{found}\n\n" + "\n".join(str(step) for step in program) + "\n"


def test_whatever_sessions_do_the_history_is_exact(world: World) -> None:
    if MINUTES:
        pytest.skip("the long run is on")
    found = first_found(world, 1, examples=15, steps=30)
    assert found is None, made_small(world, found)


@pytest.mark.skipif(not MINUTES, reason="make test-long runs it")
def test_for_long_whatever_sessions_do_the_history_is_exact(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    number = int(os.environ.get("ROWTRAIL_SEED", str(random.randrange(1_000_000))))
    batch = 50
    examples = 0
    all_found = []
    while time.monotonic() - began < MINUTES * 60:
        found = first_found(world, number, examples=batch, steps=50)
        examples += batch
        with capsys.disabled():
            if found is not None:
                all_found.append(made_small(world, found))
                print(f"\nFOUND with seed {number}: {all_found[-1]}", flush=True)
            print(
                f"{(time.monotonic() - began) / 60:6.1f} min  seed {number}  "
                f"{examples} examples  {world.statements} statements "
                f"({world.failures} failed)  {len(all_found)} found",
                flush=True,
            )
        number += 1
    assert not all_found


@pytest.mark.skipif("ROWTRAIL_PROGRAM" not in os.environ, reason="it names no program")
def test_a_program_from_a_file_replays(world: World) -> None:
    world.replay(parse(Path(os.environ["ROWTRAIL_PROGRAM"]).read_text()))
