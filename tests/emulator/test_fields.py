from __future__ import annotations

from typing import Any

import pytest

from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._fields import field_problems, token_problems

ITEM = {"type": "message", "role": "user", "content": "Who?"}
BODY: dict[str, Any] = {"knowledge_store_id": "ks_1", "input": [ITEM]}
SCHEMA = {"type": "json_schema", "name": "n", "schema": {}}


def problems(fields: dict[str, Any], era: str = "latest") -> list[tuple[str, str]]:
    body = {**BODY, **fields}
    return [(wrong.code, wrong.message) for wrong in field_problems(body, era_named(era))]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"model": "jockey1.0", "metadata": {"a": "b"}, "stream": False, "include": []},
        {"input": [{**ITEM, "content": "x" * 10_000}], "instructions": "x" * 2000, "session_id": "sess_1"},
        {"selections": [{"kind": "item", "id": "ksi_1"}, {"kind": "collection", "id": "ksic_1"}]},
        {"text": {}},
        {"text": {"format": {"type": "text"}}},
        {"text": {"format": {**SCHEMA, "description": "d", "strict": True}}},
        {"metadata": dict.fromkeys(map(str, range(16)), "x"), "include": ["intermediate_outputs"]},
    ],
)
def test_what_the_reference_allows_is_right(fields: dict[str, Any]) -> None:
    assert problems(fields) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"knowledge_store_id": ""}, "knowledge_store_id must be a string that is not empty"),
        ({"session_id": None}, "session_id must be a string that is not empty"),
        ({"model": "gpt"}, "model must be jockey1.0"),
        ({"stream": "yes"}, "stream must be true or false"),
        ({"instructions": 1}, "instructions must be a string"),
        ({"instructions": "x" * 2001}, "instructions has 2001 characters, and may have 0 to 2000"),
        ({"include": "intermediate_outputs"}, "include must be an array"),
        ({"include": ["logprobs"]}, "include[0] must be intermediate_outputs"),
        ({"input": []}, "input must be an array that is not empty"),
        ({"input": "Who?"}, "input must be an array that is not empty"),
        ({"input": [{**ITEM, "type": "text"}]}, "input[0].type must be message"),
        ({"input": [ITEM, {**ITEM, "role": "system"}]}, "input[1].role must be user"),
        ({"input": [{**ITEM, "content": ""}]}, "input[0].content has 0 characters, and may have 1 to 10000"),
        ({"input": [{**ITEM, "content": [{}]}]}, "input[0].content must be a string"),
        ({"metadata": []}, "metadata must be an object whose values are strings"),
        ({"metadata": {"a": 1}}, "metadata must be an object whose values are strings"),
        ({"metadata": dict.fromkeys(map(str, range(17)), "x")}, "metadata has 17 pairs, and may have 16"),
        ({"selections": {}}, "selections must be an array"),
        ({"selections": [{"kind": "item"}]}, "selections[0] must be an object with kind and id"),
        ({"selections": ["ksi_1"]}, "selections[0] must be an object with kind and id"),
        ({"selections": [{"kind": "clip", "id": "ksi_1"}]}, "selections[0].kind must be item or collection"),
        ({"selections": [{"kind": "item", "id": "ksic_1"}]}, "selections[0].id must start with ksi_ for this kind"),
        ({"text": "json"}, "text must be an object"),
        ({"text": {"format": "json"}}, "text.format must be an object with type text or json_schema"),
        ({"text": {"format": {"type": "xml"}}}, "text.format must be an object with type text or json_schema"),
        ({"text": {"format": {**SCHEMA, "name": ""}}}, "text.format.name must be a string that is not empty"),
        ({"text": {"format": {**SCHEMA, "schema": []}}}, "text.format.schema must be an object"),
        ({"text": {"format": {**SCHEMA, "description": 1}}}, "text.format.description must be a string"),
        ({"text": {"format": {**SCHEMA, "strict": 1}}}, "text.format.strict must be true or false"),
    ],
)
def test_what_it_does_not_allow_is_named(fields: dict[str, Any], message: str) -> None:
    assert problems(fields) == [("parameter_invalid", message)]


def test_an_input_item_that_is_no_object_is_named() -> None:
    assert problems({"input": ["Who?"]})[0] == ("parameter_invalid", "input[0] must be an object")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": [{"type": "message", "role": "user"}]}, "input[0].content is required"),
        ({"input": [{"type": "message", "content": "Who?"}]}, "input[0].role is required"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name is required"),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema is required"),
    ],
)
def test_what_is_missing_is_named(fields: dict[str, Any], message: str) -> None:
    assert problems(fields) == [("parameter_not_provided", message)]


def test_a_body_needs_a_store_and_input() -> None:
    messages = [wrong.message for wrong in field_problems({}, era_named("latest"))]
    assert messages == ["knowledge_store_id is required", "input is required"]


def test_april_needs_a_model_and_no_role() -> None:
    assert problems({}, "april") == [("parameter_not_provided", "model is required")]
    assert problems({"model": "jockey1.0", "input": [{"type": "message", "content": "Who?"}]}, "april") == []


def test_what_is_not_in_the_reference_is_unknown() -> None:
    unknown = ("parameter_unknown", "temperature is not a parameter of this endpoint")
    assert problems({"temperature": 1}) == [unknown]


def test_april_does_not_know_selections() -> None:
    unknown = ("parameter_unknown", "selections is not a parameter of this endpoint")
    assert unknown in problems({"model": "jockey1.0", "selections": []}, "april")


@pytest.mark.parametrize(
    ("content", "wrong"),
    [("In {{sel:0}}?", False), ("In {{sel:1}}?", True), ("In {{sel:00}}?", False), ("In {{sel:x}}?", False)],
)
def test_a_token_must_name_a_selection_of_the_request(content: str, wrong: bool) -> None:  # a column of the table
    body = {"input": [{**ITEM, "content": content}], "selections": [{}]}
    message = "input[0].content refers to {{sel:1}}, and there are 1 selections"
    assert [each.message for each in token_problems(body)] == [message] * wrong


def test_without_selections_every_token_is_wrong() -> None:
    body = {"input": [ITEM, {**ITEM, "content": "{{sel:0}}"}]}
    message = "input[1].content refers to {{sel:0}}, and there are 0 selections"
    assert [each.message for each in token_problems(body)] == [message]
