"""A program that writes by an ORM, with and without naming an actor, in one of several ways.

    python bench/writers.py CONTENDER DSN

reads lines `WORKLOAD NAMED TRANSACTIONS` and answers each with the seconds that it took. The
contenders of other tools run in the environment of bench/requirements.txt.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROWS = 1000

#: So that no run writes what another one left.
PROCESS = os.getpid()

#: Runs one transaction: the workload, whether an actor is named, and a number that counts on.
Transaction = Callable[[str, bool, int], None]


def sqlalchemy_model(dsn: str, driver: str) -> tuple[Any, Any, Any]:
    """An engine, a base and a model."""
    import importlib

    import sqlalchemy
    from sqlalchemy.orm import declarative_base

    module = importlib.import_module(driver)
    engine = sqlalchemy.create_engine(
        f"postgresql+{driver}://", creator=lambda: module.connect(dsn), pool_size=1, max_overflow=0
    )
    base: Any = declarative_base()
    columns = {
        "id": sqlalchemy.Column(sqlalchemy.BigInteger, primary_key=True),
        "status": sqlalchemy.Column(sqlalchemy.Text),
    }
    model = type("Item", (base,), {"__tablename__": "items", **columns})
    return engine, base, model


def by_session(engine: Any, model: Any, named: Callable[[Any], Any]) -> Transaction:
    """Transactions of a Session; `named` gives what names an actor in one."""
    from sqlalchemy.orm import Session

    def run(workload: str, is_named: bool, number: int) -> None:
        with contextlib.ExitStack() as stack:
            session = stack.enter_context(Session(engine))
            if is_named:
                stack.enter_context(named(session))
            for place in range(10 if workload == "ten" else 1):
                item = session.get_one(model, (number * 10 + place) % ROWS + 1)
                if workload != "read":
                    item.status = f"{PROCESS} {number}"
                    session.flush()
            session.commit()

    return run


def rowtrail_actor(dsn: str, driver: str = "psycopg2") -> Transaction:
    """`with actor(…)`."""
    from rowtrail.orm import actor

    engine, _, model = sqlalchemy_model(dsn, driver)
    return by_session(engine, model, lambda _: actor("alice", reason="ticket 4711"))


def rowtrail_psycopg3(dsn: str) -> Transaction:
    """`with actor(…)`, by psycopg 3."""
    return rowtrail_actor(dsn, "psycopg")


def rowtrail_set_actor(dsn: str) -> Transaction:
    """set_actor(), at the beginning of the transaction."""
    from rowtrail.orm import set_actor

    @contextlib.contextmanager
    def named(session: Any) -> Iterator[None]:
        set_actor(session, "alice", reason="ticket 4711")
        yield

    engine, _, model = sqlalchemy_model(dsn, "psycopg2")
    return by_session(engine, model, named)


def postgresql_audit(dsn: str) -> Transaction:
    """postgresql-audit: a row for each transaction, written before its first flush."""
    from postgresql_audit import VersioningManager
    from sqlalchemy.orm import configure_mappers

    engine, base, model = sqlalchemy_model(dsn, "psycopg2")
    model.__versioned__ = {}
    manager = VersioningManager()
    manager.init(base)
    configure_mappers()

    @contextlib.contextmanager
    def named(_: Any) -> Iterator[None]:
        manager.values = {"actor_id": "alice"}
        yield
        manager.values = {}

    return by_session(engine, model, named)


def django_pghistory(dsn: str) -> Transaction:
    """django-pghistory: pghistory.context(), before each statement that writes."""
    sys.path.insert(0, str(Path(__file__).parent))
    from peers import start_django  # type: ignore[import-not-found]

    start_django(dsn)
    import pghistory
    from django.db import models, transaction

    meta = type("Meta", (), {"app_label": "benchmark", "db_table": "items"})
    fields = {
        "id": models.BigIntegerField(primary_key=True),
        "status": models.TextField(null=True),
    }
    model: Any = type(
        "Item", (models.Model,), {"__module__": "benchmark.models", "Meta": meta, **fields}
    )

    def run(workload: str, is_named: bool, number: int) -> None:
        naming = pghistory.context(user="alice", reason="ticket 4711")
        with naming if is_named else contextlib.nullcontext(), transaction.atomic():
            for place in range(10 if workload == "ten" else 1):
                item = model.objects.get(pk=(number * 10 + place) % ROWS + 1)
                if workload != "read":
                    item.status = f"{PROCESS} {number}"
                    item.save()

    return run


WRITERS: dict[str, Callable[[str], Transaction]] = {
    "rowtrail-psycopg2": rowtrail_actor,
    "rowtrail-psycopg": rowtrail_psycopg3,
    "rowtrail-set_actor": rowtrail_set_actor,
    "postgresql-audit": postgresql_audit,
    "django-pghistory": django_pghistory,
}


def main() -> None:
    """Answers each line of the standard input."""
    run = WRITERS[sys.argv[1]](sys.argv[2])
    number = 0
    for line in sys.stdin:
        workload, named, transactions = line.split()
        begin = time.perf_counter()
        for _ in range(int(transactions)):
            number += 1
            run(workload, named == "yes", number)
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
