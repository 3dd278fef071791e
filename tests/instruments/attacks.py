"""The attacks that are tried, each with who makes it, what they run, and what comes of it.

tests/operator/test_attacks.py runs each of them. `python tests/instruments/attacks.py` writes the
table of docs/security.md from them: `make attacks`.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from rowtrail.schema import LOCK_KEY

SECURITY = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- attacks: made by make attacks -->\n", "<!-- end of the attacks -->\n"

#: What is there before each attack. The writer is a login that may write orders, and has no right
#: on the schema rowtrail; the owner may track what it owns.
STAGE: tuple[tuple[str, str], ...] = (
    ("superuser", "grant create, usage on schema public to owner, writer"),
    ("superuser", "grant usage on schema rowtrail to owner"),
    ("owner", "create table orders (id int primary key, status text, total numeric)"),
    ("owner", "grant select, insert, update, delete, truncate on orders to writer"),
    ("owner", "select rowtrail.track('orders')"),
    ("writer", "insert into orders values (1, 'new', 10)"),
    ("writer", "insert into orders values (2, 'new', 20)"),
    ("auditor", "select * from rowtrail.seal()"),
    ("writer", "update orders set status = 'paid' where id = 1"),
    ("auditor", "select * from rowtrail.seal()"),
)


class Refused(NamedTuple):
    """The last statement fails with this error, and the history is as it was.

    Attributes:
        error: what the error says, or the part of it that says why.
    """

    error: str

    def said(self) -> str:
        """For the table."""
        return f"prevented: *{self.error}*"


class Shows(NamedTuple):
    """A question about the history has this answer.

    Attributes:
        outcome: prevented, recorded, or out of reach.
        words: what that means here, for people.
        question: in SQL, or the place of a page.
        answer: its rows; of a page, a part of what it says.
        asks: who.
    """

    outcome: str
    words: str
    question: str
    answer: object
    asks: str = "reader"

    def said(self) -> str:
        """For the table."""
        return f"{self.outcome}: {self.words}"


class Named(NamedTuple):
    """`rowtrail verify` has a line for it, and ends with 1 if it is a fault.

    Attributes:
        object: of which the line is.
        problem: what it says, or the beginning of that.
        is_fault: whether it is one; else it is only worth knowing.
        by_digest: whether it takes the digests that were kept elsewhere.
        alone: whether nothing else is named.
    """

    object: str
    problem: str
    is_fault: bool = True
    by_digest: bool = False
    alone: bool = True

    def said(self) -> str:
        """For the table."""
        how = "`rowtrail verify --digests`" if self.by_digest else "`rowtrail verify`"
        return f"detected by {how}: *{self.object}: {self.problem}*"


class Attack(NamedTuple):
    """An attack.

    Attributes:
        name: for the test.
        who: makes it: writer, owner, stranger, clerk, reader, auditor or superuser.
        what: they do, for people.
        does: the statements.
        outcome: what comes of it.
        before: what others have done before it.
        after: what others do after it.
        since: the first PostgreSQL that lets anybody try it.
    """

    name: str
    who: str
    what: str
    does: tuple[str, ...]
    outcome: Refused | Shows | Named
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()
    since: int = 14


NO_SCHEMA = Refused("permission denied for schema rowtrail")
STOPPED = "its changes would not be recorded any more"
LAST = (
    "select op, row_key, actor, login from rowtrail.versions where op <> 'S' "
    "order by id desc limit 1"
)
LAST_EVENT = (
    "select data ->> 'statement', login from rowtrail.versions where op = 'S' "
    "order by id desc limit 1"
)

#: A function that goes for the history as soon as something runs it.
EVIL = (
    "create type mood as enum ('fine', 'bad')",
    "create function evil(mood) returns json language plpgsql as $$ begin "
    "delete from rowtrail.versions; return '\"fine\"'; end $$",
)
GUARD_IS_GONE = tuple(
    ("superuser", f"drop event trigger rowtrail_{trigger}")
    for trigger in (
        "guard_command", "guard_drop", "ddl_command_end", "sql_drop", "table_rewrite",
    )
)  # fmt: skip
MOODS = (
    *(("owner", statement) for statement in EVIL),
    ("owner", "create table moods (id int primary key, mood mood)"),
    ("owner", "grant insert on moods to writer"),
    ("owner", "select rowtrail.track('moods')"),
)

CASTS = (
    Attack(
        "a cast to json",
        "owner",
        "`CREATE CAST (mood AS json)` with a function of its own, for `to_jsonb` to run",
        (*EVIL, "create cast (mood as json) with function evil(mood)"),
        Refused("this cast to json, its function could run whatever its owner likes"),
    ),
    Attack(
        "a cast to jsonb",
        "owner",
        "the same to `jsonb`",
        (
            *EVIL,
            "create function evil_b(mood) returns jsonb language sql as $$ select '1'::jsonb $$",
            "create cast (mood as jsonb) with function evil_b(mood)",
        ),
        Refused("this cast to jsonb, its function could run whatever its owner likes"),
    ),
    Attack(
        "a cast where there is no guard",
        "owner",
        "the same where there are no event triggers",
        ("create cast (mood as json) with function evil(mood)",),
        Named(
            "the cast from public.mood to json",
            "runs public.evil(public.mood) when a row is recorded, which belongs to owner",
            alone=False,
        ),
        before=(*GUARD_IS_GONE, *MOODS),
    ),
    Attack(
        "a cast that empties the history",
        "writer",
        "a write that runs such a cast, whose function deletes versions",
        ("insert into moods values (1, 'fine')",),
        Refused("permission denied for table versions"),
        before=(
            *GUARD_IS_GONE,
            *MOODS,
            ("owner", "create cast (mood as json) with function evil(mood)"),
        ),
    ),
    Attack(
        "a cast that adds to the history",
        "writer",
        "a write that runs such a cast, whose function inserts a version",
        ("insert into moods values (1, 'fine')",),
        Shows(
            "out of reach",
            "without event triggers a false version can be added so; the cast is named by "
            "`rowtrail verify`",
            "select count(*) from rowtrail.versions where actor = 'forged'",
            [(1,)],
        ),
        before=(
            *GUARD_IS_GONE,
            *MOODS,
            (
                "owner",
                "create or replace function evil(mood) returns json language plpgsql as $$ begin "
                "insert into rowtrail.versions (changed_at, xid, table_id, era, op, row_key, data, "
                "actor, login) values (now(), pg_current_xact_id(), 1, 1, 'D', '9', '{}', "
                "'forged', 'ann'); "
                "return '\"fine\"'; end $$",
            ),
            ("owner", "create cast (mood as json) with function evil(mood)"),
        ),
    ),
)

ACTORS = (
    Attack(
        "an actor that is left behind",
        "writer",
        "`set_config('rowtrail.actor', 'ann', true)`, then another transaction of the session",
        (
            "begin; select set_config('rowtrail.actor', 'ann', true); "
            "update orders set total = 1 where id = 1; commit",
            "update orders set total = 2 where id = 1",
        ),
        Shows(
            "prevented",
            "the actor ends with its transaction, and the next change has none",
            LAST,
            [("U", "1", None, "writer")],
        ),
    ),
    Attack(
        "an actor of the session",
        "writer",
        "a plain `SET rowtrail.actor`, on a connection that a pooler hands on",
        ("set rowtrail.actor = 'ann'", "update orders set total = 1 where id = 1"),
        Shows(
            "out of reach",
            "it holds for the session, so the next client's changes bear it too; the login beside "
            "it is true ([poolers](operating.md#poolers))",
            LAST,
            [("U", "1", "ann", "writer")],
        ),
    ),
    Attack(
        "another's name",
        "writer",
        "names somebody else as the actor",
        (
            "begin; select set_config('rowtrail.actor', 'the boss', true); "
            "update orders set total = 1 where id = 1; commit",
        ),
        Shows(
            "recorded",
            "the actor is what the writer says, and beside it stands the login",
            LAST,
            [("U", "1", "the boss", "writer")],
        ),
    ),
    Attack(
        "another login",
        "writer",
        "`SET SESSION AUTHORIZATION owner`",
        ("set session authorization owner",),
        Refused("permission denied to set session authorization"),
    ),
    Attack(
        "a hostile actor",
        "writer",
        "an actor with a newline, U+202E, `<script>` and a megabyte",
        (
            "begin; select set_config('rowtrail.actor', "
            "e'a\\n\\u202E<script>' || repeat('x', 1000000), true); "
            "update orders set total = 1 where id = 1; commit",
        ),
        Shows(
            "recorded",
            "200 characters of it, with `?` for what does not show",
            "select left(actor, 11), length(actor) from rowtrail.versions order by id desc limit 1",
            [("a??<script>", 200)],
        ),
    ),
    Attack(
        "a script in a page",
        "writer",
        "an actor and a value that are HTML, for who looks at the pages",
        (
            "begin; select set_config('rowtrail.actor', '<script>alert(1)</script>', true); "
            "update orders set status = '<img src=x onerror=alert(2)>' where id = 1; commit",
        ),
        Shows(
            "prevented",
            "pages show it as text, and their policy lets no such script run",
            "/tables/1/row?key=1",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
        ),
    ),
    Attack(
        "a formula in a spreadsheet",
        "writer",
        "a value that is a formula, for who opens an export in a spreadsheet",
        ("update orders set status = '=HYPERLINK(1)' where id = 1",),
        Shows(
            "prevented",
            "in CSV a cell that begins so has a `'` before it",
            "/tables/1/export.csv?op=update",
            "\"'=HYPERLINK(1)\"",
        ),
    ),
    Attack(
        "a hostile name",
        "owner",
        'a table named `a"b;drop table x;--<script>é`',
        (
            'create table "a""b;drop table x;--<script>é" (id int primary key)',
            "select rowtrail.track('\"a\"\"b;drop table x;--<script>é\"')",
            'insert into "a""b;drop table x;--<script>é" values (7)',
        ),
        Shows(
            "recorded", "like any other", LAST, [("I", "7", None, "owner")],
        ),
    ),
)  # fmt: skip

WRITERS = (
    *(
        Attack(name, "writer", f"`{statement}`", (statement,), outcome)
        for name, statement, outcome in (
            (
                "disable the trigger",
                "alter table orders disable trigger all",
                Refused("must be owner of table orders"),
            ),
            (
                "drop the trigger",
                'drop trigger "!rowtrail_capture" on orders',
                Refused("must be owner of relation orders"),
            ),
            ("truncate the history", "truncate rowtrail.versions", NO_SCHEMA),
            ("read the history", "select * from rowtrail.versions", NO_SCHEMA),
            (
                "insert a version",
                "insert into rowtrail.versions (actor) values ('ann')",
                NO_SCHEMA,
            ),
            ("change a version", "update rowtrail.versions set actor = 'ann'", NO_SCHEMA),
            ("delete a version", "delete from rowtrail.versions", NO_SCHEMA),
            ("call the capture", "select rowtrail.capture()", NO_SCHEMA),
            (
                "be a replica",
                "set session_replication_role = replica",
                Refused('permission denied to set parameter "session_replication_role"'),
            ),
            (
                "be the capturing role",
                "set role rowtrail_capture",
                Refused('permission denied to set role "rowtrail_capture"'),
            ),
        )
    ),
    Attack(
        "attach the capture",
        "writer",
        "`CREATE TRIGGER … EXECUTE FUNCTION rowtrail.capture(…)` on a table of its own",
        (
            "create table forged (id int primary key, status text, total numeric)",
            "create trigger t after insert on forged for each row "
            "execute function rowtrail.capture('1', 'id', '{id}', '')",
        ),
        NO_SCHEMA,
    ),
    Attack(
        "truncate the table",
        "writer",
        "`TRUNCATE orders`",
        ("truncate orders",),
        Shows("recorded", "a version *T*, with the login", LAST, [("T", "", None, "writer")]),
    ),
    Attack(
        "be let to be a replica",
        "writer",
        "`session_replication_role = replica`, after somebody granted it `SET` on that",
        ("set session_replication_role = replica", "update orders set total = 1 where id = 1"),
        Named("writer", "may set session_replication_role"),
        before=(("superuser", "grant set on parameter session_replication_role to writer"),),
        since=15,
    ),
    Attack(
        "write as a replica",
        "writer",
        "the same, and writes",
        ("set session_replication_role = replica", "update orders set total = 1 where id = 1"),
        Shows("recorded", "the triggers fire all the same", LAST, [("U", "1", None, "writer")]),
        before=(("superuser", "grant set on parameter session_replication_role to writer"),),
        since=15,
    ),
    Attack(
        "hijack the path",
        "writer",
        "functions and operators of its own, by the names of PostgreSQL's, first in `search_path`",
        (
            "create function evil.to_jsonb(anyelement) returns jsonb language plpgsql as "
            "$$ begin raise 'hijacked as %', current_user; end $$",
            "create function evil.to_jsonb(orders) returns jsonb language plpgsql as "
            "$$ begin raise 'hijacked as %', current_user; end $$",
            "create function evil.clock_timestamp() returns timestamptz language plpgsql as "
            "$$ begin raise 'hijacked as %', current_user; end $$",
            "create function evil.glue(name, text) returns text language plpgsql as "
            "$$ begin raise 'hijacked as %', current_user; end $$",
            "create function evil.glue(text, text) returns text language plpgsql as "
            "$$ begin raise 'hijacked as %', current_user; end $$",
            "create operator evil.|| (leftarg = name, rightarg = text, function = evil.glue)",
            "create operator evil.|| (leftarg = text, rightarg = text, function = evil.glue)",
            "set search_path = evil, pg_catalog, public",
            "update orders set total = 1 where id = 1",
        ),
        Shows(
            "prevented",
            "none of them ran, and the change is recorded as ever: the capture pins its path",
            LAST,
            [("U", "1", None, "writer")],
        ),
        before=(
            ("superuser", "create schema evil authorization writer"),
            # Else the definer could not look into it, and the attack would fail for that.
            ("superuser", "grant usage on schema evil to public"),
        ),
    ),
    Attack(
        "hold up the seals by a transaction",
        "writer",
        "leaves a transaction open that has written",
        ("begin", "update orders set total = 1 where id = 1"),
        Shows(
            "prevented",
            "a seal does not wait for it; its changes are in the seal after its end",
            "select versions from rowtrail.seal()",
            [(1,)],
            asks="auditor",
        ),
        after=(("owner", "update orders set total = 2 where id = 2"),),
    ),
)

OWNERS = (
    *(
        Attack(
            name,
            "owner",
            what,
            (
                "create function nothing() returns trigger language plpgsql as "
                "$$ begin return null; end $$",
                statement,
            ),
            Refused(f"{STOPPED} ({reason})"),
        )
        for name, what, statement, reason in (
            (
                "disable, edit, enable",
                "disables the trigger, edits a row and enables it, in one transaction",
                "alter table orders disable trigger all; update orders set total = 0; "
                'alter table orders enable always trigger "!rowtrail_capture"',
                "trigger disabled",
            ),
            (
                "drop and re-create",
                "drops the trigger, edits a row and makes one of the same name",
                'drop trigger "!rowtrail_capture" on orders; update orders set total = 0; '
                'create trigger "!rowtrail_capture" after insert or update or delete on orders '
                "for each row execute function nothing()",
                "trigger missing",
            ),
            (
                "replace the trigger",
                "`CREATE OR REPLACE TRIGGER` with a function that does nothing",
                'create or replace trigger "!rowtrail_capture" after insert or update or delete '
                "on orders for each row execute function nothing()",
                "trigger replaced",
            ),
            (
                "a trigger that never fires",
                "the same with `WHEN (false)`",
                'create or replace trigger "!rowtrail_capture" after insert or update or delete '
                "on orders for each row when (false) "
                "execute function rowtrail.capture_partition()",
                "trigger replaced",
            ),
            (
                "rename the trigger",
                "`ALTER TRIGGER … RENAME`",
                'alter trigger "!rowtrail_capture" on orders rename to "!x"',
                "trigger missing",
            ),
            (
                "an ordinary trigger",
                "makes the trigger an ordinary one, which a replica does not fire",
                'alter table orders enable trigger "!rowtrail_capture"',
                "not always on",
            ),
        )
    ),
    Attack(
        "a rule instead",
        "owner",
        "`CREATE RULE … ON UPDATE TO orders DO INSTEAD NOTHING`",
        ("create rule swallow as on update to orders do instead nothing",),
        Named(
            "public.orders",
            "has the rule swallow: what is written goes where it says, and is recorded only there",
            is_fault=False,
        ),
    ),
    Attack(
        "drop the table",
        "owner",
        "`DROP TABLE orders`",
        ("drop table orders",),
        Shows(
            "recorded",
            "an event, with the login; the history stays",
            LAST_EVENT,
            [("drop table orders", "owner")],
        ),
    ),
    Attack(
        "drop the table and make it anew",
        "owner",
        "`DROP TABLE orders`, and another one in its place",
        ("drop table orders", "create table orders (id int primary key, status text)"),
        Named("public.orders", "replaced"),
    ),
    Attack(
        "a child",
        "owner",
        "keeps rows in a table that inherits from `orders`, which who reads `orders` sees",
        ("create table hidden () inherits (orders)", "insert into hidden values (9, 'x', 1)"),
        Named("public.orders", "children not tracked"),
    ),
    Attack(
        "attach the capture to a forged table",
        "owner",
        "a trigger with `rowtrail.capture()` on another table, with the arguments of `orders`",
        (
            "create table forged (like orders)",
            "create trigger t after insert on forged for each row "
            "execute function rowtrail.capture('1', 'id', '{id}', '')",
        ),
        Refused("permission denied for function rowtrail.capture"),
    ),
    Attack(
        "attach the capture of partitions",
        "owner",
        "the same with `rowtrail.capture_partition()`, and writes",
        (
            "create table forged (like orders)",
            "create trigger t after insert on forged for each row "
            "execute function rowtrail.capture_partition('1', 'id', '{id}', '')",
            "insert into forged values (9, 'x', 1)",
        ),
        Refused("was not made by rowtrail.track()"),
    ),
    Attack(
        "a look-alike",
        "owner",
        "renames the table away, and puts another one in its place",
        (
            "alter table orders rename to orders_old",
            "create table orders (like orders_old including all)",
        ),
        Shows(
            "recorded",
            "an event, and `rowtrail status` has the table under its new name, and none by the old",
            "select data ->> 'statement', login, (select string_agg(table_name, ', ') "
            "from rowtrail.status()) from rowtrail.versions where op = 'S'",
            [("alter table orders rename to orders_old", "owner", "public.orders_old")],
        ),
    ),
    Attack(
        "a look-alike where there is no guard",
        "owner",
        "the same where there are no event triggers",
        (
            "alter table orders rename to orders_old",
            "create table orders (like orders_old including all)",
        ),
        Named("public.orders_old", "schema change not recorded", alone=False),
        before=GUARD_IS_GONE,
    ),
    Attack(
        "truncate as the owner",
        "owner",
        "`TRUNCATE orders`",
        ("truncate orders",),
        Shows("recorded", "a version *T*, with the login", LAST, [("T", "", None, "owner")]),
    ),
    Attack(
        "rewrite the rows",
        "owner",
        "`ALTER TABLE orders ALTER total TYPE int USING 0`",
        ("alter table orders alter total type int using 0",),
        Shows(
            "recorded",
            "an event that names the column, with the login; the rows have no version",
            LAST_EVENT,
            [("alter table orders alter total type int using 0", "owner")],
        ),
    ),
    Attack(
        "change what is written",
        "owner",
        "a `BEFORE` trigger that changes `NEW`",
        (
            "create function cheat() returns trigger language plpgsql as "
            "$$ begin new.total = 0; return new; end $$",
            "create trigger cheat before update on orders for each row execute function cheat()",
            "update orders set total = 50 where id = 1",
        ),
        Shows(
            "recorded",
            "what is stored, not what the statement said",
            "select data ->> 'total' from rowtrail.versions where op = 'U' "
            "order by id desc limit 1",
            [("0",)],
        ),
    ),
    Attack(
        "edit a detached partition",
        "owner",
        "detaches a partition, edits its rows, and attaches it again",
        (
            "alter table parts detach partition parts_1",
            "update parts_1 set v = 'forged'",
            "alter table parts attach partition parts_1 for values from (0) to (10)",
        ),
        Named("public.parts, key 5", "is there, and no version says so"),
        before=(
            ("owner", "create table parts (id int primary key, v text) partition by range (id)"),
            ("owner", "create table parts_1 partition of parts for values from (0) to (10)"),
            ("owner", "select rowtrail.track('parts')"),
            ("owner", "insert into parts values (5, 'new')"),
        ),
    ),
    Attack(
        "truncate a partition",
        "owner",
        "`TRUNCATE` of one partition by itself",
        ("truncate parts_1",),
        Named("public.parts, key 5", "is gone, and no version says so"),
        before=(
            ("owner", "create table parts (id int primary key, v text) partition by range (id)"),
            ("owner", "create table parts_1 partition of parts for values from (0) to (10)"),
            ("owner", "select rowtrail.track('parts')"),
            ("owner", "insert into parts values (5, 'new')"),
        ),
    ),
    Attack(
        "stop it openly",
        "owner",
        "`rowtrail.untrack('orders')`",
        ("select rowtrail.untrack('orders')",),
        Shows(
            "recorded",
            "an event, with the login",
            "select data ->> 'tracking', login from rowtrail.versions where op = 'S'",
            [("ended", "owner")],
        ),
    ),
    Attack(
        "leave a column out",
        "owner",
        "`rowtrail.track('orders', exclude => '{total}')`",
        ("select rowtrail.track('orders', exclude => '{total}')",),
        Shows(
            "recorded",
            "an event that says which columns, with the login",
            "select data -> 'options', login from rowtrail.versions where op = 'S'",
            [({"exclude": {"old": [], "new": ["total"]}}, "owner")],
        ),
    ),
    Attack(
        "exclude a secret later",
        "owner",
        "excludes a column after a secret was recorded, to be rid of it",
        ("select rowtrail.track('orders', exclude => '{status}')",),
        Shows(
            "out of reach",
            "what is recorded stays: exclude or hash a secret before it is written",
            "select count(*) from rowtrail.versions where data ->> 'status' = 'paid'",
            [(1,)],
        ),
    ),
    Attack(
        "record a secret",
        "owner",
        "tracks a table with a column `password`, and says nothing of it",
        (
            "create table users (id int primary key, password text)",
            "select rowtrail.track('users')",
        ),
        Refused("named like"),
    ),
    Attack(
        "read as the owner",
        "owner",
        "`select * from rowtrail.versions`",
        ("select * from rowtrail.versions",),
        Refused("permission denied for table versions"),
    ),
    Attack(
        "take the history in place of the table",
        "owner",
        "calls `rowtrail.attach()`, by which `track` makes the triggers, for another's table",
        ("select rowtrail.attach('theirs', null, null, null, null, null, null, null, null)",),
        Refused("only its owner can do this"),
        before=(("superuser", "create table theirs (id int primary key)"),),
    ),
)

DOMAIN = (
    (
        "owner",
        "create function peek(text) returns boolean language plpgsql as "
        "$$ begin perform set_config('evil.ran_as', current_user, false); return true; end $$",
    ),
    ("owner", "create domain word as text check (peek(value))"),
    ("owner", "create table notes (id int primary key, note word)"),
    ("owner", "select rowtrail.track('notes')"),
    ("owner", "insert into notes values (1, 'x')"),
)

READERS = (
    Attack(
        "hold the sealer up by a lock",
        "stranger",
        "holds advisory locks: those of `track` and `upgrade`, and a thousand others",
        (
            "select pg_advisory_lock(n) from generate_series(1, 1000) as n",
            "select pg_advisory_lock(hashtext('rowtrail.lend'), hashoid('orders'::regclass))",
            f"select pg_advisory_lock({LOCK_KEY})",
        ),
        Shows(
            "prevented",
            "a seal is made: it locks a table of rowtrail's, which no stranger can",
            "select versions, (select count(*) from pg_locks where locktype = 'advisory' "
            "and pid = pg_backend_pid()) from rowtrail.seal()",
            [(1, 0)],
            asks="auditor",
        ),
        after=(("writer", "update orders set total = 1 where id = 1"),),
    ),
    Attack(
        "hold the upgrade up by a lock",
        "stranger",
        "the same, while somebody upgrades",
        (f"select pg_advisory_lock({LOCK_KEY})",),
        Shows(
            "out of reach",
            "`rowtrail upgrade`, and `track` of that table, wait as long as it is held; "
            "what writes, seals and reads does not",
            f"select pg_try_advisory_xact_lock({LOCK_KEY})",
            [(False,)],
            asks="superuser",
        ),
    ),
    Attack(
        "lock the seals",
        "stranger",
        "`LOCK TABLE rowtrail.seals`",
        ("begin", "lock table rowtrail.seals"),
        NO_SCHEMA,
    ),
    Attack(
        "lock the seals as a reader",
        "reader",
        "reads the seals, and leaves the transaction open",
        ("begin", "select * from rowtrail.seals, rowtrail.versions"),
        Shows(
            "prevented",
            "a seal is made all the same",
            "select versions from rowtrail.seal()",
            [(1,)],
            asks="auditor",
        ),
        after=(("writer", "update orders set total = 1 where id = 1"),),
    ),
    Attack(
        "look past row security",
        "clerk",
        "a `rowtrail_limited_reader` whom the table's row security shows one row, reads its "
        "history",
        ("select * from rowtrail.versions",),
        Shows(
            "prevented",
            "nothing of it is shown to whom the row security binds",
            "select (select count(*) from rowtrail.versions), (select count(*) from orders)",
            [(0, 1)],
            asks="clerk",
        ),
        before=(
            ("owner", "grant select on orders to clerk"),
            ("owner", "create policy mine on orders to clerk using (id = 1)"),
            ("owner", "alter table orders enable row level security"),
        ),
    ),
    Attack(
        "look past row security as a reader",
        "reader",
        "a `rowtrail_reader` reads the history of such a table",
        ("select * from rowtrail.versions",),
        Shows(
            "out of reach",
            "who may read all history sees all rows ([who may read](guides/who-may-read.md))",
            "select count(*) from rowtrail.versions where op <> 'S'",
            [(3,)],
        ),
        before=(
            ("owner", "create policy mine on orders using (id = 1)"),
            ("owner", "alter table orders enable row level security"),
        ),
    ),
    Attack(
        "run code as who reads, typed",
        "owner",
        "a domain whose `CHECK` runs code, in a table that somebody reads by `as_of(null::notes)`",
        ("select 1",),
        Shows(
            "out of reach",
            "it runs as the reader, who asked for the table's types "
            "([how was it](guides/as-of.md#what-the-rows-look-like))",
            "select count(*), current_setting('evil.ran_as', true) "
            "from rowtrail.as_of(null::notes, now())",
            [(1, "reader")],
        ),
        before=DOMAIN,
    ),
    Attack(
        "run code as who reads",
        "owner",
        "the same, in a table that somebody reads by `as_of_rows`, the command or the pages",
        ("select 1",),
        Shows(
            "prevented",
            "it does not run: values stay JSONB",
            "select count(*), (select count(*) from rowtrail.history('notes', 1)), "
            "current_setting('evil.ran_as', true) from rowtrail.as_of_rows('notes', now())",
            [(1, 1, None)],
        ),
        before=DOMAIN,
    ),
    Attack(
        "write where reading is set",
        "reader",
        "`default_transaction_read_only = off` and no time limit, and deletes versions",
        (
            "set default_transaction_read_only = off",
            "set statement_timeout = 0",
            "delete from rowtrail.versions",
        ),
        Refused("permission denied for table versions"),
    ),
    *(
        Attack(name, who, f"`{statement}`", (statement,), Refused(error))
        for name, who, statement, error in (
            (
                "insert a version as a reader",
                "reader",
                "insert into rowtrail.versions (actor) values ('ann')",
                "permission denied for table versions",
            ),
            (
                "change a version as a reader",
                "reader",
                "update rowtrail.versions set actor = 'ann'",
                "permission denied for table versions",
            ),
            (
                "delete seals as a reader",
                "reader",
                "delete from rowtrail.seals",
                "permission denied for table seals",
            ),
            (
                "change a leaf as a reader",
                "reader",
                "update rowtrail.seal_leaves set leaves = ''",
                "permission denied for table seal_leaves",
            ),
            (
                "seal as a reader",
                "reader",
                "select rowtrail.seal()",
                "permission denied for function seal",
            ),
            (
                "read the salts",
                "reader",
                "select * from rowtrail.salts",
                "permission denied for table salts",
            ),
            (
                "insert a version as the auditor",
                "auditor",
                "insert into rowtrail.versions (actor) values ('ann')",
                "permission denied for table versions",
            ),
            (
                "change a version as the auditor",
                "auditor",
                "update rowtrail.versions set actor = 'ann'",
                "permission denied for table versions",
            ),
            (
                "delete versions as the auditor",
                "auditor",
                "delete from rowtrail.versions",
                "permission denied for table versions",
            ),
            (
                "insert a seal",
                "auditor",
                "insert into rowtrail.seals select * from rowtrail.seals",
                "permission denied for table seals",
            ),
            (
                "change a seal",
                "auditor",
                "update rowtrail.seals set versions = 0",
                "permission denied for table seals",
            ),
            (
                "delete the leaves",
                "auditor",
                "delete from rowtrail.seal_leaves",
                "permission denied for table seal_leaves",
            ),
            (
                "be the owner of the history",
                "auditor",
                "set role rowtrail_owner",
                'permission denied to set role "rowtrail_owner"',
            ),
        )
    ),
)

#: What a superuser has to do to make every seal anew.
RESEAL = """
do $$
declare
  made rowtrail.seals;
  before rowtrail.seals;
begin
  for made in select * from rowtrail.seals where {condition} order by id loop
    select * into before from rowtrail.seals where id = made.id - 1;
    delete from rowtrail.seal_leaves where seal_id = made.id;
    insert into rowtrail.seal_leaves (seal_id, part, ids, leaves)
    select made.id, c.* from rowtrail.leaves_of(made, before) as c;
    made.leaves_hash := rowtrail.leaves_hash(made.id);
    made.root := rowtrail.seal_root(made.id);
    made.previous := coalesce(before.hash, decode(repeat('00', 32), 'hex'));
    made.log_root := rowtrail.peaks_root(coalesce(before.peaks, ''));
    made.hash := sha256(convert_to(rowtrail.seal_text(made), 'UTF8'));
    made.peaks := rowtrail.with_leaf(
      coalesce(before.peaks, ''), made.id - 1, rowtrail.log_leaf(made.hash));
    delete from rowtrail.seals where id = made.id;
    insert into rowtrail.seals select made.*;
  end loop;
end $$
"""
FORGE = "update rowtrail.versions set actor = 'somebody else' where op = 'U'"
FORGE_FIRST = "update rowtrail.versions set actor = 'somebody else' where row_key = '2'"
QUIETLY = (
    "alter table orders disable trigger all",
    "{edit}",
    'alter table orders enable always trigger "!rowtrail_capture"',
    'alter table orders enable always trigger "!rowtrail_truncate"',
)
CUT_OFF = (
    "delete from rowtrail.versions where id = "
    "any (array(select unnest(ids) from rowtrail.seal_leaves where seal_id = 2))",
    "delete from rowtrail.seal_leaves where seal_id = 2",
    "delete from rowtrail.seals where id = 2",
    *(part.format(edit="update orders set status = 'new' where id = 1") for part in QUIETLY),
)
ADD = (
    "create temp table forged as select * from rowtrail.versions where row_key = '2'",
    "update forged set id = {id}, op = 'U', old = '{{}}', actor = 'somebody else'",
    "insert into rowtrail.versions select * from forged",
)


def clean(words: str) -> Shows:
    """That nothing is found."""
    return Shows(
        "out of reach",
        words,
        "select (select count(*) from rowtrail.seals as s cross join lateral "
        "rowtrail.verify_seal(s.id)), (select count(*) from rowtrail.verify_sealed()), "
        "(select count(*) from rowtrail.differences('orders'))",
        [(0, 0, 0)],
        asks="superuser",
    )


SUPERUSERS = (
    Attack(
        "change a sealed version",
        "superuser",
        "changes the actor of a sealed version",
        (FORGE,),
        Named("version 300 of public.orders, key 1", "is not what it was when seal 2 was made"),
    ),
    Attack(
        "delete a sealed version",
        "superuser",
        "deletes one",
        ("delete from rowtrail.versions where op = 'U'", QUIETLY[0],
         "update orders set status = 'new' where id = 1", *QUIETLY[2:]),
        Named("version 300", "is missing: it was there when seal 2 was made"),
    ),
    Attack(
        "add a version among sealed ones",
        "superuser",
        "adds one between those of a seal",
        tuple(one.format(id=201) for one in ADD),
        Named("version 201 of public.orders, key 2", "was added among"),
    ),
    Attack(
        "add a version after sealed ones",
        "superuser",
        "adds one with a new id and the transaction of a sealed one",
        tuple(one.format(id=90100) for one in ADD),
        Named(
            "version 90100 of public.orders, key 2",
            "was added among those that are sealed, and is in no seal",
        ),
    ),
    Attack(
        "add a version of an era to come",
        "superuser",
        "adds one of an era that has not begun, for no seal to have it",
        (ADD[0], f"{ADD[1].format(id=90100)}, era = 7", ADD[2]),
        Named("version 90100 of public.orders, key 2",
              "is of an era that has not begun, and will be in no seal"),
    ),
    Attack(
        "add a version of a transaction to come",
        "superuser",
        "the same with a transaction that has not begun",
        (ADD[0], f"{ADD[1].format(id=90100)}, xid = '1000000000'", ADD[2]),
        Named("version 90100 of public.orders, key 2",
              "is of a transaction that has not begun, and will be in no seal"),
    ),
    Attack(
        "add a version of last year",
        "superuser",
        "adds one with a time of long ago, and lets it be sealed",
        (
            ADD[0],
            f"{ADD[1].format(id=90100)}, changed_at = changed_at - interval '1 year'",
            "update forged set xid = pg_current_xact_id(); " + ADD[2],
        ),
        clean("but it is in a seal of today, and a digest of an earlier one shows that it was not "
              "there"),
        after=(("auditor", "select * from rowtrail.seal()"),),
    ),
    Attack(
        "change a version and its seal",
        "superuser",
        "changes a version of the first seal, and makes that seal anew",
        (FORGE_FIRST, RESEAL.format(condition="id = 1")),
        Named("seal 2", "does not follow the seal before it", alone=False),
    ),
    Attack(
        "change a version and all seals",
        "superuser",
        "changes a version, and makes its seal and all later ones anew",
        (FORGE_FIRST, RESEAL.format(condition="true")),
        Named("digests.jsonl, line 1", "is of another seal 1 than the one that is there",
              by_digest=True, alone=False),
    ),
    Attack(
        "change a version and all seals, of which there is no digest",
        "superuser",
        "the same where no digest was kept elsewhere",
        (FORGE_FIRST, RESEAL.format(condition="true")),
        clean("keep digests where the database's superusers cannot change them"),
    ),
    Attack(
        "cut off the tail",
        "superuser",
        "deletes the newest versions with their seals, and puts the rows back",
        CUT_OFF,
        Named("digests.jsonl, line 2", "is of seal 2, which is not there", by_digest=True),
    ),
    Attack(
        "cut off the tail, of which there is no digest",
        "superuser",
        "the same where no digest was kept elsewhere",
        CUT_OFF,
        clean("keep digests where the database's superusers cannot change them"),
    ),
    Attack(
        "edit a row past the triggers",
        "superuser",
        "disables the event triggers and the triggers, edits a row, and enables all",
        (
            "alter event trigger rowtrail_guard_command disable",
            *(part.format(edit="update orders set total = 0 where id = 2") for part in QUIETLY),
            "alter event trigger rowtrail_guard_command enable always",
        ),
        Named("public.orders, key 2", "holds other values than its versions say: total"),
    ),
    Attack(
        "leave the guard off",
        "superuser",
        "disables the event triggers",
        ("alter event trigger rowtrail_guard_command disable",),
        Named(
            "rowtrail_guard_command",
            "is not always on, leaves out commands, or calls another function",
        ),
    ),
    Attack(
        "a session without event triggers",
        "superuser",
        "`event_triggers = off` for a session, and edits a row past the triggers",
        (
            "set event_triggers = off",
            *(part.format(edit="update orders set total = 0 where id = 2") for part in QUIETLY),
        ),
        Named("public.orders, key 2", "holds other values than its versions say: total"),
        since=17,
    ),
    Attack(
        "write as a replica, as a superuser",
        "superuser",
        "`session_replication_role = replica`, and writes",
        ("set session_replication_role = replica", "update orders set total = 0 where id = 2"),
        Shows("recorded", "the triggers fire all the same", LAST, [("U", "2", None, "postgres")]),
    ),
    Attack(
        "change the capture",
        "superuser",
        "replaces a function of rowtrail's",
        (
            "create or replace function rowtrail.capture_truncate() returns trigger "
            "language plpgsql security definer set search_path = pg_catalog, pg_temp as "
            "$$ begin return null; end $$",
        ),
        Named("rowtrail.capture_truncate()", "is not what this release installs", alone=False),
    ),
    Attack(
        "forge before the next seal",
        "superuser",
        "changes a version that is in no seal yet",
        (f"{FORGE} and data ->> 'total' = '1'",),
        clean("seal often: `rowtrail seal --every 60s`"),
        before=(("writer", "update orders set total = 1 where id = 1"),),
        after=(("auditor", "select * from rowtrail.seal()"),),
    ),
)  # fmt: skip

ATTACKS = (*WRITERS, *ACTORS, *OWNERS, *CASTS, *READERS, *SUPERUSERS)


def table() -> str:
    """The section of docs/security.md, with its markers."""
    lines = [
        BEGIN,
        "\n",
        "Each line is a test (`tests/operator/test_attacks.py`): made by that login, on a real "
        "database. A *stranger* has\n",
        "no right on anything, a *clerk* is a `rowtrail_limited_reader`, and a *writer* and an "
        "*owner* are those of the\n",
        "table `orders`.\n",
        "\n",
        "| who | what | outcome |\n",
        "|---|---|---|\n",
    ]
    for attack in ATTACKS:
        version = f" (PostgreSQL {attack.since} and newer)" if attack.since > 14 else ""
        cells = (attack.who, f"{attack.what}{version}", attack.outcome.said())
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n")
    return "".join([*lines, "\n", END])


def with_table(document: str) -> str:
    """The document, with the section as the attacks give it."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + table() + after


if __name__ == "__main__":
    text = SECURITY.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        sys.exit(f"{SECURITY} has no section for the attacks: {BEGIN}{END}")
    SECURITY.write_text(with_table(text), encoding="utf-8")
