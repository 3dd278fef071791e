"""The results as Markdown, and their place in docs/performance.md."""

import subprocess
import tempfile
from pathlib import Path

from bench.contenders import CONTENDERS, Contender
from bench.databases import HERE, PEERS_PYTHON
from bench.results import Measured, Results, Space, lowest

DOCUMENT = HERE.parent / "docs" / "performance.md"
PICTURE = DOCUMENT.with_suffix(".svg")
BEGIN = "<!-- What follows is written by make bench; edit around it. -->"
NOTHING = "†"
END = "<!-- Here ends what make bench wrote. -->"


def markdown(results: Results) -> str:
    """All tables, with what people must know to read them."""
    shown = [c for c in CONTENDERS if c.name in results.measured()]
    parts = [
        f"The output of `{results.command}` of {results.date}, on {results.machine}.",
        results.method,
        "Lowest of those that compete in bold: *untracked* is the table by itself, *floor* the "
        "least that a row trigger can do, a copy of the typed row into a table with one index. "
        f"Who records nothing of such a change ({NOTHING}) does not compete in that line.",
    ]
    for shape in results.shapes:
        if shape.times:
            parts += [
                f"### {shape.title}",
                "µs a row: the median, and the lowest and highest of the rounds.",
                times_table(shape, shown),
                "The same medians as multiples of untracked / of the floor:",
                ratios_table(shape, shown),
            ]
    if results.space:
        parts += [
            "### Bytes",
            "What a change of a row of 12 columns takes: of the untracked table all of it, of the "
            "others what they add to that. On disk with all indexes; in the WAL without the images "
            "of whole pages that follow a checkpoint.",
            space_table(results.space, shown),
        ]
    parts += ["### What each records", records_table(shown)]
    return "\n\n".join([*parts, *left_out(results)]) + "\n"


def write(results: Results) -> None:
    """Puts the tables between the markers of docs/performance.md, and draws docs/performance.svg.

    Raises:
        ValueError: the document has not both markers.
        RuntimeError: the plot could not be drawn.
    """
    picture = f"![What a row costs its writer]({PICTURE.name})"
    put(f"{picture}\n\n{markdown(results)}", BEGIN, END)
    draw(results, PICTURE)


def left_out(results: Results) -> list[str]:
    """A paragraph that says what was not measured, and why; none where all was."""
    if not results.missing:
        return []
    reasons = "; ".join(f"{name} ({why})" for name, why in results.missing.items())
    return [f"Not measured here: {reasons}."]


def put(text: str, begin: str, end: str, document: Path = DOCUMENT) -> None:
    """Puts text between two lines of a document: docs/performance.md, if none is named.

    Raises:
        ValueError: the document has not both lines.
    """
    before, found, rest = document.read_text().partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"{document.name} has not both lines: {begin} and {end}")
    document.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")


def draw(results: Results, picture: Path, program: str = "plot.py") -> None:
    """Draws a plot by a program of this folder, in the environment that has the library for it.

    Raises:
        RuntimeError: it could not.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.json"
        results.save(file)
        done = subprocess.run(
            [PEERS_PYTHON, HERE / program, file, picture],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the plot could not be drawn: {done.stderr.strip()[-300:]}")


def times_table(shape: Measured, shown: list[Contender]) -> str:
    """A line for each workload, a column for each contender."""
    lines = []
    for workload, times in shape.times.items():
        best = lowest(shape.median(workload, c.name) for c in shown if competes(c, workload))
        cells = []
        for contender in shown:
            median = shape.median(workload, contender.name)
            if median is None:
                cells.append("–")
                continue
            measured = times[contender.name]
            cell = bold(micros(median), median == best and competes(contender, workload))
            mark = "" if contender.reference or competes(contender, workload) else NOTHING
            cells.append(f"{cell}{mark} ({micros(min(measured))}–{micros(max(measured))})")
        lines.append([workload, *cells])
    return table(["", *(c.name for c in shown)], lines)


def ratios_table(shape: Measured, shown: list[Contender]) -> str:
    """How many times untracked, and how many times the floor."""
    compared = [c for c in shown if c.name != "untracked"]
    lines = []
    for workload in shape.times:
        untracked = shape.median(workload, "untracked")
        floor = shape.median(workload, "floor")
        best = lowest(shape.median(workload, c.name) for c in compared if competes(c, workload))
        cells = []
        for contender in compared:
            median = shape.median(workload, contender.name)
            cell = f"{ratio(median, untracked)} / {ratio(median, floor)}"
            best_here = median is not None and median == best and competes(contender, workload)
            cells.append(bold(cell, best_here))
        lines.append([workload, *cells])
    return table(["", *(c.name for c in compared)], lines)


def space_table(space: dict[str, Space], shown: list[Contender]) -> str:
    """A line for each contender: bytes on disk and in the WAL."""
    columns = ("insert_disk", "insert_wal", "update_disk", "update_wal")
    plain = space.get("untracked")

    def added(name: str, column: str) -> float | None:
        if name not in space:
            return None
        whole = float(getattr(space[name], column))
        return whole if plain is None or name == "untracked" else whole - getattr(plain, column)

    lines = []
    for contender in shown:
        cells = []
        for column in columns:
            value = added(contender.name, column)
            best = lowest(added(c.name, column) for c in shown if competes(c, column))
            cell = "–" if value is None else f"{value:.0f}"
            if competes(contender, column):
                cell = bold(cell, value is not None and value == best)
            elif not contender.reference:
                cell += NOTHING
            cells.append(cell)
        lines.append([contender.name, *cells])
    titles = ["INSERT, disk", "INSERT, WAL", "UPDATE, disk", "UPDATE, WAL"]
    return table(["", *titles], lines)


def competes(contender: Contender, workload: str) -> bool:
    """Whether it records the changes of the workload, and is there to be compared."""
    kind = workload.lower()[:6]
    kinds = {"copy o": ["insert"], "ten st": ["insert", "update", "delete"]}.get(kind, [kind])
    return not contender.reference and all(contender.recorded[each] for each in kinds)


def records_table(shown: list[Contender]) -> str:
    """What each contender keeps of a change: so that like is compared with like."""
    lines = [
        [c.name, r.version, r.update, r.index, r.truncate, r.who, r.asks]
        for c in shown
        if c.history
        for r in [c.records]
    ]
    head = ["", "A version is", "Of an UPDATE", "One row's history by an index", "TRUNCATE", "Who"]
    return table([*head, "Asks of writers"], lines)


def table(head: list[str], lines: list[list[str]]) -> str:
    """A table in Markdown; the first column is of words, the others of figures."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def micros(seconds: float) -> str:
    """Seconds as microseconds, with three digits that count."""
    value = seconds * 1e6
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def ratio(value: float | None, base: float | None) -> str:
    """How many times the base."""
    return "–" if value is None or not base else f"{value / base:.2f}"


def bold(cell: str, yes: bool) -> str:
    """The cell, in bold if yes."""
    return f"**{cell}**" if yes else cell
