"""What models say of their history: the options of `rowtrail.track()`, kept in `Table.info`.

A model says them as `__versioned__`, a table without a model as `info={"rowtrail": {…}}`.
Alembic's autogenerate compares them with the database.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, fields
from typing import Any, Literal, TypedDict, cast

from sqlalchemy import Table
from sqlalchemy.orm import Mapper

from rowtrail.errors import RowtrailError

#: The place in Table.info.
INFO = "rowtrail"

LISTS = ("exclude", "hash", "ignore", "keep")
SWITCHES = ("truncate_rows", "erasable", "baseline")
POLICIES = ("allow", "warn", "require")


class TrackOptions(TypedDict, total=False):
    """The options of `__versioned__`; columns are named as in the database.

    Attributes:
        key_columns: the columns of a unique key, where it is not to be the primary key.
        exclude: columns of which nothing is stored.
        hash: columns of which only a salted hash is stored.
        ignore: columns that make no version when only they changed.
        keep: columns named like secrets that are stored all the same.
        actor: what a change meets that names no actor.
        truncate_rows: record each row of a TRUNCATE.
        erasable: values can be erased later, and the seals still verify.
        baseline: record the rows that are there when tracking begins, while writers wait.
        renamed_from: the former name of the table, in the same schema; a hint for autogenerate.
    """

    key_columns: Sequence[str]
    exclude: Sequence[str]
    hash: Sequence[str]
    ignore: Sequence[str]
    keep: Sequence[str]
    actor: Literal["allow", "warn", "require"]
    truncate_rows: bool
    erasable: bool
    baseline: bool
    renamed_from: str


@dataclass(frozen=True)
class Tracking:
    """How a table is to be tracked, or is: what stays of the options while it is."""

    key_columns: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    actor: str = "allow"
    truncate_rows: bool = False
    erasable: bool = False


def declare(mapper: Mapper[Any], model: type) -> None:
    """Notes in `Table.info` what a model says, as soon as it is mapped.

    Raises:
        RowtrailError: what it says cannot be meant.
    """
    table = mapper.local_table
    said = getattr(model, "__versioned__", {})
    if not isinstance(table, Table) or said is False:
        return
    is_own = "__versioned__" in vars(model)
    name = f"{model.__name__}.__versioned__"
    options = dict(checked(name, said))
    if mapper.inherits is not None and mapper.inherits.local_table is table:
        # One table for several models: the parent has spoken, a child adds its columns.
        known = table.info.get(INFO, {})
        table.info[INFO] = added(name, known, options) if is_own else known or options
        return
    if not is_own:
        # Said for several tables, by a base: each takes the columns that it has.
        there = {column.name for column in table.columns}
        for option in ("key_columns", *LISTS):
            if option in options:
                options[option] = [column for column in options[option] if column in there]
        options.pop("renamed_from", None)
        if not options.get("key_columns"):
            options.pop("key_columns", None)
    table.info[INFO] = options


def tracking_of(table: Table) -> Tracking | None:
    """How the models want a table to be tracked; None where they want none.

    Raises:
        RowtrailError: what they say cannot be meant, or a column is not the table's.
    """
    options = said_of(table)
    if options is None:
        return None
    there = {column.name for column in table.columns}
    lists: dict[str, tuple[str, ...]] = {}
    for option in ("key_columns", *LISTS):
        names = options.get(option, ())
        lists[option] = tuple(dict.fromkeys(sorted(names) if isinstance(names, Set) else names))
        for name in lists[option]:
            if name not in there:
                raise RowtrailError(
                    f"the history of {table.fullname} cannot {option} {name!r}: the table has no "
                    f"such column; name a column as the database does: {', '.join(sorted(there))}"
                    if option != "key_columns"
                    else f"the history of {table.fullname} cannot have {name!r} in its key: the "
                    f"table has no such column; it has {', '.join(sorted(there))}"
                )
    return Tracking(
        **lists,
        actor=options.get("actor", "allow"),
        truncate_rows=options.get("truncate_rows", False),
        erasable=options.get("erasable", False),
    )


def options_between(
    new: Tracking, old: Tracking, primary_key: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of `op.track_table()` that lead from the old to the new, and back.

    Each has all options in which one of the two differs from what a table has by itself, so that a
    migration says the whole; where nothing is to be done they are equal.
    """
    forward: dict[str, Any] = {}
    back: dict[str, Any] = {}
    key = new.key_columns or primary_key
    if key and key != old.key_columns:
        forward["key_columns"] = list(key)
        if old.key_columns:
            back["key_columns"] = list(old.key_columns)
    for option in (field.name for field in fields(Tracking) if field.name != "key_columns"):
        usual, to, of = (getattr(tracking, option) for tracking in (Tracking(), new, old))
        if isinstance(to, tuple):
            # The order of columns says nothing.
            usual, to, of = [], list(to), list(to if set(to) == set(of) else of)
        if to != usual or of != usual:
            forward[option], back[option] = to, of
    return forward, back


def said_of(table: Table) -> Mapping[str, Any] | None:
    """The options as the models said them; None where they want no history of the table."""
    said = table.info.get(INFO)
    return None if said is None or said is False else checked(f"{table.fullname}.info", said)


def checked(name: str, said: object) -> Mapping[str, Any]:
    """The options, if they can be meant.

    Raises:
        RowtrailError: one of them cannot; it is named.
    """
    if not isinstance(said, Mapping):
        raise RowtrailError(f"{name} is {said!r}; write a dictionary of options, {{}} for none")
    for option, value in said.items():
        if option not in TrackOptions.__annotations__:
            known = ", ".join(sorted(TrackOptions.__annotations__))
            raise RowtrailError(f"{name} has an option {option!r}, which is none; it takes {known}")
        if option in ("key_columns", *LISTS):
            if not isinstance(value, list | tuple | Set) or not all(
                isinstance(column, str) for column in value
            ):
                raise RowtrailError(
                    f"{name}: {option} is {value!r}; write a list of the names of columns"
                )
        elif option in SWITCHES:
            if not isinstance(value, bool):
                raise RowtrailError(f"{name}: {option} is {value!r}; write True or False")
        elif option == "actor":
            if value not in POLICIES:
                raise RowtrailError(f"{name}: actor is {value!r}; write allow, warn or require")
        elif not isinstance(value, str):
            raise RowtrailError(f"{name}: {option} is {value!r}; write the former name")
    return cast(Mapping[str, Any], said)


def added(name: str, known: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a table together with those that another model of it adds."""
    both = dict(known)
    for option, value in more.items():
        if option in LISTS:
            both[option] = list(dict.fromkeys([*known.get(option, ()), *value]))
        elif both.setdefault(option, value) != value:
            raise RowtrailError(
                f"{name}: {option} is {value!r}, but its table's other models say "
                f"{known[option]!r}; a table has one"
            )
    return both
