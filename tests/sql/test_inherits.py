"""Tables that inherit are tables of their own; those that are not tracked are named."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., list[Any]]
Versions = Callable[[str], list[Any]]
Exact = Callable[..., None]

STATUS = "select table_name, state, mend from rowtrail.status()"


@pytest.fixture
def base(owner: Run) -> str:
    owner("create table base (id int primary key, n int)")
    owner("select rowtrail.track('base')")
    return "base"


def test_a_child_that_is_made_later_is_named_until_it_is_tracked_or_parted(
    base: str, owner: Run, superuser: Run
) -> None:
    owner("create table child (primary key (id)) inherits (base)")
    mend = "select rowtrail.track('public.child');"
    assert superuser(STATUS) == [("public.base", "children not tracked", mend)]
    owner("alter table child no inherit base")
    assert superuser(STATUS) == [("public.base", "tracked", None)]
    owner("alter table child inherit base")
    assert superuser(STATUS)[0][1:] == ("children not tracked", mend)
    owner(mend)
    assert [state for _, state, _ in superuser(STATUS)] == ["tracked", "tracked"]


def test_a_grandchild_is_named_by_the_child(base: str, owner: Run, superuser: Run) -> None:
    owner("create table child (primary key (id)) inherits (base)")
    owner("create table grandchild (primary key (id)) inherits (child)")
    owner("select rowtrail.track('child')")
    assert superuser(STATUS) == [
        ("public.base", "tracked", None),
        ("public.child", "children not tracked", "select rowtrail.track('public.grandchild');"),
    ]


def test_what_the_parent_writes_to_a_child_is_in_the_childs_history(
    base: str, owner: Run, versions: Versions, assert_exact: Exact, superuser: Run
) -> None:
    owner("create table child (extra text, primary key (id)) inherits (base)")
    owner("select rowtrail.track('child')")
    owner("insert into base values (1, 1); insert into child values (2, 2, 'x'), (3, 3, 'y')")
    owner("update base set n = n + 10; delete from base where id = 3")
    assert [(op, key) for op, key, _, _ in versions("base")] == [("I", "1"), ("U", "1")]
    assert [(op, key) for op, key, _, _ in versions("child")] == [
        *(("I", "2"), ("I", "3"), ("U", "2"), ("U", "3"), ("D", "3"))
    ]
    assert versions("child")[2][2] == {"id": 2, "n": 12, "extra": "x"}
    assert_exact("child")
    assert superuser("select * from rowtrail.differences('base')") == []


def test_a_child_that_leaves_its_parent_keeps_its_history(
    base: str, owner: Run, versions: Versions, assert_exact: Exact
) -> None:
    owner("create table child (primary key (id)) inherits (base)")
    owner("select rowtrail.track('child'); insert into child values (1, 1)")
    owner("alter table child no inherit base; update child set n = 2; update base set n = 3")
    assert [op for op, _, _, _ in versions("child")] == ["I", "U"]
    assert versions("base") == []
    assert_exact("child")
