"""Typed answers: LangChain's many ways to name a schema -> the `text` field; the answer -> the object asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, get_origin

from langchain_core.output_parsers import BaseOutputParser, JsonOutputParser, PydanticOutputParser
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, PydanticUserError
from typing_extensions import is_typeddict

from langchain_twelvelabs._errors import IncompleteResponseError
from twelvelabs_responses import InvalidArgumentError, accepted_schema, schema_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.messages import BaseMessage

METHODS = ("json_schema", "function_calling", "json_mode")
_SCHEMAS = "a pydantic model, a TypedDict, a dataclass, or a JSON Schema with a title"


def response_format(schema: Mapping[str, Any] | type, *, strict: bool | None = None) -> dict[str, Any]:
    """Return the `response_format` that asks for this schema, in the shape that LangChain's agents use.

    Raises:
        InvalidArgumentError: The schema holds what the service cannot honour; `field` is its path.
    """
    written = json_schema(schema)
    named: dict[str, Any] = {"name": schema_name(written), "schema": accepted_schema(written)}
    if description := written.get("description"):
        named["description"] = description
    if strict is not None:
        named["strict"] = strict
    return {"type": "json_schema", "json_schema": named}


def json_schema(schema: Mapping[str, Any] | type) -> dict[str, Any]:
    """Return the JSON Schema of a pydantic model (v2 or v1), a TypedDict, a dataclass, or a JSON Schema.

    Raises:
        InvalidArgumentError: It is none of these, or has no JSON Schema.
    """
    try:
        return _json_schema(schema)
    except (TypeError, ValueError, AttributeError, RecursionError, PydanticUserError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InvalidArgumentError("schema", f"{schema!r:.80} ({reason})", _SCHEMAS) from error


def _json_schema(schema: object) -> dict[str, Any]:
    if isinstance(schema, Mapping):
        return convert_to_json_schema(dict(schema))
    # Of any other class or function LangChain would make a schema too, of how it is called.
    if not isinstance(schema, type) or get_origin(schema) is not None:
        raise TypeError(f"a {type(schema).__name__}")
    if not (is_basemodel_subclass(schema) or is_typeddict(schema) or is_dataclass(schema)):
        raise TypeError("another class")
    # LangChain's own conversion writes references out, which a model that contains itself does not survive.
    return schema.model_json_schema() if issubclass(schema, BaseModel) else convert_to_json_schema(schema)


def text_param(wanted: Mapping[str, Any] | type) -> dict[str, Any]:
    """Return the API's `text` field for a `response_format` as LangChain and OpenAI write it, or a schema itself."""
    if isinstance(wanted, type):
        return text_param(response_format(wanted))
    if not isinstance(wanted, Mapping):
        raise InvalidArgumentError("response_format", repr(wanted), f"`json_schema` with a schema, or {_SCHEMAS}")
    kind = wanted.get("type")
    if kind == "json_schema" and isinstance(named := wanted.get("json_schema"), Mapping):
        known = {
            name: named[name] for name in ("name", "schema", "description", "strict") if named.get(name) is not None
        }
        return {"format": {"type": "json_schema"} | known}
    if kind in ("json_schema", "text"):
        return {"format": dict(wanted)}
    if kind == "json_object":
        raise InvalidArgumentError(
            "response_format", "`json_object`", "a JSON Schema: the service follows no other JSON"
        )
    return text_param(response_format(wanted))


def structured(
    model: Runnable[Any, BaseMessage], schema: Mapping[str, Any] | type, *, include_raw: bool
) -> Runnable[Any, Any]:
    """Return the model with its answers read as objects of the schema."""
    is_model = isinstance(schema, type) and is_basemodel_subclass(schema)
    parser: BaseOutputParser[Any] = PydanticOutputParser(pydantic_object=schema) if is_model else JsonOutputParser()
    read = RunnableGenerator(_whole, _awhole) | parser
    if not include_raw:
        return model | read
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | read, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")


def _whole(messages: Iterator[BaseMessage]) -> Iterator[BaseMessage]:
    """Pass the chunks on; raise at the end of an answer that was cut short."""
    for message in messages:
        _check_whole(message)
        yield message


async def _awhole(messages: AsyncIterator[BaseMessage]) -> AsyncIterator[BaseMessage]:
    async for message in messages:
        _check_whole(message)
        yield message


def _check_whole(message: BaseMessage) -> None:
    facts = message.response_metadata
    if facts.get("status") != "incomplete":
        return
    reason = (facts.get("incomplete_details") or {}).get("reason")
    raise IncompleteResponseError(
        f"the answer was cut short ({reason or 'no reason given'}), so its JSON cannot be trusted",
        reason=reason,
        text=str(message.text),
        response_id=facts.get("response_id"),
        session_id=facts.get("session_id"),
    )
