"""What we read: the response object in every era of the service.

Nothing but `output` is taken for granted, because the API reference promises nothing else. Unknown fields are kept
(`model_extra`), unknown kinds of items and parts are kept whole as `UnknownItem` and `UnknownPart`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, FailFast, Tag, TypeAdapter, ValidationError

from twelvelabs_responses._citations import Annotation, Citation, UnknownAnnotation, citations_of
from twelvelabs_responses._errors import IncompleteResponseError, ProtocolError
from twelvelabs_responses._json_text import json_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator

OutputT = TypeVar("OutputT")
# `Response` has a field named `type`, which hides the builtin inside the class.
OutputType: TypeAlias = type[OutputT]


class Read(BaseModel):
    """The base of what crosses the wire towards us: frozen, unknown fields kept."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)


def _kind(*known: str) -> Discriminator:
    """Return what picks the model by the value's `type`, and `unknown` for a type that came after this version."""

    def tag(value: Any) -> str:  # noqa: ANN401 - pydantic hands over whatever came
        kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
        return kind if kind in known else "unknown"

    return Discriminator(tag)


def _nothing_if_null(value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever came
    return () if value is None else value


def _no_text_if_null(value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever came
    return "" if value is None else value


def _annotation_or_unknown(value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever came
    if isinstance(value, UnknownAnnotation):
        return value
    # Citations are written by a model: one in an odd shape must not cost the whole answer.
    try:
        return Annotation.model_validate(value)
    except ValidationError:
        return UnknownAnnotation.model_validate(value if isinstance(value, dict) else {"value": value})


AnyAnnotation = Annotated[Annotation | UnknownAnnotation, BeforeValidator(_annotation_or_unknown)]


class Usage(Read):
    """Tokens read and written. The service sends no total."""

    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def total_tokens(self) -> int | None:
        """The sum, or None if a part is missing."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens


class IncompleteDetails(Read):
    """Why a response was cut short; `max_output_tokens` is the one reason known."""

    reason: str | None = None


def _message_if_bare(value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever came
    return {"message": value} if isinstance(value, str) else value


class FailureDetails(Read):
    """Why a response failed. TwelveLabs documents none; Open Responses servers send it."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    code: str | None = None
    type: str | None = None
    message: str | None = None


Failure = Annotated[FailureDetails, BeforeValidator(_message_if_bare)]


class OutputText(Read):
    """A piece of text and what it cites."""

    type: Literal["output_text"] = "output_text"
    text: Annotated[str, BeforeValidator(_no_text_if_null)] = ""
    annotations: Annotated[tuple[AnyAnnotation, ...], FailFast(), BeforeValidator(_nothing_if_null)] = ()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations of this part, their markers as spans of this part's own text."""
        return citations_of(self.text, self.annotations)


class UnknownPart(Read):
    """A kind of content part that came after this version, kept whole."""

    type: str | None = None


ContentPart = Annotated[
    Annotated[OutputText, Tag("output_text")] | Annotated[UnknownPart, Tag("unknown")], _kind("output_text")
]


class Message(Read):
    """A message of the service: its answer, or a comment on the way to it (`phase`)."""

    type: Literal["message"] = "message"
    id: str | None = None
    status: str | None = None
    role: str | None = None
    phase: str | None = None
    content: Annotated[tuple[ContentPart, ...], FailFast(), BeforeValidator(_nothing_if_null)] = ()

    @property
    def text(self) -> str:
        """The text of all parts, joined as they come."""
        return "".join(part.text for part in self.content if isinstance(part, OutputText))


class FunctionCall(Read):
    """A call that the service made of a function of its own. It is not ours to answer."""

    type: Literal["function_call"] = "function_call"
    id: str | None = None
    status: str | None = None
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None


class FunctionCallOutput(Read):
    """What the service's own function gave back: a string, or what Open Responses allows beside it."""

    type: Literal["function_call_output"] = "function_call_output"
    id: str | None = None
    status: str | None = None
    call_id: str | None = None
    output: str | list[Any] | dict[str, Any] | None = None


class UnknownItem(Read):
    """A kind of output item that came after this version, kept whole."""

    type: str | None = None
    id: str | None = None
    status: str | None = None


OutputItem = Annotated[
    Annotated[Message, Tag("message")]
    | Annotated[FunctionCall, Tag("function_call")]
    | Annotated[FunctionCallOutput, Tag("function_call_output")]
    | Annotated[UnknownItem, Tag("unknown")],
    _kind("message", "function_call", "function_call_output"),
]


class Response(Read):
    """A response of the service, at any moment of its life.

    Attributes:
        id: `resp_...`.
        status: `completed`, `in_progress`, `incomplete` (cut short, not an error), `failed`, or one that is new.
        session_id: `sess_...`; pass it on, with the same knowledge store, to go on with the conversation.
        output: The output items, in order. Without `include` there is the reply alone.
        usage: Tokens; absent while the response is in progress.
        created_at: RFC 3339, as it came. It differs between the events of one stream; the last one counts.

    Sources: API reference, "Create a response"; `phase`, `annotations`, `incomplete_details`, `object` from SDK 1.3.6.
    """

    # Open Responses servers send `created_at` as a number.
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str | None = None
    type: str | None = None
    object: str | None = None
    status: str | None = None
    incomplete_details: IncompleteDetails | None = None
    error: Failure | None = None
    session_id: str | None = None
    knowledge_store_id: str | None = None
    model: str | None = None
    output: Annotated[tuple[OutputItem, ...], FailFast(), BeforeValidator(_nothing_if_null)] = ()
    usage: Usage | None = None
    created_at: str | None = None

    @property
    def ids(self) -> dict[str, str]:
        """What a framework's memory keeps of the response: the ids that a `Session` has, those that are known."""
        ids = {"session_id": self.session_id, "response_id": self.id, "knowledge_store_id": self.knowledge_store_id}
        return {name: known for name, known in ids.items() if known is not None}

    @property
    def reply(self) -> tuple[Message, ...]:
        """The messages that answer.

        Those whose phase is missing or `final_answer`; where no message has a phase (older services), the last one.
        """
        messages = [item for item in self.output if isinstance(item, Message)]
        if all(message.phase is None for message in messages):
            return tuple(messages[-1:])
        return tuple(message for message in messages if is_answer(message.phase))

    @property
    def text(self) -> str:
        """The text of the reply; empty if there is none."""
        return "".join(message.text for message in self.reply)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations of the reply, their markers as spans of `text`."""
        return tuple(self._citations())

    def json(self) -> dict[str, Any]:  # type: ignore[override]  # pydantic's own of this name is a relic of version 1
        """Return the response as JSON values, as an HTTP answer does; LangChain's tracing asks an error for it."""
        return self.model_dump(mode="json")

    def parsed(self, output_type: OutputType[OutputT]) -> OutputT:
        """Return the reply as an object of `output_type`: a pydantic model, `dict`, or any type pydantic reads.

        JSON in a code fence, or with prose around it, is found.

        Raises:
            IncompleteResponseError: The response was cut short; its JSON cannot be trusted.
            ProtocolError: The reply holds no JSON that fits the type.
        """
        if self.status == "incomplete":
            reason = self.incomplete_details.reason if self.incomplete_details else None
            raise IncompleteResponseError(
                f"the response was cut short ({reason or 'no reason given'}), so its JSON cannot be trusted",
                reason=reason,
                text=self.text,
                response_id=self.id,
                session_id=self.session_id,
            )
        adapter: TypeAdapter[OutputT] = TypeAdapter(output_type)
        first_error: ValidationError | None = None
        for candidate in json_candidates(self.text):
            try:
                return adapter.validate_json(candidate)
            except ValidationError as error:  # noqa: PERF203 - three candidates at the most
                first_error = first_error or error
        raise ProtocolError(
            f"the reply is not a {getattr(output_type, '__name__', output_type)}: {first_error}",
            text=self.text,
            response_id=self.id,
            session_id=self.session_id,
        ) from first_error

    def _citations(self) -> Iterator[Citation]:
        offset = 0
        for message in self.reply:
            for part in message.content:
                if isinstance(part, OutputText):
                    yield from (citation.shifted(offset) for citation in part.citations)
                    offset += len(part.text)


def is_answer(phase: str | None) -> bool:
    """Say whether a message of this phase answers. An unknown phase does not (SDK 1.3.6, `ResponseOutputItem`)."""
    return phase is None or phase == "final_answer"
