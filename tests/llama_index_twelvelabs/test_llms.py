from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import Settings
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.prompts import PromptTemplate
from pydantic import ValidationError

from llama_index_twelvelabs import TwelveLabsLLM
from tests.llama_index_twelvelabs.asking import FOLLOW_UP, QUESTION, STREAMS, WAYS, answers, bodies, llm_at, user
from twelvelabs_responses import (
    AsyncClient,
    Client,
    InvalidArgumentError,
    RateLimitError,
    ResponseEvent,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from twelvelabs_responses import AsyncStream, ResponseStreamEvent, Stream
    from twelvelabs_responses.emulator import Emulator


@pytest.fixture
def llm(emulator: Emulator) -> TwelveLabsLLM:
    return llm_at(emulator)


@WAYS
def test_every_way_of_asking_gives_the_same_answer(llm: TwelveLabsLLM, emulator: Emulator, way: str) -> None:
    *_, answer = answers(llm, [user(QUESTION)], way)
    exchange = emulator.exchanges[-1]
    assert answer.message.content == llm.chat([user(QUESTION)]).message.content
    assert answer.message.additional_kwargs["twelvelabs"] == {
        "session_id": exchange.session_id,
        "response_id": exchange.response_id,
        "knowledge_store_id": emulator.knowledge_store_id,
    }
    assert (answer.raw or {})["usage"].keys() == {"input_tokens", "output_tokens"}
    assert answer.additional_kwargs["citations"][0]["title"] == "Harbour City Derby: Rovers v United"


@pytest.mark.parametrize("name", ["base_url", "timeout", "max_retries"])
def test_what_the_connections_were_made_of_cannot_be_set_afterwards(llm: TwelveLabsLLM, name: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(llm, name, None)


@STREAMS
def test_a_stream_tells_what_is_new_and_all_so_far(llm: TwelveLabsLLM, way: str) -> None:
    told = answers(llm, [user(QUESTION)], way)
    assert len(told) > 10
    for number, chunk in enumerate(told):
        assert chunk.message.content == "".join(each.delta or "" for each in told[: number + 1])
    assert "twelvelabs" in told[0].message.additional_kwargs


def test_streams_are_real_generators_as_tracing_wants_them(llm: TwelveLabsLLM) -> None:
    async def opened() -> Any:
        stream = await llm.astream_chat([user(QUESTION)])
        assert inspect.isasyncgen(stream)
        await stream.aclose()

    assert inspect.isgenerator(llm.stream_chat([user(QUESTION)]))
    asyncio.run(opened())


@WAYS
def test_a_history_goes_on_with_its_session_and_only_what_is_new_is_sent(
    llm: TwelveLabsLLM, emulator: Emulator, way: str
) -> None:
    system = ChatMessage(role=MessageRole.SYSTEM, content="Be brief.")
    *_, first = answers(llm, [system, user(QUESTION)], way)
    *_, second = answers(llm, [system, user(QUESTION), first.message, user(FOLLOW_UP)], way)
    body = bodies(emulator)[-1]
    assert body["session_id"] == emulator.exchanges[0].session_id
    assert body["input"] == [{"type": "message", "role": "user", "content": FOLLOW_UP}]
    assert body["instructions"] == "Be brief."
    assert "Going on from" in (second.message.content or "")


@WAYS
def test_what_is_refused_raises_from_the_call_itself(llm: TwelveLabsLLM, emulator: Emulator, way: str) -> None:
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError):
        answers(llm, [user(QUESTION)], way)


def test_a_refused_stream_raises_before_it_is_read(llm: TwelveLabsLLM, emulator: Emulator) -> None:
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError):
        llm.stream_chat([user(QUESTION)])


@STREAMS
def test_a_stream_that_is_cut_raises_with_the_text_so_far(llm: TwelveLabsLLM, emulator: Emulator, way: str) -> None:
    emulator.fault = "cut"
    with pytest.raises(StreamInterruptedError) as caught:
        answers(llm, [user(QUESTION)], way)
    assert caught.value.text.startswith("(Emulator)")


@pytest.mark.parametrize("way", ["complete", "acomplete", "stream_complete", "astream_complete"])
def test_a_prompt_is_one_user_message(llm: TwelveLabsLLM, emulator: Emulator, way: str) -> None:
    async def awaited() -> Any:
        if way == "acomplete":
            return await llm.acomplete(QUESTION)
        return [chunk async for chunk in await llm.astream_complete(QUESTION)][-1]

    answer: Any
    if way == "complete":
        answer = llm.complete(QUESTION)
    elif way == "stream_complete":
        answer = list(llm.stream_complete(QUESTION))[-1]
    else:
        answer = asyncio.run(awaited())
    assert answer.text == llm.chat([user(QUESTION)]).message.content
    assert [item["content"] for item in bodies(emulator)[0]["input"]] == [QUESTION]


@pytest.mark.parametrize("way", ["complete", "chat"])
def test_the_callbacks_hear_of_one_call_and_count_its_tokens_once(emulator: Emulator, way: str) -> None:
    debug, counter = LlamaDebugHandler(print_trace_on_end=False), TokenCountingHandler(tokenizer=str.split)
    llm = llm_at(emulator, callback_manager=CallbackManager([debug, counter]))
    answer: Any = llm.complete(QUESTION) if way == "complete" else llm.chat([user(QUESTION)])
    usage = answer.raw["usage"]
    assert len(debug.get_event_pairs(CBEventType.LLM)) == 1
    assert counter.prompt_llm_token_count == usage["input_tokens"]
    assert counter.completion_llm_token_count == usage["output_tokens"]


@WAYS
def test_progress_is_told_event_by_event(emulator: Emulator, way: str) -> None:
    told: list[ResponseStreamEvent] = []
    llm = llm_at(emulator, include=("intermediate_outputs",), on_event=told.append)
    *_, answer = answers(llm, [user(QUESTION)], way)
    last = told[-1]
    assert isinstance(last, ResponseEvent)
    assert last.response is not None
    assert last.response.text == answer.message.content
    assert bodies(emulator)[-1]["stream"] is True


@STREAMS
def test_who_observes_gets_the_stream_itself_and_may_close_it(emulator: Emulator, way: str) -> None:
    streams: list[Stream | AsyncStream] = []
    llm = llm_at(emulator).observed(streams.append)
    answers(llm, [user(QUESTION)], way)
    (stream,) = streams
    assert stream.session_id == emulator.exchanges[-1].session_id


def test_commentary_is_a_thought(emulator: Emulator) -> None:
    llm = llm_at(emulator, include=("intermediate_outputs",))
    told = answers(llm, [user(QUESTION)], "stream_chat")
    thoughts = "".join(chunk.additional_kwargs.get("thinking_delta", "") for chunk in told[:-1])
    assert thoughts
    assert thoughts not in (told[-1].message.content or "")


def test_an_option_of_one_call_wins_over_the_llms(emulator: Emulator) -> None:
    llm = llm_at(emulator, instructions="Be brief.")
    llm.chat([user(QUESTION)], instructions="Be long.")
    llm.chat([user(QUESTION)])
    assert [body["instructions"] for body in bodies(emulator)] == ["Be long.", "Be brief."]


def test_an_option_that_does_not_exist_is_refused(llm: TwelveLabsLLM, emulator: Emulator) -> None:
    with pytest.raises(InvalidArgumentError, match="temperature: got an option of this name; allowed: extra_body"):
        llm.chat([user(QUESTION)], temperature=0)
    with pytest.raises(InvalidArgumentError, match="knowlege: got an argument of this name"):
        llm_at(emulator, knowlege="ks_1")
    assert not emulator.exchanges


def test_without_a_key_the_constructor_says_where_to_get_one() -> None:
    with pytest.raises(InvalidArgumentError, match=r"TWELVELABS_API_KEY.*playground.twelvelabs.io"):
        TwelveLabsLLM("ks_1")


def test_the_key_is_in_no_dump_and_no_pickle(llm: TwelveLabsLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    written = [repr(llm), str(llm.to_dict()), llm.to_json(), llm.model_dump_json(), repr(pickle.dumps(llm))]
    assert "key-of-the-tests" not in "".join(written)
    assert json.loads(llm.to_json())["class_name"] == "twelvelabs_llm"
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-other-process")
    read = [pickle.loads(pickle.dumps(llm)), TwelveLabsLLM.from_dict(llm.to_dict())]  # noqa: S301 - pickled here
    for again in read:
        assert again.to_dict() == llm.to_dict()
        assert (again.chat([user(QUESTION)]).message.content or "").startswith("(Emulator)")


def test_a_pickle_does_not_open_where_there_is_no_key(llm: TwelveLabsLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = pickle.dumps(llm)
    monkeypatch.delenv("TWELVELABS_API_KEY")
    with pytest.raises(InvalidArgumentError, match="TWELVELABS_API_KEY"):
        pickle.loads(pickled)  # noqa: S301 - pickled above


def test_a_pickle_holds_what_llama_index_knows_of_an_llm_besides(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-tests")
    prompt = PromptTemplate("In football: {query_str}")
    again = pickle.loads(pickle.dumps(llm_at(emulator, query_wrapper_prompt=prompt)))  # noqa: S301 - pickled here
    assert again.query_wrapper_prompt == prompt


def test_given_twins_that_were_pickled_share_their_sessions_again(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-tests")
    client = Client(base_url=emulator.base_url)
    llm = TwelveLabsLLM(emulator.knowledge_store_id, client=client, async_client=client.twin())
    again = pickle.loads(pickle.dumps(llm))  # noqa: S301 - pickled here
    assert again._client.sessions is again._async_client.sessions
    assert again.chat([user(QUESTION)]).message.content == asyncio.run(again.achat([user(QUESTION)])).message.content


def test_a_copy_shares_the_memory_of_sessions(llm: TwelveLabsLLM) -> None:
    for copied in (copy.copy(llm), copy.deepcopy(llm), llm.model_copy()):
        assert copied._client.sessions is llm._client.sessions
        assert (copied.chat([user(QUESTION)]).message.content or "").startswith("(Emulator)")


def test_given_clients_are_used_and_need_no_key(emulator: Emulator) -> None:
    client = Client(api_key="key-of-the-tests", base_url=emulator.base_url)
    llm = TwelveLabsLLM(emulator.knowledge_store_id, client=client)
    assert llm.chat([user(QUESTION)]).message.content == llm.complete(QUESTION).text
    assert llm._async_client.sessions is client.sessions


def test_a_closed_llm_says_so(emulator: Emulator) -> None:
    closed, aclosed = llm_at(emulator), llm_at(emulator)
    closed.close()
    asyncio.run(aclosed.aclose())
    for llm in (closed, aclosed):
        with pytest.raises(RuntimeError, match="closed"):
            llm.chat([user(QUESTION)])


def test_it_is_no_tool_calling_model_and_says_what_fits_into_a_prompt(emulator: Emulator) -> None:
    metadata = llm_at(emulator, context_window=9_000, model=None).metadata
    assert (metadata.context_window, metadata.is_chat_model, metadata.is_function_calling_model) == (9_000, True, False)
    assert metadata.model_name == "unnamed"


def test_llama_indexs_own_chat_engine_goes_on_with_the_session(llm: TwelveLabsLLM, emulator: Emulator) -> None:
    engine = SimpleChatEngine.from_defaults(llm=llm, memory=ChatMemoryBuffer.from_defaults(token_limit=9_000))
    engine.chat(QUESTION)
    assert "handball" in str(engine.chat(FOLLOW_UP))
    assert [len(body["input"]) for body in bodies(emulator)] == [1, 1]
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id


def test_event_loops_that_follow_each_other_share_one_llm(emulator: Emulator) -> None:
    async def ask_twice(llm: TwelveLabsLLM) -> list[Any]:
        return list(await asyncio.gather(*(llm.achat([user(QUESTION)]) for _ in range(2))))

    async_client = AsyncClient(api_key="key-of-the-tests", base_url=emulator.base_url)
    llm = TwelveLabsLLM(emulator.knowledge_store_id, async_client=async_client)
    for _ in range(3):
        assert len(asyncio.run(ask_twice(llm))) == 2
    assert len({exchange.session_id for exchange in emulator.exchanges}) == 6


@pytest.mark.parametrize("way", ["predict", "apredict", "stream", "astream"])
def test_a_prompt_is_predicted_with_the_system_prompt_as_instructions(emulator: Emulator, way: str) -> None:
    llm = llm_at(emulator, system_prompt="You watch football.", instructions="Be brief.")
    prompt = PromptTemplate("Which clips show {what}?")

    async def awaited() -> str:
        if way == "apredict":
            return await llm.apredict(prompt, what="a goal")
        return "".join([token async for token in await llm.astream(prompt, what="a goal")])

    if way.startswith("a"):
        text = asyncio.run(awaited())
    else:
        text = llm.predict(prompt, what="a goal") if way == "predict" else "".join(llm.stream(prompt, what="a goal"))
    assert text == llm.complete(QUESTION).text
    assert bodies(emulator)[0]["input"][0]["content"] == QUESTION
    assert bodies(emulator)[0]["instructions"] == "Be brief.\n\nYou watch football."


def test_callbacks_may_be_given_later(emulator: Emulator) -> None:
    debug, llm = LlamaDebugHandler(print_trace_on_end=False), llm_at(emulator)
    llm.callback_manager = CallbackManager([debug])
    for way in ("chat", "astream_chat"):
        answers(llm, [user(QUESTION)], way)
    assert len(debug.get_event_pairs(CBEventType.LLM)) == 2


def test_it_may_be_the_llm_of_the_settings(llm: TwelveLabsLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "_llm", None)
    Settings.llm = llm
    engine = SimpleChatEngine.from_defaults(memory=ChatMemoryBuffer.from_defaults(token_limit=9_000))
    assert str(engine.chat(QUESTION)) == llm.complete(QUESTION).text


@WAYS
def test_a_rate_limiter_is_asked_once_for_each_call(emulator: Emulator, way: str) -> None:
    class Counts:
        asked = 0

        def acquire(self) -> None:
            self.asked += 1

        async def async_acquire(self) -> None:
            self.asked += 1

    if "rate_limiter" not in TwelveLabsLLM.model_fields:
        pytest.skip("this LlamaIndex has no rate limiters")
    limiter = Counts()
    answers(llm_at(emulator, rate_limiter=limiter), [user(QUESTION)], way)
    assert limiter.asked == 1


@STREAMS
def test_llama_indexs_own_chat_engine_goes_on_from_a_stream(llm: TwelveLabsLLM, emulator: Emulator, way: str) -> None:
    engine = SimpleChatEngine.from_defaults(llm=llm, memory=ChatMemoryBuffer.from_defaults(token_limit=9_000))

    async def astream(question: str) -> str:
        return "".join([token async for token in (await engine.astream_chat(question)).async_response_gen()])

    async def conversation() -> list[str]:
        return [await astream(question) for question in (QUESTION, FOLLOW_UP)]

    if way == "astream_chat":
        said = asyncio.run(conversation())
    else:
        said = ["".join(engine.stream_chat(question).response_gen) for question in (QUESTION, FOLLOW_UP)]
    assert "handball" in said[1]
    assert [len(body["input"]) for body in bodies(emulator)] == [1, 1]
    assert bodies(emulator)[1]["session_id"] == emulator.exchanges[0].session_id


def test_threads_share_one_llm_and_no_conversation(llm: TwelveLabsLLM, emulator: Emulator) -> None:
    def converse(number: int) -> list[Any]:
        way = ("chat", "stream_chat")[number % 2]
        *_, first = answers(llm, [user(QUESTION)], way)
        *_, second = answers(llm, [user(QUESTION), first.message, user(FOLLOW_UP)], way)
        return [answer.message.additional_kwargs["twelvelabs"]["session_id"] for answer in (first, second)]

    with ThreadPoolExecutor(8) as pool:
        sessions = list(pool.map(converse, range(16)))
    assert all(first == second for first, second in sessions)
    assert len({first for first, _ in sessions}) == 16
    assert len(emulator.exchanges) == 32


def test_all_who_observe_an_llm_hear_of_it(emulator: Emulator) -> None:
    told: dict[str, list[Any]] = {"ours": [], "theirs": [], "opened": [], "opened again": []}
    llm = llm_at(emulator, on_event=told["ours"].append)
    observed = llm.observed(told["opened"].append).observed(told["opened again"].append, told["theirs"].append)
    answers(observed, [user(QUESTION)], "stream_chat")
    assert told["ours"] == told["theirs"]
    assert told["opened"] == told["opened again"]
    assert llm.observed()._on_open == ()
