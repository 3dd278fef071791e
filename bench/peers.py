"""Puts tables under another tool's tracking, by that tool's own public interface.

Runs in the environment of bench/requirements.txt, which has the tools (.venv-bench), and not in
rowtrail's own:

    python bench/peers.py TOOL LEVEL DSN TABLE...
"""

import sys
from typing import Any


def sqlalchemy_engine(dsn: str) -> Any:
    """An engine for a libpq connection string."""
    import psycopg2
    import sqlalchemy

    return sqlalchemy.create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(dsn))


def postgresql_audit(dsn: str, tables: list[str], level: str) -> None:
    """postgresql-audit: its manager makes the activity table, its audit_table() the triggers."""
    import sqlalchemy
    from postgresql_audit import VersioningManager
    from sqlalchemy.orm import configure_mappers, declarative_base

    base = declarative_base()
    manager = VersioningManager(use_statement_level_triggers=level == "statement")
    manager.init(base)
    # Adds the actor to its table of transactions.
    configure_mappers()
    engine = sqlalchemy_engine(dsn)
    with engine.begin() as connection:
        base.metadata.create_all(connection)
        for table in tables:
            reflected = sqlalchemy.Table(table, sqlalchemy.MetaData(), autoload_with=connection)
            connection.execute(manager.build_audit_table_query(reflected))


def sqlalchemy_continuum(dsn: str, tables: list[str], _level: str) -> None:
    """SQLAlchemy-Continuum with native_versioning: triggers, made together with the table."""
    import sqlalchemy
    from sqlalchemy.orm import configure_mappers, declarative_base
    from sqlalchemy_continuum import make_versioned

    make_versioned(user_cls=None, options={"native_versioning": True})
    engine = sqlalchemy_engine(dsn)
    base: Any = declarative_base()
    with engine.begin() as connection:
        for table in tables:
            reflected = sqlalchemy.Table(table, base.metadata, autoload_with=connection)
            type(model_name(table), (base,), {"__versioned__": {}, "__table__": reflected})
            reflected.drop(connection)
        configure_mappers()
        base.metadata.create_all(connection)


def django_pghistory(dsn: str, tables: list[str], level: str) -> None:
    """django-pghistory: events for INSERT, UPDATE and DELETE of a model of the table."""
    start_django(dsn)

    import pghistory
    import pgtrigger
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    chosen = pgtrigger.Statement if level == "statement" else pgtrigger.Row
    for table in tables:
        tracked = pghistory.track(
            pghistory.InsertEvent(level=chosen),
            pghistory.UpdateEvent(level=chosen),
            pghistory.DeleteEvent(level=chosen),
        )(django_model(table))
        with connection.schema_editor() as editor:
            editor.create_model(tracked.pgh_event_model)
    pgtrigger.install(database="default")


def start_django(dsn: str) -> None:
    """Starts Django with django-pghistory, and an application for models of the benchmark."""
    import types

    import django
    import psycopg2.extensions
    from django.apps import AppConfig
    from django.conf import settings

    parts = psycopg2.extensions.parse_dsn(dsn)
    application = types.ModuleType("benchmark")
    application.__file__ = __file__
    sys.modules["benchmark"] = application
    sys.modules["benchmark.models"] = types.ModuleType("benchmark.models")
    sys.modules["benchmark.apps"] = apps = types.ModuleType("benchmark.apps")
    apps.Benchmark = type(  # type: ignore[attr-defined]
        "Benchmark", (AppConfig,), {"name": "benchmark", "path": "."}
    )
    settings.configure(
        INSTALLED_APPS=["pgtrigger", "pghistory", "benchmark.apps.Benchmark"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "HOST": parts["host"],
                "PORT": parts.get("port", ""),
                "USER": parts["user"],
            }
        },
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


def django_model(table: str) -> Any:
    """A Django model of the table as it is."""
    from django.db import connection, models

    fields = {
        "bigint": lambda: models.BigIntegerField(null=True),
        "integer": lambda: models.IntegerField(null=True),
        "text": lambda: models.TextField(null=True),
        "numeric": lambda: models.DecimalField(max_digits=12, decimal_places=2, null=True),
        "character": lambda: models.CharField(max_length=3, null=True),
        "boolean": lambda: models.BooleanField(null=True),
        "timestamp with time zone": lambda: models.DateTimeField(null=True),
        "uuid": lambda: models.UUIDField(null=True),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_name = %s order by ordinal_position",
            [table],
        )
        columns = {name: fields[kind]() for name, kind in cursor.fetchall()}
    columns["id"] = models.BigIntegerField(primary_key=True)
    meta = type("Meta", (), {"app_label": "benchmark", "db_table": table})
    return type(
        model_name(table),
        (models.Model,),
        {"__module__": "benchmark.models", "Meta": meta, **columns},
    )


def model_name(table: str) -> str:
    """The name of the class: Item for items."""
    return table.removesuffix("s").capitalize()


TOOLS = {
    "postgresql-audit": postgresql_audit,
    "sqlalchemy-continuum": sqlalchemy_continuum,
    "django-pghistory": django_pghistory,
}

if __name__ == "__main__":
    tool, chosen_level, to, *of_tables = sys.argv[1:]
    TOOLS[tool](to, of_tables, chosen_level)
