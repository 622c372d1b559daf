from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.chat_engine.types import AgentChatResponse, BaseChatEngine
from llama_index.core.memory import ChatMemoryBuffer

from llama_index_twelvelabs import TwelveLabsChatEngine
from tests.llama_index_twelvelabs.chats import (
    FOLLOW_UP,
    QUESTION,
    STREAMS,
    THIRD,
    WAYS,
    ask,
    assistant,
    bodies,
    engine_at,
    kept,
    leave_early,
    texts_sent,
    user,
)
from twelvelabs_responses import (
    BadRequestError,
    Client,
    InternalServerError,
    InvalidArgumentError,
    RateLimitError,
    ResponseEvent,
    ResponsesError,
    SessionError,
)
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses import ResponseStreamEvent


@WAYS
def test_every_way_of_asking_gives_text_nodes_and_metadata(emulator: Emulator, way: str) -> None:
    response = ask(engine_at(emulator), QUESTION, way)
    exchange = emulator.exchanges[-1]
    assert str(response) == response.response == str(engine_at(emulator).chat(QUESTION))
    assert response.source_nodes[0].node.get_content() == "Harbour City Derby: Rovers v United (12:04-12:31)"
    assert response.sources == []
    assert response.metadata["status"] == "completed"
    assert (response.metadata["session_id"], response.metadata["response_id"]) == (
        exchange.session_id,
        exchange.response_id,
    )


@WAYS
def test_the_conversation_goes_on_in_its_session_and_only_what_is_new_is_sent(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator, instructions="Be brief.")
    for question in (QUESTION, FOLLOW_UP, THIRD):
        ask(engine, question, way)
    assert [texts_sent(body) for body in bodies(emulator)] == [[QUESTION], [FOLLOW_UP], [THIRD]]
    assert len({exchange.session_id for exchange in emulator.exchanges}) == 1
    assert [body["instructions"] for body in bodies(emulator)] == ["Be brief."] * 3
    assert [role for role, _ in kept(engine)] == ["user", "assistant"] * 3


@WAYS
def test_the_session_stands_on_the_assistants_message_in_json(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    response = ask(engine, QUESTION, way)
    exchange = emulator.exchanges[-1]
    message = engine.chat_history[-1]
    assert message.additional_kwargs == {
        "twelvelabs": {
            "session_id": exchange.session_id,
            "response_id": exchange.response_id,
            "knowledge_store_id": emulator.knowledge_store_id,
            "status": "completed",
        }
    }
    assert [block.block_type for block in message.blocks] == ["text"]
    assert message.content == str(response)


@WAYS
def test_the_services_own_calls_are_sources_and_no_tool_calls_in_the_message(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator, include=("intermediate_outputs",))
    response = ask(engine, QUESTION, way)
    (source,) = response.sources
    assert (source.tool_name, source.raw_input) == ("search_knowledge_store", {"query": "goal"})
    assert source.content.startswith('[{"item_id"')
    assert str(response).startswith("(Emulator) I looked through")
    message = engine.chat_history[-1]
    assert list(message.additional_kwargs) == ["twelvelabs"]
    assert [block.block_type for block in message.blocks] == ["text"]


@WAYS
def test_a_history_that_is_given_replaces_the_conversation(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    ask(engine, QUESTION, way)
    older = engine.chat_history
    ask(engine, "Which clips show an otter?", way, [])
    ask(engine, FOLLOW_UP, way, older)
    assert ["session_id" in body for body in bodies(emulator)] == [False, False, True]
    assert bodies(emulator)[2]["session_id"] == emulator.exchanges[0].session_id
    assert [role for role, _ in kept(engine)] == ["user", "assistant"] * 2
    assert len(older) == 2


@WAYS
def test_another_models_history_goes_along_as_a_transcript(emulator: Emulator, way: str) -> None:
    history = [user("Who plays?"), assistant("Rovers and United.")]
    ask(engine_at(emulator), FOLLOW_UP, way, history)
    (text,) = texts_sent(bodies(emulator)[0])
    assert '<message role="user">Who plays?</message>' in text
    assert '<message role="assistant">Rovers and United.</message>' in text
    assert text.endswith(FOLLOW_UP)


@WAYS
def test_a_stale_history_forks(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    ask(engine, QUESTION, way)
    older = engine.chat_history
    ask(engine, FOLLOW_UP, way)
    ask(engine, THIRD, way, older)
    assert "session_id" not in bodies(emulator)[2]
    (text,) = texts_sent(bodies(emulator)[2])
    assert QUESTION in text
    assert FOLLOW_UP not in text


def test_what_to_do_about_a_stale_history_can_be_chosen(emulator: Emulator) -> None:
    engine = engine_at(emulator, on_stale_session="error")
    engine.chat(QUESTION)
    older = engine.chat_history
    engine.chat(FOLLOW_UP)
    with pytest.raises(SessionError, match="has moved on"):
        engine.chat(THIRD, older)
    assert len(emulator.exchanges) == 2


@pytest.mark.parametrize("awaited", [False, True])
def test_reset_begins_anew(emulator: Emulator, *, awaited: bool) -> None:
    first = engine_at(emulator).chat(QUESTION)
    engine = engine_at(emulator, session_id=(first.metadata or {})["session_id"])
    engine.chat(FOLLOW_UP)
    asyncio.run(engine.areset()) if awaited else engine.reset()
    assert engine.chat_history == []
    engine.chat(FOLLOW_UP)
    assert ["session_id" in body for body in bodies(emulator)] == [False, True, False]


@WAYS
def test_a_session_given_to_the_constructor_goes_on(emulator: Emulator, way: str) -> None:
    first = engine_at(emulator).chat(QUESTION)
    engine = engine_at(emulator, session_id=(first.metadata or {})["session_id"])
    assert "handball" in str(ask(engine, FOLLOW_UP, way))
    ask(engine, THIRD, way)
    assert len({exchange.session_id for exchange in emulator.exchanges}) == 1
    assert texts_sent(bodies(emulator)[2]) == [THIRD]
    ask(engine, QUESTION, way, [])
    assert "session_id" not in bodies(emulator)[3]


@STREAMS
def test_a_session_given_to_the_constructor_gets_told_of_a_first_turn_that_was_left(
    emulator: Emulator, way: str
) -> None:
    first = engine_at(emulator).chat(QUESTION)
    engine = engine_at(emulator, session_id=(first.metadata or {})["session_id"])
    left = leave_early(engine, FOLLOW_UP, way)
    ask(engine, THIRD, way)
    assert bodies(emulator)[2]["session_id"] == emulator.exchanges[0].session_id
    (text,) = texts_sent(bodies(emulator)[2])
    assert f'<message role="user">{FOLLOW_UP}</message>' in text
    assert f'<message role="assistant">{left}</message>' in text


@pytest.mark.parametrize("awaited", [False, True])
def test_a_fork_goes_on_by_itself_with_a_transcript(emulator: Emulator, *, awaited: bool) -> None:
    engine = engine_at(emulator)
    engine.chat(QUESTION)
    fork = asyncio.run(engine.afork()) if awaited else engine.fork()
    fork.chat(FOLLOW_UP)
    engine.chat(THIRD)
    assert ["session_id" in body for body in bodies(emulator)] == [False, False, True]
    assert f'<message role="user">{QUESTION}</message>' in texts_sent(bodies(emulator)[1])[0]
    assert [len(each.chat_history) for each in (engine, fork)] == [4, 4]
    assert fork.llm is engine.llm


def test_a_fork_may_be_given_a_memory(emulator: Emulator) -> None:
    engine, memory = engine_at(emulator), ChatMemoryBuffer.from_defaults(token_limit=9_000)
    engine.chat(QUESTION)
    fork = engine.fork(memory)
    assert fork.memory is memory
    assert [message.additional_kwargs for message in memory.get_all()] == [{}, {}]


def test_another_memory_is_another_conversation_over_the_same_connections(emulator: Emulator) -> None:
    first = engine_at(emulator).chat(QUESTION)
    engine = engine_at(emulator, session_id=(first.metadata or {})["session_id"])
    other = engine.with_memory(ChatMemoryBuffer.from_defaults(token_limit=9_000))
    other.chat(QUESTION)
    assert "session_id" not in bodies(emulator)[1]
    assert (engine.chat_history, other.llm) == ([], engine.llm)


@pytest.mark.parametrize("way", [copy.deepcopy, lambda engine: pickle.loads(pickle.dumps(engine))])  # noqa: S301 - pickled here
def test_a_whole_copy_goes_on_by_itself_from_the_same_history(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, way: Callable[[TwelveLabsChatEngine], TwelveLabsChatEngine]
) -> None:
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-tests")
    engine = engine_at(emulator)
    engine.chat(QUESTION)
    with engine.stream_chat(FOLLOW_UP):
        copied = way(engine)
    # What was unpickled knows nothing of the turn under way, and the service takes one at a time.
    assert emulator.wait_until(lambda running: running.exchanges[-1].finished or running.exchanges[-1].disconnected)
    copied.chat(THIRD)
    assert [text for _, text in kept(copied)[:2]] == [QUESTION, "completed"]
    assert [text for role, text in kept(engine) if role == "user"] == [QUESTION, FOLLOW_UP]
    assert [text for role, text in kept(copied) if role == "user"] == [QUESTION, FOLLOW_UP, THIRD]


@WAYS
def test_a_refused_turn_leaves_the_conversation_as_it_was(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    ask(engine, QUESTION, way)
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError):
        ask(engine, FOLLOW_UP, way)
    emulator.fault = None
    assert [role for role, _ in kept(engine)] == ["user", "assistant"]
    ask(engine, FOLLOW_UP, way)
    assert bodies(emulator)[-1]["session_id"] == emulator.exchanges[0].session_id
    assert texts_sent(bodies(emulator)[-1]) == [FOLLOW_UP]


@WAYS
@pytest.mark.parametrize("fault", ["500", "drop", "failed"])
def test_a_turn_that_may_have_been_taken_is_neither_lost_nor_repeated(emulator: Emulator, way: str, fault: str) -> None:
    engine = engine_at(emulator)
    ask(engine, QUESTION, way)
    emulator.fault = fault
    with pytest.raises(ResponsesError):
        ask(engine, FOLLOW_UP, way)
    emulator.fault = None
    assert kept(engine)[2:] == [("user", FOLLOW_UP), ("assistant", "failed")]
    ask(engine, THIRD, way)
    assert "session_id" not in bodies(emulator)[-1]
    (text,) = texts_sent(bodies(emulator)[-1])
    for earlier in (QUESTION, FOLLOW_UP):
        assert text.count(f'<message role="user">{earlier}</message>') == 1
    assert text.endswith(f"\n{THIRD}")


def test_a_failed_turn_keeps_what_is_known_of_it(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    emulator.fault = "500"
    with pytest.raises(InternalServerError):
        engine.chat(QUESTION)
    assert engine.chat_history[-1].content == ""
    assert engine.chat_history[-1].additional_kwargs == {"twelvelabs": {"status": "failed"}}


def test_a_cancelled_call_is_kept_as_such() -> None:
    async def cancelled(engine: TwelveLabsChatEngine) -> None:
        call = asyncio.ensure_future(engine.achat(QUESTION))
        assert await asyncio.to_thread(emulator.wait_until, lambda running: bool(running.exchanges))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    with Emulator(think=5.0) as emulator:
        engine = engine_at(emulator)
        asyncio.run(cancelled(engine))
        assert kept(engine) == [("user", QUESTION), ("assistant", "cancelled")]
        assert emulator.wait_until(lambda running: running.exchanges[-1].disconnected)


@WAYS
@pytest.mark.parametrize("fault", ["incomplete", "incomplete-event"])
def test_an_answer_cut_short_is_kept_as_incomplete_and_the_session_goes_on(
    emulator: Emulator, way: str, fault: str
) -> None:
    engine = engine_at(emulator)
    emulator.fault = f"{fault}:once"
    response = ask(engine, QUESTION, way)
    assert response.metadata["status"] == "incomplete"
    assert response.metadata["incomplete_details"] == {"reason": "max_output_tokens"}
    assert kept(engine)[-1] == ("assistant", "incomplete")
    ask(engine, FOLLOW_UP, way)
    assert bodies(emulator)[-1]["session_id"] == emulator.exchanges[0].session_id


@WAYS
def test_a_message_that_cannot_be_sent_is_refused_and_not_kept(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    for message in ("", "a" * 10_001):
        with pytest.raises(InvalidArgumentError, match="10,000"):
            ask(engine, message, way)
    assert not emulator.exchanges
    assert engine.chat_history == []


@WAYS
def test_a_history_of_something_else_than_messages_is_refused_and_the_conversation_stays(
    emulator: Emulator, way: str
) -> None:
    engine = engine_at(emulator)
    ask(engine, QUESTION, way)
    wrong: Any = [{"role": "user", "content": "Who won?"}]
    with pytest.raises(InvalidArgumentError, match=r"chat_history\[0\]: got a dict; allowed: a ChatMessage"):
        ask(engine, FOLLOW_UP, way, wrong)
    ask(engine, FOLLOW_UP, way)
    done = ("assistant", "completed")
    assert kept(engine) == [("user", QUESTION), done, ("user", FOLLOW_UP), done]


@WAYS
def test_a_message_that_is_no_string_is_refused_as_such(emulator: Emulator, way: str) -> None:
    wrong: Any = user(QUESTION)
    with pytest.raises(InvalidArgumentError, match="message: got a ChatMessage; allowed: a string"):
        ask(engine_at(emulator), wrong, way)


@WAYS
def test_a_second_turn_at_once_is_refused_before_it_is_sent(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator)
    with engine.stream_chat(QUESTION) as response:
        with pytest.raises(SessionError, match="a turn of this conversation is under way, nothing was sent"):
            ask(engine, FOLLOW_UP, way)
        for forbidden in (engine.reset, engine.fork):
            with pytest.raises(SessionError):
                forbidden()
        assert list(response.response_gen)
    assert len(emulator.exchanges) == 1
    assert kept(engine) == [("user", QUESTION), ("assistant", "completed")]


class FailingMemory(ChatMemoryBuffer):
    """Cannot be read."""

    def get(self, *_: Any, **__: Any) -> Any:
        raise OSError("the store is down")


@WAYS
def test_a_memory_that_fails_is_heard_and_blocks_no_later_turn(emulator: Emulator, way: str) -> None:
    engine = engine_at(emulator, memory=FailingMemory.from_defaults(token_limit=9_000))
    for _ in range(2):
        with pytest.raises(OSError, match="the store is down"):
            ask(engine, QUESTION, way)
    assert not emulator.exchanges


@WAYS
def test_system_messages_of_the_history_guide_every_turn(emulator: Emulator, way: str) -> None:
    history = [ChatMessage(role=MessageRole.SYSTEM, content="Be brief.")]
    engine = engine_at(emulator)
    ask(engine, QUESTION, way, history)
    ask(engine, FOLLOW_UP, way)
    assert [body["instructions"] for body in bodies(emulator)] == ["Be brief."] * 2
    assert texts_sent(bodies(emulator)[1]) == [FOLLOW_UP]


@WAYS
def test_the_callbacks_hear_of_one_call_of_the_llm_in_one_trace(emulator: Emulator, way: str) -> None:
    debug, counter = LlamaDebugHandler(print_trace_on_end=False), TokenCountingHandler(tokenizer=str.split)
    engine = engine_at(emulator, callback_manager=CallbackManager([debug, counter]))
    response = ask(engine, QUESTION, way)
    assert len(debug.get_event_pairs(CBEventType.LLM)) == 1
    assert counter.completion_llm_token_count == response.metadata["usage"]["output_tokens"]
    assert engine.callback_manager is engine.llm.callback_manager


@WAYS
def test_progress_is_told_event_by_event(emulator: Emulator, way: str) -> None:
    told: list[ResponseStreamEvent] = []
    ask(engine_at(emulator, on_event=told.append), QUESTION, way)
    assert isinstance(told[-1], ResponseEvent)


def test_the_options_are_those_of_the_request(emulator: Emulator) -> None:
    client = Client(api_key="key-of-the-tests", base_url=emulator.base_url)
    options: dict[str, Any] = {"model": None, "request_metadata": {"user": "7"}, "extra_body": {"seed": 1}}
    engine = TwelveLabsChatEngine(emulator.knowledge_store_id, client=client, **options)
    with pytest.raises(BadRequestError, match="seed"):
        engine.chat(QUESTION)
    body = bodies(emulator)[0]
    assert (body["metadata"], body["seed"], "model" in body) == ({"user": "7"}, 1, False)


def test_it_is_a_chat_engine_of_llama_index(emulator: Emulator) -> None:
    engine = engine_at(emulator)
    assert isinstance(engine, BaseChatEngine)
    assert isinstance(engine.chat(QUESTION), AgentChatResponse)


def test_without_a_key_the_constructor_says_where_to_get_one() -> None:
    with pytest.raises(InvalidArgumentError, match=r"TWELVELABS_API_KEY.*playground.twelvelabs.io"):
        TwelveLabsChatEngine("ks_1")


def test_a_closed_engine_says_so(emulator: Emulator) -> None:
    closed, aclosed = engine_at(emulator), engine_at(emulator)
    closed.close()
    asyncio.run(aclosed.aclose())
    for engine in (closed, aclosed):
        with pytest.raises(RuntimeError, match="closed"):
            engine.chat(QUESTION)


@pytest.mark.parametrize("way", ["chat_repl", "streaming_chat_repl"])
def test_the_repl_works(
    emulator: Emulator, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = iter([QUESTION, FOLLOW_UP, "exit"])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    engine = engine_at(emulator)
    engine.chat("Something else")
    getattr(engine, way)()
    assert "handball" in capsys.readouterr().out
    assert ["session_id" in body for body in bodies(emulator)] == [False, False, True]
