"""What size does, as Markdown and as a plot, and their place in docs/scaling.md."""

import argparse
import statistics

from bench.databases import HERE
from bench.read_report import TIMES, millis
from bench.report import bold, draw, left_out, put, table
from bench.results import Measured, Results

DOCUMENT = HERE.parent / "docs" / "scaling.md"
PICTURE = DOCUMENT.with_suffix(".svg")
BEGIN = "<!-- What follows is written by make bench-scale; edit around it. -->"
END = "<!-- Here ends what make bench-scale wrote. -->"

#: What is measured, in the order of Results.shapes.
PARTS = ("pages", "SQL", "SQL, first look", "blocks", "writes", "bytes", "rates")

#: The share of the speed without a history that writers have with one.
SHARE = 0.95


def method(
    options: argparse.Namespace, sizes: list[int], settings: str, loading: dict[str, str]
) -> str:
    """How it was measured."""
    told = ", ".join(f"`{name} = {value}`" for name, value in loading.items())
    counts = ", ".join(f"{size:,}" for size in (options.base, *sizes))
    return (
        f"Histories of {counts} versions over 24 months, in as many monthly partitions, of a tenth "
        "as many rows in three tables; one version in ten is an INSERT, and a version takes about "
        "370 bytes without the indexes. They are loaded month by month, not by triggers, the "
        "indexes made afterwards, then analyzed, not vacuumed. Each is asked beside that of "
        f"{options.base:,} in the same minutes, in turn, by {options.rows} rows or places chosen "
        "at random for each question, as a login that may only read, by way of `/api/v1` and "
        "Flask's test client. Each is asked twice: the first look finds what it needs on the disk "
        "or not, the second one is *warm*. "
        f"A server with its own settings but {settings}, {told}."
    )


def markdown(results: Results) -> str:
    """All tables, with what people must know to read them."""
    pages, sql, first, blocks, writes, space, rates = results.shapes
    parts = [
        f"The output of `{results.command}` of {results.date}, on {results.machine}.",
        results.method,
        "### Reading",
        "Milliseconds of the queries of an answer, warm: the median, and what 95 of 100 do not "
        "exceed. *Times* is the median as a multiple of that of the smallest history, measured "
        f"beside it; the goal is {TIMES}, what misses it is in **bold**.",
        questions_table(sql),
        "The same for whole answers, with what Python does:",
        questions_table(pages),
        "The queries of the first look, which has to fetch what is not in memory:",
        questions_table(first),
        "A row of 6 versions of which nobody asked before, by `rowtrail.history()`: blocks of 8 kB "
        "that are looked at, how many of them the server did not have in its own memory "
        "(`shared_buffers`), and the time; medians, and 95 of 100:",
        blocks_table(blocks),
        "### Writing",
        "µs a row of a tracked table, with no history behind it and with a long one, in turn; "
        "medians of the rounds. *Speed* is that with a history as a share of that without; the "
        f"goal is {SHARE}.",
        writes_table(writes),
        "### Bytes",
        "A version on disk, with what is kept out of line. Above: histories as they were loaded. "
        "Below: the same changes of a table of 12 columns, about 300 bytes a row, one INSERT and "
        "nine UPDATEs of each row, really written, as each tool keeps them.",
        space_table(space),
        "### Versions a second",
        rates_table(rates),
    ]
    return "\n\n".join([*parts, *left_out(results)]) + "\n"


def write(results: Results) -> None:
    """Puts it between the markers of docs/scaling.md, and draws docs/scaling.svg.

    Raises:
        ValueError: the document has not both markers.
        RuntimeError: the plot could not be drawn.
    """
    picture = f"![What an answer costs, by the length of the history]({PICTURE.name})"
    put(f"{picture}\n\n{markdown(results)}", BEGIN, END, DOCUMENT)
    draw(results, PICTURE, "scale_plot.py")


def pairs(measured: Measured) -> list[tuple[str, str]]:
    """The sizes, each with the name of what was measured beside it."""
    names = list(dict.fromkeys(name for by in measured.times.values() for name in by))
    return [
        (name, beside) for name in names for beside in names if beside.endswith(f" beside {name}")
    ]


def questions_table(measured: Measured) -> str:
    """A line for each question, two columns for each size."""
    found = pairs(measured)
    lines = []
    for question, times in measured.times.items():
        line = [question]
        for number, (size, beside) in enumerate(found):
            if number == 0:
                line.append(spread(times[beside]))
            times_as_long = statistics.median(times[size]) / statistics.median(times[beside])
            line += [spread(times[size]), bold(f"{times_as_long:.2f}", times_as_long > TIMES)]
        lines.append(line)
    head = [f"{int(found[0][1].split()[0]):,}"] if found else []
    for size, _ in found:
        head += [f"{int(size):,}", "times"]
    return table(["", *head], lines)


def spread(times: list[float]) -> str:
    """The median, and the 95th of a hundred."""
    return f"{millis(statistics.median(times))} / {millis(percentile(times))}"


def percentile(values: list[float]) -> float:
    """What 95 of 100 do not exceed."""
    return sorted(values)[min(len(values) * 95 // 100, len(values) - 1)]


def blocks_table(measured: Measured) -> str:
    """A line for each count, a column for each size."""
    found = pairs(measured)
    columns = [found[0][1], *(size for size, _ in found)] if found else []
    lines = [
        [
            name,
            *(
                f"{statistics.median(by[size]):,.3g} / {percentile(by[size]):,.3g}"
                for size in columns
            ),
        ]
        for name, by in measured.times.items()
    ]
    return table(["", *(f"{int(size.split()[0]):,}" for size in columns)], lines)


def writes_table(measured: Measured) -> str:
    """A line for each way of writing, three columns for each size."""
    found = pairs(measured)
    # The smallest first: it was written to last.
    found.sort(key=lambda one: int(one[0]))
    lines = []
    for way in measured.times:
        line = [way]
        for size, beside in found:
            without, behind = (measured.median(way, which) or 0 for which in (beside, size))
            share = without / behind
            line += [
                f"{without * 1e6:.0f} / {behind * 1e6:.0f}",
                bold(f"{share:.2f}", share < SHARE),
            ]
        lines.append(line)
    head = [cell for size, _ in found for cell in (f"0 / {int(size):,}", "speed")]
    return table(["", *head], lines)


def space_table(measured: Measured) -> str:
    """A line for each history and each tool."""
    lines = [
        [name, *(f"{by[kind][0]:.0f}" if kind in by else "–" for kind in KINDS)]
        for name, by in sorted(measured.times.items(), key=lambda one: place(one[0]))
    ]
    return table(["", *KINDS], lines)


def place(name: str) -> int:
    """The histories by their size, then the tools."""
    number, _, what = name.partition(" ")
    return int(number.replace(",", "")) if what == "versions" else 2**63


KINDS = ("heap", "indexes", "total")


def rates_table(measured: Measured) -> str:
    """A line for each thing that is done to versions."""
    lines = [
        [name, f"{by['versions'][0]:,.0f}", f"{by['versions'][0] / by['seconds'][0]:,.0f}"]
        for name, by in measured.times.items()
    ]
    return table(["", "versions", "a second"], lines)
