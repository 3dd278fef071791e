"""The command `rowtrail`: its commands, each in a module of rowtrail.commands, and how it ends.

Imports are in the functions that need them, so that `rowtrail --help` answers at once.
"""

import os
import signal
import sys
from io import TextIOWrapper
from typing import NoReturn

import click

from rowtrail import __version__
from rowtrail.commands.archive import archive
from rowtrail.commands.as_of import as_of, diff
from rowtrail.commands.baseline import baseline
from rowtrail.commands.demo import demo
from rowtrail.commands.digest import digest
from rowtrail.commands.downgrade import downgrade
from rowtrail.commands.erase import erase
from rowtrail.commands.export import export
from rowtrail.commands.feed import feed
from rowtrail.commands.history import history
from rowtrail.commands.import_ import import_
from rowtrail.commands.maintain import maintain, retention
from rowtrail.commands.options import CANNOT, INTERRUPTED
from rowtrail.commands.password import password
from rowtrail.commands.prove import prove
from rowtrail.commands.restore_check import restore_check
from rowtrail.commands.seal import seal
from rowtrail.commands.serve import serve
from rowtrail.commands.ship import ship
from rowtrail.commands.status import status
from rowtrail.commands.track import track, untrack
from rowtrail.commands.undo_sql import undo_sql
from rowtrail.commands.upgrade import upgrade
from rowtrail.commands.verify import verify


def main() -> NoReturn:
    """Runs the command; every error is one line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Like any tool in a pipe: `rowtrail history orders 42 | head` ends when head does.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        done = rowtrail.main(prog_name="rowtrail", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "rowtrail"
        fail(f"{error.format_message().rstrip('.')}; see {command} --help")
    except click.ClickException as error:
        fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except Exception as error:
        from rowtrail.errors import RowtrailError

        if isinstance(error, RowtrailError):
            fail(str(error))
        if isinstance(error, UnicodeEncodeError):
            fail(f"{error.object!a} is no text in {error.encoding}; write it in that encoding")
        if os.environ.get("ROWTRAIL_TRACEBACK"):
            raise
        fail(
            f"unexpected {type(error).__name__}: {error}; "
            "run it again with ROWTRAIL_TRACEBACK=1, and report what it prints"
        )
    sys.exit(done)


def fail(message: str) -> NoReturn:
    """Ends with one line that says what is wrong and how to mend it."""
    line = " ".join(message.split())
    click.echo(f"rowtrail: {line}", err=True)
    sys.exit(CANNOT)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rowtrail", message="%(prog)s %(version)s")
@click.pass_context
def rowtrail(context: click.Context) -> None:
    """The row history of a PostgreSQL database, written by the database itself.

    Which database: --database or the variable DATABASE_URL names it, by any PostgreSQL URL
    (postgresql://user@host:5432/name) or libpq's own form ('host=… dbname=…'). With neither, the
    embedded PostgreSQL is used; --database embedded:NAME is another database of it.

    \b
    Exit status:
      0  done
      1  something is not as it must be (status: a table is not tracked as it
         must be; verify: see there; demo: the versions do not replay to the live tables;
         undo-sql: something was changed since, and is not put back)
      2  wrong usage, or it cannot be done; one line on stderr says why
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    upgrade,
    downgrade,
    track,
    untrack,
    baseline,
    status,
    verify,
    seal,
    digest,
    prove,
    restore_check,
    history,
    archive,
    as_of,
    diff,
    erase,
    feed,
    import_,
    maintain,
    retention,
    ship,
    undo_sql,
    export,
    serve,
    password,
    demo,
):
    rowtrail.add_command(command)


if __name__ == "__main__":
    main()
