"""Who follows the feed: keeps a copy of the tables, and notes whatever must not be."""

from collections.abc import Callable, Sequence
from typing import Any

#: Runs one statement in a session and gives its rows.
Run = Callable[..., list[Any]]

FEED = (
    "select cursor, is_whole, table_name, op, row_key, old_key, data, transaction, id, "
    "is_superseded from rowtrail.feed(%s, %s, %s::regclass[], true, %s)"
)


class Follower:
    """A copy of tables, kept by the feed alone.

    Args:
        run: a session of a reader.
        cursor: where it begins.
        rows: what the tables held there, by table and key.
        tables: only these.
        in_whole: whether transactions have to come in whole: no window is of more versions than
            the feed sorts.
    """

    def __init__(
        self,
        run: Run,
        cursor: str | None = None,
        rows: dict[str, dict[str, Any]] | None = None,
        tables: Sequence[str] | None = None,
        in_whole: bool = False,
    ) -> None:
        self.run, self.cursor = run, cursor
        self.tables = None if tables is None else list(tables)
        self.rows = {name: dict(held) for name, held in (rows or {}).items()}
        self.in_whole = in_whole
        self.polls = 0
        self.ids: list[int] = []
        self.last_of_row: dict[tuple[str, str], int] = {}
        self.open: str | None = None
        self.closed: set[str] = set()

    def poll(self, most: int = 1000, whole_up_to: int = 10_000) -> bool:
        """Takes a page; gives whether it was the last one for now."""
        *page, mark = self.run(FEED, self.cursor, most, self.tables, whole_up_to)
        assert mark[8] is None
        assert len(page) <= most
        self.polls += 1
        # Every other time some of the page is thrown away, and asked for again.
        taken = page[: len(page) // 2 + 1] if self.polls % 2 else page
        for row in taken:
            self.take(*row)
        if len(taken) == len(page):
            self.cursor = mark[0]
        return len(page) < most and len(taken) == len(page)

    def poll_all(self, most: int = 1000, whole_up_to: int = 10_000) -> None:
        """Takes all that there is."""
        while not self.poll(most, whole_up_to):
            pass

    def take(
        self, cursor: str, is_whole: bool, table: str, op: str, key: str, old_key: str | None,
        data: Any, transaction: str, number: int, is_superseded: bool,
    ) -> None:  # fmt: skip
        """Applies a version."""
        assert number not in self.ids, f"version {number} came twice"
        self.ids.append(number)
        self.cursor = cursor
        if self.in_whole:
            if self.open != transaction:
                assert self.open is None, f"{self.open} was torn by {transaction}"
                assert transaction not in self.closed, f"{transaction} came in two parts"
            self.open = None if is_whole else transaction
            if is_whole:
                self.closed.add(transaction)
        if is_superseded or op == "schema":
            return
        held = self.rows.setdefault(table, {})
        if op == "truncate":
            held.clear()
            return
        for one in {key, old_key or key}:
            before = self.last_of_row.get((table, one), 0)
            assert number > before, f"version {number} of {one} came after {before}"
            self.last_of_row[table, one] = number
        if old_key is not None and op == "update":
            held.pop(old_key, None)
        if op == "delete":
            held.pop(key, None)
        else:
            held[key] = data


def live(run: Run, *tables: str) -> dict[str, dict[str, Any]]:
    """What the tables hold, as a follower of theirs has it."""
    return {
        f"public.{table}": dict(run(f"select id::text, to_jsonb(t.*) from {table} as t"))
        for table in tables
    }


def versions_after(run: Run, number: int) -> list[int]:
    """The ids of all versions that are committed, above one."""
    found = run("select id from rowtrail.versions where id > %s order by id", number)
    return [one for (one,) in found]
