"""Who is measured: ours, the peers, and what is done by hand; each asks the same question and gives the same text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_MODULES = {
    "benchmarks.subjects.by_hand": (
        "Raw",
        "RawStamps",
        "HttpxSse",
        "SseClient",
        "OpenAIDecoder",
        "ByHand",
        "ByHandOrjson",
    ),
    "benchmarks.subjects.ours": ("Core",),
    "benchmarks.subjects.twelvelabs_sdk": ("TwelveLabsSdk",),
    "benchmarks.subjects.openai_sdk": ("OpenAISdk",),
    "benchmarks.subjects.langchain_ours": ("OurChat",),
    "benchmarks.subjects.langchain_openai": ("OpenAIChat",),
    "benchmarks.subjects.langchain_floor": ("ReadyMadeChat", "MadeChat"),
    "benchmarks.subjects.llama_ours": ("OurLLM", "OurQueryEngine"),
    "benchmarks.subjects.llama_openai": ("OpenAILLM",),
    "benchmarks.subjects.llama_floor": ("ReadyMadeLLM",),
}


class Said(NamedTuple):
    """What an answer says that came whole."""

    text: str
    status: str | None


class Subject(ABC):
    """One client, kept from question to question.

    Args:
        url: What the client is given as its `base_url`.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def before(self) -> None:  # noqa: B027 - most have nothing to do
        """Do what comes before an answer is asked for, and is not measured."""

    @abstractmethod
    def stream(self) -> Iterator[str | bytes]:
        """Yield the text of an answer in the pieces in which it comes."""

    @abstractmethod
    def astream(self) -> AsyncIterator[str | bytes]:
        """Yield what `stream` yields."""

    @abstractmethod
    def call(self) -> object:
        """Return an answer that is asked for whole."""

    @abstractmethod
    async def acall(self) -> object:
        """Return what `call` returns."""

    @abstractmethod
    def said(self, answer: Any) -> Said:
        """Return what the answer says that `call` returned; this is never measured."""


def subject(name: str, url: str) -> Subject:
    """Return a new client; only what it needs is imported."""
    module = next(module for module, names in _MODULES.items() if name in names)
    made: Subject = getattr(import_module(module), name)(url)
    return made
