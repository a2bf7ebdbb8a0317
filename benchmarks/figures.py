"""What every performance benchmark shares: paired alternating runs, medians, and one way to print them.

Ours and the other run side by side in one process on one machine, alternating, because absolute times say more about
the machine than about the code: the figure is the ratio. `main` gives a benchmark its `--quick` and `--json`.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import orjson
from rich.console import Console
from rich.table import Column, Table


@dataclass(frozen=True)
class Figure:
    """One line of a benchmark: two values of the same unit, measured in the same run."""

    figure: str
    ours: float
    other: float
    unit: str
    n: int

    @property
    def ratio(self) -> float:
        """Ours over the other."""
        return self.ours / self.other if self.other else float("nan")


def rates(
    work: float, ours: Callable[[], object], other: Callable[[], object], *, runs: int = 3
) -> tuple[float, float]:
    """Return how much work a second each does: medians over `runs` alternating runs of both."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for taken, function in zip(seconds, (ours, other), strict=True):
            started = time.perf_counter()
            function()
            taken.append(time.perf_counter() - started)
    return work / statistics.median(seconds[0]), work / statistics.median(seconds[1])


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def main(description: str, measure: Callable[[bool], Sequence[Figure]]) -> None:
    """Run a benchmark as `python -m benchmarks.NAME [--quick] [--json]` and print its figures."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="smaller input; ends within 50 s on 2 cores")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON as the last line")
    options = parser.parse_args()
    console = Console(stderr=options.json)
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    figures = measure(options.quick)
    table = Table(Column("figure", no_wrap=True), "ours", "other", "ratio", "unit", "n")
    for f in figures:
        table.add_row(f.figure, _short(f.ours), _short(f.other), f"{f.ratio:.2f}", f.unit, f"{f.n:,}")
    console.print(table)
    if options.json:
        print(orjson.dumps([asdict(f) | {"ratio": f.ratio} for f in figures]).decode())
