"""Which table a person means by a name that they typed.

A name is read as SQL reads it (`orders`, `shop.orders`, `"we""ird"`), and as it stands, so that
nobody has to quote for two languages at once. Where the two readings are different tables, neither
is taken.
"""

from shlex import quote
from typing import NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import RowtrailError


class History(NamedTuple):
    """A table that has a history: it is in the registry, and may be dropped.

    Attributes:
        table_id: rowtrail.tables.id
        name: with its schema, quoted where SQL needs it.
        key_columns: the columns of its key.
        state: `tracked`, `untracked` or `dropped`.
    """

    table_id: int
    name: str
    key_columns: list[str]
    state: str


def find_table(connection: Connection, name: str) -> int:
    """The oid of the table, view or the like that the name means.

    Raises:
        RowtrailError: there is none, or it could be either of two.
    """
    readings = readings_of(connection, name)
    found = {
        oid: full_name
        for reading in readings
        for oid, full_name in connection.execute(
            text(
                "select c.oid, format('%I.%I', n.nspname, c.relname) from pg_class as c "
                "join pg_namespace as n on n.oid = c.relnamespace "
                "where c.oid = to_regclass(:reading)"
            ),
            {"reading": reading},
        )
    }
    if not found:
        raise no_table(connection, name)
    if len(found) > 1:
        raise ambiguous(name, list(found.values()))
    return int(next(iter(found)))


def find_history(connection: Connection, name: str) -> History:
    """The registry's entry that the name means, of a table that may be dropped by now.

    Raises:
        RowtrailError: there is none, or it could be either of two.
    """
    entries = connection.execute(
        text(
            """
            select
              t.id, format('%I.%I', n.schema_name, n.table_name) as name, t.key_columns,
              case
                when c.oid is null then 'dropped'
                when t.untracked_at is not null then 'untracked'
                else 'tracked'
              end as state
            from rowtrail.tables as t
            left join pg_class as c on c.oid = t.relid
            left join pg_namespace as s on s.oid = c.relnamespace
            cross join lateral (
              select coalesce(s.nspname, t.schema_name), coalesce(c.relname, t.table_name)
            ) as n (schema_name, table_name)
            where format('%I.%I', n.schema_name, n.table_name) = any (:readings)
              or format('%I', n.table_name) = any (:readings)
                and coalesce(pg_table_is_visible(c.oid), true)
            order by c.oid is null, t.id desc
            """
        ),
        {"readings": readings_of(connection, name)},
    )
    found: dict[str, History] = {}
    for entry in entries:
        found.setdefault(entry.name, History(*entry))
    if len(found) > 1:
        raise ambiguous(name, list(found))
    if found:
        return next(iter(found.values()))
    find_table(connection, name)
    raise RowtrailError(
        f"{name} has no history: it was never tracked; begin one: rowtrail track {quote(name)}"
    )


def readings_of(connection: Connection, name: str) -> list[str]:
    """The name as SQL reads it, and as it stands; each quoted as SQL needs it.

    Raises:
        RowtrailError: it is no text.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise RowtrailError(f"not the name of a table: {name!r}; it is not UTF-8") from None
    as_sql = text(
        "select string_agg(quote_ident(part), '.' order by place) "
        "from unnest(parse_ident(:name)) with ordinality as p (part, place) having count(*) <= 2"
    )
    readings = set()
    try:
        with connection.begin_nested():
            readings.add(connection.scalar(as_sql, {"name": name}))
    except DBAPIError:
        # Not a name in SQL. It may be one as it stands.
        pass
    splits = [[name], *([name[:at], name[at + 1 :]] for at, c in enumerate(name) if c == ".")]
    as_it_stands = text(
        "select string_agg(quote_ident(part), '.' order by place) "
        "from unnest(cast(:parts as text[])) with ordinality as p (part, place)"
    )
    readings |= {
        connection.scalar(as_it_stands, {"parts": parts}) for parts in splits if all(parts)
    }
    return sorted(readings - {None})


def no_table(connection: Connection, name: str) -> RowtrailError:
    """The error for a table that is not there; says where there is one of that name."""
    elsewhere = connection.scalars(
        text(
            "select format('%I.%I', n.nspname, c.relname) from pg_class as c "
            "join pg_namespace as n on n.oid = c.relnamespace "
            "where lower(c.relname) = lower(:name) and c.relkind in ('r', 'p') order by 1 limit 3"
        ),
        {"name": name},
    ).all()
    mend = (
        f"did you mean {' or '.join(elsewhere)}?"
        if elsewhere
        else "check its name and the database's"
    )
    return RowtrailError(
        f"there is no table {name} in the database {database_of(connection)}; {mend}"
    )


def ambiguous(name: str, found: list[str]) -> RowtrailError:
    """The error for a name that could be either of two tables."""
    return RowtrailError(
        f"{name} could be {' or '.join(sorted(found))}; write the one that you mean"
    )


def database_of(connection: Connection) -> str:
    """The name of the database."""
    return str(connection.scalar(text("select current_database()")))
