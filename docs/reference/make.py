"""Makes the pages sql.md and commands.md from the functions and the command: `make reference`."""

import re
import sys
import tempfile
from pathlib import Path
from textwrap import dedent, wrap
from typing import Any

import click
from sqlalchemy import Connection, Row, text

from rowtrail import schema
from rowtrail.cli import rowtrail
from rowtrail.db import connect
from rowtrail.embedded.server import Server

FOLDER = Path(__file__).parent

#: What people call. The other functions of the schema serve these.
PARTS = {
    "Recording": [
        "track",
        "untrack",
        "baseline",
        "status",
        "note_schema_changes",
    ],
    "The actor": ["set_actor"],
    "Reading": ["history", "schema_history", "changes", "recent", "diff", "image_now"],
    "As it was": ["as_of", "as_of_rows", "as_of_row", "rows_as_of", "snapshot_of_seal"],
    "Putting back": ["undo_sql", "undo_conflicts"],
    "Is it as it must be": ["verify", "differences", "differences_from", "integrity"],
    "Seals": ["seal", "unsealed", "verify_seal", "verify_sealed"],
    "Erasing": ["erase"],
    "Following": ["feed", "feed_now"],
    "The history database": [
        "unshipped",
        "shipping_now",
        "origin",
        "is_history_database",
        "erasable",
        "become_history_database",
    ],
    "Keeping it cheap": [
        "set_retention",
        "retire",
        "retire_until",
        "make_partitions",
        "empty_default_partition",
        "refresh_statistics",
    ],
}

WIDTH = 100

#: What is code in a comment: statements, calls, arguments, names with an underscore or a dot.
CODE = re.compile(
    r"(?:(?:begin; )?select (?:\* from )?|call )rowtrail\.\w+\((?:[^()]|\([^()]*\))*\);"
    r"|(?:select (?:\* from )?)?rowtrail\.\w+\((?:[^()]|\([^()]*\))*\)"
    r"|\w+ => (?:'[^']*'|\w+(?:\(\))?|\.\.\.)"
    r"|\{[^}]*\}"
    r"|table rowtrail\.\w+;|psql -At -c|\\\\t \\\\a \\\\o"
    r"|\browtrail\.\w+(?:\.\w+)*"
    r"|\b[a-z]+_[a-z_]+\b"
)

#: Which roles are not named, since everybody who may use the schema may call the function.
EVERYBODY = "whoever has `USAGE` on the schema"

FUNCTIONS = text("""
select
  p.proname::text as name, p.prokind = 'p' as is_procedure,
  pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
  obj_description(p.oid, 'pg_proc') as comment,
  array(
    select r.rolname::text
    from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    left join pg_roles as r on r.oid = a.grantee
    where a.grantee <> p.proowner
    order by 1) as callers
from pg_proc as p
where p.pronamespace = 'rowtrail'::regnamespace and p.proname = any (:names)
order by array_position(:names, p.proname::text), p.oid
""")

TABLES = text("""
select c.relname::text as name, obj_description(c.oid, 'pg_class') as comment, array(
  select concat_ws(
    '|', a.attname, format_type(a.atttypid, a.atttypmod),
    coalesce(col_description(c.oid, a.attnum), ''))
  from pg_attribute as a
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  order by a.attnum) as columns
from pg_class as c
where c.relnamespace = 'rowtrail'::regnamespace
  and c.relkind in ('r', 'p', 'v') and not c.relispartition
  and c.relname = any (:names)
order by array_position(:names, c.relname::text)
""")

#: The tables that people read.
RELATIONS = [
    "recent_changes",
    "versions",
    "tables",
    "seals",
    "verifications",
    "origin",
    "shipping",
    "departures",
]


def sql_page(connection: Connection) -> str:
    """The page of the functions and the tables, as they are installed."""
    names = [name for part in PARTS.values() for name in part]
    functions = connection.execute(FUNCTIONS, {"names": names}).all()
    lines = [
        "# SQL reference",
        "",
        "<!-- made by: make reference -->",
        "",
        "The functions that people call; `\\df+ rowtrail.*` in psql says the same. Others serve",
        "these, and may change without notice. Who calls one sees what they",
        "[may read](../guides/who-may-read.md).",
    ]
    for part, of_part in PARTS.items():
        lines += ["", f"## {part}"]
        for name in of_part:
            lines += ["", f"### {name}", ""]
            for one in functions:
                if one.name != name:
                    continue
                lines += ["```sql", *declaration(one), "```", "", marked(one.comment), ""]
                lines += [f"May be called by {called_by(one.callers)}.", ""]
            lines.pop()
    lines += [
        "",
        "## Tables and a view",
        "",
        "To be read; nothing is written in them but by the functions.",
    ]
    for one in connection.execute(TABLES, {"names": RELATIONS}):
        lines += [
            "",
            f"### rowtrail.{one.name}",
            "",
            marked(one.comment),
            "",
            "| column | type | |",
            "|---|---|---|",
        ]
        for column in one.columns:
            called, of_type, meaning = column.split("|", 2)
            lines.append(f"| `{called}` | {short(of_type)} | {marked(meaning)} |")
    return "\n".join(lines) + "\n"


def declaration(function: Row[Any]) -> list[str]:
    """How it is called, an argument a line where there are many."""
    arguments = split(function.arguments)
    given = [short(one) for one in arguments if not one.startswith("OUT ")]
    got = [short(one[4:]) for one in arguments if one.startswith("OUT ")]
    result = short(function.result or "")
    if got:
        result = ("setof " if result.startswith("setof") else "") + f"({', '.join(got)})"
    head = f"{'call ' if function.is_procedure else ''}rowtrail.{function.name}("
    tail = ")" if function.is_procedure else f") returns {result}"
    if len(head + ", ".join(given) + tail) <= WIDTH:
        return [head + ", ".join(given) + tail]
    wrapped = wrap(tail, WIDTH, subsequent_indent="  ", break_long_words=False)
    if not given:
        return [head + wrapped[0], *wrapped[1:]]
    return [head, *(f"  {one}," for one in given[:-1]), f"  {given[-1]}", *wrapped]


def marked(comment: str) -> str:
    """A comment as Markdown: statements, names and values are code."""

    def code(found: re.Match[str]) -> str:
        return f"`{found[0]}`"

    return re.sub(CODE, code, comment)


def split(arguments: str) -> list[str]:
    """The arguments of a declaration, which has commas in its defaults too."""
    return re.split(r", (?=(?:OUT |INOUT |VARIADIC )?\w+ \w)", arguments) if arguments else []


def short(said: str) -> str:
    """A type by its short name, and the defaults as people write them."""
    said = re.sub(r"DEFAULT NULL::[\w ]+(\[\])?", "default null", said)
    said = re.sub(r"DEFAULT ('[^']*')::[\w. ]+", r"default \1", said)
    said = (
        re.sub(r"^IN ", "", said)
        .replace("timestamp with time zone", "timestamptz")
        .replace("DEFAULT", "default")
    )
    return said.replace("TABLE(", "table (").replace("SETOF", "setof")


def called_by(callers: list[str | None]) -> str:
    """Who may call it; None among them is everybody."""
    if None in callers:
        return EVERYBODY
    names = [f"`{name}`" for name in callers or ["rowtrail_owner"]]
    return " and ".join(names)


def commands_page() -> str:
    """The page of the command, as `--help` says it."""
    lines = [
        "# Command reference",
        "",
        "<!-- made by: make reference -->",
        "",
        "What `rowtrail --help` and `rowtrail COMMAND --help` say.",
        "",
        "```text",
        help_of(rowtrail, "rowtrail"),
        "```",
    ]
    with click.Context(rowtrail) as context:
        for name in rowtrail.list_commands(context):
            command = rowtrail.get_command(context, name)
            if command is None or command.hidden:
                continue
            lines += [
                "",
                f"## rowtrail {name}",
                "",
                "```text",
                help_of(command, f"rowtrail {name}"),
                "```",
            ]
    return "\n".join(lines) + "\n"


def help_of(command: click.Command, path: str) -> str:
    """What --help says, at one width whatever the terminal's."""
    context = click.Context(command, info_name=path, terminal_width=100, max_content_width=100)
    context.help_option_names = ["-h", "--help"]
    return dedent(command.get_help(context)).rstrip()


def main() -> int:
    """Writes both; gives the exit status."""
    with tempfile.TemporaryDirectory(prefix="rowtrail-reference-") as folder:
        Path(folder).chmod(0o755)
        with Server(Path(folder) / "server") as server:
            engine = connect(server.url())
            schema.upgrade(engine)
            with engine.connect() as connection:
                (FOLDER / "sql.md").write_text(sql_page(connection), encoding="utf-8")
            engine.dispose()
    (FOLDER / "commands.md").write_text(commands_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
