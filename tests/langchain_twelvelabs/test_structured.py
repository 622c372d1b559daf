from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Any, Optional

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from pydantic import BaseModel, Field
from pydantic.v1 import BaseModel as BaseModelV1
from typing_extensions import TypedDict

from langchain_twelvelabs._structured import json_schema, response_format, structured, text_param
from twelvelabs_responses import IncompleteResponseError, InvalidArgumentError


class Goal(BaseModel):
    """A goal of the match."""

    scorer: str
    minute: int = 0


class GoalV1(BaseModelV1):
    """A goal of the match."""

    scorer: str


class GoalDict(TypedDict):
    """A goal of the match."""

    scorer: str


@dataclass
class GoalClass:
    """A goal of the match."""

    scorer: str


class Loop(TypedDict):
    """Contains itself."""

    inner: list[Loop]


class Play(BaseModel):
    name: str
    then: Optional["Play"] = None


SCHEMA = {"title": "goal", "type": "object", "properties": {"scorer": {"type": "string"}}}


@pytest.mark.parametrize("schema", [Goal, GoalV1, GoalDict, GoalClass, SCHEMA])
def test_every_way_to_name_a_schema_asks_for_the_same(schema: Any) -> None:
    wanted = response_format(schema)
    assert wanted["type"] == "json_schema"
    assert wanted["json_schema"]["name"].startswith(("Goal", "goal"))
    accepted = wanted["json_schema"]["schema"]
    assert accepted["properties"]["scorer"]["type"] == "string"
    assert accepted["required"] == list(accepted["properties"])
    assert accepted["additionalProperties"] is False


def test_a_model_that_contains_itself_can_be_asked_for() -> None:
    schema = response_format(Play)["json_schema"]["schema"]
    assert schema["$defs"]["Play"]["required"] == ["name", "then"]


def test_description_and_strictness_go_along() -> None:
    named = response_format(Goal, strict=True)["json_schema"]
    assert (named["description"], named["strict"]) == ("A goal of the match.", True)
    assert response_format(SCHEMA)["json_schema"].keys() == {"name", "schema"}


def test_what_cannot_be_expressed_is_refused_with_its_path() -> None:
    class Pair(BaseModel):
        both: tuple[int, int]

    with pytest.raises(InvalidArgumentError, match=r"schema\.properties\.both\.prefixItems"):
        response_format(Pair)


@pytest.mark.parametrize(
    "wrong",
    [None, "Goal", 5, int, Enum("Side", "LEFT RIGHT"), BaseModel, Loop, list[Goal], Goal | None, [Goal], print, {}],
)
def test_what_is_no_schema_is_refused_with_what_is_one(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^schema: got .*; allowed: a pydantic model, a TypedDict"):
        response_format(wrong)


def test_an_object_of_a_schema_is_no_schema() -> None:
    with pytest.raises(InvalidArgumentError, match="a Goal"):
        response_format(Goal(scorer="Kim"))  # type: ignore[arg-type]  # the point


@pytest.mark.parametrize("wrong", ["json", 5, [SCHEMA]])
def test_what_is_no_response_format_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^response_format: got"):
        text_param(wrong)


def test_the_json_schema_is_the_whole_one() -> None:
    assert json_schema(Goal) == Goal.model_json_schema()


NAMED = {"name": "goal", "schema": SCHEMA}


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        ({"type": "json_schema", "json_schema": NAMED | {"strict": None}}, {"type": "json_schema"} | NAMED),
        ({"type": "json_schema"} | NAMED, {"type": "json_schema"} | NAMED),
        ({"type": "text"}, {"type": "text"}),
    ],
)
def test_a_response_format_is_read_as_langchain_openai_and_the_api_write_it(
    wanted: dict[str, Any], form: dict[str, Any]
) -> None:
    assert text_param(wanted) == {"format": form}


@pytest.mark.parametrize("schema", [Goal, SCHEMA])
def test_a_schema_by_itself_is_a_response_format_too(schema: Any) -> None:
    assert text_param(schema) == text_param(response_format(schema))


def test_any_json_object_is_refused_as_the_service_follows_schemas_only() -> None:
    with pytest.raises(InvalidArgumentError, match="json_object"):
        text_param({"type": "json_object"})


def answering(text: str, **facts: Any) -> RunnableLambda[Any, AIMessage]:
    return RunnableLambda(lambda _: AIMessage(text, response_metadata=facts))


@pytest.mark.parametrize("text", ['{"scorer": "Kim", "minute": 3}', '```json\n{"scorer": "Kim", "minute": 3}\n```'])
@pytest.mark.parametrize("schema", [Goal, SCHEMA])
def test_an_answer_is_read_as_the_object_asked_for(text: str, schema: Any) -> None:
    runnable = structured(answering(text), schema, include_raw=False)
    for goal in (runnable.invoke("Who?"), asyncio.run(runnable.ainvoke("Who?"))):
        assert goal == (Goal(scorer="Kim", minute=3) if schema is Goal else {"scorer": "Kim", "minute": 3})


def test_the_raw_answer_comes_along_if_asked_for() -> None:
    made = structured(answering('{"scorer": "Kim"}'), Goal, include_raw=True).invoke("Who?")
    assert made["raw"].text == '{"scorer": "Kim"}'
    assert (made["parsed"], made["parsing_error"]) == (Goal(scorer="Kim"), None)


FACTS = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "session_id": "sess_1"}


def test_an_answer_that_was_cut_short_is_a_typed_error() -> None:
    with pytest.raises(IncompleteResponseError, match="max_output_tokens") as caught:
        structured(answering('{"scorer": "K', **FACTS), Goal, include_raw=False).invoke("Who?")
    assert (caught.value.reason, caught.value.text) == ("max_output_tokens", '{"scorer": "K')
    assert caught.value.session_id == "sess_1"


def test_with_the_raw_answer_the_typed_error_is_the_parsing_error() -> None:
    made = structured(answering('{"scorer": "K', **FACTS), Goal, include_raw=True).invoke("Who?")
    assert isinstance(made["parsing_error"], IncompleteResponseError)
    assert made["parsed"] is None


def test_partial_objects_come_while_the_answer_is_made() -> None:
    def chunks(_: Any) -> Any:
        yield from (AIMessageChunk(content=text) for text in ('{"scorer": "K', 'im", "minu', 'te": 3}'))

    parts = list(structured(RunnableGenerator(chunks), SCHEMA, include_raw=False).stream("Who?"))
    assert parts[0] == {"scorer": "K"}
    assert parts[-1] == {"scorer": "Kim", "minute": 3}
    assert len(parts) > 2


def test_a_field_may_have_limits() -> None:
    class Minute(BaseModel):
        minute: int = Field(ge=0, le=120)

    minute = response_format(Minute)["json_schema"]["schema"]["properties"]["minute"]
    assert (minute["minimum"], minute["maximum"]) == (0, 120)
