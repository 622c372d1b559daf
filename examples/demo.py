"""A two-turn conversation about videos, first through LangChain, then through LlamaIndex.

Without a key it talks to the emulator and its sample library. With TWELVELABS_API_KEY and
TWELVELABS_KNOWLEDGE_STORE_ID set it talks to the real API, where an answer takes half a minute or more.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from pydantic import SecretStr

from langchain_twelvelabs import ChatTwelveLabs, citations
from llama_index_twelvelabs import TwelveLabsQueryEngine
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Place:
    """Where the demo asks, and what."""

    knowledge_store_id: str
    base_url: str | None
    api_key: str | None
    questions: tuple[str, str]


@contextmanager
def place() -> Iterator[Place]:
    """Give the real API if the environment names a key and a knowledge store, else the emulator."""
    store = os.environ.get("TWELVELABS_KNOWLEDGE_STORE_ID")
    if store and (os.environ.get("TWELVELABS_API_KEY") or os.environ.get("TWELVE_LABS_API_KEY")):
        print("Asking the real API; an answer takes half a minute or more.")
        questions = ("What is the most memorable moment in these videos?", "And what happens right after that?")
        # The key and the address come from the environment.
        yield Place(store, None, None, questions)
        return
    print("No TWELVELABS_API_KEY and TWELVELABS_KNOWLEDGE_STORE_ID: asking the emulator and its sample library.")
    with Emulator(pace=0.01) as emulator:
        questions = ("Which clips show a goal?", "And what is the penalty for?")
        yield Place(emulator.knowledge_store_id, emulator.base_url, "emulator", questions)


def ask_through_langchain(where: Place) -> None:
    """Hold the conversation with ChatTwelveLabs: the history carries the session."""
    print("\n=== LangChain: ChatTwelveLabs ===")
    api_key = SecretStr(where.api_key) if where.api_key else None
    model = ChatTwelveLabs(knowledge_store_id=where.knowledge_store_id, base_url=where.base_url, api_key=api_key)
    history: list[BaseMessage] = []
    for question in where.questions:
        print(f"\n> {question}\n")
        history.append(HumanMessage(question))
        answer = AIMessageChunk(content="")
        for chunk in model.stream(history):
            print(chunk.text, end="", flush=True)
            answer += chunk
        history.append(answer)
        print(f"\n\nSession {answer.response_metadata['session_id']}; cited:")
        for citation in citations(answer):
            print(f"  {citation.title or citation.item_id} ({citation.time_range})")


def ask_through_llama_index(where: Place) -> None:
    """Hold the conversation with TwelveLabsQueryEngine: the second engine is bound to the first answer's session."""
    print("\n=== LlamaIndex: TwelveLabsQueryEngine ===")
    engine = TwelveLabsQueryEngine(
        where.knowledge_store_id, base_url=where.base_url, api_key=where.api_key, streaming=True
    )
    for question in where.questions:
        print(f"\n> {question}\n")
        response = engine.query(question)
        for token in response.response_gen:  # type: ignore[union-attr]  # streaming=True, so it has one
            print(token, end="", flush=True)
        session_id = (response.metadata or {})["session_id"]
        print(f"\n\nSession {session_id}; cited:")
        for found in response.source_nodes:
            print(f"  {found.node.get_content()}")
        engine = engine.with_session(session_id)


if __name__ == "__main__":
    with place() as where:
        ask_through_langchain(where)
        ask_through_llama_index(where)
