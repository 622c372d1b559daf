"""Measure us beside the peers: print the table and, of a whole run, write it and the chart down."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import chart, report
from benchmarks.bench import QUICK, WHOLE, Bench
from benchmarks.measures import asking, calls, crowd, size, starting, streams, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.figures import Row

_FOLDER = Path(__file__).parent
# How often a measure of a short run is taken again for a figure that would fail it: other work of the machine moves
# some of them by far, but not thrice in a row.
_AGAIN = 2
_MEASURES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "core": streams.core,
    "paced": streams.paced,
    "chat": streams.chat_model,
    "llama": streams.llama,
    "calls": calls.calls,
    "imports": starting.imports,
    "construction": starting.construction,
    "first-answer": asking.first_answers,
    "first-token": waiting.first_token,
    "connections": waiting.connections,
    "cancel": waiting.leaving,
    "memory": size.memory,
    "crowd": crowd.crowd,
    "growth": size.growth,
    "histories": size.histories,
}


def main() -> int:
    """Return 1 where a figure of a short run is over twice its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", choices=[[], *_MEASURES], help="only these; nothing is written down")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds; nothing is written down")
    options = parser.parse_args()
    print(report.machine(), flush=True)
    rows = _run(options.measures or list(_MEASURES), quick=options.quick)
    if not options.quick and not options.measures:
        (_FOLDER / "results.md").write_text(report.page(rows), encoding="utf-8")
        chart.draw(rows, _FOLDER / "results.svg")
    far_off = [row for row in rows if row.is_far_off]
    print(f"{report.met(rows)} {len(far_off)} are over twice their target.")
    return 1 if options.quick and far_off else 0


def _run(names: Sequence[str], *, quick: bool) -> list[Row]:
    rows: list[Row] = []
    with Bench(QUICK if quick else WHOLE) as bench:
        for name in names:
            came = _measured(name, bench)
            for _ in range(_AGAIN if quick else 0):
                if any(row.is_far_off for row in came):
                    print(f"{'':8} (again, as a figure is far off)", flush=True)
                    came = _measured(name, bench)
            rows += came
    return rows


def _measured(name: str, bench: Bench) -> list[Row]:
    """Return the rows of a measure, printed as they come."""
    began = time.monotonic()
    rows: list[Row] = []
    for row in _MEASURES[name](bench):
        rows.append(row)
        print("\n".join(report.lines(row)), flush=True)
    print(f"{'':8} ({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
