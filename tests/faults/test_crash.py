"""kill -9 amid writers: what was committed has its versions, and nothing else has."""

import itertools
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg2
from nodes import Node, wait_until
from oracle import assert_exact

SCHEMA = """
create table orders (id int primary key, status text not null, changes int not null default 0);
create table totals (status text primary key, orders int not null);

-- The application writes back to the row, and to a table that all writers share.
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
WRITERS = 4


class Writer:
    """Writes orders of its own until it is told to stop, and remembers which were acknowledged."""

    def __init__(self, node: Node, number: int) -> None:
        self.node = node
        self.acknowledged: list[str] = []
        self._ids = itertools.count(number, WRITERS)

    def write(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                run = self.node.session("writer")
                while not stop.is_set():
                    order = next(self._ids)
                    run("begin")
                    run("select set_config('rowtrail.actor', %s, true)", f"order {order}")
                    run("insert into orders values (%s, 'new')", order)
                    run("update orders set status = 'paid' where id = %s", order)
                    run("commit")
                    self.acknowledged.append(f"order {order}")
            except psycopg2.Error as error:
                # Only where the server is away, goes (57P02), or begins anew (57P03).
                if error.pgcode not in (None, "57P02", "57P03"):
                    raise
                time.sleep(0.05)


def test_what_kill_9_leaves_replays_and_no_acknowledged_change_is_missing(node: Node) -> None:
    node.session("owner")(SCHEMA)
    writers = [Writer(node, number) for number in range(WRITERS)]

    def all_have_written(count: int) -> bool:
        return all(len(writer.acknowledged) >= count for writer in writers)

    stop = Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        written = [pool.submit(writer.write, stop) for writer in writers]
        try:
            wait_until(lambda: all_have_written(15))
            # Of a backend: the server ends all sessions and recovers.
            [(victim,)] = node.session()(
                "select pid from pg_stat_activity where usename = 'writer' limit 1"
            )
            os.kill(victim, signal.SIGKILL)
            so_far = max(len(writer.acknowledged) for writer in writers)
            wait_until(lambda: all_have_written(so_far + 15))
            # Of the server.
            node.kill()
        finally:
            stop.set()
    for done in written:
        done.result()

    node.restart()
    run = node.session()
    run_actors = dict(run("select actor, count(*) from rowtrail.versions group by 1"))
    # Insert, change, its count, twice; the totals of both states.
    acknowledged = {actor: 6 for writer in writers for actor in writer.acknowledged}
    assert {actor: run_actors.get(actor) for actor in acknowledged} == acknowledged
    # Of each writer's last transaction at either crash nothing is known: whole, or not at all.
    unknown = set(run_actors) - set(acknowledged)
    assert len(unknown) <= 2 * WRITERS
    assert all(run_actors[actor] == 6 for actor in unknown)
    assert_exact(run, "orders", "totals")
    # And it goes on.
    node.session("writer")("update orders set status = 'shipped' where id = 0")
    assert_exact(run, "orders", "totals")
