from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.memory import ChatMemoryBuffer

from llama_index_twelvelabs._chat_turn import ChatTurn, OneTurn
from twelvelabs_responses import APIConnectionError, Client, RateLimitError, SessionError, StreamInterruptedError
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from llama_index.core.memory import BaseMemory

    Kept = list[tuple[str, str, dict[str, Any]]]

WHOLE = {"id": "resp_1", "session_id": "sess_1", "knowledge_store_id": "ks_1", "status": "completed"}
WHOLE_MARKER = {"session_id": "sess_1", "response_id": "resp_1", "knowledge_store_id": "ks_1"}
ENDS = pytest.mark.parametrize("awaited", [False, True])


def turn_of(memory: BaseMemory, one_turn: OneTurn | None = None) -> ChatTurn:
    turn = ChatTurn("Who?", memory, one_turn or OneTurn())
    with turn.preparing():
        return turn


def new_memory() -> BaseMemory:
    return ChatMemoryBuffer.from_defaults(token_limit=900)


def answer(text: str, raw: dict[str, Any] | None = None) -> ChatResponse:
    return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=text), raw=raw, delta=text)


def ended(turn: ChatTurn, *, awaited: bool) -> None:
    asyncio.run(turn.aend()) if awaited else turn.end()


def kept(memory: BaseMemory) -> Kept:
    return [
        (message.role.value, message.content or "", message.additional_kwargs.get("twelvelabs", {}))
        for message in memory.get_all()
    ]


def test_one_turn_is_let_in_at_a_time() -> None:
    one_turn = OneTurn()
    with one_turn, pytest.raises(SessionError, match="nothing was sent"):
        one_turn.begin()
    one_turn.begin()


@ENDS
def test_the_next_turn_is_let_in_when_the_memory_is_written(*, awaited: bool) -> None:
    one_turn = OneTurn()
    turn = turn_of(new_memory(), one_turn)
    with pytest.raises(SessionError):
        turn_of(new_memory(), one_turn)
    ended(turn, awaited=awaited)
    turn_of(new_memory(), one_turn)


def test_what_fails_before_anything_is_sent_lets_the_next_turn_in() -> None:
    one_turn = OneTurn()
    with pytest.raises(OSError, match="down"), ChatTurn("Who?", new_memory(), one_turn).preparing():
        raise OSError("down")
    turn_of(new_memory(), one_turn)


@ENDS
@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_an_answered_turn_is_kept_whole(status: str, *, awaited: bool) -> None:
    memory = new_memory()
    turn = turn_of(memory)
    turn.heard(answer("Rovers.", WHOLE | {"status": status}))
    ended(turn, awaited=awaited)
    assert kept(memory) == [("user", "Who?", {}), ("assistant", "Rovers.", WHOLE_MARKER | {"status": status})]


def test_the_users_message_is_put_once() -> None:
    memory = new_memory()
    turn = turn_of(memory)
    turn.keep_user()
    assert kept(memory) == [("user", "Who?", {})]
    turn.heard(answer("Rovers.", WHOLE))
    turn.end()
    assert [role for role, _, _ in kept(memory)] == ["user", "assistant"]


async def test_the_users_message_is_put_once_when_awaited() -> None:
    memory = new_memory()
    turn = turn_of(memory)
    await turn.akeep_user()
    await turn.aend()
    assert turn.written.is_set()
    assert [role for role, _, _ in kept(memory)] == ["user", "assistant"]


@ENDS
def test_a_refused_turn_is_not_kept(*, awaited: bool) -> None:
    memory = new_memory()
    turn = turn_of(memory)
    turn.stopped(RateLimitError("slow down"))
    ended(turn, awaited=awaited)
    assert (kept(memory), turn.status) == ([], "failed")


@pytest.mark.parametrize(
    ("error", "text", "marker"),
    [
        (APIConnectionError("gone", ambiguous=True), "", {"status": "failed"}),
        (
            StreamInterruptedError("cut", text="Rov", response_id="resp_1", session_id="sess_1", ambiguous=True),
            "Rov",
            {"session_id": "sess_1", "response_id": "resp_1", "status": "failed"},
        ),
        (OSError("a callback failed"), "", {"status": "failed"}),
        (KeyboardInterrupt(), "", {"status": "cancelled"}),
        (asyncio.CancelledError(), "", {"status": "cancelled"}),
    ],
)
def test_a_turn_that_may_have_been_taken_is_kept_with_what_came(
    error: BaseException, text: str, marker: dict[str, str]
) -> None:
    memory = new_memory()
    turn = turn_of(memory)
    turn.stopped(error)
    turn.end()
    assert kept(memory) == [("user", "Who?", {}), ("assistant", text, marker)]
    assert turn.error is (error if isinstance(error, Exception) else None)


def test_text_that_was_heard_is_kept_as_it_was_heard() -> None:
    memory = new_memory()
    turn = turn_of(memory)
    turn.heard(answer("Rovers a"))
    turn.stopped(GeneratorExit())
    turn.end()
    assert kept(memory)[-1] == ("assistant", "Rovers a", {"status": "cancelled"})


def test_an_error_of_a_stream_that_is_being_closed_is_no_failure() -> None:
    turn = turn_of(new_memory())
    turn.closing = True
    turn.stopped(StreamInterruptedError("closed"))
    assert (turn.status, turn.error) == ("cancelled", None)


def test_who_leaves_after_the_answer_has_come_leaves_it_whole() -> None:
    turn = turn_of(new_memory())
    turn.heard(answer("Rovers.", WHOLE))
    turn.stopped(GeneratorExit())
    assert (turn.status, turn.text) == ("completed", "Rovers.")


def test_an_open_stream_says_what_is_known_of_the_response() -> None:
    with (
        Emulator() as emulator,
        Client(api_key="key", base_url=emulator.base_url) as client,
        client.stream("Which clips show a goal?", knowledge_store_id=emulator.knowledge_store_id) as stream,
    ):
        memory = new_memory()
        turn = turn_of(memory)
        turn.opened(stream)
        turn.stopped(RateLimitError("no refusal, as the stream is open"))
        turn.end()
        marker = kept(memory)[-1][2]
        assert (marker["session_id"], marker["status"]) == (emulator.exchanges[0].session_id, "failed")


class SlowMemory(ChatMemoryBuffer):
    """Waits until it is let go on."""

    go_on: Any = None

    async def aput(self, message: ChatMessage) -> None:
        await self.go_on.wait()
        await super().aput(message)


async def test_who_is_cancelled_while_the_memory_is_written_leaves_it_written_all_the_same() -> None:
    memory = SlowMemory.from_defaults(token_limit=900)
    assert isinstance(memory, SlowMemory)
    memory.go_on = asyncio.Event()
    turn = turn_of(memory)
    ending = asyncio.ensure_future(turn.aend())
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert kept(memory) == []
    memory.go_on.set()
    await turn.written.wait()
    assert [role for role, _, _ in kept(memory)] == ["user", "assistant"]


class FullMemory(ChatMemoryBuffer):
    """Takes nothing."""

    def put(self, *_: Any) -> None:
        raise OSError("the disk is full")

    async def aput(self, *_: Any) -> None:
        raise OSError("the disk is full")


@ENDS
def test_a_memory_that_cannot_be_written_is_heard_and_lets_the_next_turn_in(*, awaited: bool) -> None:
    one_turn = OneTurn()
    turn = turn_of(FullMemory.from_defaults(token_limit=900), one_turn)
    with pytest.raises(OSError, match="full"):
        ended(turn, awaited=awaited)
    turn_of(new_memory(), one_turn)


async def test_who_cancels_all_tasks_leaves_the_memory_written_and_lets_the_next_turn_in() -> None:
    one_turn, memory = OneTurn(), new_memory()
    turn = turn_of(memory, one_turn)
    ending = asyncio.ensure_future(turn.aend())
    await asyncio.sleep(0)
    # As `asyncio.run` does at its end. What is to write the memory has not begun.
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert [role for role, _, _ in kept(memory)] == ["user", "assistant"]
    turn_of(memory, one_turn)


class SlowFullMemory(SlowMemory):
    """Takes nothing, and says so late."""

    async def aput(self, message: ChatMessage) -> None:
        await super().aput(message)
        raise OSError("the disk is full")


async def test_a_memory_that_fails_when_nobody_waits_any_more_is_heard_by_the_loop() -> None:
    heard: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["exception"]))
    one_turn, memory = OneTurn(), SlowFullMemory.from_defaults(token_limit=900)
    assert isinstance(memory, SlowMemory)
    memory.go_on = asyncio.Event()
    turn = turn_of(memory, one_turn)
    ending = asyncio.ensure_future(turn.aend())
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    memory.go_on.set()
    await turn.written.wait()
    assert [str(error) for error in heard] == ["the disk is full"]
    turn_of(new_memory(), one_turn)


def test_the_first_end_of_a_turn_counts() -> None:
    turn = turn_of(new_memory())
    turn.stopped_by(None, None, None)
    assert turn.status == "in_progress"
    for error in (GeneratorExit(), RuntimeError("aclose(): asynchronous generator is already running")):
        turn.stopped_by(type(error), error, None)
    assert (turn.status, turn.error) == ("cancelled", None)
