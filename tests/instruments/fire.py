"""Clients that go on whatever happens to the server, as processes that a test can kill.

A writer makes orders of its own, a sealer seals what is there. Each adds a line to its file for
what the server has acknowledged, and for nothing else.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg2

#: Orders are this far apart, so that no two writers have one.
WRITERS = 4

#: So many orders a writer may make until it is killed.
MOST = 1_000_000

#: After each thing that a client does, in seconds.
PAUSES = {"write": 0.05, "seal": 0.1}

#: Of a writer's transaction: two orders come, and one is paid, each with the count of its changes,
#: which the application writes back, and that of a state; one of them goes.
VERSIONS = 10

SCHEMA = """
create table orders (id int primary key, status text not null, changes int not null default 0);
create table totals (status text primary key, orders int not null);

create function count_orders() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() = 1 then
    update orders set changes = changes + 1 where id = new.id;
    insert into totals values (new.status, 1)
    on conflict (status) do update set orders = totals.orders + 1;
  end if;
  return null;
end $$;
create trigger app after insert or update on orders for each row execute function count_orders();

select rowtrail.track('orders');
select rowtrail.track('totals');
grant select, insert, update, delete on orders, totals to writer;
"""


class Client:
    """A client in a process of its own, and what the server has acknowledged to it.

    Args:
        does: write or seal.
        number: which of its kind.
        folder: for its file.
        target: where it connects to, for psycopg.
    """

    def __init__(self, does: str, number: int, folder: Path, target: dict[str, Any]) -> None:
        self.does = does
        self.file = folder / f"{does}-{number}"
        self.file.touch()
        self._next_order = number
        self._dsn = psycopg2.extensions.make_dsn(**target)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, if it does not run."""
        if self._process is not None and self._process.poll() is None:
            return
        command = [sys.executable, __file__, self.does, str(self._next_order), self.file, self._dsn]
        # What became of its last order before a kill is not known: it is not tried again.
        self._next_order += WRITERS * MOST
        self._process = subprocess.Popen(command)

    def kill(self) -> None:
        """Kills it with SIGKILL, wherever it is."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hold(self) -> None:
        """Lets it do nothing, wherever it is, until `release`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def release(self) -> None:
        """Lets it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def is_well(self) -> bool:
        """Whether it has met nothing but a server that was away."""
        return self._process is None or self._process.poll() is None

    def acknowledged(self) -> list[str]:
        """What it was told is done."""
        return self.file.read_text().splitlines()


def write(run: Any, order: int) -> str:
    """Makes an order; gives the actor that did."""
    run("begin")
    run("select set_config('rowtrail.actor', %s, true)", [f"order {order}"])
    run("insert into orders values (%s, 'new'), (%s, 'new')", [order, -order - 1])
    run("update orders set status = 'paid' where id = %s", [order])
    run("delete from orders where id = %s", [-order - 1])
    run("commit")
    return f"order {order}"


def go_on(does: str, order: int, file: Path, dsn: str) -> None:
    """Does it until it is killed."""
    with file.open("ab", buffering=0) as out:
        while True:
            try:
                connection = psycopg2.connect(dsn)
                connection.autocommit = True
                cursor = connection.cursor()
                while True:
                    order += WRITERS
                    if does == "write":
                        out.write(f"{write(cursor.execute, order)}\n".encode())
                    else:
                        cursor.execute("select seal, hash from rowtrail.seal()")
                        [(number, digest)] = cursor.fetchall()
                        if number is not None:
                            out.write(f"{number} {digest}\n".encode())
                    time.sleep(PAUSES[does])
            except psycopg2.Error as error:
                # Only where the server is away, goes (57P02), or begins anew (57P03).
                if error.pgcode not in (None, "57P02", "57P03"):
                    raise
                time.sleep(PAUSES[does])


if __name__ == "__main__":
    go_on(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
