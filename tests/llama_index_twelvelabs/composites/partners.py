"""Who our engine works with in LlamaIndex's composites: a model that says what it was told to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import QueryEngineTool
from pydantic import PrivateAttr

from tests.llama_index_twelvelabs.engines import engine_at

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

    from twelvelabs_responses.emulator import Emulator

ANSWER = "(Emulator) I looked through 16 sample items"


class ScriptedLLM(FunctionCallingLLM):
    """Says one thing after the other; of a `dict`, it asks the tool `ask_videos` with these arguments."""

    _script: list[str | dict[str, Any]] = PrivateAttr(default_factory=list)

    @classmethod
    def saying(cls, *script: str | dict[str, Any]) -> ScriptedLLM:
        scripted = cls()
        scripted._script = list(script)
        return scripted

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_chat_model=True, is_function_calling_model=True, model_name="scripted")

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:  # noqa: ARG002 - LlamaIndex's
        said = self._script.pop(0)
        if isinstance(said, str):
            return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=said), delta=said)
        message = ChatMessage(role=MessageRole.ASSISTANT, content="", additional_kwargs={"tool_calls": [said]})
        return ChatResponse(message=message, delta="")

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self.chat(messages, **kwargs)

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Generator[ChatResponse, None, None]:
        yield self.chat(messages, **kwargs)

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> AsyncGenerator[ChatResponse, None]:
        async def said() -> AsyncGenerator[ChatResponse, None]:
            yield self.chat(messages, **kwargs)

        return said()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ARG002, FBT002 - LlamaIndex's
        return CompletionResponse(text=self.chat([]).message.content or "")

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT002 - LlamaIndex's
        return self.complete(prompt, formatted, **kwargs)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: FBT002 - LlamaIndex's
        yield self.complete(prompt, formatted, **kwargs)

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: FBT002 - LlamaIndex's
        raise NotImplementedError

    def _prepare_chat_with_tools(self, *_: Any, chat_history: Any = None, **__: Any) -> dict[str, Any]:
        return {"messages": chat_history}

    def get_tool_calls_from_response(
        self,
        response: ChatResponse,
        error_on_no_tool_call: bool = True,  # noqa: ARG002, FBT002 - LlamaIndex's
        **_: Any,
    ) -> list[ToolSelection]:
        calls = response.message.additional_kwargs.get("tool_calls", [])
        return [ToolSelection(tool_id="call_1", tool_name="ask_videos", tool_kwargs=call) for call in calls]


def football(emulator: Emulator, **options: Any) -> QueryEngineTool:
    """Return our engine as one of the choices of a router."""
    return QueryEngineTool.from_defaults(engine_at(emulator, **options), name="football", description="Matches.")


def tennis(emulator: Emulator, **options: Any) -> QueryEngineTool:
    """Return another one."""
    return QueryEngineTool.from_defaults(engine_at(emulator, **options), name="tennis", description="Tournaments.")
