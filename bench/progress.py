"""The line on a terminal that says what runs, how much is done and how long it takes still."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class Line:
    """The progress line; where there is no terminal, it is silent."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            BarColumn(20), TimeRemainingColumn(), TextColumn("{task.description}"),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task("starting the server", total=None)
        self._total = 0.0

    def __enter__(self) -> "Line":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, seconds: float) -> None:
        """So much more is to be done."""
        self._total += seconds
        self._progress.update(self._task, total=self._total)

    def now(self, what: str) -> None:
        """Shows what runs now."""
        self._progress.update(self._task, description=what)

    def advance(self, seconds: float) -> None:
        """Something is done that was expected to take so long."""
        self._progress.advance(self._task, seconds)
