"""`python -m tests.load.soak [SECONDS]`: many visitors, blocking and async in turn, with faults at random.

The service is the emulator in a process of its own, on loopback. In each lap the visitors hold conversations on one
client; then the ledger compares what they report with what the service took, and forgets it, so that what this process
holds must stay flat.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING

from tests.load.ledger import Ledger
from tests.load.measures import measures
from tests.load.service import Service
from tests.load.visitors import Visitor
from twelvelabs_responses import AsyncClient, Client, Retry, Sessions

if TYPE_CHECKING:
    from tests.load.measures import Measures

SECONDS = 600.0
THREADS, TASKS, TURNS = 64, 200, 5
# So few that the memory of sessions is full as the run begins, and cannot be taken for a leak.
_REMEMBERED = 1_000
# Of laps, before which the allocator has not taken what it will; and of MiB.
_FEWEST_LAPS, _MOST_GROWTH = 8, 10.0
# Each of the two clients keeps 20 connections alive.
_MOST_DESCRIPTORS = 60
# Seconds; silence is among the faults.
_PATIENCE = 2.0


class Soak:
    """One run.

    Args:
        service: The running service.
        ledger: What is told of each question.
        visitors: How many ask.
    """

    def __init__(self, service: Service, ledger: Ledger, visitors: int = TASKS) -> None:
        self._service = service
        self._ledger = ledger
        store = service.knowledge_store_id
        self._visitors = [Visitor(number, store, ledger) for number in range(visitors)]

    def run(self, seconds: float) -> None:
        """Go round until the time is over, and check at the end of each lap; then check that all is flat."""
        until, lap = monotonic() + seconds, 0
        held: list[Measures] = []
        loop = asyncio.new_event_loop()
        with self._client() as client:
            twin = client.twin()
            try:
                while monotonic() < until:
                    lap += 1
                    self._service.say("faults")
                    self._blocking(client) if lap % 2 else loop.run_until_complete(self._awaited(twin))
                    self._service.say("calm")
                    self._ledger.check(self._service.taken())
                    held.append(measures())
                    _say(f"lap {lap}: {_sums(self._ledger)}; {held[-1]}")
                loop.run_until_complete(twin.aclose())
            finally:
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.close()
        _check_flat(held)

    def _client(self) -> Client:
        return Client(
            api_key="key-of-the-tests",
            base_url=self._service.base_url,
            timeout=_PATIENCE,
            stall_timeout=_PATIENCE,
            retry=Retry(budget=3.0),
            sessions=Sessions(remembered=_REMEMBERED),
        )

    def _blocking(self, client: Client) -> None:
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lambda visitor: visitor.hold(client, TURNS), self._visitors))

    async def _awaited(self, client: AsyncClient) -> None:
        await asyncio.gather(*(visitor.ahold(client, TURNS) for visitor in self._visitors))


def _check_flat(held: list[Measures]) -> None:
    """Check that the second half of a run holds no more than the first."""
    assert all(each.threads == held[0].threads for each in held), "threads are left"
    assert all(each.descriptors <= _MOST_DESCRIPTORS for each in held), "descriptors are left"
    if len(held) >= _FEWEST_LAPS:
        half, last = held[len(held) // 2], held[-1]
        assert last.memory - half.memory <= _MOST_GROWTH, f"memory grew from {half} to {last}"


def _sums(ledger: Ledger) -> str:
    turns = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(ledger.turns.items()))
    return f"{sum(ledger.turns.values()):,} turns ({turns}), {ledger.taken:,} taken"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Run, and print the sums."""
    seconds = float(arguments[0]) if arguments else SECONDS
    _say(f"{seconds:g} seconds with {THREADS} threads and {TASKS} tasks in turn, {TURNS} turns a conversation")
    before, ledger = measures(), Ledger()
    with Service() as service:
        Soak(service, ledger).run(seconds)
    _say(f"\n{_sums(ledger)}; no turn was lost, sent twice or told to another's session")
    for name, count in ledger.errors.most_common():
        _say(f"  {count:7,} {name}")
    after = measures()
    _say(f"before: {before}\nafter:  {after}")
    assert (after.descriptors, after.threads) == (before.descriptors, before.threads)


if __name__ == "__main__":
    main(sys.argv[1:])
