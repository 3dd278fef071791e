"""A project with Alembic migrations of its own, as `alembic init` makes one."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime import plugins
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Engine, MetaData

from rowtrail import alembic_plugin

if alembic_plugin.NAME not in plugins._all_plugins:
    # A checkout that was installed before the plugin was registered; test_wheel.py tests that it is.
    plugins.Plugin.setup_plugin_from_module(alembic_plugin, alembic_plugin.NAME)

#: As Alembic's own template has it, but that models and database come from the test.
ENVIRONMENT = """
from alembic import context

given = context.config.attributes

if context.is_offline_mode():
    context.configure(
        url=given["engine"].url, target_metadata=given["metadata"], literal_binds=True,
        dialect_opts={"paramstyle": "named"}, **given["options"],
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    with given["engine"].connect() as connection:
        context.configure(
            connection=connection, target_metadata=given["metadata"], **given["options"],
        )
        with context.begin_transaction():
            context.run_migrations()
"""

SCRIPT = '''"""${message}"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''


class Project:
    """Models, migrations and a database, and the commands that people type."""

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        metadata: MetaData | Sequence[MetaData],
        **options: Any,
    ) -> None:
        (folder / "versions").mkdir(parents=True, exist_ok=True)
        (folder / "env.py").write_text(ENVIRONMENT)
        (folder / "script.py.mako").write_text(SCRIPT)
        self.output = StringIO()
        self.config = Config(output_buffer=self.output, stdout=StringIO())
        self.config.set_main_option("script_location", str(folder))
        self.config.set_main_option("path_separator", "os")
        self.config.attributes.update(engine=engine, metadata=metadata, options=options)

    def becomes(self, metadata: MetaData | Sequence[MetaData], **options: Any) -> None:
        """The models are others from now on."""
        self.config.attributes["metadata"] = metadata
        self.config.attributes["options"] |= options

    def revision(self, message: str = "a change") -> tuple[list[str], list[str]]:
        """`alembic revision --autogenerate`: the statements of its upgrade and its downgrade."""
        script: Any = command.revision(self.config, message, autogenerate=True)
        upgrade, downgrade = Path(script.path).read_text().split("def upgrade", 1)[1].split(
            "def downgrade", 1
        )  # fmt: skip
        return _statements(upgrade), _statements(downgrade)

    def write(self, upgrade: str, downgrade: str = "pass") -> None:
        """A migration by hand."""
        script: Any = command.revision(self.config, "by hand")
        path = Path(script.path)
        up, down = path.read_text().rsplit("    pass", 1)[0].rsplit("    pass", 1)
        path.write_text(f"{up}    {upgrade}{down}    {downgrade}\n")

    def upgrade(self, revision: str = "head") -> None:
        """`alembic upgrade`"""
        command.upgrade(self.config, revision)

    def downgrade(self, revision: str = "-1") -> None:
        """`alembic downgrade`"""
        command.downgrade(self.config, revision)

    def sql(self, revision: str = "head") -> str:
        """`alembic upgrade --sql`"""
        self.output.truncate(0)
        self.output.seek(0)
        command.upgrade(self.config, revision, sql=True)
        return self.output.getvalue()

    def is_clean(self) -> bool:
        """`alembic check`"""
        try:
            command.check(self.config)
        except CommandError as error:
            assert "New upgrade operations detected" in str(error), error
            return False
        return True

    def finds_nothing(self) -> bool:
        """`alembic check` is content, and another revision is empty; it is thrown away."""
        script: Any = command.revision(self.config, "nothing", autogenerate=True)
        path = Path(script.path)
        upgrade = path.read_text().split("def upgrade", 1)[1].split("def downgrade", 1)[0]
        path.unlink()
        return self.is_clean() and _statements(upgrade) == ["pass"]

    def current(self) -> str | None:
        """The revision of the database."""
        with self.config.attributes["engine"].connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()


def _statements(body: str) -> list[str]:
    """The lines of a function, but for comments; a statement of several lines is several."""
    lines = [line.strip() for line in body.splitlines()[1:]]
    return [line for line in lines if line and not line.startswith("#")]
