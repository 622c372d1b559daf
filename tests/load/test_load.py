"""Many at once on one client, the service in a process of its own: nothing lost, nothing twice, nothing crossed."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from tests.load.ledger import ANSWERED, Ledger
from tests.load.measures import measures
from tests.load.service import Service
from tests.load.soak import Soak, main
from tests.load.visitors import Visitor
from twelvelabs_responses import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twelvelabs_responses import AsyncStream

KEY = "key-of-the-tests"
WHOLE = ("create", "stream")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def ledger(service: Service) -> Ledger:
    assert service.taken() == []
    return Ledger()


def visitors(service: Service, ledger: Ledger, number: int) -> list[Visitor]:
    return [Visitor(each, service.knowledge_store_id, ledger) for each in range(number)]


async def test_200_streams_of_200_deltas_are_open_at_the_same_time_on_one_client(service: Service) -> None:
    async def read(stream: AsyncStream) -> tuple[int, str]:
        texts = [text async for text in stream.text_deltas()]
        assert "".join(texts) == stream.response.text
        return len(texts), stream.response.text

    async with AsyncClient(api_key=KEY, base_url=service.base_url, timeout=60) as client, AsyncExitStack() as streams:
        opened = await asyncio.gather(
            *(
                streams.enter_async_context(
                    client.stream(f"goal v{each}c1t1?", knowledge_store_id=service.knowledge_store_id)
                )
                for each in range(200)
            )
        )
        read_whole = await asyncio.gather(*map(read, opened))
    for each, (deltas, text) in enumerate(read_whole):
        assert deltas >= 200
        assert f"\u201cv{each}c1t1\u201d" in text
    assert len({turn["session"] for turn in service.taken()}) == 200


async def test_500_sessions_go_on_interleaved_on_one_client(service: Service, ledger: Ledger) -> None:
    before = measures()
    async with AsyncClient(api_key=KEY, base_url=service.base_url, timeout=60) as client:
        await asyncio.gather(*(visitor.ahold(client, 2, WHOLE) for visitor in visitors(service, ledger, 500)))
    taken = service.taken()
    ledger.check(taken)
    assert (ledger.turns, ledger.errors, ledger.taken) == ({ANSWERED: 1000}, {}, 1000)
    assert len({turn["session"] for turn in taken}) == 500
    assert measures().descriptors <= before.descriptors


def test_64_threads_share_one_client(service: Service, ledger: Ledger) -> None:
    before = measures()
    with Client(api_key=KEY, base_url=service.base_url, timeout=60) as client, ThreadPoolExecutor(64) as threads:
        list(threads.map(lambda visitor: visitor.hold(client, 5, WHOLE), visitors(service, ledger, 64)))
    taken = service.taken()
    ledger.check(taken)
    assert (ledger.turns, ledger.errors, ledger.taken) == ({ANSWERED: 320}, {}, 320)
    assert len({turn["session"] for turn in taken}) == 64
    after = measures()
    assert (after.descriptors, after.threads) == (before.descriptors, before.threads)


def test_a_lap_of_the_soak_with_faults_at_random_adds_up(service: Service, ledger: Ledger) -> None:
    Soak(service, ledger, visitors=32).run(0.1)
    assert sum(ledger.turns.values()) == 160
    assert ledger.turns[ANSWERED] > 20
    assert ledger.errors


def test_the_soak_ends_by_itself_and_prints_its_sums(capsys: pytest.CaptureFixture[str]) -> None:
    main(["0"])
    assert "0 turns (), 0 taken; no turn was lost, sent twice or told to another's session" in capsys.readouterr().out
