"""What the benchmarks have in common: their options, the server's settings, where they ran."""

import os
import platform
import shlex
import sys
from typing import Protocol

SETTINGS = {"autovacuum": "off", "max_wal_size": "4GB", "checkpoint_timeout": "1h"}


class Statements(Protocol):
    """What runs a statement."""

    def execute(self, statement: str) -> list[tuple[object, ...]]: ...

    def value(self, statement: str) -> str: ...


def positive(given: str) -> int:
    """A whole number above 0."""
    value = int(given)
    if value < 1:
        raise ValueError
    return value


def settle_server(database: Statements) -> str:
    """Keeps the server's own work out of what is timed; says which server it is."""
    for name, value in SETTINGS.items():
        database.execute(f"alter system set {name} = '{value}'")
    database.execute("select pg_reload_conf()")
    version = database.value("show server_version").split()[0]
    return f"PostgreSQL {version}"


def machine() -> str:
    """Where it runs; no name of a host."""
    return f"a machine with {os.cpu_count()} cores, {platform.machine()}"


def settings() -> str:
    """What the server is told, for people."""
    return ", ".join(f"`{name} = {value}`" for name, value in SETTINGS.items())


def command(target: str) -> str:
    """What was typed, without paths."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--write"]
    if "--save" in arguments:
        place = arguments.index("--save")
        del arguments[place : place + 2]
    if "--binaries" in arguments:
        arguments[arguments.index("--binaries") + 1] = "FOLDER"
    return f'make {target} ARGS="{shlex.join(arguments)}"' if arguments else f"make {target}"
