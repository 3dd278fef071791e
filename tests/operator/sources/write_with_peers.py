"""Lets another tool record a shop's changes by its own public interface.

Runs in the environment of bench/requirements.txt (.venv-bench), which has the tools:

    python tests/operator/sources/write_with_peers.py TOOL DSN

All do the same to the shop: two orders are made, one is changed twice in two transactions, one is
deleted, and two lines with a composite key are made, of which one is changed.
"""

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from bench.peers import sqlalchemy_engine, start_django

PLACED = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)


def shop_of(base: Any, **of_class: Any) -> tuple[Any, Any]:
    """The models of the shop."""
    import sqlalchemy as sa

    class Order(base):  # type: ignore[misc]
        __tablename__ = "orders"
        __versioned__: Any = of_class
        id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
        status = sa.Column(sa.Text)
        total = sa.Column(sa.Numeric(12, 2))
        placed_at = sa.Column(sa.DateTime(timezone=True))
        is_gift = sa.Column(sa.Boolean)
        details = sa.Column(sa.JSON)

    class Line(base):  # type: ignore[misc]
        __tablename__ = "lines"
        __versioned__: Any = of_class
        order_id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
        sku = sa.Column(sa.Text, primary_key=True)
        quantity = sa.Column(sa.Integer)

    return Order, Line


def write(session: Any, order: Any, line: Any) -> None:
    """What happens in the shop, by way of SQLAlchemy."""
    first = order(
        id=1, status="new", total=Decimal("10.50"), placed_at=PLACED, details={"b": 1, "a": [1.50]}
    )
    session.add_all([first, order(id=2, status="new", total=Decimal("7.00"))])
    session.add_all([line(order_id=1, sku="x", quantity=1), line(order_id=1, sku='y"', quantity=2)])
    session.commit()
    first.status = "paid"
    first.is_gift = True
    session.commit()
    first.total = Decimal("12.00")
    session.get(line, (1, "x")).quantity = 3
    session.commit()
    session.delete(session.get(order, 2))
    session.commit()


def postgresql_audit(dsn: str) -> None:
    from postgresql_audit import VersioningManager
    from sqlalchemy.orm import Session, configure_mappers, declarative_base

    base: Any = declarative_base()
    manager = VersioningManager()
    manager.init(base)
    order, line = shop_of(base)
    configure_mappers()
    manager.values = {"actor_id": "alice", "client_addr": "10.0.0.1"}
    engine = sqlalchemy_engine(dsn)
    base.metadata.create_all(engine, tables=[manager.transaction_cls.__table__])
    base.metadata.create_all(engine)
    with Session(engine) as session:
        write(session, order, line)


def sqlalchemy_continuum(dsn: str) -> None:
    from sqlalchemy.orm import Session, configure_mappers, declarative_base
    from sqlalchemy_continuum import make_versioned
    from sqlalchemy_continuum.plugins import PropertyModTrackerPlugin

    make_versioned(user_cls=None, plugins=[PropertyModTrackerPlugin()])
    base: Any = declarative_base()
    order, line = shop_of(base)
    configure_mappers()
    engine = sqlalchemy_engine(dsn)
    base.metadata.create_all(engine)
    with Session(engine) as session:
        write(session, order, line)


def django_pghistory(dsn: str) -> None:
    start_django(dsn)
    import pghistory
    import pgtrigger
    from django.core.management import call_command
    from django.db import connection, models

    call_command("migrate", verbosity=0)
    of_benchmark = type("Meta", (), {"app_label": "benchmark", "db_table": "orders"})
    order: Any = type(
        "Order",
        (models.Model,),
        {
            "__module__": "benchmark.models",
            "Meta": of_benchmark,
            "id": models.BigIntegerField(primary_key=True),
            "status": models.TextField(null=True),
            "total": models.DecimalField(max_digits=12, decimal_places=2, null=True),
            "placed_at": models.DateTimeField(null=True),
            "is_gift": models.BooleanField(null=True),
            "details": models.JSONField(null=True),
        },
    )
    with connection.schema_editor() as editor:
        editor.create_model(order)
    tracked = pghistory.track(
        pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent()
    )(order)
    with connection.schema_editor() as editor:
        editor.create_model(tracked.pgh_event_model)
    pgtrigger.install(database="default")
    from django.db import transaction

    with pghistory.context(user="alice", url="/orders"), transaction.atomic():
        first = order.objects.create(
            id=1, status="new", total=Decimal("10.50"), placed_at=PLACED,
            details={"b": 1, "a": [1.50]},
        )  # fmt: skip
        order.objects.create(id=2, status="new", total=Decimal("7.00"))
    first.status, first.is_gift = "paid", True
    first.save()
    with pghistory.context(user="bob"):
        first.total = Decimal("12.00")
        first.save()
    order.objects.get(id=2).delete()


TOOLS = {
    "postgresql-audit": postgresql_audit,
    "sqlalchemy-continuum": sqlalchemy_continuum,
    "django-pghistory": django_pghistory,
}

if __name__ == "__main__":
    TOOLS[sys.argv[1]](sys.argv[2])
