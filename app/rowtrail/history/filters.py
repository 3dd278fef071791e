"""Which changes a person wants to see, as a URL or a command line says it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from rowtrail.errors import RowtrailError
from rowtrail.history.answers import OPERATIONS

#: A longer text is no key, name or value that anyone looks for.
LONGEST = 10_000  # characters


class BadFilter(RowtrailError):
    """A filter that cannot be meant."""


class Arguments(Protocol):
    """What holds the parameters of a URL."""

    def get(self, name: str, /) -> str | None: ...

    def getlist(self, name: str, /) -> list[str]: ...


@dataclass(frozen=True)
class Filters:
    """What all of the wanted changes have in common; what is None is left open.

    Attributes:
        table: its number in the registry; None for all tables.
        key: the row's key, before or after the change.
        operations: some of the words in `OPERATIONS`; empty for all.
        actor: who the application said it was.
        no_actor: whether it named nobody.
        login: who the database knows it was.
        since: no earlier than that (UTC).
        until: earlier than that (UTC).
        column: it changed, or came or went with its row; by the name that it had then.
        old: what the column held before; `NULL` for no value, in double quotes exactly that text.
        new: what it held after, written the same way.
        value: what any column held before or after, written the same way.
    """

    table: int | None = None
    key: str | None = None
    operations: tuple[str, ...] = ()
    actor: str | None = None
    no_actor: bool = False
    login: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    column: str | None = None
    old: str | None = None
    new: str | None = None
    value: str | None = None

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.operations) - set(OPERATIONS.values())):
            raise BadFilter(
                f"no operation is called {unknown[0]!r}; there are {', '.join(OPERATIONS.values())}"
            )
        for one in fields(self):
            text = getattr(self, one.name)
            if isinstance(text, str) and "\0" in text:
                raise BadFilter(f"no text of PostgreSQL has the character NUL in it: {one.name}")
            if isinstance(text, str) and len(text) > LONGEST:
                raise BadFilter(
                    f"{one.name} is longer than {LONGEST:,} characters; look for a shorter text"
                )
        if self.column is None and not (self.old is None and self.new is None):
            raise BadFilter("from and to are values of a column; name that column too")
        if self.actor is not None and self.no_actor:
            raise BadFilter("a change names an actor or nobody; ask for one of the two")
        if self.since and self.until and self.since >= self.until:
            raise BadFilter("the time ends before it begins; since is the earlier one")

    @classmethod
    def of(cls, given: Arguments, table: int | None = None) -> "Filters":
        """From the parameters of a URL; an empty one is one that nobody filled in.

        Raises:
            BadFilter: one of them cannot be meant.
        """
        texts = {name: given.get(written) or None for name, written in WRITTEN.items()}
        if (no_actor := given.get("no_actor") or "1") != "1":
            raise BadFilter(f"no_actor is 1 or is not given at all, not {no_actor[:80]!r}")
        return cls(
            table=table,
            operations=tuple(dict.fromkeys(op for op in given.getlist("op") if op)),
            no_actor=bool(given.get("no_actor")),
            since=moment_of("since", given.get("since")),
            until=moment_of("until", given.get("until")),
            **texts,
        )

    def but(self, **changes: Any) -> "Filters":
        """The same but for these; what hangs on a column goes with it."""
        if "column" in changes and changes["column"] is None:
            changes = {"old": None, "new": None, **changes}
        if changes.get("actor") is not None:
            changes = {"no_actor": False, **changes}
        return replace(self, **changes)

    @property
    def is_open(self) -> bool:
        """Whether all changes of the table, or of all tables, are meant."""
        return self == Filters(table=self.table)

    @property
    def needs_looking(self) -> bool:
        """Whether no index finds the changes: versions have to be looked at one by one."""
        return self != Filters(table=self.table, key=self.key)

    def arguments(self) -> dict[str, Any]:
        """The parameters of the URL that means the same; the table is part of its path."""
        said: dict[str, Any] = {
            written: getattr(self, name)
            for name, written in WRITTEN.items()
            if getattr(self, name) is not None
        }
        if self.operations:
            said["op"] = list(self.operations)
        if self.no_actor:
            said["no_actor"] = "1"
        for name in ("since", "until"):
            if (moment := getattr(self, name)) is not None:
                said[name] = written_moment(moment)
        return said

    def parts(self) -> Iterable[tuple[str, str, dict[str, Any]]]:
        """What is filtered, each part with its name, its value, and what takes it back."""
        for operation in self.operations:
            rest = tuple(one for one in self.operations if one != operation)
            yield "operation", operation, {"operations": rest}
        if self.no_actor:
            yield "actor", "nobody named", {"no_actor": False}
        for moment, said in ((self.since, "since"), (self.until, "before")):
            if moment is not None:
                back = "since" if said == "since" else "until"
                yield (
                    said,
                    written_moment(moment).replace("T", " ").replace("Z", " UTC"),
                    {back: None},
                )
        for name, said in SAID.items():
            if (text := getattr(self, name)) is not None:
                yield said, text, {name: None}


#: How the parameters of a URL are called that hold a text.
WRITTEN: Mapping[str, str] = {
    **{name: name for name in ("key", "actor", "login", "column", "value")},
    "old": "from",
    "new": "to",
}

#: How these are called where people read them.
SAID: Mapping[str, str] = {
    "key": "row",
    "actor": "actor",
    "login": "login",
    "column": "changed column",
    "old": "from",
    "new": "to",
    "value": "a value",
}

#: No change was recorded earlier or will be later, and near them there is room for a margin.
EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)

DAY = re.compile(r"\d{4}-\d\d-\d\d")


def moment_of(name: str, text: str | None) -> datetime | None:
    """The moment that a person wrote, in UTC where no offset is given.

    A day alone is its beginning; as the end of a time it is the end of that day.

    Raises:
        BadFilter: it is no moment.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if name == "until" and DAY.fullmatch(text.strip()):
            moment += timedelta(days=1)
        return min(max(moment.astimezone(UTC), EARLIEST), LATEST)
    except (ValueError, OverflowError):
        raise BadFilter(
            f"{name} is a moment such as 2026-11-24, 2026-11-24T15:30 or "
            f"2026-11-24T15:30:00+01:00, not {text[:80]!r}"
        ) from None


def written_moment(moment: datetime) -> str:
    """The moment in UTC, as URLs have it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
