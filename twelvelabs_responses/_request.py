"""What we send: the request, its parts, and their limits.

Everything is checked before a byte leaves: the service takes half a minute or more to say what we can say at once, and
a request that is refused may still cost quota.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_origin

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PydanticUserError, ValidationError

from twelvelabs_responses._errors import InvalidArgumentError
from twelvelabs_responses._schema import accepted_schema, schema_description, schema_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Required

    from twelvelabs_responses._session import Claim

_SELECTION_TOKEN = re.compile(r"\{\{sel:([0-9]+)\}\}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PREFIXES = {"item": "ksi_", "collection": "ksic_"}
_JSON_FIELDS = (("extra_body",), ("text", "format", "schema"))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold. Raise a limit if you know that the service allows more.

    Attributes:
        content: Characters (code points) of one input item; at least 1. API reference, July 2026.
        instructions: Characters (code points). API reference, April 2026.
        metadata: Pairs. API reference, April 2026.
    """

    content: int = 10_000
    instructions: int = 2_000
    metadata: int = 16

    def __post_init__(self) -> None:
        """Refuse what is no count."""
        for name in ("content", "instructions", "metadata"):
            limit = getattr(self, name)
            if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
                raise InvalidArgumentError(f"Limits.{name}", repr(limit), "a whole number above 0")


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class InputItem(_Sent):
    """One user message. `{{sel:N}}` in it names the N-th selection, from zero."""

    type: Literal["message"] = "message"
    role: Literal["user"] = "user"
    content: str


class Selection(_Sent):
    """A store item (`ksi_...`) or item collection (`ksic_...`) to reason over.

    A preference, not a boundary: the service may still look elsewhere in the knowledge store. Selections stay in the
    session and add up.
    """

    kind: Literal["item", "collection"]
    id: str


class TextFormat(_Sent):
    """The form of the reply: plain text, or JSON that follows a schema (`name` and `schema` needed).

    `strict` is accepted by the service and has no effect (API reference).
    """

    type: Literal["text", "json_schema"]
    name: str | None = None
    schema_: dict[str, JsonValue] | None = Field(default=None, alias="schema")
    description: str | None = None
    strict: bool | None = None


class TextParam(_Sent):
    """The `text` field of a request."""

    format: TextFormat


class ResponseRequest(_Sent):
    """The body of POST /responses, and what goes along with it as it is (`extra_body`)."""

    model: str | None = Field(default="jockey1.0", min_length=1)
    knowledge_store_id: str = Field(min_length=1)
    input: tuple[InputItem, ...] = Field(min_length=1)
    session_id: str | None = Field(default=None, min_length=1)
    instructions: str | None = None
    include: tuple[Literal["intermediate_outputs"], ...] = ()
    text: TextParam | None = None
    selections: tuple[Selection, ...] = ()
    metadata: dict[str, str] | None = None
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)


class RequestOptions(TypedDict, total=False):
    """The keyword arguments of `create` and `stream`, named as in the API.

    Attributes:
        knowledge_store_id: The store to reason over (`ks_...`); exactly one.
        model: `jockey1.0` unless given; None sends none, as the newest API has no such field.
        session_id: Goes on with a conversation of the same knowledge store; without it a new one begins. A claim on a
            session (`client.sessions.claim(...)`) stands for its id.
        instructions: Guidance for this one request; at most 2,000 characters. Later turns do not remember it.
        include: `("intermediate_outputs",)` asks for commentary and the service's own function calls as well.
        text: The form of the reply, as in the API: `{"format": {"type": "json_schema", "name": ..., "schema": ...}}`.
        output_schema: A pydantic model or a JSON Schema, instead of `text`.
        selections: The store items and collections to reason over, named in the input by `{{sel:N}}`.
        metadata: At most 16 pairs of strings. Only the April 2026 API has it.
        extra_body: Fields to send as they are, for what the service learns after this version.
    """

    knowledge_store_id: Required[str]
    model: str | None
    session_id: str | Claim | None
    instructions: str | None
    include: Sequence[Literal["intermediate_outputs"]]
    text: TextParam | Mapping[str, Any] | None
    output_schema: type[BaseModel] | Mapping[str, Any] | None
    selections: Sequence[Selection]
    metadata: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None


def response_request(user_input: str | Sequence[InputItem], options: RequestOptions, limits: Limits) -> ResponseRequest:
    """Return the checked request.

    Raises:
        InvalidArgumentError: Something is missing, unknown, too long or does not fit; nothing was sent.
    """
    values: dict[str, Any] = {name: value for name, value in options.items() if value is not None or name == "model"}
    values["input"] = _input_items(user_input)
    output_schema = values.pop("output_schema", None)
    if output_schema is not None:
        if "text" in values:
            raise InvalidArgumentError("output_schema", "both `text` and `output_schema`", "one of the two")
        values["text"] = text_param(output_schema)
    try:
        request = ResponseRequest.model_validate(values)
    except ValidationError as error:
        raise _refusal(error) from error
    _check_json(request)
    _check_lengths(request, limits)
    _check_selections(request)
    _check_extra_body(request)
    return _with_accepted_schema(request)


def _input_items(user_input: object) -> Sequence[object]:
    if isinstance(user_input, str):
        return [InputItem(content=user_input)]
    if not isinstance(user_input, Sequence) or isinstance(user_input, (bytes, bytearray)):
        raise InvalidArgumentError("input", _described(user_input), "a string, or a sequence of input items")
    return user_input


def text_param(output_schema: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the `text` field that asks for JSON of this schema, as JSON values.

    Raises:
        InvalidArgumentError: It is neither a pydantic model nor a JSON Schema.
    """
    schema = output_schema if isinstance(output_schema, Mapping) else _model_schema(output_schema)
    description = schema_description(schema)
    named = {"type": "json_schema", "name": schema_name(schema), "schema": dict(schema)}
    return {"format": named | ({"description": description} if description else {})}


def _model_schema(model: object) -> dict[str, Any]:
    # Python 3.10 calls `list[Clip]` a type, which pydantic before 2.11 then cannot tell from a model.
    if get_origin(model) or not isinstance(model, type) or not issubclass(model, BaseModel) or model is BaseModel:
        raise InvalidArgumentError("output_schema", _described(model), "a pydantic model or a JSON Schema")
    try:
        return model.model_json_schema()
    except PydanticUserError as error:
        allowed = "a pydantic model that has a JSON Schema"
        raise InvalidArgumentError("output_schema", f"{model.__name__}: {error.message}", allowed) from error


def _with_accepted_schema(request: ResponseRequest) -> ResponseRequest:
    text_format = request.text.format if request.text else None
    if text_format is None or text_format.type == "text":
        return request
    if not text_format.name or text_format.schema_ is None:
        raise InvalidArgumentError("text.format", "`json_schema` without `name` or `schema`", "both")
    accepted = accepted_schema(text_format.schema_, "text.format.schema")
    text = TextParam(format=text_format.model_copy(update={"schema_": accepted}))
    return request.model_copy(update={"text": text})


def _check_json(request: ResponseRequest) -> None:
    # Most fields of most requests are None, and each look costs.
    for field, value in _leaves(request.model_dump(by_alias=True, exclude_none=True), ""):
        if isinstance(value, float) and not isfinite(value):
            raise InvalidArgumentError(field, repr(value), "numbers that JSON has")
        surrogate = _SURROGATE.search(value) if isinstance(value, str) else None
        if surrogate is not None:
            got = f"a lone surrogate, {surrogate[0]!r}, at position {surrogate.start():,}"
            raise InvalidArgumentError(field, got, "text that UTF-8 can hold")


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield every value in `value` that holds no other, and every name in it, with its path."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield path, name
            yield from _leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            yield from _leaves(part, f"{path}[{index}]")
    else:
        yield path, value


def _check_lengths(request: ResponseRequest, limits: Limits) -> None:
    for index, item in enumerate(request.input):
        if not 1 <= len(item.content) <= limits.content:
            allowed = f"1 to {limits.content:,}; raise it with Limits(content=...)"
            raise InvalidArgumentError(f"input[{index}].content", f"{len(item.content):,} characters", allowed)
    if request.instructions is not None and len(request.instructions) > limits.instructions:
        allowed = f"at most {limits.instructions:,}; raise it with Limits(instructions=...)"
        raise InvalidArgumentError("instructions", f"{len(request.instructions):,} characters", allowed)
    if request.metadata is not None and len(request.metadata) > limits.metadata:
        allowed = f"at most {limits.metadata}; raise it with Limits(metadata=...)"
        raise InvalidArgumentError("metadata", f"{len(request.metadata)} pairs", allowed)


def _check_selections(request: ResponseRequest) -> None:
    for index, selection in enumerate(request.selections):
        prefix = _PREFIXES[selection.kind]
        if not selection.id.startswith(prefix) or selection.id == prefix:
            raise InvalidArgumentError(
                f"selections[{index}].id", repr(selection.id), f"`{prefix}...` for kind `{selection.kind}`"
            )
    positions = {str(position) for position in range(len(request.selections))}
    for index, item in enumerate(request.input):
        for token in _SELECTION_TOKEN.finditer(item.content):
            if (token[1].lstrip("0") or "0") not in positions:
                raise InvalidArgumentError(
                    f"input[{index}].content",
                    f"{token[0]} with {len(request.selections)} selections",
                    "the position of a selection of this request, from zero",
                )


def _check_extra_body(request: ResponseRequest) -> None:
    for name in request.extra_body:
        if name == "stream" or (name in ResponseRequest.model_fields and name != "extra_body"):
            raise InvalidArgumentError(f"extra_body.{name}", "a field of the request", "fields that have no argument")


def _refusal(error: ValidationError) -> InvalidArgumentError:
    """Return the first thing wrong, in the names of the arguments."""
    fault = error.errors(include_url=False, include_context=False)[0]
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in _steps(fault["loc"])).lstrip(".")
    if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1:
        names = ", ".join(sorted(RequestOptions.__annotations__))
        return InvalidArgumentError(field, "an argument of this name", names)
    if fault["type"] == "missing":
        return InvalidArgumentError(field, "nothing", fault["msg"])
    allowed = "a JSON value" if fault["type"] == "invalid-json-value" else fault["msg"]
    return InvalidArgumentError(field, _described(fault["input"]), allowed)


def _steps(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the steps that lead to a fault.

    Behind each step inside of JSON, pydantic puts the kind of what holds the next one, `dict` or `list`; and `[key]`
    behind a name that is none.
    """
    steps = place[:-1] if place[-1] == "[key]" else place
    named = next((len(field) + 1 for field in _JSON_FIELDS if steps[: len(field)] == field), len(steps))
    return (*steps[:named], *steps[named + 1 :: 2])


def _described(value: object) -> str:
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        # Nested too deep, or an integer of more digits than Python writes out.
        return f"{type(value).__name__} too large to show"
    return text if len(text) <= 80 else f"{type(value).__name__} {text[:60]}..."  # noqa: PLR2004 - a line's width
