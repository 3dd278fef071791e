"""What a project's models want of history, beside what the database does: `status --models`."""

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, Table

from rowtrail.errors import RowtrailError
from rowtrail.operations import call_of
from rowtrail.writer.intent import Tracking, options_between, tracking_of
from rowtrail.writer.registry import Name, Relation, relations_of

#: How the tables are made that models describe.
BY_MIGRATIONS = "alembic upgrade head"


def find_metadatas(place: str) -> list[MetaData]:
    """The metadata of the models at a place.

    Args:
        place: `MODULE`, of which every metadata, declarative base and SQLAlchemy extension counts,
            or `MODULE:NAME` for one of them. It is looked for in the current folder first.

    Raises:
        RowtrailError: the module cannot be imported, or has no models.
    """
    module_name, _, attribute = place.partition(":")
    here = os.getcwd()  # noqa: PTH109 (sys.path has texts)
    sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise RowtrailError(
            f"cannot import the models of {place!r}: {type(error).__name__}: {error}; "
            "name the module that imports them all, as shop.models, in the project's own folder"
        ) from error
    finally:
        # The module may have put other places before it.
        if here in sys.path:
            sys.path.remove(here)
    if attribute and not hasattr(module, attribute):
        raise RowtrailError(
            f"the module {module_name} has no {attribute!r}; "
            "name its metadata, its declarative base, or its SQLAlchemy()"
        )
    named = [getattr(module, attribute)] if attribute else list(vars(module).values())
    found = {id(one): one for one in map(_metadata_of, named) if one is not None and one.tables}
    if not found:
        raise RowtrailError(
            f"there is no model in {place!r}; name the module that imports them all, "
            "or its metadata, its declarative base or its SQLAlchemy(), as shop.models:Base"
        )
    return list(found.values())


def _metadata_of(named: object) -> MetaData | None:
    """Of a metadata, a base or a model, Flask-SQLAlchemy's extension, or a Flask application."""
    # An application has its extension; a proxy of one outside its context has nothing, and raises
    # what it likes.
    try:
        extensions = getattr(named, "extensions", None)
        metadata = getattr(named, "metadata", None)
    except Exception:
        return None
    if isinstance(extensions, dict) and "sqlalchemy" in extensions:
        metadata = getattr(extensions["sqlalchemy"], "metadata", None)
    for one in (named, metadata):
        if isinstance(one, MetaData):
            return one
    return None


def unmet(connection: Connection, metadatas: Iterable[MetaData]) -> Iterator[dict[str, Any]]:
    """Each table whose models want something else of its history than the database does.

    Args:
        connection: to the database, whose schema `rowtrail` is of this revision.
        metadatas: of the models.

    Yields:
        A dict per table: `table`; `state` (`no such table`, `not tracked`, `other options`,
        `tracked, but not Versioned`, `cannot be tracked`); `mend` (the statement or command that
        mends it, or the model's own mend).

    Raises:
        RowtrailError: what a model says cannot be meant.
    """
    own_schema = connection.dialect.default_schema_name
    tables = {
        Name(None if table.schema in (None, own_schema) else table.schema, table.name): table
        for metadata in metadatas
        # Not in the order of their foreign keys, which may refer to what is not here, or go round.
        for table in metadata.tables.values()
        if table.schema != "rowtrail"
    }
    places = {name: table.schema for name, table in tables.items()}
    there = relations_of(connection, places, is_readable=True)
    for name, table in tables.items():
        found = _compared(table, tracking_of(table), there.get(name))
        if found is not None:
            state, mend = found
            yield {"table": str(name), "state": state, "mend": mend}


def _compared(
    table: Table, wanted: Tracking | None, relation: Relation | None
) -> tuple[str, str] | None:
    if relation is None:
        return None if wanted is None else ("no such table", BY_MIGRATIONS)
    if wanted is None:
        if relation.tracking is None or not relation.is_marked:
            # What somebody tracked by hand is nothing that a model has to know of.
            return None
        return "tracked, but not Versioned", _sql("untrack", table, {})
    if relation.problem is not None:
        return "cannot be tracked", relation.problem
    usual = Tracking(relation.primary_key)
    options, before = options_between(wanted, relation.tracking or usual, relation.primary_key)
    if relation.tracking is None:
        return "not tracked", _sql("track", table, options)
    return None if options == before else ("other options", _sql("track", table, options))


def _sql(function: str, table: Table, options: dict[str, Any]) -> str:
    return call_of(function, table.schema, table.name, options) + ";"
