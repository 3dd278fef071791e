"""A world of tables, the sessions that write them, and whether the history is what they did."""

import io
import json
import re
import threading
import time
from typing import Any

import oracle
import psycopg2
from program import Step
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR
from sqlalchemy import URL

OWNER = "owner"
LOGINS = (OWNER, "writer", "clerk")

#: What a tracked write may fail with for reasons of the program's own: a lock or snapshot that
#: another session holds, an actor that the table requires, the documented limit of the order, DDL
#: in a transaction with deferred triggers to come.
EXPECTED = {"55P03", "40001", "40P01", "23514", "54000", "55006", "25000"}

TIMED_OUT = "57014"

#: A statement that takes longer is cancelled.
LONGEST = 10  # seconds


class Found(AssertionError):
    """History is not what happened, or rowtrail broke a statement; the message says where."""


class World:
    """The database, a session per login, and what was done there since `begin_anew()`."""

    def __init__(self, url: URL) -> None:
        """Opens a superuser's session; the logins must exist.

        Args:
            url: a database with rowtrail installed, as a superuser.
        """
        self.url = url
        self.god = self.connect("postgres")
        self.sessions: dict[str, Any] = {}
        self.steps: list[Step] = []
        self.tracked: set[int] = set()
        self.retracked: set[int] = set()
        self.filled: set[int] = set()
        self.named: dict[str, str] = {}
        self.examples = 0
        self.statements = 0
        self.failures = 0
        self.timeouts = 0
        self.flaky = 0

    def connect(self, login: str) -> Any:
        connection = psycopg2.connect(
            host=self.url.query["host"],
            port=self.url.query["port"],
            user=login,
            dbname=self.url.database,
            options="-c search_path=shop -c lock_timeout=20ms -c statement_timeout=5s",
        )
        connection.autocommit = True
        return connection

    def ask(self, statement: str, *parameters: Any) -> list[Any]:
        """Runs a statement as a superuser, who sees what was committed."""
        return execute(self.god, statement, *parameters)

    def begin_anew(self) -> None:
        """Empties the world."""
        self.close()
        self.examples += 1
        self.ask("set lock_timeout = 0")
        self.ask("delete from rowtrail.tables")
        self.ask("drop schema if exists shop cascade")
        self.ask("create schema shop authorization owner")
        self.ask("grant usage on schema shop to public")
        self.ask("truncate rowtrail.versions, rowtrail.salts")
        self.sessions = {login: self.connect(login) for login in LOGINS}
        self.steps = []
        self.tracked = set()
        self.retracked = set()
        self.filled = set()
        self.named = {}

    def close(self) -> None:
        """Ends the sessions of the logins."""
        for session in self.sessions.values():
            session.close()
        self.sessions = {}

    def is_idle(self, login: str) -> bool:
        """Whether the session has no transaction open."""
        status = self.sessions[login].info.transaction_status
        return bool(status == TRANSACTION_STATUS_IDLE)

    def run(self, step: Step) -> bool:
        """Runs a step, and says whether it succeeded.

        A transaction that failed goes on after its savepoint `s`, or ends.

        Raises:
            Found: rowtrail is the reason of the failure.
        """
        self.steps.append(step)
        self.statements += 1
        error = self.collide(step) if step.then else self.attempt(step.login, step.statement)
        if error is None:
            return True
        self.failures += 1
        if error.pgcode == TIMED_OUT:
            # Triggers that write all rows, three deep, take their time by themselves.
            self.timeouts += 1
            return False
        if is_fault(error):
            raise Found(f"{type(error).__name__}: {error}\n{error.diag.context}")
        return False

    def attempt(self, login: str, statement: str) -> psycopg2.Error | None:
        session = self.sessions[login]
        if statement == "commit":
            self.remember_actor(login)
        # The server's own timeout is lost where its clock is set back.
        watchdog = threading.Timer(LONGEST, session.cancel)
        watchdog.start()
        try:
            execute(session, statement)
        except psycopg2.Error as error:
            for way_on in ("rollback to s", "rollback"):
                if session.info.transaction_status == TRANSACTION_STATUS_INERROR:
                    try:
                        execute(session, way_on)
                    except psycopg2.Error:
                        continue
            return error
        finally:
            watchdog.cancel()
        if match := re.search(r"rowtrail\.(?:un)?track\('([\w.]+)'", statement):
            [(relid,)] = execute(session, "select %s::regclass::oid::bigint", match[1])
            (self.retracked if relid in self.tracked else self.tracked).add(relid)
            # An application's trigger may have filled it.
            [(is_filled,)] = execute(session, f"select exists (select from {match[1]})")
            if is_filled or "rowtrail.baseline_batch(" in statement:
                self.filled.add(relid)
        return None

    def collide(self, step: Step) -> psycopg2.Error | None:
        """Runs a statement that may wait; once it does, another session does something."""
        errors: list[psycopg2.Error | None] = []
        session = self.sessions[step.login]
        execute(session, "set lock_timeout = '300ms'")
        thread = threading.Thread(
            target=lambda: errors.append(self.attempt(step.login, step.statement))
        )
        thread.start()
        while thread.is_alive():
            [(is_waiting,)] = self.ask(
                "select coalesce(wait_event_type = 'Lock', false) from pg_stat_activity "
                "where pid = %s",
                session.info.backend_pid,
            )
            if is_waiting:
                self.attempt(step.then_login, step.then)
                break
            time.sleep(0.001)
        thread.join()
        execute(session, "set lock_timeout = '20ms'")
        return errors[0]

    def remember_actor(self, login: str) -> None:
        try:
            [(xid, actor)] = execute(
                self.sessions[login],
                "select pg_current_xact_id_if_assigned()::text, "
                "current_setting('shop.actor', true)",
            )
        except psycopg2.Error:
            return
        if xid and actor:
            self.named[xid] = actor

    def settle(self) -> None:
        """Ends all transactions, and all baselines that were begun."""
        for login, session in self.sessions.items():
            if not self.is_idle(login):
                self.run(Step(login, "commit"))
            if not self.is_idle(login):
                execute(session, "rollback")
        # A rewrite begins a baseline anew, of which rows without a version may still be in need.
        for table, relid in self.ask(
            "select relid::regclass::text, relid::bigint from rowtrail.tables "
            "where untracked_at is null and baseline_done_at is null order by 1"
        ):
            if relid in self.filled:
                self.run(Step(OWNER, f"call rowtrail.baseline('{table}')"))

    def check(self) -> None:
        """Checks that the history is what happened. No transaction may be open.

        Raises:
            Found: it is not.
        """
        for table, has_all, relid, has_baseline, is_deferrable in self.ask(TABLES):
            rows_before = has_baseline or relid in self.filled
            # What a baseline says of a deferrable key that two rows shared for a moment:
            # docs/concepts.md, "Limits of the order".
            has_all = has_all and not (rows_before and is_deferrable)
            try:
                if has_all and relid not in self.retracked:
                    oracle.assert_exact(self.ask, table, rows_before=rows_before)
                else:
                    differences = self.ask("select * from rowtrail.differences(%s)", relid)
                    assert differences == [], differences[:3]
            except AssertionError as error:
                raise Found(f"the history of {table} is not exact: {error}") from None
        [(twice,)] = self.ask("select count(*) - count(distinct id) from rowtrail.versions")
        if twice:
            raise Found(f"{twice} ids are used twice")
        strangers = self.ask(
            "select v.xid::text, v.login, v.actor, n.value from rowtrail.versions as v "
            "left join jsonb_each_text(%s::jsonb) as n on n.key = v.xid::text "
            "where v.op <> 'S' and v.op <> 'B' and ("
            "  v.actor is distinct from n.value and n.value is not null "
            "  or v.actor not like v.login || '-%%')",
            json.dumps(self.named),
        )
        if strangers:
            raise Found(f"versions with the actor of another transaction: {strangers[:3]}")

    def replay(self, steps: list[Step]) -> None:
        """Runs a program in an empty world, and checks.

        Raises:
            Found: as check() and run() do.
        """
        self.begin_anew()
        for step in steps:
            self.run(step)
        self.settle()
        self.check()


#: The tracked tables; whether each version holds the whole row; whether there is a baseline;
#: whether the key is deferrable.
TABLES = """
select
  t.relid::regclass::text,
  t.ignored_attnums = '{}' and not exists (
    select from rowtrail.versions as v where v.table_id = t.id and v.op = 'S'),
  t.relid::bigint,
  t.baseline_at is not null,
  exists (
    select from pg_index as i where i.indrelid = t.relid and i.indisunique and not i.indimmediate)
from rowtrail.tables as t
where t.untracked_at is null
order by 1
"""


def execute(connection: Any, statement: str, *parameters: Any) -> list[Any]:
    """Runs one statement and gives its rows; `copy … from stdin` takes the lines that follow."""
    with connection.cursor() as cursor:
        head, _, lines = statement.partition("\n")
        if head.endswith("from stdin"):
            cursor.copy_expert(head, io.StringIO(lines))
            return []
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall()) if cursor.description else []


def is_fault(error: psycopg2.Error) -> bool:
    """Whether a statement failed for a reason within rowtrail."""
    code = error.pgcode
    if code is None or code.startswith("XX"):
        return True
    if code in EXPECTED:
        return False
    # The innermost function is named first. What a function for people says of their request it
    # raises by itself.
    innermost = re.search(r"function \"?([\w.]+).*", error.diag.context or "")
    if innermost is None or not innermost[1].startswith("rowtrail."):
        return False
    return innermost[1].startswith("rowtrail.capture") or not innermost[0].endswith("at RAISE")
