"""One history out of two databases: what is complete here, and the older from the history database.

Whatever is asked, the answer is that of one database with all of it.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from halved import CHANGES, FULL, with_history
from halves import Halves, run, with_half_of_a_move
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from two_writers import PROGRAMS, Statement

from rowtrail.history import chaining, comparing, feeds, paging

#: So many pages of a list are looked at.
FOLLOWED = 8


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of five changes, so that there are many of them."""
    for module in (paging, feeds, chaining, comparing):
        monkeypatch.setattr(module, "PAGE", 5)


def walk_from(client: FlaskClient, start: str) -> dict[str, Any]:
    """What is at a URL, and at each of those that it leads to as older, newer or next."""
    found: dict[str, Any] = {}
    waiting = [start]
    while waiting and len(found) < FOLLOWED:
        place = waiting.pop(0)
        if place in found:
            continue
        response = client.get(place)
        if not response.is_json:
            found[place] = (response.status_code, response.text)
            continue
        found[place] = (response.status_code, without_bounds(response.json))
        for name in ("next", "newer", "older"):
            if isinstance(response.json, dict) and response.json.get(name):
                waiting.append(response.json[name])
    return found


def without_bounds(said: Any) -> Any:
    """An answer without that of which the two kinds of databases must say something else."""
    if isinstance(said, list):
        return [without_bounds(one) for one in said]
    if not isinstance(said, dict):
        return said
    return {
        name: without_bounds(one)
        for name, one in said.items()
        if name not in ("complete_from", "database")
    }


def places_of(halves: Halves) -> list[str]:
    """What can be asked of a history, as URLs; of what there is much, some."""
    api = "/api/v1"
    whole = halves.whole
    rows = run(
        whole, "select distinct table_id, row_key from rowtrail.versions where row_key <> ''"
    )
    versions = run(
        whole,
        "select table_id, id, changed_at, op, era, xid::text from rowtrail.versions order by id",
    )
    tables = sorted({one[0] for one in versions})
    moments = [f"{one[2]:%Y-%m-%dT%H:%M:%S.%f}Z" for one in versions]
    places = [f"{api}/{one}" for one in ("tables", "actor?name=alice", "search?q=alice")]
    of_all = ["changes", *(f"tables/{table}/changes" for table in tables)]
    queries = ("", "after=0", "op=update", "actor=alice")
    places += [f"{api}/{one}?{query}" for one in of_all for query in queries]
    places += [f"{api}/{one}/export.{form}" for one in of_all for form in ("csv", "jsonl")]
    for table in tables:
        of = f"{api}/tables/{table}"
        for moment in some(moments, 2):
            places += [f"{of}/changes?since={moment}", f"{of}/changes?until={moment}"]
        for moment in some(moments, 4):
            places += [f"{of}/as-of?at={moment}", f"{of}/as-of?at={moment}&key=2"]
        ids = [one[1] for one in versions if one[0] == table and one[3] not in ("T", "S")]
        pairs = list(zip(ids, ids[3:], strict=False))
        places += [f"{of}/compare?a={a}&b={b}" for a, b in some(pairs, 3)]
    for table, number, *_ in some(versions, 6):
        places.append(f"{api}/tables/{table}/versions/{number}")
        for where in (f"before={number}", f"after={number}"):
            places += [f"{api}/changes?{where}", f"{api}/tables/{table}/changes?{where}"]
    for era, xid in some(sorted({one[4:] for one in versions}), 5):
        places.append(f"{api}/transactions/{era}-{xid}")
        places.append(f"{api}/tables/{tables[0]}/as-of?transaction={era}-{xid}")
    for table, key in some(sorted(rows), 5):
        asked = urlencode({"key": key})
        places += [f"{api}/tables/{table}/{one}?{asked}" for one in ("row", "related", "changes")]
        places.append(f"{api}/search?{urlencode({'q': key})}")
    return places


def some(everything: Sequence[Any], most: int) -> Sequence[Any]:
    """About so many of them, from one end to the other."""
    return everything[:: max(len(everything) // most, 1)]


def assert_same(whole: FlaskClient, both: FlaskClient, places: Iterable[str]) -> None:
    """Whatever is asked, both say the same."""
    for place in places:
        expected = walk_from(whole, place)
        assert walk_from(both, place) == expected, place


@settings(
    max_examples=int(os.environ.get("ROWTRAIL_EXAMPLES", "2")),
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    derandomize="ROWTRAIL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    programs=st.lists(PROGRAMS, min_size=3, max_size=3),
    changes=st.lists(st.sampled_from(CHANGES), max_size=2),
    cuts=st.lists(st.floats(0, 1), min_size=2, max_size=2),
)
@example(programs=FULL, changes=[CHANGES[0], CHANGES[3]], cuts=[0.9, 0.7])
@example(programs=FULL, changes=[CHANGES[1], CHANGES[2]], cuts=[0.5, 1.0])
def test_two_databases_answer_as_one_would(
    make_halves: Callable[[], Halves],
    make_reader: Callable[..., FlaskClient],
    small_pages: None,
    programs: list[list[Statement]],
    changes: list[str],
    cuts: list[float],
) -> None:
    halves = make_halves()
    try:
        with_history(halves, programs, changes, cuts)
        assert_same(
            make_reader(halves.whole), make_reader(halves.here, halves.there), places_of(halves)
        )
    finally:
        # There may be many examples.
        halves.remove()


def test_the_half_of_a_move_that_stays_here_is_no_delete(
    halves: Halves, make_reader: Callable[..., FlaskClient]
) -> None:
    half = with_half_of_a_move(halves)
    alone = make_reader(halves.here).get("/api/v1/tables/1/changes?op=delete").json or {}
    assert [one["id"] for one in alone["changes"]] == [half]
    of, key = "/api/v1/tables/1", urlencode({"key": '[1, "a"]'})
    places = [
        *(f"{of}/{one}?{key}" for one in ("row", "changes")),
        *(f"{of}/changes?{query}" for query in ("", "op=delete", "after=0", f"after={half - 1}")),
        *(f"{of}/changes/export.{form}" for form in ("csv", "jsonl")),
        "/api/v1/changes/export.jsonl?op=delete",
    ]
    assert_same(make_reader(halves.whole), make_reader(halves.here, halves.there), places)
