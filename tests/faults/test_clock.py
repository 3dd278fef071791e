"""A clock that steps back: nothing is missed, and nothing is taken for tampering."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nodes import Node
from oracle import recorded

#: Debian's package faketime has it.
LIBRARY = next(Path("/usr/lib").glob("*-linux-gnu/faketime/libfaketime.so.1"), None)

pytestmark = pytest.mark.skipif(
    LIBRARY is None and "ROWTRAIL_REQUIRE_FAKETIME" not in os.environ,
    reason="libfaketime is not installed: apt-get install faketime",
)

SetClock = Callable[[str], None]


@pytest.fixture(scope="module")
def clocked() -> Iterator[tuple[Node, SetClock]]:
    """A server, and what sets its clock: by `+2d` two days ahead of the machine's."""
    assert LIBRARY is not None
    node = Node("clock")
    offset = node.folder / "offset"

    def set_clock(to: str) -> None:
        # In one step: the server reads it at any moment.
        new = node.folder / "new"
        new.write_text(to)
        new.chmod(0o644)
        new.rename(offset)

    set_clock("+0d")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LD_PRELOAD", str(LIBRARY))
        environment.setenv("FAKETIME_TIMESTAMP_FILE", str(offset))
        environment.setenv("FAKETIME_NO_CACHE", "1")
        # What waits by the real clock goes on.
        environment.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        node.create()
    yield node, set_clock
    node.destroy()


@pytest.fixture
def node(clocked: tuple[Node, SetClock]) -> Iterator[Node]:
    """A database on a server whose clock is right."""
    node, set_clock = clocked
    set_clock("+0d")
    with node.fresh_database():
        yield node


@pytest.fixture
def set_clock(clocked: tuple[Node, SetClock]) -> SetClock:
    """Sets the server's clock."""
    return clocked[1]


def test_a_clock_that_steps_back_hides_nothing_and_is_no_fault(
    node: Node, set_clock: SetClock
) -> None:
    node.make_table("animals (id int primary key, name text)")
    run, writer = node.session(), node.session("writer")
    [(before,)] = run("select now()")
    sealed = []
    for step, clock in enumerate(("+2d", "-40d", "+0d", "-1d")):
        set_clock(clock)
        writer("insert into animals values (%s, 'new')", step)
        writer("update animals set name = %s", f"step {step}")
        sealed += run("select seal, versions from rowtrail.seal()")
        writer("delete from animals where id = %s", step - 2)
    # The clock was really set.
    days = [(moment - before).days for *_, moment in recorded(run, "animals")]
    assert {1, 2} & set(days)
    assert min(days) < -30
    sealed += run("select seal, versions from rowtrail.seal()")
    assert [versions for _, versions in sealed][:2] == [2, 3]
    assert sum(versions for _, versions in sealed) == len(recorded(run, "animals"))
    for seal, _ in sealed:
        assert run("select * from rowtrail.verify_seal(%s)", seal) == []
    assert run("select * from rowtrail.verify_sealed()") == []
    assert run("select * from rowtrail.differences('animals')") == []
    # The order of what happened, not of the clock.
    history = run("select op, changed_at from rowtrail.history('animals', 0)")
    assert [op for op, _ in history] == ["delete", "update", "update", "update", "insert"]
    assert [moment for _, moment in history] != sorted((at for _, at in history), reverse=True)
