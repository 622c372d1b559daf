"""`TwelveLabsQueryWorkflow`: a workflow that asks a knowledge store of videos and tells of the answer as it is made."""

from __future__ import annotations

import json
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.callbacks import CallbackManager
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step

from llama_index_twelvelabs._asking import new_llm
from llama_index_twelvelabs._marker import session_of
from twelvelabs_responses import (
    FunctionCall,
    FunctionCallArgumentsDelta,
    FunctionCallOutput,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    ResponsesError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from llama_index.core.base.llms.types import ChatResponse
    from typing_extensions import Unpack

    from llama_index_twelvelabs._asking import LLMOptions
    from llama_index_twelvelabs.llms import TwelveLabsLLM
    from twelvelabs_responses import ResponseStreamEvent

# The conversation in the context's store, as JSON; its answers carry the session.
_MESSAGES = "twelvelabs_messages"
# The session of which nobody knows whether it holds the last turn.
_IN_DOUBT = "twelvelabs_in_doubt"


class AskEvent(StartEvent):
    """Begins a run: `workflow.run(question="...")`, or `workflow.run(start_event=AskEvent(...))`.

    Attributes:
        question: What to ask.
        instructions: Guidance for this turn, in place of the workflow's.
        session_id: Go on with this session, whatever the context says.
    """

    question: str
    instructions: str | None = None
    session_id: str | None = None


class TokenEvent(Event):
    """What is new in the answer.

    Attributes:
        delta: The text; all of them make the answer.
    """

    delta: str


class ProgressEvent(Event):
    """What the service does meanwhile.

    Attributes:
        kind: The service's name for its event: `response.created`, `response.output_item.added`, `keepalive`, ...; and
            `commentary`, for what it says on the way to its answer.
        text: The commentary; of a function call its name and arguments, of its output the output.
    """

    kind: str
    text: str = ""


class AnswerEvent(StopEvent):
    """Ends a run, and is its result.

    Attributes:
        text: The whole answer.
        citations: What it cites, in order of appearance: `kind`, `item_id` or `collection_id`, `start_sec`, `end_sec`
            (seconds), `title`, `start` and `end` (of the marker in the text), and signed links, which expire.
        session_id: The session of the conversation.
        response_id: The answer's own id.
        status: `completed`, or `incomplete` for an answer that was cut short; `incomplete_details` then says why.
        incomplete_details: `reason`, if the answer was cut short.
        usage: `input_tokens` and `output_tokens`, if the service has counted them.
    """

    text: str
    citations: list[dict[str, Any]]
    session_id: str | None
    response_id: str | None
    status: str
    incomplete_details: dict[str, Any] | None
    usage: dict[str, Any] | None

    def __str__(self) -> str:
        return self.text


class TwelveLabsQueryWorkflow(Workflow):
    """A workflow that answers from the videos of one TwelveLabs knowledge store.

    Its stream tells the answer in `TokenEvent`s and what goes on in `ProgressEvent`s; its result is an `AnswerEvent`.
    The conversation is kept in the context, so a run with the context of an earlier one goes on with its session, from
    another process too: `Context.from_dict(workflow, written)`. Runs without one begin a conversation each, and may go
    on at the same time. A run that is cancelled, fails or times out closes its connection, and leaves the conversation
    in the context as it was; if the service may have taken its turn, the context says so, and the next run is one of
    those that `on_stale_session` is about.

    Args:
        knowledge_store_id: The store to reason over (`ks_...`).
        run_timeout: Seconds that a run may take; None for no end, as an answer takes 30 s to 3 min. (`timeout` is
            the seconds of silence that the connection puts up with.)
        verbose: Whether LlamaIndex prints each step.
        num_concurrent_runs: How many runs may go on at the same time; None for any number.
        callback_manager: LlamaIndex's callbacks.
        **options: `model`, `api_key`, `base_url`, `timeout`, `max_retries`, `client`, `async_client`, `instructions`,
            `include`, `selections`, `request_metadata`, `session_id` (go on with it in every run), `on_stale_session`,
            `extra_body`, `on_event`; see `TwelveLabsLLM`.

    Raises:
        InvalidArgumentError: No API key, or an argument that cannot be.
    """

    def __init__(
        self,
        knowledge_store_id: str,
        *,
        run_timeout: float | None = None,
        verbose: bool = False,
        num_concurrent_runs: int | None = None,
        callback_manager: CallbackManager | None = None,
        **options: Unpack[LLMOptions],
    ) -> None:
        super().__init__(timeout=run_timeout, verbose=verbose, num_concurrent_runs=num_concurrent_runs)
        self._llm = new_llm(knowledge_store_id, callback_manager or CallbackManager([]), **options)

    @property
    def llm(self) -> TwelveLabsLLM:
        """The LLM that is asked."""
        return self._llm

    @step
    async def ask(self, ctx: Context, ev: AskEvent) -> AnswerEvent:
        """Ask, and tell of the answer as it is made."""
        messages = [ChatMessage(**message) for message in await ctx.store.get(_MESSAGES, default=[])]
        messages.append(ChatMessage(role=MessageRole.USER, content=ev.question))
        async with self._in_doubt_meanwhile(ctx, messages):
            answer = await self._answer(ctx, ev, messages)
            await ctx.store.set(_MESSAGES, [_written(message) for message in (*messages, answer.message)])
        return _answer_event(answer)

    async def _answer(self, ctx: Context, asked: AskEvent, messages: list[ChatMessage]) -> ChatResponse:
        """Return the answer when it has come, and tell of it until then."""

        def tell(event: ResponseStreamEvent) -> None:
            if (progress := _progress(event)) is not None:
                ctx.write_event_to_stream(progress)

        llm = self._llm.observed(on_event=tell)
        async with aclosing(await llm.astream_chat(messages, **_options(asked))) as answers:
            # There is always one: the session, before the first word.
            answer: ChatResponse = await anext(answers)
            async for answer in answers:
                _tell_text(ctx, answer)
        return answer

    @asynccontextmanager
    async def _in_doubt_meanwhile(self, ctx: Context, messages: Sequence[ChatMessage]) -> AsyncIterator[None]:
        """Have the context say that the session is in doubt, until the turn has its answer or is refused.

        It is said before the turn is sent: who is cancelled may have no time left for it, and who crashes has none.
        """
        before = await ctx.store.get(_IN_DOUBT, default=None)
        if before is not None:
            # This process need not know.
            self._llm._client.sessions.left(before)  # noqa: SLF001 - the LLM is of this package
        await ctx.store.set(_IN_DOUBT, _session_id(messages, self._llm.knowledge_store_id))
        try:
            yield
        except ResponsesError as error:
            if not error.ambiguous:
                await ctx.store.set(_IN_DOUBT, before)
            raise
        await ctx.store.set(_IN_DOUBT, None)


def _session_id(messages: Sequence[ChatMessage], knowledge_store_id: str) -> str | None:
    """Return the session of the last answer about this store."""
    sessions = [session for session in map(session_of, reversed(messages)) if session is not None]
    return next((each.session_id for each in sessions if each.knowledge_store_id == knowledge_store_id), None)


def _options(asked: AskEvent) -> dict[str, Any]:
    given = {"instructions": asked.instructions, "session_id": asked.session_id}
    return {name: value for name, value in given.items() if value is not None}


def _tell_text(ctx: Context, answer: ChatResponse) -> None:
    if commentary := answer.additional_kwargs.get("thinking_delta"):
        ctx.write_event_to_stream(ProgressEvent(kind="commentary", text=commentary))
    if answer.delta:
        ctx.write_event_to_stream(TokenEvent(delta=answer.delta))


def _progress(event: ResponseStreamEvent) -> ProgressEvent | None:
    """Return what an event tells besides text, which `_tell_text` tells."""
    match event:
        case OutputTextDelta() | FunctionCallArgumentsDelta():
            return None
        case OutputItemAdded(item=FunctionCall() as call) | OutputItemDone(item=FunctionCall() as call):
            return ProgressEvent(kind=event.type, text=f"{call.name}({call.arguments or ''})")
        case OutputItemDone(item=FunctionCallOutput(output=output)):
            return ProgressEvent(kind=event.type, text=output if isinstance(output, str) else json.dumps(output))
        case _:
            return ProgressEvent(kind=event.type or "unknown")


def _written(message: ChatMessage) -> dict[str, Any]:
    written = {"role": message.role.value, "content": message.content}
    return written | {"additional_kwargs": dict(message.additional_kwargs)}


def _answer_event(answer: ChatResponse) -> AnswerEvent:
    facts = answer.additional_kwargs
    return AnswerEvent(
        text=answer.message.content or "",
        citations=facts.get("citations", []),
        session_id=facts.get("session_id"),
        response_id=facts.get("response_id"),
        status=facts["status"],
        incomplete_details=facts.get("incomplete_details"),
        usage=facts.get("usage"),
    )
