"""The oracle: whether the history of a table is what happened to it."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

#: Runs one statement in a session and gives its rows.
Run = Callable[..., list[Any]]


def assert_exact(run: Run, *tables: str, rows_before: bool = False) -> None:
    """Checks that each row's versions are a chain that ends in the live row.

    Each version's data without its changes is the data of the version before, and what the
    versions leave is what the table holds.

    Args:
        run: a session that may read the tables and their history.
        tables: their names.
        rows_before: rows were there before tracking began, so that the first version of a row may
            be any.
    """
    for table in tables:
        assert run("select * from rowtrail.differences(%s::regclass)", table) == []
        assert list(differences_by_steps(run, table)) == []
        [(live,)] = run(f"select count(*) from {table}")
        [(has_key,)] = run(
            "select key_attnums <> '{}' from rowtrail.tables where relid = %s::regclass", table
        )
        left = rows_left(recorded(run, table), rows_before)
        if has_key:
            assert all(len(found) == 1 for found in left.values()), "two rows have one key"
        count = sum(len(found) for found in left.values())
        # Two rows that meet at a key and hold the same cannot be told apart by their images.
        assert count == live or (rows_before and count < live), f"{count} rows, not {live}"


def differences_by_steps(run: Run, table: str, most: int = 20000) -> Iterator[tuple[Any, ...]]:
    """What rowtrail.differences() gives, by its steps; in their order."""
    place = None
    while True:
        found = run(
            "select row_key, live::text, replayed::text, next_place "
            "from rowtrail.differences_from(%s::regclass, %s, %s)",
            table,
            place,
            most,
        )
        yield from (tuple(row[:3]) for row in found if row[3] is None)
        places = [row[3] for row in found if row[3] is not None]
        if not places:
            return
        assert places != [place], "a step leads to itself"
        [place] = places


def recorded(run: Run, table: str) -> list[Any]:
    """The versions of a table: id, op, key, key before, data, old, time; in their order."""
    return run(
        "select v.id, v.op, v.row_key, coalesce(v.old_key, v.row_key), v.data::text, "
        "v.old::text, v.changed_at "
        "from rowtrail.versions as v join rowtrail.tables as t on t.id = v.table_id "
        "where t.relid = %s::regclass and v.op <> 'S' order by v.id",
        table,
    )


def rows_left(versions: list[Any], rows_before: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Follows the versions, and gives the rows that they leave by key."""
    # A key may stand for two rows for a moment, while rows swap their keys within one statement.
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    times: dict[str, Any] = {}
    # Keys to which an update brought a row, while one from before tracking may still have had it.
    shared: set[str] = set()
    ids = [version[0] for version in versions]
    assert len(ids) == len(set(ids)), "an id is used twice"
    for number, op, key, key_before, data, old, changed_at in versions:
        assert op in "IUDTB"
        assert (data is None) == (op == "T")
        assert (old is None) == (op != "U")
        if op == "T":
            rows.clear()
            continue
        after = exact(data)
        before = after | exact(old) if op == "U" else after
        if rows_before and op in "UD":
            is_unknown = key_before in shared and before not in rows[key_before]
            if key_before not in times or is_unknown:
                rows[key_before].append(before)
                shared.discard(key_before)
        if rows_before and op == "U" and key != key_before and key not in times:
            shared.add(key)
        if op == "U":
            assert before in rows[key_before], (
                f"version {number}: {before} is not {rows[key_before]}"
            )
            rows[key_before].remove(before)
        if op == "B" and after in rows[key]:
            # Its versions that were imported led to what the baseline found.
            rows[key].remove(after)
        if op == "D":
            assert after in rows[key], f"version {number}: {after} is not {rows[key]}"
            rows[key].remove(after)
        else:
            rows[key].append(after)
        assert changed_at >= times.get(key, changed_at), f"version {number} is before its former"
        times[key] = changed_at
    return {key: found for key, found in rows.items() if found}


def exact(document: str) -> dict[str, Any]:
    """A JSON object with its numbers as they are written: 1.0 is not 1.00."""
    parsed: dict[str, Any] = json.loads(
        document,
        parse_float=lambda digits: ("number", digits),
        parse_int=lambda digits: ("number", digits),
    )
    return parsed
