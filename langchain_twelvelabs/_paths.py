"""The same question on every path that LangChain has to a chat model, and what must hold on all of them.

A path is one of LangChain's ways to ask: `invoke`, `invoke` while somebody listens to the tokens, the sum of `stream`,
the third protocol, each blocking and async. They merge what a model gives by different rules, so a message can be right
on one path and corrupt on another. Nothing here knows which chat model is asked.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

    ModelFactory: TypeAlias = Callable[[], BaseChatModel]
    """Gives a model that has not been asked yet; all of them give the same answer."""

    Messages: TypeAlias = str | list[BaseMessage]

QUESTION = "Which clips show a goal?"


@dataclass(frozen=True)
class Answers:
    """One answer on every path, and the chunks of the paths that show them."""

    by_path: dict[str, AIMessage]
    chunks: dict[str, list[AIMessageChunk]]


def check_equal_on_every_path(new_model: ModelFactory, messages: Messages = QUESTION) -> Answers:
    """Return the answers, having checked that all are the same and that the chunks keep LangChain's rules.

    Ids and times that a service makes for each answer may differ, as long as they stand in the same places.

    Raises:
        AssertionError: They are not, or the chunks do not; the message names the path and what differs.
    """
    return _checked(answers_on_every_path(new_model, messages))


def _checked(answers: Answers) -> Answers:
    wanted = _compared(answers.by_path["invoke"])
    for path, answer in answers.by_path.items():
        for name, got in _compared(answer).items():
            assert got == wanted[name], f"{name} on {path}: {got!r}, on invoke: {wanted[name]!r}"
    for chunks in answers.chunks.values():
        check_chunks(chunks)
    return answers


def answers_on_every_path(new_model: ModelFactory, messages: Messages = QUESTION) -> Answers:
    """Return what each path gives."""
    chunks = {"stream": list(new_model().stream(messages))}
    by_path: dict[str, AIMessage] = {
        "invoke": new_model().invoke(messages),
        "invoke, streamed": new_model().invoke(messages, stream=True),
        "stream": total(chunks["stream"]),
        "stream_events v3": new_model().stream_events(messages, version="v3").output,
    }

    async def ask() -> None:
        by_path["ainvoke"] = await new_model().ainvoke(messages)
        by_path["ainvoke, streamed"] = await new_model().ainvoke(messages, stream=True)
        chunks["astream"] = [chunk async for chunk in new_model().astream(messages)]
        by_path["astream"] = total(chunks["astream"])
        told = [event async for event in new_model().astream_events(messages, version="v2")]
        chunks["astream_events v2"] = [event["data"]["chunk"] for event in told if "chunk" in event["data"]]
        by_path["astream_events v2"] = told[-1]["data"]["output"]
        events = await new_model().astream_events(messages, version="v3")
        by_path["astream_events v3"] = await events.output

    asyncio.run(ask())
    return Answers(by_path, chunks)


def check_chunks(chunks: Sequence[AIMessageChunk]) -> None:
    """Check what LangChain's merging asks of the chunks of one message."""
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    providers = {chunk.response_metadata.get("model_provider") for chunk in chunks}
    assert providers == {chunks[0].response_metadata.get("model_provider")}
    assert [chunk.chunk_position for chunk in chunks] == [None] * (len(chunks) - 1) + ["last"]
    assert sum(chunk.usage_metadata is not None for chunk in chunks) <= 1
    said = [name for chunk in chunks for name in chunk.response_metadata if name not in _ON_EVERY_CHUNK]
    assert len(said) == len(set(said)), f"said twice: {said}"
    _check_blocks([block for chunk in chunks for block in chunk.content if isinstance(block, dict)])


def _check_blocks(blocks: Sequence[dict[Any, Any]]) -> None:
    kinds: dict[int, str] = {}
    once: list[tuple[int, str]] = []
    for block in blocks:
        assert isinstance(block["index"], int)
        assert kinds.setdefault(block["index"], block["type"]) == block["type"]
        once += [(block["index"], name) for name in ("extras", "annotations") if name in block]
    assert len(once) == len(set(once)), f"said twice: {once}"


def total(chunks: Sequence[AIMessageChunk]) -> AIMessageChunk:
    """Return the chunks added up one by one, as LangChain's readers do."""
    summed = chunks[0]
    for chunk in chunks[1:]:
        summed += chunk
    return summed


# -- token callbacks -----------------------------------------------------------------------------------------------


@dataclass
class Listener(BaseCallbackHandler):
    """Notes the tokens that a path tells its callbacks."""

    tokens: list[Any] = field(default_factory=list)

    @property
    def texts(self) -> int:
        """How many of them hold text, as a token of the third protocol does."""
        return sum(bool(token) for token in self.tokens)

    def on_llm_new_token(self, token: Any, **_facts: Any) -> None:
        self.tokens.append(token)


@dataclass
class AsyncListener(AsyncCallbackHandler):
    """The async twin."""

    tokens: list[Any] = field(default_factory=list)

    @property
    def texts(self) -> int:
        """How many of them hold text, as a token of the third protocol does."""
        return sum(bool(token) for token in self.tokens)

    async def on_llm_new_token(self, token: Any, **_facts: Any) -> None:
        self.tokens.append(token)


def check_tokens_on_every_path(new_model: ModelFactory, messages: Messages = QUESTION) -> None:
    """Check that the callbacks are told of each chunk once, and before the caller sees it."""
    chunks = len(list(new_model().stream(messages)))
    listener = Listener()
    config: Any = {"callbacks": [listener]}
    for number, _ in enumerate(new_model().stream(messages, config=config), start=1):
        assert len(listener.tokens) == number
    assert len(listener.tokens) == chunks
    new_model().invoke(messages, config=config, stream=True)
    assert len(listener.tokens) == chunks * 2
    listener.tokens.clear()
    events = new_model().stream_events(messages, version="v3", config=config)
    for number, _ in enumerate(events.text, start=1):
        assert listener.texts >= number
    assert events.done
    assert len(listener.tokens) == chunks
    asyncio.run(_check_async_tokens(new_model, messages, chunks))


async def _check_async_tokens(new_model: ModelFactory, messages: Messages, chunks: int) -> None:
    listener = AsyncListener()
    config: Any = {"callbacks": [listener]}
    seen = [len(listener.tokens) async for _ in new_model().astream(messages, config=config)]
    assert seen == list(range(1, chunks + 1))
    await new_model().ainvoke(messages, config=config, stream=True)
    assert len(listener.tokens) == chunks * 2
    listener.tokens.clear()
    events = await new_model().astream_events(messages, version="v3", config=config)
    heard = [listener.texts async for _ in events.text]
    assert all(texts >= number for number, texts in enumerate(heard, start=1))
    await events.output
    assert len(listener.tokens) == chunks


# A UUID, or a time to the fraction of a second.
_OF_ONE_ANSWER = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
)
# LangChain itself puts `output_version` on each chunk that it rewrites.
_ON_EVERY_CHUNK = {"model_provider", "output_version"}


def _compared(answer: AIMessage) -> dict[str, Any]:
    facts = {name: fact for name, fact in answer.response_metadata.items() if name != "output_version"}
    compared = {
        "content_blocks": answer.content_blocks,
        "text": str(answer.text),
        "usage_metadata": answer.usage_metadata,
        "response_metadata": facts,
        "tool_calls": [*answer.tool_calls, *answer.invalid_tool_calls],
    }
    return {name: _numbered(fact, {}) for name, fact in compared.items()}


def _numbered(value: Any, ids: dict[str, str]) -> Any:
    """Return the value with all that a service makes anew for each answer numbered in order of appearance."""
    if isinstance(value, str):
        return _OF_ONE_ANSWER.sub(lambda found: ids.setdefault(found[0], f"<{len(ids)}>"), value)
    if isinstance(value, dict):
        return {name: _numbered(value[name], ids) for name in sorted(value, key=str)}
    return [_numbered(each, ids) for each in value] if isinstance(value, (list, tuple)) else value
