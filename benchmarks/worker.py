"""A process in which one subject is measured: `python -m benchmarks.worker` does what its input says.

Each subject has a process of its own, so that none pays for what another has imported or left in memory.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

from benchmarks.subjects import Subject, subject

if TYPE_CHECKING:
    from collections.abc import Callable


class Worker:
    """Keeps its clients and its event loop from one measurement to the next."""

    def __init__(self) -> None:
        self._subjects: dict[tuple[str, str], Subject] = {}
        self._loop = asyncio.new_event_loop()
        # Clients look for the running loop when they are made.
        asyncio.set_event_loop(self._loop)

    def cpu(self, name: str, url: str, what: str, times: int) -> dict[str, Any]:
        """Return the CPU seconds of this process for asking so many times, and how long the text was that came."""
        asked = self._subject(name, url)
        size = 0
        seconds = 0.0
        for _ in range(times if what in ("stream", "astream") else 1):
            asked.before()
            gc.collect()
            start = time.process_time()
            size += self._ask(asked, what, times)
            seconds += time.process_time() - start
        return {"seconds": seconds, "size": size}

    def said(self, name: str, url: str, what: str) -> dict[str, Any]:
        """Return what a JSON answer says, asked for once."""
        asked = self._subject(name, url)
        answer = asked.call() if what == "call" else self._loop.run_until_complete(asked.acall())
        return asked.said(answer)._asdict()

    def first_lags(self, name: str, url: str, what: str, times: int) -> list[int]:
        """Return by how many nanoseconds the first delta comes later than the server has sent it, stream by stream."""
        asked = self._subject(name, url)
        gc.collect()
        return [self._first_lag(asked, what) for _ in range(times)]

    def load(self, name: str, url: str, count: int) -> dict[str, Any]:
        """Return the CPU seconds and the lags of so many streams at once."""
        asked, lags = self._subject(name, url), list[int]()
        gc.collect()
        start = time.process_time()
        self._loop.run_until_complete(_together(asked, lags, count))
        return {"seconds": time.process_time() - start, "lags": lags}

    def at_once(self, name: str, url: str, count: int) -> int:
        """Return how long the texts of so many streams at once are together."""
        asked = self._subject(name, url)

        async def all_of_them() -> list[int]:
            return await asyncio.gather(*(_asize(asked) for _ in range(count)))

        return sum(self._loop.run_until_complete(all_of_them()))

    def memory(self, name: str, url: str, what: str) -> dict[str, int]:
        """Return the most bytes that one answer took at once: of the process, and of them those of Python's objects.

        The latter also as the last delta has come. What a parser written in another language holds is none of them.
        """
        asked = self._subject(name, url)
        expected = _text_size(url)
        # First, as the most that a process ever held can only rise.
        resident = self._resident(asked, what)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        size, at_last_delta, answer = 0, 0, None
        if what == "stream":
            for text in asked.stream():
                size += len(text)
                if size == expected:
                    at_last_delta = tracemalloc.get_traced_memory()[0] - before
        else:
            answer = asked.call()
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        size = size if answer is None else len(asked.said(answer).text)
        if size != expected:
            raise RuntimeError(f"{name} gave {size:,} characters of {expected:,}")
        return {"resident": resident, "held": peak, "at_last_delta": at_last_delta}

    def cancel(self, way: str, url: str) -> int:
        """Leave a stream in this way; return when that was begun, in nanoseconds of the monotonic clock."""
        from benchmarks.leaving import leave  # noqa: PLC0415 - it imports the frameworks

        return leave(way, url, self._loop)

    def history(self, name: str, count: int) -> list[float]:
        """Return the CPU seconds in which a history of so many messages becomes a turn, time after time."""
        from benchmarks.histories import conversion  # noqa: PLC0415 - it imports the frameworks

        convert = conversion(name, count)
        convert()
        return [_seconds(convert) for _ in range(30)]

    def _resident(self, asked: Subject, what: str) -> int:
        gc.collect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._ask(asked, what, 1)
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return more if sys.platform == "darwin" else more * 1024

    def _first_lag(self, asked: Subject, what: str) -> int:
        lags = list[int]()
        if what == "stream":
            lags += [time.monotonic_ns() - int(text) for text in asked.stream()]
        else:
            self._loop.run_until_complete(_lags(asked, lags))
        return lags[0]

    def _subject(self, name: str, url: str) -> Subject:
        if (name, url) not in self._subjects:
            self._subjects[name, url] = subject(name, url)
        return self._subjects[name, url]

    def _ask(self, asked: Subject, what: str, times: int) -> int:
        match what:
            case "stream":
                return sum(map(len, asked.stream()))
            case "astream":
                return self._loop.run_until_complete(_asize(asked))
            case "call":
                for _ in range(times):
                    asked.call()
            case _:
                self._loop.run_until_complete(_acalls(asked, times))
        return times


async def _asize(asked: Subject) -> int:
    size = 0
    async for text in asked.astream():
        size += len(text)
    return size


async def _acalls(asked: Subject, times: int) -> None:
    for _ in range(times):
        await asked.acall()


async def _lags(asked: Subject, lags: list[int]) -> None:
    async for text in asked.astream():
        lags.append(time.monotonic_ns() - int(text))  # noqa: PERF401 - a comprehension would end with the clock


async def _together(asked: Subject, lags: list[int], count: int) -> None:
    await asyncio.gather(*(_lags(asked, lags) for _ in range(count)))


def _text_size(url: str) -> int:
    from benchmarks.scenario import Scenario  # noqa: PLC0415 - the url is told apart here only

    scenario = Scenario.of(url.split("/")[3])
    return scenario.text_size if scenario.deltas else scenario.size


def _seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def main() -> None:
    """Do what the lines of the input say, until it ends."""
    worker = Worker()
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        order = json.loads(line)
        came = getattr(worker, order.pop("do"))(**order)
        answers.write(json.dumps(came) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
