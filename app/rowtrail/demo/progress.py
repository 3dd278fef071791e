"""What the demo says while it works: bars on a terminal, plain lines anywhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from rowtrail.commands.terminal import console


class Progress:
    """Shows one step after the other."""

    def __init__(self) -> None:
        self.out = console()

    @contextmanager
    def step(self, what: str, total: int | None = None) -> Iterator[Callable[[float, str], None]]:
        """Shows a step while it runs, and leaves one line when it has ended.

        Args:
            what: the step, as a sentence without its full stop.
            total: how long it takes, in seconds, where that is known.
        """
        began = time.monotonic()
        last = ""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
        )
        with Bars(
            *columns, console=self.out, transient=True, disable=not self.out.is_terminal
        ) as bars:
            task: TaskID = bars.add_task(what, total=total)

            def note(seconds: float, said: str) -> None:
                nonlocal last
                last = f", {said}"
                bars.update(task, completed=seconds, description=what + last)

            yield note
        self.out.print(f"{time.monotonic() - began:6.1f} s  {what}")
