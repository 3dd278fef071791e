"""The blocks of code in a page of the documents, and how each is run.

A page's blocks run in order in one database, `shop`, of the page's own. What it says that they give
is compared: the `text` after a block is its output, in which `…` stands for anything, or has URLs
that answer; where it has an error, the block is to fail. A line of Python that is an expression
with a value in its comment is an assertion; a line of the shell whose comment ends with `exit
status 1` has to end so, every other with 0.

A block that cannot be run says why, in a comment above it: `<!-- not run: needs Docker -->`.
"""

import ast
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from rowtrail.embedded.server import Server

ROOT = Path(__file__).parents[2]

BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\S*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

#: What is another one in each run.
CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( ?\+00(:00)?|Z| UTC)?"), "TIME"),
    (re.compile(r"\b[1-9]-\d+\b"), "TRANSACTION"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"#\d{3,}\b"), "#VERSION"),
    (re.compile(r"\b\d+\.\d{3}( ms)?\b"), "MILLISECONDS"),
    (re.compile(r"-{2,}"), "-"),
    (re.compile(r"[ \t]+"), " "),
)

#: The transaction that a page means by 1-4711: the newest.
NEWEST = """
select era || '-' || xid as the_transaction
from rowtrail.versions where op <> 'S' order by id desc limit 1
"""

#: What a page's reader has, and a machine that only tests may lack.
TOOLS = ("curl", "jq", "openssl", "git")

SHIMS = {
    "rowtrail": "{python} {shims} rowtrail",
    "pip": "{python} {shims} pip",
    "python": "{python}",
    "alembic": "{python} -m alembic",
    "flask": "{python} -m flask",
}


@dataclass
class Block:
    """A block of a page."""

    page: str
    line: int
    language: str
    code: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.language})"


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, by its path from the top of the repository."""
    source = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(
            page,
            source.count("\n", 0, found.start()) + 1,
            found["language"],
            found["code"],
            found["reason"],
        )
        for found in BLOCK.finditer(source)
    ]


class Differs(AssertionError):
    """A block does not do what its page says."""


@dataclass
class Page:
    """A page whose blocks are run, in a database of its own.

    Attributes:
        name: its path from the top of the repository.
        server: on which the database is.
        engine: of the database, as a superuser.
        folder: where commands are run; theirs alone.
        login: who runs SQL and the shell.
        names: what Python finds defined.
        missing: what it finds where nothing is defined, made when it is asked for.
        replace: what stands for something else here, in every language.
        hooks: what is done before a block, by its number from 0.
    """

    name: str
    server: Server
    engine: Engine
    folder: Path
    login: str = "postgres"
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    missing: dict[str, Callable[[], Any]] = field(default_factory=dict)
    replace: dict[str, str] = field(default_factory=dict)
    hooks: dict[int, Callable[[], object]] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    output: str = ""
    assertions: int = 0
    is_to_fail: bool = False

    def __post_init__(self) -> None:
        self.make_shims()

    def run(self) -> None:
        """Runs its blocks."""
        blocks = blocks_of(self.name)
        for number, block in enumerate(blocks):
            after = blocks[number + 1 : number + 2]
            self.is_to_fail = any(one.language == "text" and "ERROR:" in one.code for one in after)
            if number in self.hooks:
                self.hooks[number]()
            if block.reason is None:
                self.run_block(block)

    def run_block(self, block: Block) -> None:
        """Runs a block, by its language."""
        run = RUNNERS.get(block.language)
        if run is None:
            raise Differs(f"{block}: nothing runs blocks of this language")
        try:
            run(self, self.here(block.code))
        except Exception as error:
            raise Differs(f"{block}: {error}") from error

    def execute(self, *statements: str) -> list[Any]:
        """Executes statements as a superuser; gives the rows of the last."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            rows: list[Any] = []
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = list(result) if result.returns_rows else []
        return rows

    def here(self, code: str) -> str:
        """The code with what is here in the place of what is there."""
        for old, new in self.replace.items():
            code = code.replace(old, new)
        host = self.server.socket_folder

        def url(found: re.Match[str]) -> str:
            return f"postgresql{found[1] or ''}://{found[2]}@/{found[3]}?host={host}"

        return re.sub(r"postgresql(\+\w+)?://(\w+)(?::\w+)?@[\w.:]+/(\w+)", url, code)

    def environment(self) -> dict[str, str]:
        """That of the shell."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "ROWTRAIL")) and name != "DATABASE_URL"
        }
        shims = self.folder / "bin"
        return kept | {
            "HOME": str(self.folder),
            "PATH": f"{shims}:{self.server.binaries}:/usr/local/bin:/usr/bin:/bin",
            "PGHOST": str(self.server.socket_folder),
            "PGPORT": "5432",
            "PGUSER": self.login,
            "PGDATABASE": "shop",
            "DATABASE_URL": self.here(f"postgresql://{self.login}@localhost/shop"),
            "COLUMNS": "100",
            "PAGER": "cat",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "app"), os.environ.get("PYTHONPATH", "")]),
            "GIT_CONFIG_GLOBAL": "/dev/null",
        } | self.env  # fmt: skip

    def make_shims(self) -> None:
        shims = self.folder / "bin"
        shims.mkdir(parents=True, exist_ok=True)
        python, script = sys.executable, str(Path(__file__).with_name("shims.py"))
        for name, command in SHIMS.items():
            file = shims / name
            said = command.format(python=shlex.quote(python), shims=shlex.quote(script))
            file.write_text(f'#!/bin/sh\nexec {said} "$@"\n')
            file.chmod(0o755)

    def transaction_named(self) -> str:
        """The transaction that is meant by 1-4711 just now."""
        found = self.execute(NEWEST)
        return str(found[0][0]) if found else "1-4711"


def run_sql(page: Page, code: str) -> None:
    """By psql, which stops at the first error."""
    if "1-4711" in code:
        code = with_transaction(code)
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "SHOW_CONTEXT=never", "-f", "-"],
        input=code, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=page.environment(), cwd=page.folder, check=False, timeout=60,
    )  # fmt: skip
    page.output = re.sub(r"^psql:<stdin>:\d+: ", "", done.stdout, flags=re.MULTILINE)
    # Where the text after it shows the error, it is to fail.
    if (done.returncode != 0) != page.is_to_fail:
        raise Differs(page.output)


def with_transaction(code: str) -> str:
    """The script with the real name of the transaction, looked up just before it is needed."""
    lines = code.splitlines()
    first = next(n for n, line in enumerate(lines) if "1-4711" in line)
    while first > 0 and not re.search(r";\s*(--.*)?$|^\\", lines[first - 1]):
        first -= 1
    return "\n".join([*lines[:first], f"{NEWEST}\\gset", *lines[first:], ""]).replace(
        "'1-4711'", ":'the_transaction'"
    )


def run_shell(page: Page, code: str) -> None:
    """By bash; exported variables are there in the page's next block."""
    for tool in TOOLS:
        if (
            re.search(rf"\b{tool}\b", code)
            and shutil.which(tool, path=page.environment()["PATH"]) is None
        ):
            pytest.skip(f"{page.name}: {tool} is not installed")
    if "1-4711" in code:
        code = code.replace("1-4711", page.transaction_named())
    kept = page.folder / ".kept"
    failed = page.folder / ".failed"
    failed.unlink(missing_ok=True)
    sets = "set -a" if re.search(r"^ROWTRAIL_\w+=", code, re.MULTILINE) else ""
    code = re.sub(
        r"^(ROWTRAIL_\w+=)…", r"\1a-secret-of-more-than-32-characters", code, flags=re.MULTILINE
    )
    script = f"""
shopt -s expand_aliases
[ -e {kept} ] && . {kept}
set -E; {sets}
trap 'echo "$?:$BASH_COMMAND" >> {failed}' ERR
{code}
trap - ERR
export -p > {kept}
"""
    done = subprocess.run(
        ["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        input="a long password\n" * 2, env=page.environment(), cwd=page.folder,
        check=False, timeout=120,
    )  # fmt: skip
    page.output = done.stdout
    went_wrong = failed.read_text().splitlines() if failed.exists() else []
    expected = re.findall(r"exit status (\d)$", code, re.MULTILINE)
    if [one.split(":")[0] for one in went_wrong if one] != expected:
        raise Differs(
            f"{went_wrong} ended otherwise than the page says ({expected}):\n{done.stdout}"
        )
    if sets:
        # What was set can be meant.
        run_shell(page, "python -c 'import rowtrail; rowtrail.create_app()'")


def run_console(page: Page, code: str) -> None:
    """Lines that begin with `$ `, each with its output below it."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command += "\n" + more
        run_shell(page, command)
        compare(page.output, output)


def run_output(page: Page, code: str) -> None:
    """What the block before gave, or URLs of the pages."""
    if all(line.startswith("/") for line in code.split()):
        run_places(page, code)
    else:
        compare(page.output, code)


def compare(found: str, said: str) -> None:
    """Whether the output is what the page says; `…` is anything."""
    pattern = r"[\s\S]*?".join(re.escape(one) for one in plain(said).split("…"))
    if not re.fullmatch(pattern, plain(found)):
        raise Differs(f"the page says\n{plain(said)}\nand it gives\n{plain(found)}")


def plain(output: str) -> str:
    """Without what differs from run to run."""
    for pattern, name in CHANGING:
        output = pattern.sub(name, output)
    return "\n".join(line.strip() for line in output.strip().splitlines())


class Names(dict[str, Any]):
    """The names of a page's Python: what it defines, else what is missing."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def __getitem__(self, name: str) -> Any:
        names = self.page.names
        if name not in names and name in self.page.missing:
            names[name] = self.page.missing[name]()
        return names[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.page.names[name] = value


def run_python(page: Page, code: str) -> None:
    """A statement after the other."""
    if "django" in code:
        run_other(page, code)
        return
    said = comments(code)
    local = Names(page)
    for statement in ast.parse(code).body:
        last = statement.end_lineno or statement.lineno
        expected = value_of(said.get(last, "")) if isinstance(statement, ast.Expr) else None
        if expected is None or not isinstance(statement, ast.Expr):
            exec(compile(ast.Module([statement], []), page.name, "exec"), page.names, local)
            continue
        value = eval(compile(ast.Expression(statement.value), page.name, "eval"), page.names, local)
        if value != expected[0]:
            raise Differs(f"{ast.unparse(statement)} is {value!r}, and not {expected[0]!r}")
        page.assertions += 1


def comments(code: str) -> dict[int, str]:
    """The comment of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return {one.start[0]: one.string[1:].strip() for one in tokens if one.type == tokenize.COMMENT}


def value_of(comment: str) -> tuple[Any] | None:
    """The value that a comment begins with, before a colon or a semicolon; None if it is words."""
    for said in (comment, re.split(r'(?<=["\w)\]}]): ', comment)[0], comment.split("; ")[0]):
        try:
            return (eval(said, {"__builtins__": {}, "Decimal": Decimal, "frozenset": frozenset}),)
        except (SyntaxError, NameError):
            continue
    return None


def run_places(page: Page, code: str) -> None:
    """URLs of the pages, each of which must answer."""
    client = page.names["client"]
    for line in code.split():
        answer = client.get(page.here(line).replace("1-4711", page.transaction_named()))
        if answer.status_code != 200:
            raise Differs(f"{line}: {answer.status}")


def run_json(page: Page, code: str) -> None:
    """What was given, with other sizes."""
    found, said = json.loads(page.output), json.loads(code)
    for given in (found, said):
        given.pop("bytes", None)
    compare(json.dumps(found), json.dumps(said))


def run_yaml(page: Page, code: str) -> None:
    """Settings of Prometheus's: they can be read, and name metrics that there are."""
    if not import_module("yaml").safe_load(code):
        raise Differs("is empty")
    metrics = page.names["client"].get("/metrics").text
    expressions = "".join(re.findall(r"expr:(.*?)(?:for:|annotations:)", code, re.DOTALL))
    for name in re.findall(r"rowtrail_\w+", expressions):
        if f"# TYPE {name} " not in metrics:
            raise Differs(f"/metrics has no {name}")


#: What other languages write for a parameter.
PLACE = re.compile(r"set_config\('rowtrail\.(?:actor|context)', (\?|%s|\$[12]), true\)")


def run_other(page: Page, code: str) -> None:
    """A program of another language: the statement that it sends names the actor."""
    sent = re.findall(r'"(select set_config[^"]*)"', code)
    if len(sent) != 1 or len(PLACE.findall(sent[0])) != 2:
        raise Differs("does not send one statement with two places")
    with page.engine.begin() as connection:
        connection.exec_driver_sql(
            PLACE.sub(lambda found: found[0].replace(found[1], "%s"), sent[0]),
            ("bob", '{"reason": "ticket 4712"}'),
        )
        connection.execute(text("insert into orders (id) select max(id) + 1 from orders"))
    if recorded(page)[-1] != ("I", "bob", {"reason": "ticket 4712"}):
        raise Differs("named nobody")


RUNNERS: dict[str, Callable[[Page, str], None]] = {
    "sql": run_sql,
    "psql": run_sql,
    "sh": run_shell,
    "console": run_console,
    "text": run_output,
    "json": run_json,
    "python": run_python,
    "yaml": run_yaml,
    "java": run_other,
    "ruby": run_other,
    "js": run_other,
}


def pages() -> Iterator[str]:
    """All pages that are to be true, by their paths from the top of the repository."""
    yield "README.md"
    for path in sorted((ROOT / "docs").rglob("*.md")):
        if "reference" not in path.parts:
            yield str(path.relative_to(ROOT))


def recorded(page: Page) -> list[Any]:
    """What was recorded of rows: operation, actor and context."""
    with page.engine.connect() as connection:
        rows = connection.execute(
            text("select op, actor, context from rowtrail.versions where row_key <> '' order by id")
        )
        return [tuple(row) for row in rows]
