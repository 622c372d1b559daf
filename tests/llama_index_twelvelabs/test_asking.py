from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler

from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsCitationRetriever, TwelveLabsQueryEngine
from llama_index_twelvelabs._asking import LLMOptions
from tests.llama_index_twelvelabs.engines import QUESTION, bodies
from twelvelabs_responses import AsyncClient, Client, InvalidArgumentError, Selection

if TYPE_CHECKING:
    from twelvelabs_responses import ResponseStreamEvent
    from twelvelabs_responses.emulator import Emulator

KINDS = pytest.mark.parametrize("kind", [TwelveLabsQueryEngine, TwelveLabsChatEngine, TwelveLabsCitationRetriever])


def made(kind: Any, emulator: Emulator, **options: Any) -> Any:
    settings = {"api_key": "key-of-the-tests", "base_url": emulator.base_url} | options
    return kind(emulator.knowledge_store_id, **settings)


def ask(component: Any) -> Any:
    # A query engine has a `retrieve` too, which is LlamaIndex's and refuses.
    method = next(name for name in ("query", "chat", "retrieve") if hasattr(component, name))
    return getattr(component, method)(QUESTION)


@KINDS
def test_every_option_reaches_the_request(kind: Any, emulator: Emulator) -> None:
    options = {
        "model": None,
        "instructions": "Be brief.",
        "include": ("intermediate_outputs",),
        "selections": (Selection(kind="item", id="ksi_1"),),
        "request_metadata": {"user": "u_1"},
        "extra_body": {"temperature": 0},
    }
    emulator.fault = "429-long"
    with pytest.raises(Exception, match="429"):
        ask(made(kind, emulator, max_retries=0, **options))
    (body,) = bodies(emulator)
    assert "model" not in body
    assert (body["instructions"], body["include"]) == ("Be brief.", ["intermediate_outputs"])
    assert body["selections"] == [{"kind": "item", "id": "ksi_1"}]
    assert (body["metadata"], body["temperature"]) == ({"user": "u_1"}, 0)


@KINDS
def test_an_option_that_means_nothing_here_is_refused(kind: Any, emulator: Emulator) -> None:
    with pytest.raises(InvalidArgumentError, match="context_window: got an option of this name; allowed: api_key"):
        made(kind, emulator, context_window=9_000)


@KINDS
def test_whoever_listens_when_it_is_asked_is_told(kind: Any, emulator: Emulator) -> None:
    component = made(kind, emulator)
    debug = LlamaDebugHandler(print_trace_on_end=False)
    component.callback_manager = CallbackManager([debug])
    ask(component)
    assert len(debug.get_event_pairs(CBEventType.LLM)) == 1


@KINDS
def test_progress_is_told_of_answers_that_come_whole(kind: Any, emulator: Emulator) -> None:
    told: list[ResponseStreamEvent] = []
    ask(made(kind, emulator, on_event=told.append))
    assert [event.type for event in told][-1] == "response.completed"
    assert bodies(emulator)[-1]["stream"] is True


@KINDS
def test_a_pickle_holds_no_key_and_no_listeners(kind: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    component = made(kind, emulator, instructions="Be brief.", on_event=lambda _: None)
    component.callback_manager = lambda: "what no pickle could hold"
    pickled = pickle.dumps(component)
    assert b"key-of-the-tests" not in pickled
    monkeypatch.delenv("TWELVELABS_API_KEY")
    with pytest.raises(InvalidArgumentError, match="TWELVELABS_API_KEY"):
        pickle.loads(pickled)  # noqa: S301 - pickled above
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-other-process")
    assert ask(pickle.loads(pickled))  # noqa: S301 - pickled above
    assert bodies(emulator)[-1]["instructions"] == "Be brief."


@KINDS
def test_a_copy_keeps_its_listeners_and_its_connections(kind: Any, emulator: Emulator) -> None:
    component = made(kind, emulator)
    copied = copy.copy(component)
    assert copied.callback_manager is component.callback_manager
    assert copied.llm is component.llm


@KINDS
def test_given_clients_are_used_and_need_no_key(kind: Any, emulator: Emulator) -> None:
    client = Client(api_key="key-of-the-tests", base_url=emulator.base_url)
    async_client = AsyncClient(api_key="key-of-the-tests", base_url=emulator.base_url, sessions=client.sessions)
    component = kind(emulator.knowledge_store_id, client=client, async_client=async_client)
    assert (component.llm._client, component.llm._async_client) == (client, async_client)
    assert ask(component)


@KINDS
@pytest.mark.parametrize("option", [{"api_key": "k"}, {"base_url": "http://h"}, {"timeout": 1.0}, {"max_retries": 0}])
def test_what_a_given_client_has_already_is_refused_beside_it(kind: Any, option: dict[str, Any]) -> None:
    client = Client(api_key="key-of-the-tests")
    with pytest.raises(InvalidArgumentError, match=f"{next(iter(option))}: got a value beside a client; allowed: what"):
        kind("ks_1", client=client, **option)
    with pytest.raises(InvalidArgumentError, match="beside a client"):
        kind("ks_1", async_client=client.twin(), **option)


@KINDS
def test_what_is_closed_says_so(kind: Any, emulator: Emulator) -> None:
    closed, aclosed = made(kind, emulator), made(kind, emulator)
    closed.close()
    asyncio.run(aclosed.aclose())
    for component in (closed, aclosed):
        with pytest.raises(RuntimeError, match="closed"):
            ask(component)


def test_what_is_made_of_an_engine_asks_as_the_engine_does(emulator: Emulator) -> None:
    options: dict[str, Any] = {"request_metadata": {"user": "u_1"}, "instructions": "Be brief.", "model": None}
    shared = made(TwelveLabsQueryEngine, emulator, **options)._options()
    assert shared.keys() == LLMOptions.__annotations__.keys() - {"api_key", "base_url", "timeout", "max_retries"}
    assert options.items() <= shared.items()
