"""Event loops, connections, certificates and copies: pitfalls 13, 14, 25, 27."""

from __future__ import annotations

import asyncio
import copy
import pickle
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from langchain_twelvelabs import ChatTwelveLabs
from langchain_twelvelabs.testing import QUESTION
from tests.langchain_twelvelabs.scripted_answers import PLAIN, STREAM, Chunks, frames, over
from tests.langchain_twelvelabs.ways import ask
from twelvelabs_responses import Client, _http

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twelvelabs_responses.emulator import Emulator


# langchain #35783, local-deep-research #6293
def test_a_model_outlives_its_event_loop_and_serves_loops_side_by_side(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    def asked(_: int) -> str:
        return str(asyncio.run(model.ainvoke(QUESTION)).text)

    texts = [asked(turn) for turn in range(3)]
    with ThreadPoolExecutor(8) as pool:
        texts += pool.map(asked, range(8))
    assert {text[:10] for text in texts} == {"(Emulator)"}
    assert len(emulator.exchanges) == 11


@pytest.fixture
def reads_in_a_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Note each time that certificates are read, and whether that held an event loop up."""
    noted: list[bool] = []
    read = ssl.SSLContext.load_verify_locations

    def noting(context: ssl.SSLContext, *files: Any, **more: Any) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            noted.append(False)
        else:
            noted.append(True)
        read(context, *files, **more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noting)
    _http._made_tls_context.cache_clear()
    yield noted
    _http._made_tls_context.cache_clear()


# home-assistant/core #128368
def test_certificates_are_read_once_off_the_loop_and_not_by_the_constructor(
    emulator: Emulator, reads_in_a_loop: list[bool]
) -> None:
    async def asked() -> None:
        store, url = emulator.knowledge_store_id, emulator.base_url
        model = ChatTwelveLabs(knowledge_store_id=store, api_key="key-of-the-tests", base_url=url)
        made.append(len(reads_in_a_loop))
        await model.ainvoke(QUESTION)

    made: list[int] = []
    for _ in range(2):
        asyncio.run(asked())
    assert made == [0, 1]
    assert reads_in_a_loop == [False]


def is_left(emulator: Emulator) -> bool:
    """Say whether the one client has gone in the middle of its answer, and nothing is left open."""
    return emulator.wait_until(
        lambda running: running.exchanges[-1].disconnected and not running.open_connections, timeout=5.0
    )


# langchain #37976, litellm #36123
@pytest.mark.parametrize("how", ["break", "close"])
def test_leaving_a_stream_hangs_up(model: ChatTwelveLabs, emulator: Emulator, how: str) -> None:
    emulator.fault = "slow"
    if how == "break":
        for _ in model.stream(QUESTION):
            break
    else:
        stream: Any = model.stream(QUESTION)
        next(stream)
        stream.close()
    assert is_left(emulator)


# langchain #37976, litellm #36123
@pytest.mark.parametrize("how", ["break", "close", "cancel"])
async def test_leaving_an_async_stream_hangs_up(model: ChatTwelveLabs, emulator: Emulator, how: str) -> None:
    emulator.fault = "slow"
    started = asyncio.Event()

    async def read() -> None:
        stream: Any = model.astream(QUESTION)
        async for _ in stream:
            started.set()
            if how != "cancel":
                break
        if how == "close":
            await stream.aclose()

    reading = asyncio.create_task(read())
    await started.wait()
    if how == "cancel":
        reading.cancel()
    await asyncio.wait([reading])
    assert await asyncio.to_thread(is_left, emulator)


# langchain #37976, litellm #36123
async def test_cancelling_a_question_hangs_up(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault = "stall-headers"
    asking = asyncio.create_task(model.ainvoke(QUESTION))
    assert await asyncio.to_thread(emulator.wait_until, lambda running: bool(running.exchanges))
    asking.cancel()
    await asyncio.wait([asking])
    assert await asyncio.to_thread(is_left, emulator)


# langchain #37976, litellm #36123
def test_a_stream_that_is_left_closes_its_response_whoever_still_holds_it() -> None:
    chunks = Chunks(frames(PLAIN))
    for _ in over(lambda _: httpx.Response(200, headers=STREAM, stream=chunks))().stream(QUESTION):
        break
    assert chunks.closed


# langchain #37976, litellm #36123
async def test_an_async_stream_that_is_left_closes_its_response_whoever_still_holds_it() -> None:
    chunks = Chunks(frames(PLAIN))
    async for _ in over(lambda _: httpx.Response(200, headers=STREAM, stream=chunks))().astream(QUESTION):
        break
    # The event loop closes what the caller has left, in its next steps.
    for _ in range(10):
        await asyncio.sleep(0)
    assert chunks.closed


# lmms-eval #818, pandarallel #267
@pytest.mark.parametrize("given", ["settings", "client"])
def test_a_model_that_has_answered_can_be_pickled_and_copied_and_answers_again(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    reach: dict[str, Any] = {"api_key": "key-of-the-tests", "base_url": emulator.base_url}
    options = reach if given == "settings" else {"client": Client(**reach)}
    model = ChatTwelveLabs(knowledge_store_id=emulator.knowledge_store_id, **options)
    for way in ("invoke", "ainvoke"):
        ask(model, QUESTION, way)
    pickled = pickle.dumps(model)
    assert b"key-of-the-tests" not in pickled
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-other-process")
    made = (pickle.loads(pickled), copy.copy(model), copy.deepcopy(model))  # noqa: S301 - pickled above
    for twin in made:
        for way in ("invoke", "ainvoke"):
            assert ask(twin, QUESTION, way).text.startswith("(Emulator)")
