"""The shop's batch job: takes the orders of a file, cancels those that nobody paid.

python nightly.py take orders.csv
python nightly.py cancel --days 14
"""

import argparse
import csv
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

#: It stands beside each change that this run makes, so that a run can be found, and put back.
RUN = str(uuid.uuid4())

BATCH = 100


@contextmanager
def acting(connection: psycopg.Connection, name: str, **context: str) -> Iterator[None]:
    """A transaction whose changes are `name`'s. This takes no right, and nothing but psycopg."""
    with connection.transaction():
        # true: until the transaction ends. So nobody who has the connection next is taken for us.
        connection.execute(
            "select set_config('rowtrail.actor', %s, true), "
            "set_config('rowtrail.context', %s, true)",
            [name, json.dumps(context)],
        )
        yield


def take(connection: psycopg.Connection, path: Path) -> int:
    """Takes the orders of a CSV file, all or none; gives how many. COPY is recorded as well."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with acting(connection, "nightly", reason=f"the orders of {path.name}", run=RUN):
        numbers = connection.execute(
            "select nextval(pg_get_serial_sequence('orders', 'id')) from generate_series(1, %s)",
            [len(rows)],
        ).fetchall()
        with connection.cursor() as cursor:
            with cursor.copy("copy orders (id, customer, placed_at) from stdin") as orders:
                for (number,), row in zip(numbers, rows, strict=True):
                    orders.write_row((number, row["customer"], row["placed_at"]))
            with cursor.copy("copy order_lines from stdin") as lines:
                for (number,), row in zip(numbers, rows, strict=True):
                    lines.write_row((number, 1, row["product"], row["quantity"], row["price"]))
    return len(rows)


def cancel(connection: psycopg.Connection, days: int) -> int:
    """Cancels the orders that nobody paid in so many days; gives how many.

    By batches of a transaction each, so that nobody waits long; each names its actor anew.
    """
    count = 0
    while True:
        with acting(connection, "nightly", reason=f"not paid in {days} days", run=RUN):
            done = connection.execute(
                "update orders set status = 'cancelled' where id in ("
                "select id from orders "
                "where status = 'new' and placed_at < now() - make_interval(days => %s) "
                "order by id limit %s for update skip locked)",
                [days, BATCH],
            ).rowcount
        count += done
        if done < BATCH:
            return count


def main() -> None:
    """Does what the command line says, in the database that DATABASE_URL names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("take", help="take the orders of a file").add_argument("file", type=Path)
    cancelling = commands.add_parser("cancel", help="cancel what nobody paid")
    cancelling.add_argument("--days", type=int, default=14)
    said = parser.parse_args()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        if said.command == "take":
            print(f"run {RUN}: took {take(connection, said.file)} orders")
        else:
            print(f"run {RUN}: cancelled {cancel(connection, said.days)} orders")


if __name__ == "__main__":
    main()
