"""Draws what size does: a panel for each question, its time by the length of the history.

Runs in the environment of bench/requirements.txt, which has matplotlib:

    python bench/scale_plot.py RESULTS.json PICTURE.svg
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from plot import set_style  # type: ignore[import-not-found]

COLUMNS = 4
WARM = "#1f6f5c"
COLD = "#7d8ea3"


def main(source: Path, picture: Path) -> None:
    """Draws the queries of an answer, warm and at the first look."""
    set_style()
    shapes = json.loads(source.read_text())["shapes"]
    warm, cold = shapes[1]["times"], shapes[2]["times"]
    lines = -(-len(warm) // COLUMNS)
    figure, axes = plt.subplots(
        lines, COLUMNS, squeeze=False, layout="constrained", figsize=(10, 1.9 * lines + 0.5)
    )
    for axis in axes.flat[len(warm) :]:
        axis.set_visible(False)
    for axis, question in zip(axes.flat, warm, strict=False):
        draw(axis, cold[question], COLD, "first look")
        draw(axis, warm[question], WARM, "warm")
        axis.set_title(question, fontsize=8, loc="left")
        axis.set_xscale("log")
        axis.minorticks_off()
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
    axes.flat[0].legend(frameon=False, fontsize=7.5)
    figure.suptitle(
        "ms of an answer's queries by the number of versions: median, line up to 95 of 100",
        fontsize=10,
    )
    # No date, so that the same results give the same file.
    figure.savefig(picture, format="svg", metadata={"Date": None})


def draw(axis: Any, by: dict[str, list[float]], colour: str, label: str) -> None:
    """One line."""
    sizes: dict[int, list[float]] = {}
    for name, times in by.items():
        sizes.setdefault(int(name.split()[0]), []).extend(times)
    places = sorted(sizes)
    medians = [statistics.median(sizes[size]) * 1000 for size in places]
    high = [sorted(sizes[size])[len(sizes[size]) * 95 // 100] * 1000 for size in places]
    axis.plot(places, medians, color=colour, marker="o", markersize=3, label=label)
    axis.vlines(places, medians, high, color=colour, linewidth=0.8)
    axis.set_xticks(places, [f"{size / 1e6:g} M" for size in places])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
