"""A long history on its way to a turn, in each framework's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from benchmarks.scenario import KEY, KNOWLEDGE_STORE_ID
from langchain_twelvelabs import ChatTwelveLabs
from llama_index_twelvelabs import TwelveLabsLLM

if TYPE_CHECKING:
    from collections.abc import Callable

_IDS = {"session_id": "sess_1", "knowledge_store_id": KNOWLEDGE_STORE_ID}
_SAID = "The second goal falls in the 84th minute, after a corner from the left."


def conversion(name: str, count: int) -> Callable[[], object]:
    """Return what makes a turn of so many messages.

    Args:
        name: The framework, and whose answers the history holds: "LangChain, ours".
        count: How many messages there are before the new one.
    """
    framework, whose = name.split(", ")
    if framework == "LangChain":
        return _of_langchain(count, ours=whose == "ours")
    return _of_llama_index(count, ours=whose == "ours")


def _of_langchain(count: int, *, ours: bool) -> Callable[[], object]:
    model = ChatTwelveLabs(knowledge_store_id=KNOWLEDGE_STORE_ID, api_key=KEY)
    messages: list[BaseMessage] = []
    for number in range(count // 2):
        facts: dict[str, Any] = {"model_provider": "twelvelabs", **_IDS, "response_id": f"resp_{number}"}
        answer = AIMessage(_SAID, response_metadata=facts if ours else {})
        messages += [HumanMessage("Which clips show a goal?"), answer]
    messages.append(HumanMessage("And then?"))

    def convert() -> None:
        with model._request(messages, None, {}):  # noqa: SLF001 - what comes before the request is sent
            pass

    return convert


def _of_llama_index(count: int, *, ours: bool) -> Callable[[], object]:
    llm = TwelveLabsLLM(KNOWLEDGE_STORE_ID, api_key=KEY)
    messages: list[ChatMessage] = []
    for number in range(count // 2):
        facts: dict[str, Any] = {"twelvelabs": {**_IDS, "response_id": f"resp_{number}"}} if ours else {}
        answer = ChatMessage(_SAID, role=MessageRole.ASSISTANT, additional_kwargs=facts)
        messages += [ChatMessage("Which clips show a goal?"), answer]
    messages.append(ChatMessage("And then?"))

    def convert() -> None:
        with llm._calls._request(messages, {}):  # noqa: SLF001 - what comes before the request is sent
            pass

    return convert
