"""What all measures share: the server, a process for each subject, and rounds in which the subjects take turns."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import wire
from benchmarks.figures import Figure
from benchmarks.processes import Server, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from benchmarks.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is asked for.

    Attributes:
        rounds: How often each subject has its turn.
        share: The part of the deltas and calls of a whole run.
        whole: Whether what takes long is measured too.
    """

    rounds: int
    share: float
    whole: bool

    def of(self, count: int) -> int:
        """Return how many of so many are asked for."""
        return max(1, round(count * self.share))


WHOLE = Extent(rounds=5, share=1.0, whole=True)
QUICK = Extent(rounds=3, share=0.2, whole=False)


class Bench:
    """The processes of one run."""

    def __init__(self, extent: Extent) -> None:
        self.extent = extent
        self._stack = ExitStack()
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Self:
        self.server = self._stack.enter_context(Server())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def worker(self, name: str) -> Worker:
        """Return the process of the subject."""
        if name not in self._workers:
            self._workers[name] = self._stack.enter_context(Worker())
        return self._workers[name]

    def rounds(self, names: Iterable[str], measured: Callable[[str], float], *, count: int = 0) -> dict[str, Figure]:
        """Return the figures of the subjects, who take turns; a first round, which warms up, does not count.

        Args:
            names: Who takes turns.
            measured: What is measured of one of them.
            count: How many rounds; else those of the extent.
        """
        values: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(1 + (count or self.extent.rounds)):
            for name, taken in values.items():
                taken.append(measured(name))
        return {name: Figure(tuple(taken[1:])) for name, taken in values.items()}

    def cpu_per_delta(self, name: str, scenario: Scenario, what: str) -> float:
        """Return the CPU microseconds of one delta of a stream.

        Raises:
            RuntimeError: The text that came is shorter or longer than what was sent.
        """
        url = self.server.url(name, scenario)
        came = self.worker(name).do("cpu", name=name, url=url, what=what, times=1)
        if name != "Raw" and came["size"] != scenario.text_size:
            raise RuntimeError(f"{name} gave {came['size']:,} characters of {scenario.text_size:,}")
        return float(came["seconds"]) / scenario.deltas * 1e6

    def check_call(self, name: str, scenario: Scenario, what: str) -> None:
        """Ask once, and look whether the whole answer has come.

        Raises:
            RuntimeError: It has not, so that what it costs would say nothing.
        """
        said = self.worker(name).do("said", name=name, url=self.server.url(name, scenario), what=what)
        if said != {"text": wire.answer_text(scenario), "status": "completed"}:
            raise RuntimeError(f"{name} answered {said}")

    def cpu_per_call(self, name: str, scenario: Scenario, what: str, times: int) -> float:
        """Return the CPU microseconds of one call."""
        url = self.server.url(name, scenario)
        came = self.worker(name).do("cpu", name=name, url=url, what=what, times=times)
        return float(came["seconds"]) / times * 1e6
