"""A call of the LLM -> the one request that it sends."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llama_index_twelvelabs._input import history
from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llama_index.core.base.llms.types import ChatMessage

    from twelvelabs_responses import Client, InputItem, RequestOptions

_OF_THE_TURN = ("session_id", "on_stale_session", "selections", "instructions")
# The option of a call that is none of the LLM itself. There is no `output_schema` beside it: LlamaIndex puts the
# options of a call into its events, and an event that holds a class cannot be written as JSON.
_OF_THE_CALL = {"text": None}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What one call sends.

    Attributes:
        input: The input items.
        options: The other arguments of `create` and `stream`.
    """

    input: tuple[InputItem, ...]
    options: RequestOptions


@contextmanager
def chat_request(
    messages: Sequence[ChatMessage], *, defaults: Mapping[str, Any], call: Mapping[str, Any], client: Client
) -> Iterator[ChatRequest]:
    """Give the request of one call, its session held until the request is sent or the context is left.

    Args:
        messages: The history, with what is new at its end.
        defaults: The LLM's own options, by name.
        call: The options of this call; they win.
        client: What knows the limits of a request and the sessions; nothing is sent here.

    Raises:
        InvalidArgumentError: A message or an option that the service cannot take.
        SessionError: The history is stale, and the policy is to say so.
    """
    chosen = _chosen({**defaults, **_OF_THE_CALL}, call)
    store, of_the_turn = chosen["knowledge_store_id"], {name: chosen.pop(name) for name in _OF_THE_TURN}
    with client.next_turn(history(messages), knowledge_store_id=store, **of_the_turn) as turn:
        yield ChatRequest(turn.input, turn.options(**chosen))


def _chosen(known: Mapping[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known options by the API's names, those of the call in place of the defaults."""
    for name in call:
        if name not in known:
            raise InvalidArgumentError(name, "an option of this name", ", ".join(sorted(known)))
    chosen = {**known, **call}
    chosen["metadata"] = chosen.pop("request_metadata")
    return chosen
