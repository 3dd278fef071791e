"""What Alembic loads by itself where rowtrail is installed: `op.track_table()`, autogenerate.

The name under which pyproject.toml registers it is what Alembic's own comparisons have too, so that
autogenerate sees `Versioned` models without a line in env.py. In env.py it can be switched off:
`autogenerate_plugins=["alembic.autogenerate.*", "~alembic.autogenerate.rowtrail"]`.

Alembic loads this module while it is itself being imported, by whoever imports it first. So nothing
of it is imported here but in functions.
"""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from alembic.runtime.plugins import Plugin
    from alembic.util import PriorityDispatchResult

NAME = "alembic.autogenerate.rowtrail"


def setup(plugin: "Plugin") -> None:
    """Registers the operations and the comparisons, as Alembic asks for."""
    from alembic.util import DispatchPriority

    import rowtrail.operations  # noqa: F401 (registers them)

    plugin.add_autogenerate_comparator(
        hide_rowtrail, "schema", qualifier="postgresql", priority=DispatchPriority.FIRST
    )
    # When it is known which tables are created and dropped.
    plugin.add_autogenerate_comparator(compare, "autogenerate", priority=DispatchPriority.LAST)


def hide_rowtrail(
    context: "AutogenContext", upgrade: "UpgradeOps", schemas: set[str | None]
) -> "PriorityDispatchResult":
    """Keeps the schema `rowtrail` out of what autogenerate compares, and would drop."""
    from alembic.util import PriorityDispatchResult

    schemas.discard("rowtrail")
    return PriorityDispatchResult.CONTINUE


def compare(context: "AutogenContext", upgrade: "UpgradeOps") -> "PriorityDispatchResult":
    """Adds to a revision what the models say of history, and the database does not do yet."""
    from alembic.util import PriorityDispatchResult

    from rowtrail.writer import autogenerate

    autogenerate.compare(context, upgrade)
    return PriorityDispatchResult.CONTINUE


class _Plugin(ModuleType):
    """Up to 1.19 Alembic iterates over what is registered, from 1.20 on it wants a module."""

    def __iter__(self) -> Iterator[ModuleType]:
        yield self


sys.modules[__name__].__class__ = _Plugin
