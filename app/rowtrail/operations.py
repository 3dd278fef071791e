"""Operations for a project's own Alembic migrations: `op.track_table()`, `op.untrack_table()`.

Alembic knows them wherever rowtrail is installed. Autogenerate writes them for `Versioned` models
(writer/autogenerate.py). They call `rowtrail.track()` and `rowtrail.untrack()`, as the table's
owner, in the migration's transaction; in offline mode they are that SQL.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from alembic.autogenerate.render import render_op, renderers
from alembic.operations import MigrateOperation, Operations
from alembic.operations.ops import OpContainer, RenameTableOp
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rowtrail.errors import RowtrailError, explain

if TYPE_CHECKING:
    # Alembic is in the midst of importing it when it loads the plugin.
    from alembic.runtime.migration import MigrationContext

#: What the capture trigger's comment says of a table that a migration tracks. Autogenerate ends
#: the tracking of such tables only, never of one that somebody tracked by hand.
MARK = "Tracked by a migration, with op.track_table()"

NOT_INSTALLED = "rowtrail is not installed in this database; run: rowtrail upgrade"

#: Under Alembic's name, so that its messages stand among Alembic's.
log = logging.getLogger("alembic.rowtrail")

#: The offline scripts that begin with the question whether rowtrail is installed.
_asked: "WeakSet[MigrationContext]" = WeakSet()


@Operations.register_operation("track_table")
class TrackTableOp(MigrateOperation):
    """Begins the history of a table, or changes its options."""

    def __init__(
        self,
        table_name: str,
        options: Mapping[str, Any],
        *,
        schema: str | None = None,
        reverse: MigrateOperation | None = None,
    ) -> None:
        self.table_name = str(table_name)
        self.schema = None if schema is None else str(schema)
        self.options = dict(options)
        self._reverse = reverse

    @classmethod
    def track_table(
        cls,
        operations: Operations,
        table_name: str,
        *,
        key_columns: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        hash: Sequence[str] | None = None,  # noqa: A002 (as rowtrail.track() has it)
        ignore: Sequence[str] | None = None,
        keep: Sequence[str] | None = None,
        actor: str | None = None,
        truncate_rows: bool | None = None,
        erasable: bool | None = None,
        baseline: bool | None = None,
        schema: str | None = None,
    ) -> None:
        """Begins the history of a table, or changes its options: `rowtrail.track()`.

        What is not given stays as it is; a list replaces the one of its name, [] empties it.

        Example:
            >>> op.track_table("users", exclude=["password"], actor="require")

        Args:
            table_name: the table; the role that runs the migration has the rights of its owner.
            key_columns: the columns of a unique key, where it is not to be the primary key.
            exclude: columns of which nothing is stored.
            hash: columns of which only a salted hash is stored.
            ignore: columns that make no version when only they changed.
            keep: columns named like secrets that are stored all the same.
            actor: what a change meets that names no actor: allow, warn or require.
            truncate_rows: record each row of a TRUNCATE.
            erasable: values can be erased later, and the seals still verify.
            baseline: record the rows that are there now, while writers wait.
            schema: the schema of the table.
        """
        given = {
            "key_columns": key_columns,
            "exclude": exclude,
            "hash": hash,
            "ignore": ignore,
            "keep": keep,
            "actor": actor,
            "truncate_rows": truncate_rows,
            "erasable": erasable,
            "baseline": baseline,
        }
        options = {name: value for name, value in given.items() if value is not None}
        operations.invoke(cls(table_name, options, schema=schema))

    def reverse(self) -> MigrateOperation:
        """Untracks it, or gives it the options back that it had."""
        return self._reverse or UntrackTableOp(self.table_name, schema=self.schema, reverse=self)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """The difference, as `alembic check` prints it."""
        return ("track_table", self.schema, self.table_name, self.options)


@Operations.register_operation("untrack_table")
class UntrackTableOp(MigrateOperation):
    """Ends the recording of a table; its history stays."""

    def __init__(
        self,
        table_name: str,
        *,
        reason: str | None = None,
        schema: str | None = None,
        reverse: MigrateOperation | None = None,
    ) -> None:
        self.table_name = str(table_name)
        self.schema = None if schema is None else str(schema)
        self.reason = reason
        self._reverse = reverse

    @classmethod
    def untrack_table(
        cls,
        operations: Operations,
        table_name: str,
        *,
        reason: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Ends the recording of a table: `rowtrail.untrack()`. Its history stays.

        Example:
            >>> op.untrack_table("users", reason="archived")

        Args:
            table_name: the table; the role that runs the migration has the rights of its owner.
            reason: kept on the table's time line.
            schema: the schema of the table.
        """
        operations.invoke(cls(table_name, reason=reason, schema=schema))

    def reverse(self) -> MigrateOperation:
        """Tracks it again, as it was tracked."""
        return self._reverse or TrackTableOp(self.table_name, {}, schema=self.schema, reverse=self)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """The difference, as `alembic check` prints it."""
        return ("untrack_table", self.schema, self.table_name)


class OneWayOps(OpContainer):
    """Operations of the upgrade alone, or of the downgrade alone.

    Other options are set at the end of both ways, when the columns that they name are there.
    """

    def __init__(
        self, ops: Sequence[MigrateOperation] = (), back: Sequence[MigrateOperation] = ()
    ) -> None:
        super().__init__(ops)
        self.back = list(back)

    def reverse(self) -> "OneWayOps":
        """The same, seen from the other way."""
        return OneWayOps(self.back, self.ops)


class TableRenamedOp(RenameTableOp):
    """A new name of a table, which autogenerate knows by the hint of the model."""

    def reverse(self) -> "TableRenamedOp":
        """The former name again."""
        return TableRenamedOp(self.new_table_name, self.table_name, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """The difference, as `alembic check` prints it."""
        return ("rename_table", self.schema, self.table_name, self.new_table_name)


@Operations.implementation_for(TrackTableOp)
def _track(operations: Operations, operation: TrackTableOp) -> None:
    _require_postgresql(operations, "track_table")
    _require_installed(operations)
    _call(operations, "track", operation, operation.options)
    name = ".".join(
        _identifier(part) for part in (operation.schema, operation.table_name) if part is not None
    )
    operations.execute(
        _statement(f'comment on trigger "!rowtrail_capture" on {name} is {_literal(MARK)}')
    )


@Operations.implementation_for(UntrackTableOp)
def _untrack(operations: Operations, operation: UntrackTableOp) -> None:
    _require_postgresql(operations, "untrack_table")
    if not operations.migration_context.as_sql:
        there = operations.get_bind().scalar(text("select to_regnamespace('rowtrail') is not null"))
        if not there:
            # So that a project can go back to its beginning after rowtrail was taken out.
            log.warning("%s is not untracked: rowtrail is not installed here", operation.table_name)
            return
    _require_installed(operations)
    given = {} if operation.reason is None else {"reason": operation.reason}
    _call(operations, "untrack", operation, given)


def _require_postgresql(operations: Operations, name: str) -> None:
    dialect = operations.migration_context.dialect.name
    if dialect != "postgresql":
        raise CommandError(
            f"op.{name}() is for PostgreSQL, and this database is of {dialect}; in a migration for "
            'several, write: if op.get_context().dialect.name == "postgresql": …'
        )


def _require_installed(operations: Operations) -> None:
    context = operations.migration_context
    if not context.as_sql:
        from rowtrail.db import require_current

        try:
            require_current(operations.get_bind())
        except RowtrailError as error:
            raise CommandError(str(error)) from error
    elif context not in _asked:
        _asked.add(context)
        operations.execute(
            _statement(
                "do $$ begin if to_regnamespace('rowtrail') is null then "
                f"raise exception {_literal(NOT_INSTALLED)}; end if; end $$"
            )
        )


def _call(
    operations: Operations,
    function: str,
    operation: TrackTableOp | UntrackTableOp,
    options: Mapping[str, Any],
) -> None:
    """Calls rowtrail.track() or rowtrail.untrack(), and logs what it says."""
    statement = _statement(call_of(function, operation.schema, operation.table_name, options))
    if operations.migration_context.as_sql:
        operations.execute(statement)
        return
    try:
        log.info("%s", operations.get_bind().scalar(statement))
    except DBAPIError as error:
        raise CommandError(explain(error)) from error


def call_of(function: str, schema: str | None, table: str, options: Mapping[str, Any]) -> str:
    """The SQL that calls a function of rowtrail's for a table, whatever the names are."""
    name = ".".join(_quoted(part) for part in (schema, table) if part is not None)
    arguments = [_literal(name), *(f"{key} => {_literal(options[key])}" for key in options)]
    return f"select rowtrail.{function}({', '.join(arguments)})"


def _statement(sql: str) -> Any:
    """The SQL as it is: a colon in a name is no parameter."""
    return text(sql.replace(":", "\\:"))


def _quoted(name: str) -> str:
    """An identifier, quoted where it has to be in the text of a regclass."""
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else _identifier(name)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    """A literal of SQL that no client, driver or setting reads otherwise."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        # The order of a set is none; a list's is the caller's.
        items = sorted(value) if isinstance(value, set | frozenset) else value
        elements = [_literal(item) for item in items]  # type: ignore[attr-defined]
        return f"array[{', '.join(elements)}]" if elements else "'{}'"
    if re.fullmatch(r"[^\\'\x00-\x1f]*", value):
        return f"'{value}'"
    # Alembic would write a tab otherwise, and a setting of the session says what a backslash is.
    escaped = re.sub(r"[\\'\x00-\x1f]", lambda found: f"\\u{ord(found[0]):04x}", value)
    return f"E'{escaped}'"


@renderers.dispatch_for(TrackTableOp)
def _render_track(context: Any, operation: TrackTableOp) -> str:
    return _call_of(context, "track_table", operation, operation.options)


@renderers.dispatch_for(UntrackTableOp)
def _render_untrack(context: Any, operation: UntrackTableOp) -> str:
    reason = {} if operation.reason is None else {"reason": operation.reason}
    return _call_of(context, "untrack_table", operation, reason)


@renderers.dispatch_for(TableRenamedOp)
def _render_renamed(context: Any, operation: TableRenamedOp) -> str:
    schema = "" if operation.schema is None else f", schema={str(operation.schema)!r}"
    names = f"{str(operation.table_name)!r}, {str(operation.new_table_name)!r}"
    return f"{context.opts['alembic_module_prefix']}rename_table({names}{schema})"


@renderers.dispatch_for(OneWayOps)
def _render_one_way(context: Any, operation: OneWayOps) -> list[str]:
    return [line for part in operation.ops for line in render_op(context, part)]


def _call_of(
    context: Any,
    name: str,
    operation: TrackTableOp | UntrackTableOp,
    options: Mapping[str, Any],
) -> str:
    options = {**options, **({} if operation.schema is None else {"schema": operation.schema})}
    arguments = [repr(operation.table_name), *(f"{key}={options[key]!r}" for key in options)]
    return f"{context.opts['alembic_module_prefix']}{name}({', '.join(arguments)})"
