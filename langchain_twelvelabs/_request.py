"""A call of the model -> the one request that it sends."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_twelvelabs._content import AnswerContent, answer_content
from langchain_twelvelabs._input import history
from langchain_twelvelabs._stop import StopSequences
from langchain_twelvelabs._structured import text_param
from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langchain_core.messages import BaseMessage

    from twelvelabs_responses import Client, InputItem, RequestOptions

# What LangChain's agents and chains hand over, and what means nothing where there are no tools to call.
_EMPTY = frozenset({"tools", "tool_choice", "parallel_tool_calls", "strict", "stream"})
_OF_THE_TURN = ("session_id", "on_stale_session", "selections", "instructions")
# The options of a call that are no options of the model itself.
_OF_THE_CALL = {"text": None, "response_format": None}


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What one call sends, and how its answer is to be shown.

    Attributes:
        input: The input items.
        options: The other arguments of `create` and `stream`.
        model: The model that is asked for, as the newest service names none.
        content: The shape of the answer's content; for one answer only.
        stop: The stop sequences, for one answer only.
    """

    input: tuple[InputItem, ...]
    options: RequestOptions
    model: str | None
    content: AnswerContent
    stop: StopSequences


@contextmanager
def model_request(
    messages: Sequence[BaseMessage],
    *,
    defaults: Mapping[str, Any],
    call: Mapping[str, Any],
    stop: Sequence[str],
    client: Client,
) -> Iterator[ModelRequest]:
    """Give the request of one call, its session held until the request is sent or the context is left.

    Args:
        messages: The history, with what is new at its end.
        defaults: The model's own options, by name.
        call: The options of this call; they win.
        stop: The stop sequences.
        client: What knows the limits of a request and the sessions; nothing is sent here.

    Raises:
        InvalidArgumentError: A message or an option that the service cannot take.
        SessionError: The history is stale, and the policy is to say so.
    """
    chosen = _chosen({**defaults, **_OF_THE_CALL}, call)
    content = answer_content(chosen["include"], chosen.pop("output_version"))
    store, of_the_turn = chosen["knowledge_store_id"], {name: chosen.pop(name) for name in _OF_THE_TURN}
    with client.next_turn(history(messages), knowledge_store_id=store, **of_the_turn) as turn:
        yield ModelRequest(turn.input, turn.options(**chosen), chosen["model"], content, StopSequences(stop))


def no_tools(got: str) -> InvalidArgumentError:
    """Return the refusal of tools, which names what to use instead."""
    allowed = "none: the service calls functions of its own only. Let another model drive the agent, and give it "
    return InvalidArgumentError("tools", got, f"{allowed}create_video_tool(model)")


def _chosen(known: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known options by the API's names, those of the call in place of the defaults."""
    if call.get("tools"):
        raise no_tools("tools to call")
    if call.get("tool_choice") not in (None, "auto", "none"):
        raise no_tools(f"tool_choice={call['tool_choice']!r}")
    said = {name: value for name, value in call.items() if name not in _EMPTY}
    for name in said:
        if name not in known:
            raise InvalidArgumentError(name, "an option of this name", ", ".join(sorted(known)))
    chosen = {**known, **said}
    chosen["metadata"] = chosen.pop("request_metadata")
    if (wanted := chosen.pop("response_format")) is not None:
        chosen["text"] = text_param(wanted)
    return chosen
