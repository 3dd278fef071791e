"""Draws the results: a panel for each workload, a bar for each contender.

Runs in the environment of bench/requirements.txt, which has matplotlib:

    python bench/plot.py RESULTS.json PICTURE.svg
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt

COLUMNS = 3
OURS = "#1f6f5c"
REFERENCE = "#c9ced3"
OTHERS = "#7d8ea3"
INK = "#1d2329"


def set_style() -> None:
    """How all plots look: on a white card of their own, the same on a dark page."""
    matplotlib.rcParams.update({
        "svg.hashsalt": "rowtrail", "svg.fonttype": "none", "font.size": 8.5,
        "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
        "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
        "savefig.facecolor": "white",
    })  # fmt: skip


def main(source: Path, picture: Path) -> None:
    """Draws the first table of the results without the runs that wait for the disk."""
    set_style()
    shape = json.loads(source.read_text())["shapes"][0]
    panels = {name: by for name, by in shape["times"].items() if not name.endswith(", sync")}
    names = list(dict.fromkeys(name for by in panels.values() for name in by))
    lines = -(-len(panels) // COLUMNS)
    figure, axes = plt.subplots(
        lines, COLUMNS, sharey=True, squeeze=False, layout="constrained",
        figsize=(10, (0.2 * len(names) + 0.75) * lines + 0.5),
    )  # fmt: skip
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis, (title, by) in zip(axes.flat, panels.items(), strict=False):
        draw_panel(axis, title, by, names)
    figure.suptitle(
        f"µs a row, median; the line from the lowest to the highest round ({shape['title']})",
        fontsize=10,
    )
    # No date, so that the same results give the same file.
    figure.savefig(picture, format="svg", metadata={"Date": None})


def draw_panel(axis: Any, title: str, by: dict[str, list[float]], names: list[str]) -> None:
    """One workload."""
    for place, name in enumerate(names):
        if name not in by:
            continue
        times = [seconds * 1e6 for seconds in by[name]]
        median = statistics.median(times)
        axis.barh(place, median, height=0.68, color=colour(name))
        axis.plot([min(times), max(times)], [place, place], color=INK, linewidth=0.9)
        label = f"{median:.1f}" if median < 100 else f"{median:.0f}"
        axis.annotate(
            label, (max(median, max(times)), place),
            xytext=(3, 0), textcoords="offset points", va="center", fontsize=7.5,
        )  # fmt: skip
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    axis.margins(x=0.16)
    axis.set_xlim(left=0)
    if not axis.yaxis_inverted():
        axis.invert_yaxis()
    axis.set_title(title, fontsize=9, loc="left")
    axis.spines[["top", "right", "left"]].set_visible(False)


def colour(name: str) -> str:
    """The colour of a contender's bar."""
    if name.startswith("rowtrail"):
        return OURS
    return REFERENCE if name in ("untracked", "floor") else OTHERS


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
