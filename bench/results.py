"""What was measured, as it is kept in a file of JSON: by whom, where, and every single time."""

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Space:
    """What one change adds, in bytes: on disk (with indexes) and in the WAL."""

    insert_disk: float
    insert_wal: float
    update_disk: float
    update_wal: float


@dataclass
class Measured:
    """What was measured of one table: seconds a row, by workload and contender, of each round."""

    name: str
    title: str
    times: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, workload: str, contender: str, seconds: float) -> None:
        """Adds one round's time."""
        self.times.setdefault(workload, {}).setdefault(contender, []).append(seconds)

    def median(self, workload: str, contender: str) -> float | None:
        """The median of the rounds, in seconds; None if there is none."""
        times = self.times.get(workload, {}).get(contender)
        return statistics.median(times) if times else None


@dataclass
class Results:
    """A run of the benchmark.

    Attributes:
        date: the day it was begun (ISO 8601).
        command: what was typed.
        machine: in one line; no name of a host, no path.
        method: the server's settings and the rounds, in one line.
        shapes: the times.
        space: bytes a change, by contender.
        missing: why a contender was not measured.
    """

    date: str
    command: str
    machine: str
    method: str
    shapes: list[Measured] = field(default_factory=list)
    space: dict[str, Space] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def measured(self) -> set[str]:
        """The names of the contenders that have a result."""
        timed = {name for shape in self.shapes for by in shape.times.values() for name in by}
        return timed | set(self.space)

    def save(self, path: Path) -> None:
        """Writes the file."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Reads what save() wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not such a file.
        """
        try:
            found: dict[str, Any] = json.loads(path.read_text())
            found["shapes"] = [Measured(**shape) for shape in found["shapes"]]
            found["space"] = {name: Space(**space) for name, space in found["space"].items()}
            return cls(**found)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path} holds no results of this benchmark: {error}") from None


def lowest(values: Iterable[float | None]) -> float | None:
    """The lowest of those that are there."""
    return min((value for value in values if value is not None), default=None)
