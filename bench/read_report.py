"""What reading costs, as Markdown, and its place in docs/performance.md."""

import statistics

from bench.past import UNIT, Past
from bench.questions import DJANGO_PGHISTORY, LOOKS, POSTGRESQL_AUDIT, ROWTRAIL, questions
from bench.report import bold, left_out, put, ratio, table
from bench.results import Measured, Results, lowest

BEGIN = "<!-- What follows is written by make bench-read; edit around it. -->"
END = "<!-- Here ends what make bench-read wrote. -->"

#: No page takes longer than that, and none more times as long for being deep or for a long history.
MOST = 0.3  # seconds
TIMES = 1.5


def markdown(results: Results) -> str:
    """All tables, with what people must know to read them."""
    pages, whole, tools = results.shapes
    parts = [
        f"The output of `{results.command}` of {results.date}, on {results.machine}.",
        results.method,
        "### Pages",
        "Milliseconds. *Deep* is a page in the middle of the long history. The goals: no page "
        f"takes more than {MOST * 1000:.0f} ms, and none more than {TIMES} times as long for being "
        "deep or for the length of the history; what misses one is in **bold**. A page with a * is "
        "found by no index: it looks at up to 100,000 versions, and says how far, so that the "
        "short history is looked at as a whole, and no ratio is a goal.",
        pages_table(pages),
        "### Exports",
        "Files, by way of the application, read for their first 200,000 lines.",
        whole_table(whole),
    ]
    if len(tools.times) and any(POSTGRESQL_AUDIT in by for by in tools.times.values()):
        parts += [
            "### Beside other tools",
            "The same changes in the tables and with the indexes that the tools make, asked in SQL "
            "by one connection. Milliseconds, and the number of rows; the fastest in bold.",
            tools_table(tools),
        ]
    return "\n\n".join([*parts, *left_out(results)]) + "\n"


def write(results: Results) -> None:
    """Puts it between the markers of docs/performance.md.

    Raises:
        ValueError: the document has not both markers.
    """
    put(markdown(results), BEGIN, END)


def pages_table(pages: Measured) -> str:
    """A line for each page."""
    looks = {one.name for one in questions(Past(UNIT)) if one.kind == LOOKS}
    lines = []
    for name in pages.times:
        small, big, deep = (pages.median(name, size) for size in ("small", "big", "deep"))
        by_length, by_depth = ratio(big, small), ratio(deep, big)
        bounded = name in looks
        lines.append([
            name + (" *" if bounded else ""),
            cell(pages, name, "small"),
            bold(cell(pages, name, "big"), (big or 0) > MOST),
            bold(cell(pages, name, "deep"), (deep or 0) > MOST),
            millis(pages.median(name, "big, SQL")),
            "–" if bounded else bold(by_length, bool(small and big and big > TIMES * small)),
            bold(by_depth, bool(deep and big and deep > TIMES * big)),
        ])  # fmt: skip
    head = ["", "short history", "long history", "deep", "SQL of the long", "long / short"]
    return table([*head, "deep / first"], lines)


def cell(measured: Measured, name: str, which: str) -> str:
    """The median, and the lowest and highest."""
    times = measured.times[name].get(which)
    if not times:
        return "–"
    if len(times) == 1:
        return millis(times[0])
    return f"{millis(statistics.median(times))} ({millis(min(times))}–{millis(max(times))})"


def whole_table(whole: Measured) -> str:
    """A line for each file."""
    lines = [
        [name, f"{by['lines'][0]:,.0f}", f"{1 / by['line'][0]:,.0f}"]
        for name, by in whole.times.items()
    ]
    return table(["", "lines", "lines a second"], lines)


def tools_table(tools: Measured) -> str:
    """A line for each question, a column for each tool."""
    names = [ROWTRAIL, POSTGRESQL_AUDIT, DJANGO_PGHISTORY]
    lines = []
    for question, times in tools.times.items():
        best = lowest(tools.median(question, name) for name in names)
        cells = []
        for name in names:
            median = tools.median(question, name)
            shown = bold(cell(tools, question, name), median is not None and median == best)
            rows = times.get(f"{name}, rows")
            cells.append(f"{shown}, {rows[0]:.0f}" if rows else shown)
        lines.append([question, *cells])
    return table(["", *names], lines)


def millis(seconds: float | None) -> str:
    """Seconds as milliseconds, with two digits that count at least."""
    if seconds is None:
        return "–"
    value = seconds * 1000
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"
