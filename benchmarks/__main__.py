"""Run the measures, print the table, and write it and the chart down where the run was a whole one."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.bench import QUICK, WHOLE, Bench
from benchmarks.measures import calls, crowd, size, starting, streams, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.figures import Row

_MEASURES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "core": streams.core,
    "paced": streams.paced,
    "chat": streams.chat_model,
    "llama": streams.llama,
    "calls": calls.calls,
    "imports": starting.imports,
    "construction": starting.construction,
    "first-token": waiting.first_token,
    "connections": waiting.connections,
    "cancel": waiting.leaving,
    "memory": size.memory,
    "crowd": crowd.crowd,
    "growth": size.growth,
    "histories": size.histories,
}


def main() -> int:
    """Return 1 where a figure is over twice its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", choices=[[], *_MEASURES], help="only these, which writes nothing down")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, which writes nothing down")
    options = parser.parse_args()
    rows: list[Row] = []
    with Bench(QUICK if options.quick else WHOLE) as bench:
        for name in options.measures or _MEASURES:
            began = time.monotonic()
            for row in _MEASURES[name](bench):
                rows.append(row)
                theirs = ", ".join(f"{who} {figure.text('')}" for who, figure in row.theirs.items())
                print(
                    f"{row.verdict:8} {row.value:8.3g} {row.target:45} {row.measure} | {row.ours.text('')} {row.unit} | {theirs}",
                    flush=True,
                )
            print(f"-- {name}: {time.monotonic() - began:.0f} s", flush=True)
    return 1 if any(row.is_far_off for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
