"""Imports what another tool had recorded: begins, goes on in batches, and reconciles.

sources.py and tools.py know what there is; sql/imports.sql makes the versions, and says what tells
them.
"""

import json
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, text

from rowtrail.commands.names import find_history, find_table
from rowtrail.db import ALONE
from rowtrail.errors import RowtrailError
from rowtrail.importing.sources import Asked, Found, Target
from rowtrail.importing.tools import TOOLS
from rowtrail.proof.verify import pin_names

MAY_IMPORT = "select session_user, pg_has_role('rowtrail_owner', 'usage')"

TARGETS = """
select t.id, coalesce(n.nspname, t.schema_name)::text as schema,
  coalesce(c.relname, t.table_name)::text as name, rowtrail.names_of(t.relid, t.key_attnums) as key
from rowtrail.tables as t
left join pg_class as c on c.oid = t.relid
left join pg_namespace as n on n.oid = c.relnamespace
where c.oid is not null
order by t.id
"""

UNFINISHED = """
select i.id, i.source, i.place, i.rows, i.rows_read
from rowtrail.imports as i
where i.finished_at is null
"""

IMPORTED = """
select t.table_id, max(i.finished_at) as finished_at
from rowtrail.imports as i
join rowtrail.import_tables as t on t.import_id = i.id
where i.source = :source and i.place = :place and i.finished_at is not null
group by t.table_id
"""

BEGIN = """
select rowtrail.begin_import(
  :source, :place, :is_state, cast(:tables as jsonb), cast(:queries as text[]))
"""

TABLES = """
select
  t.table_id, format('%I.%I', coalesce(n.nspname, r.schema_name), coalesce(c.relname, r.table_name))
    as name,
  t.source_table, t.rows_read, t.versions, t.left_out, t.first_changed_at, t.last_changed_at
from rowtrail.import_tables as t
join rowtrail.tables as r on r.id = t.table_id
left join pg_class as c on c.oid = r.relid
left join pg_namespace as n on n.oid = c.relnamespace
where t.import_id = :number
order by 2
"""

COUNTED = """
select c.table_id, c.rows from rowtrail.count_import(:number) as c
"""


class Progress(NamedTuple):
    """How far an import has come: rows of the source that were read, and that there are."""

    rows_read: int
    rows: int


def require_right(connection: Connection, source: str) -> None:
    """Refuses who could not write versions anyway, in one line."""
    login, may = connection.execute(text(MAY_IMPORT)).one()
    if not may:
        raise RowtrailError(
            f"{login} may not import: who can write history has to be trusted with it; run it as a "
            f"superuser, or let one run: grant rowtrail_owner to {quote(login)};"
        )


def unfinished_of(connection: Connection, source: str) -> int | None:
    """The import that is to be gone on with.

    Raises:
        RowtrailError: another one is under way.
    """
    found = connection.execute(text(UNFINISHED)).first()
    if found is not None and found.source != source:
        raise RowtrailError(
            f"the import from {found.source} is not finished; go on with it: rowtrail import "
            f"--from {found.source}; or remove it: rowtrail import --from {found.source} --discard"
        )
    return None if found is None else int(found.id)


def found_in(
    connection: Connection,
    source: str,
    schema: str | None,
    tables: tuple[str, ...],
    maps: tuple[str, ...],
) -> tuple[Found, Mapping[str, Any]]:
    """What is still to be imported, and what was, with the time."""
    every = [
        Target(row.id, row.schema, row.name, tuple(row.key))
        for row in connection.execute(text(TARGETS))
    ]
    wanted = every
    if tables:
        ids = {find_history(connection, name).table_id for name in tables}
        wanted = [one for one in every if one.table_id in ids]
    mapped = dict(pair_of(connection, one) for one in maps)
    connection.rollback()
    pin_names(connection)
    connection.execute(text(ALONE))
    asked = Asked(connection, schema, wanted, mapped)
    found = TOOLS[source](asked)
    if tables and (lacking := set(wanted) - {part.target for part in found.parts}):
        one = min(lacking)
        raise RowtrailError(
            f"{source} has no history of {one.schema}.{one.name}"
            + (f"; it has of {', '.join(found.not_tracked)}" if found.not_tracked else "")
            + "; where it keeps it under another name: --map SOURCE=TABLE"
        )
    if not found.parts:
        raise RowtrailError(nothing_tracked(source, found))
    done = {
        row.table_id: row.finished_at
        for row in connection.execute(text(IMPORTED), {"source": source, "place": found.place})
    }
    known = {part.target: done[part.target.table_id] for part in found.parts
             if part.target.table_id in done}  # fmt: skip
    if known:
        rest = [part.target for part in found.parts if part.target not in known]
        found = TOOLS[source](asked._replace(targets=rest))
    # The import goes on in connections of its own: no lock is kept meanwhile.
    connection.rollback()
    names = {f"{one.schema}.{one.name}": finished for one, finished in known.items()}
    return found, names


def nothing_tracked(source: str, found: Found) -> str:
    """That the source has nothing of a table that is tracked, in one line."""
    if not found.not_tracked:
        return f"{source} has recorded nothing in {found.place}: there is nothing to import"
    first = found.not_tracked[0]
    if found.is_state:
        return (
            f"whose rows are in {', '.join(found.not_tracked)}? No tracked table is named so; "
            f"track it, or say which it is: --map {quote(first)}=TABLE"
        )
    return (
        f"no table of which {source} has a history is tracked: {', '.join(found.not_tracked)}; "
        f"track it: rowtrail track {quote(first)}; or say whose rows they are: "
        f"--map {quote(first)}=TABLE"
    )


def pair_of(connection: Connection, given: str) -> tuple[str, int]:
    """The table of the source, and the number of the tracked one, that `--map` names."""
    source, _, table = given.rpartition("=")
    if not source or not table:
        raise RowtrailError(f"{given!r} is not SOURCE=TABLE; such as --map shop_orderevent=orders")
    target = find_history(connection, table).table_id
    try:
        full = connection.scalar(
            text(
                "select format('%I.%I', n.nspname, c.relname) from pg_class as c "
                "join pg_namespace as n on n.oid = c.relnamespace where c.oid = :oid"
            ),
            {"oid": find_table(connection, source)},
        )
    except RowtrailError:
        # The tool may name a table that is not there any more.
        full = source if "." in source else f"public.{source}"
    return str(full), target


def begun(engine: Engine, source: str, found: Found) -> int:
    """Begins the import, and gives its number."""
    with engine.begin() as connection:
        connection.execute(text(ALONE))
        connection.execute(text("select rowtrail.make_partition_before()"))
    with engine.begin() as connection:
        return begin(connection, source, found)


def begin(connection: Connection, source: str, found: Found) -> int:
    """Begins the import in this transaction."""
    connection.execute(text(ALONE))
    given = {
        "source": source,
        "place": found.place,
        "is_state": found.is_state,
        "tables": tables_of(found),
        "queries": found.queries,
    }
    return int(connection.scalar(text(BEGIN), given) or 0)


def tables_of(found: Found) -> str:
    """The parts, as rowtrail.begin_import() takes them."""
    return json.dumps(
        [
            {"table_id": part.target.table_id, "source_table": part.source_table}
            for part in found.parts
        ]
    )


def planned(engine: Engine, source: str, found: Found) -> dict[str, Any]:
    """What an import would read; nothing is left of it."""
    with engine.connect() as connection:
        number = begin(connection, source, found)
        said = described(connection, number)
        rows = {
            row.table_id: row.rows for row in connection.execute(text(COUNTED), {"number": number})
        }
        for table in said["tables"]:
            table["to_read"] = rows.get(table["table_id"], 0)
        connection.rollback()
    return said


def record(engine: Engine, number: int, batch: int) -> Iterator[Progress]:
    """Reads the source in batches, and says after each how far it has come.

    Args:
        engine: connects as somebody who may write versions.
        number: of the import.
        batch: rows a transaction.
    """
    size = text("select i.rows from rowtrail.imports as i where i.id = :number")
    one = text("select b.rows_read, b.is_done from rowtrail.import_batch(:number, :batch) as b")
    with engine.connect() as connection:
        rows = connection.scalar(size, {"number": number}) or 0
        connection.rollback()
        is_done = False
        while not is_done:
            with connection.begin():
                connection.execute(text(ALONE))
                step = connection.execute(one, {"number": number, "batch": batch}).one()
            is_done = step.is_done
            yield Progress(step.rows_read, rows)


def finish(engine: Engine, number: int) -> None:
    """Reconciles the import with its source, and closes it.

    Raises:
        RowtrailError: they do not agree; nothing of the import is left.
    """
    with engine.begin() as connection:
        connection.execute(text(ALONE))
        call = text("select rowtrail.finish_import(:number)")
        problem = connection.scalar(call, {"number": number})
    if problem is not None:
        raise RowtrailError(
            f"the import does not add up, and nothing of it is left: {problem}; "
            "run it again once transactions from before tracking began have ended"
        )


def described(connection: Connection, number: int) -> dict[str, Any]:
    """An import by what it has made."""
    found = connection.execute(
        text(
            "select i.source, i.place, i.begun_at, i.finished_at, encode(i.hash, 'hex') as hash "
            "from rowtrail.imports as i where i.id = :number"
        ),
        {"number": number},
    ).one()
    tables = connection.execute(text(TABLES), {"number": number})
    return {**found._asdict(), "tables": [row._asdict() for row in tables]}


def remove(connection: Connection, source: str, number: int | None) -> None:
    """Removes an import that is not finished."""
    if number is None:
        raise RowtrailError(f"no import from {source} is unfinished; one that is finished stays")
    connection.rollback()
    with connection.begin():
        connection.execute(text(ALONE))
        connection.execute(text("select rowtrail.discard_import(:number)"), {"number": number})
