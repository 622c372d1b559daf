from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from twelvelabs_responses._errors import InvalidArgumentError
from twelvelabs_responses._protocol import encode_request
from twelvelabs_responses._request import (
    InputItem,
    Limits,
    ResponseRequest,
    Selection,
    TextFormat,
    TextParam,
    response_request,
)

JSON = dict[str, Any]
SPEC = Path(__file__).parent.parent / "spec"
NAN = float("nan")
TEN_THOUSAND_DEEP: list[Any] = []
for _ in range(10_000):
    TEN_THOUSAND_DEEP = [TEN_THOUSAND_DEEP]


class Clip(BaseModel):
    """A piece of a video."""

    title: str
    seconds: float | None = None


class Uncallable(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    call: Callable[[int], int]


def published(name: str) -> Draft202012Validator:
    document = json.loads((SPEC / name).read_bytes())
    registry: Registry[Any] = Registry().with_resource("spec:", Resource.from_contents(document, DRAFT202012))
    return Draft202012Validator({"$ref": "spec:#/request"}, registry=registry)


APRIL, JULY = published("responses-april-2026.json"), published("responses-july-2026.json")
JULY_FIELDS = {
    *("knowledge_store_id", "input", "session_id", "instructions", "include", "stream", "selections", "text")
}


def requested(user_input: Any = "Hi", *, limits: Limits | None = None, **options: Any) -> ResponseRequest:
    given_options: Any = {"knowledge_store_id": "ks_1", **options}
    return response_request(user_input, given_options, limits or Limits())


def sent(user_input: Any = "Hi", *, stream: bool = False, **options: Any) -> Any:
    return json.loads(encode_request(requested(user_input, **options), stream=stream))


def refusal(user_input: Any = "Hi", **options: Any) -> InvalidArgumentError:
    with pytest.raises(InvalidArgumentError) as caught:
        requested(user_input, **options)
    error = caught.value
    assert isinstance(error, ValueError)
    assert str(error) == f"{error.field}: got {error.got}; allowed: {error.allowed}. Nothing was sent."
    return error


def test_the_least_request_names_model_store_and_one_user_message() -> None:
    assert sent("Which clips show a goal?") == {
        "model": "jockey1.0",
        "knowledge_store_id": "ks_1",
        "input": [{"type": "message", "role": "user", "content": "Which clips show a goal?"}],
    }


def test_the_fullest_request_of_april_holds_every_field_of_the_reference() -> None:
    text = {"format": {"type": "json_schema", "name": "clip", "schema": {"type": "string"}, "strict": True}}
    options = {"session_id": "sess_1", "instructions": "Be brief.", "include": ["intermediate_outputs"]}
    body = sent("Hi", stream=True, text=text, metadata={"a": "b"}, **options)
    assert body == {
        "model": "jockey1.0",
        "knowledge_store_id": "ks_1",
        "input": [{"type": "message", "role": "user", "content": "Hi"}],
        "session_id": "sess_1",
        "instructions": "Be brief.",
        "include": ["intermediate_outputs"],
        "text": text,
        "metadata": {"a": "b"},
        "stream": True,
    }
    APRIL.validate(body)


def test_a_request_of_july_has_selections_and_neither_model_nor_metadata() -> None:
    selections = [Selection(kind="item", id="ksi_1"), {"kind": "collection", "id": "ksic_1"}]
    body = sent("Compare {{sel:0}} and {{sel:1}}.", stream=True, model=None, selections=selections)
    assert body["selections"] == [{"kind": "item", "id": "ksi_1"}, {"kind": "collection", "id": "ksic_1"}]
    assert "model" not in body
    JULY.validate(body)


@pytest.mark.parametrize(
    "wrong",
    [{"model": None}, {"extra_body": {"instructions2": 1}, "model": "jockey2.0"}],
)
def test_the_published_schema_of_april_refuses_what_it_does_not_know(wrong: JSON) -> None:
    assert not APRIL.is_valid(sent("Hi", **wrong))


def test_the_published_schema_of_july_wants_a_stream() -> None:
    assert not JULY.is_valid(sent("Hi", model=None))


@pytest.mark.parametrize("empty", [{"include": []}, {"metadata": {}}, {"selections": []}, {"extra_body": {}}])
def test_what_is_empty_is_not_sent(empty: JSON) -> None:
    assert sent("Hi", **empty) == sent("Hi")


@pytest.mark.parametrize(
    "name",
    ["session_id", "instructions", "include", "text", "output_schema", "selections", "metadata", "extra_body"],
)
def test_none_is_as_good_as_not_given(name: str) -> None:
    nothing: JSON = {name: None}
    assert sent("Hi", **nothing) == sent("Hi")


def test_extra_fields_go_along_as_they_are() -> None:
    body = sent("Hi", extra_body={"max_output_tokens": 8192, "new": {"a": [None, "🧤"]}})
    assert (body["max_output_tokens"], body["new"]) == (8192, {"a": [None, "🧤"]})


@pytest.mark.parametrize("several", [list, tuple])
def test_several_input_items_are_sent_in_their_order(several: Callable[[list[InputItem]], Any]) -> None:
    items = several([InputItem(content="a"), InputItem(content="b")])
    assert [item["content"] for item in sent(items)["input"]] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        {"format": {"type": "text"}},
        TextParam(format=TextFormat(type="text")),
        MappingProxyType({"format": MappingProxyType({"type": "text"})}),
    ],
)
def test_plain_text_can_be_asked_for(text: object) -> None:
    body = sent("Hi", text=text)
    assert body["text"] == {"format": {"type": "text"}}
    APRIL.validate(body)


def test_a_model_is_asked_for_by_its_name_description_and_accepted_schema() -> None:
    body = sent("Hi", output_schema=Clip)
    accepted = {
        "title": "Clip",
        "description": "A piece of a video.",
        "type": "object",
        "properties": {
            "title": {"title": "Title", "type": "string"},
            "seconds": {"anyOf": [{"type": "number"}, {"type": "null"}], "title": "Seconds"},
        },
        "required": ["title", "seconds"],
        "additionalProperties": False,
    }
    assert body["text"]["format"] == {
        "type": "json_schema",
        "name": "Clip",
        "description": "A piece of a video.",
        "schema": accepted,
    }
    APRIL.validate(body)


def test_a_json_schema_is_asked_for_and_stays_as_it_was() -> None:
    schema = {"oneOf": [{"const": None}, {"enum": [None]}], "default": None}
    body = sent("Hi", output_schema=MappingProxyType(schema))
    assert body["text"]["format"]["schema"] == {"anyOf": [{"const": None}, {"enum": [None]}]}
    assert body["text"]["format"]["name"] == "output"
    assert schema == {"oneOf": [{"const": None}, {"enum": [None]}], "default": None}


def test_the_schema_of_a_text_format_is_made_acceptable_as_well() -> None:
    given_format = {"type": "json_schema", "name": "a", "schema": {"definitions": {}, "type": "string", "default": "a"}}
    assert sent("Hi", text={"format": given_format})["text"]["format"]["schema"] == {"type": "string"}


@pytest.mark.parametrize(
    "content",
    ["a", "a" * 10_000, "🧤" * 10_000, "\u0000", "{{sel:x}} {{sel:}} {sel:9} {{ sel:0 }}"],
    ids=["one", "most", "most astral", "nul", "no tokens"],
)
def test_one_to_ten_thousand_characters_are_a_message(content: str) -> None:
    assert sent(content)["input"][0]["content"] == content


def test_two_thousand_characters_are_instructions() -> None:
    assert sent("Hi", instructions="🧤" * 2_000)["instructions"] == "🧤" * 2_000


def test_sixteen_pairs_are_metadata() -> None:
    metadata = {str(number): "" for number in range(16)}
    assert sent("Hi", metadata=MappingProxyType(metadata))["metadata"] == metadata


def test_limits_can_be_raised() -> None:
    limits = Limits(content=10_001, instructions=2_001, metadata=17)
    metadata = {str(number): "" for number in range(17)}
    requested("a" * 10_001, limits=limits, instructions="a" * 2_001, metadata=metadata)


@pytest.mark.parametrize(
    ("user_input", "options", "field", "got", "allowed"),
    [
        ("", {}, "input[0].content", "0 characters", "1 to 10,000; raise it with Limits(content=...)"),
        (
            "a" * 10_001,
            {},
            "input[0].content",
            "10,001 characters",
            "1 to 10,000; raise it with Limits(content=...)",
        ),
        (
            [InputItem(content="a"), InputItem(content="🧤" * 10_001)],
            {},
            "input[1].content",
            "10,001 characters",
            "1 to 10,000; raise it with Limits(content=...)",
        ),
        (
            "Hi",
            {"instructions": "a" * 2_001},
            "instructions",
            "2,001 characters",
            "at most 2,000; raise it with Limits(instructions=...)",
        ),
        (
            "Hi",
            {"metadata": {str(number): "" for number in range(17)}},
            "metadata",
            "17 pairs",
            "at most 16; raise it with Limits(metadata=...)",
        ),
    ],
    ids=["empty", "content", "second content", "instructions", "metadata"],
)
def test_what_is_too_long_or_empty_is_refused_with_its_length_and_the_limit(
    user_input: Any, options: JSON, field: str, got: str, allowed: str
) -> None:
    error = refusal(user_input, **options)
    assert (error.field, error.got, error.allowed) == (field, got, allowed)


@pytest.mark.parametrize("store", [None, "", 5, ["ks_1"], {"id": "ks_1"}, b"\xff", True])
def test_a_request_needs_one_knowledge_store(store: object) -> None:
    assert refusal(knowledge_store_id=store).field == "knowledge_store_id"


def test_a_missing_knowledge_store_is_named() -> None:
    no_options: Any = {}
    with pytest.raises(InvalidArgumentError, match=r"^knowledge_store_id: got nothing; allowed: Field required"):
        response_request("Hi", no_options, Limits())


@pytest.mark.parametrize(
    ("options", "field", "allowed"),
    [
        ({"extra_body": {"a": 1j}}, "extra_body.a", "a JSON value"),
        ({"extra_body": {"a": {"b": [0, {"c": 1j}]}}}, "extra_body.a.b[1].c", "a JSON value"),
        ({"extra_body": {"dict": {"list": [1j]}}}, "extra_body.dict.list[0]", "a JSON value"),
        ({"extra_body": {"a": {5: 1}}}, "extra_body.a[5]", "Input should be a valid string"),
        ({"extra_body": {5: 1}}, "extra_body[5]", "Input should be a valid string"),
        ({"output_schema": {"properties": {"a": {"enum": [1j]}}}}, "text.format.schema.properties.a.enum[0]", "a JSON"),
    ],
)
def test_a_value_that_json_does_not_have_is_told_with_its_path_and_no_step_more(
    options: dict[str, Any], field: str, allowed: str
) -> None:
    error = refusal(**options)
    assert error.field == field
    assert error.allowed.startswith(allowed)


def test_an_unknown_argument_is_named_beside_those_that_are_known() -> None:
    error = refusal(instruction="Be brief.")
    assert (error.field, error.got) == ("instruction", "an argument of this name")
    assert error.allowed == (
        "extra_body, include, instructions, knowledge_store_id, metadata, model, output_schema, selections, "
        "session_id, text"
    )


@pytest.mark.parametrize(
    ("name", "value", "field", "got"),
    [
        ("model", "", "model", "''"),
        ("model", 5, "model", "5"),
        ("session_id", "", "session_id", "''"),
        ("session_id", ["sess_1"], "session_id", "['sess_1']"),
        ("instructions", 5, "instructions", "5"),
        ("instructions", ["Be brief."], "instructions", "['Be brief.']"),
        ("include", "intermediate_outputs", "include", "'intermediate_outputs'"),
        ("include", ["everything"], "include[0]", "'everything'"),
        ("include", [None], "include[0]", "None"),
        ("include", 5, "include", "5"),
        ("text", "plain", "text", "'plain'"),
        ("text", {}, "text.format", "nothing"),
        ("text", {"format": {}}, "text.format.type", "nothing"),
        ("text", {"format": {"type": "xml"}}, "text.format.type", "'xml'"),
        ("text", {"format": {"type": "text", "nme": "a"}}, "text.format.nme", "'a'"),
        ("text", {"format": {"type": "json_schema", "name": 5}}, "text.format.name", "5"),
        ("text", {"format": {"type": "json_schema", "schema": []}}, "text.format.schema", "[]"),
        ("selections", "ksi_1", "selections", "'ksi_1'"),
        ("selections", ["ksi_1"], "selections[0]", "'ksi_1'"),
        ("selections", [{"kind": "item"}], "selections[0].id", "nothing"),
        ("selections", [{"kind": "asset", "id": "1"}], "selections[0].kind", "'asset'"),
        ("selections", [{"kind": "item", "id": 5}], "selections[0].id", "5"),
        ("metadata", "a=b", "metadata", "'a=b'"),
        ("metadata", {"a": 1}, "metadata.a", "1"),
        ("metadata", {"a": None}, "metadata.a", "None"),
        ("metadata", {1: "a"}, "metadata[1]", "1"),
        ("extra_body", "a=b", "extra_body", "'a=b'"),
        ("extra_body", {"a": {1}}, "extra_body.a", "{1}"),
        ("extra_body", {"a": [(1,)]}, "extra_body.a[0]", "(1,)"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_path(name: str, value: object, field: str, got: str) -> None:
    error = refusal(**{name: value})
    assert (error.field, error.got) == (field, got)
    assert error.allowed


@pytest.mark.parametrize(
    ("user_input", "field"),
    [
        (None, "input"),
        (5, "input"),
        (b"Hi", "input"),
        ([], "input"),
        ({"content": "Hi"}, "input"),
        (["Hi"], "input[0]"),
        ([InputItem(content="Hi"), None], "input[1]"),
        ([{"content": "Hi", "role": "assistant"}], "input[0].role"),
        ([{"content": [{"type": "input_text", "text": "Hi"}]}], "input[0].content"),
        ([{"content": "Hi", "name": "me"}], "input[0].name"),
        ([{}], "input[0].content"),
        (InputItem(content="Hi"), "input"),
    ],
)
def test_what_is_no_input_is_refused_with_its_path(user_input: object, field: str) -> None:
    assert refusal(user_input).field == field


@pytest.mark.parametrize("schema", [5, "Clip", [Clip], True, int, BaseModel, Clip(title="a"), 2.5, list[Clip]])
def test_what_is_neither_a_model_nor_a_schema_is_refused(schema: object) -> None:
    error = refusal(output_schema=schema)
    assert (error.field, error.got) == ("output_schema", repr(schema))
    assert error.allowed == "a pydantic model or a JSON Schema"


def test_a_model_that_has_no_json_schema_is_refused() -> None:
    error = refusal(output_schema=Uncallable)
    assert error.field == "output_schema"
    assert error.got.startswith("Uncallable: Cannot generate a JsonSchema")
    assert error.allowed == "a pydantic model that has a JSON Schema"


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ({"not": {}}, "text.format.schema.not"),
        ({"properties": 5}, "text.format.schema.properties"),
        ({"$defs": 5}, "schema.$defs"),
        ({1: 2}, "text.format.schema[1]"),
        ({"const": {1}}, "text.format.schema.const"),
    ],
)
def test_a_schema_that_the_service_does_not_honour_is_refused_with_its_path(schema: JSON, field: str) -> None:
    assert refusal(output_schema=schema).field == field


def test_text_and_output_schema_exclude_each_other() -> None:
    error = refusal(text={"format": {"type": "text"}}, output_schema=Clip)
    assert (error.field, error.got) == ("output_schema", "both `text` and `output_schema`")


@pytest.mark.parametrize(
    "half",
    [{}, {"name": "a"}, {"schema": {}}, {"name": "", "schema": {}}, {"name": "a", "schema": None}],
)
def test_a_json_schema_format_needs_name_and_schema(half: JSON) -> None:
    error = refusal(text={"format": {"type": "json_schema", **half}})
    assert (error.field, error.got) == ("text.format", "`json_schema` without `name` or `schema`")


@pytest.mark.parametrize(
    ("kind", "selection_id", "allowed"),
    [
        ("item", "ksic_1", "`ksi_...` for kind `item`"),
        ("item", "1", "`ksi_...` for kind `item`"),
        ("item", "ksi_", "`ksi_...` for kind `item`"),
        ("item", "", "`ksi_...` for kind `item`"),
        ("collection", "ksi_1", "`ksic_...` for kind `collection`"),
        ("collection", "ksic_", "`ksic_...` for kind `collection`"),
    ],
)
def test_a_selections_id_has_the_prefix_of_its_kind(kind: str, selection_id: str, allowed: str) -> None:
    error = refusal(selections=[{"kind": "item", "id": "ksi_1"}, {"kind": kind, "id": selection_id}])
    assert (error.field, error.got, error.allowed) == ("selections[1].id", repr(selection_id), allowed)


@pytest.mark.parametrize(
    ("content", "count", "got"),
    [
        ("{{sel:0}}", 0, "{{sel:0}} with 0 selections"),
        ("{{sel:0}} and {{sel:1}}", 1, "{{sel:1}} with 1 selections"),
        ("{{sel:0}}{{sel:002}}", 2, "{{sel:002}} with 2 selections"),
        ("{{{sel:7}}}", 2, "{{sel:7}} with 2 selections"),
        ("{{sel:" + "9" * 5_000 + "}}", 1, "{{sel:" + "9" * 5_000 + "}} with 1 selections"),
    ],
    ids=["none", "second", "zeros", "braces", "many digits"],
)
def test_a_selection_token_names_a_selection_of_this_request(content: str, count: int, got: str) -> None:
    error = refusal(content, selections=[Selection(kind="item", id="ksi_1")] * count)
    assert (error.field, error.got) == ("input[0].content", got)


@pytest.mark.parametrize("content", ["{{sel:0}}", "{{sel:1}}{{sel:00}}{{sel:01}}", "{{sel:-1}}", "{{sel:٣}}"])
def test_a_selection_token_in_range_is_sent(content: str) -> None:
    selections = [Selection(kind="item", id="ksi_1"), Selection(kind="collection", id="ksic_1")]
    assert sent(content, selections=selections)["input"][0]["content"] == content


@pytest.mark.parametrize(
    "name",
    [
        *["model", "knowledge_store_id", "input", "session_id", "instructions", "include", "text", "selections"],
        *["metadata", "stream"],
    ],
)
def test_extra_fields_do_not_override_the_requests_own(name: str) -> None:
    error = refusal(extra_body={"new": 1, name: None})
    assert (error.field, error.got) == (f"extra_body.{name}", "a field of the request")


@pytest.mark.parametrize(
    ("options", "field", "got"),
    [
        ({"output_schema": {"minimum": NAN}}, "text.format.schema.minimum", "nan"),
        ({"output_schema": {"enum": [1, float("inf")]}}, "text.format.schema.enum[1]", "inf"),
        ({"extra_body": {"a": [{"b": -float("inf")}]}}, "extra_body.a[0].b", "-inf"),
    ],
)
def test_numbers_that_json_does_not_have_are_refused_with_their_path(options: JSON, field: str, got: str) -> None:
    error = refusal(**options)
    assert (error.field, error.got, error.allowed) == (field, got, "numbers that JSON has")


@pytest.mark.parametrize(
    ("user_input", "options", "field", "position"),
    [
        ("ab\ud800", {}, "input[0].content", 2),
        ("Hi", {"instructions": "\ud800"}, "instructions", 0),
        ("Hi", {"metadata": {"a": "b\ud800"}}, "metadata.a", 1),
        ("Hi", {"metadata": {"\ud800": "b"}}, "metadata", 0),
        ("Hi", {"selections": [{"kind": "item", "id": "ksi_\ud800"}]}, "selections[0].id", 4),
        ("Hi", {"output_schema": {"description": "\ud800"}}, "text.format.schema.description", 0),
        ("Hi", {"output_schema": {"properties": {"\ud800": {}}}}, "text.format.schema.properties", 0),
        ("Hi", {"extra_body": {"a": [["\ud800"]]}}, "extra_body.a[0][0]", 0),
        ("Hi", {"extra_body": {"\ud800": 1}}, "extra_body", 0),
    ],
)
def test_a_lone_surrogate_is_refused_with_its_path(user_input: str, options: JSON, field: str, position: int) -> None:
    error = refusal(user_input, **options)
    assert (error.field, error.got) == (field, f"a lone surrogate, '\\ud800', at position {position}")
    assert error.allowed == "text that UTF-8 can hold"


@pytest.mark.parametrize("name", ["knowledge_store_id", "session_id", "model"])
def test_a_lone_surrogate_in_an_id_is_refused_and_shown_escaped(name: str) -> None:
    error = refusal(**{name: "a\ud800"})
    assert (error.field, error.got) == (name, "'a\\ud800'")


def test_a_surrogate_pair_that_python_has_joined_is_one_character() -> None:
    assert sent("\U0001f9e4")["input"][0]["content"] == "🧤"


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("x" * 500, "str '" + "x" * 59 + "..."),
        (10**5_000, "int too large to show"),
        (TEN_THOUSAND_DEEP, "list too large to show"),
    ],
    ids=["long", "many digits", "deep"],
)
def test_a_wrong_value_too_long_to_show_is_described(value: object, got: str) -> None:
    assert refusal(include=value).got == got


@pytest.mark.parametrize(
    "options",
    [{"extra_body": {"a": TEN_THOUSAND_DEEP}}, {"output_schema": {"const": TEN_THOUSAND_DEEP}}],
    ids=["extra_body", "output_schema"],
)
def test_what_is_nested_without_end_is_refused(options: JSON) -> None:
    assert refusal(**options).field.startswith(("extra_body.a", "text.format.schema.const"))


def test_a_request_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        requested().model = "jockey2.0"  # type: ignore[misc]  # mypy says the same


TEXTS = st.text(min_size=1, max_size=30).filter(lambda text: not re.search(r"\{\{sel:\d", text))
SESSIONS = {"session_id": TEXTS, "instructions": st.text(max_size=50)}
INCLUDES = {"include": st.just(("intermediate_outputs",))}
FORMATS = [{"format": {"type": "text"}}, {"format": {"type": "json_schema", "name": "n", "schema": {"type": "null"}}}]
REPLY_FORMS: st.SearchStrategy[JSON] = st.one_of(
    st.just({}),
    st.sampled_from(FORMATS).map(lambda text: {"text": text}),
    st.sampled_from([Clip, {"type": "object", "properties": {"a": True}}, {}]).map(
        lambda form: {"output_schema": form}
    ),
)
OPTIONS = st.fixed_dictionaries({"knowledge_store_id": TEXTS}, optional={**SESSIONS, **INCLUDES})
METADATA = st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=16)
SELECTIONS = st.lists(
    st.builds(lambda name: Selection(kind="item", id=f"ksi_{name}"), TEXTS)
    | st.builds(lambda name: Selection(kind="collection", id=f"ksic_{name}"), TEXTS),
    max_size=3,
)


@given(content=TEXTS, options=OPTIONS, form=REPLY_FORMS, metadata=st.none() | METADATA, stream=st.booleans())
@settings(deadline=None)
def test_every_valid_request_fits_what_april_published(
    content: str, options: JSON, form: JSON, metadata: JSON | None, *, stream: bool
) -> None:
    body = sent(content, stream=stream, metadata=metadata, **options, **form)
    APRIL.validate(body)
    assert body["input"] == [{"type": "message", "role": "user", "content": content}]
    assert body.get("metadata", {}) == (metadata or {})
    assert body.get("stream", False) is stream


@given(content=TEXTS, options=OPTIONS, form=REPLY_FORMS, selections=SELECTIONS)
@settings(deadline=None)
def test_every_valid_request_fits_what_july_published(
    content: str, options: JSON, form: JSON, selections: list[Selection]
) -> None:
    tokens = "".join(f"{{{{sel:{position}}}}}" for position in range(len(selections)))
    body = sent(content + tokens, stream=True, model=None, selections=selections, **options, **form)
    JULY.validate(body)
    assert body.keys() <= JULY_FIELDS
    assert len(body.get("selections", [])) == len(selections)


ANY_TEXT = st.text(st.characters(categories=["Cs", "L", "N", "P"]), max_size=5)
WORDS = [
    *["intermediate_outputs", "format", "type", "text", "json_schema", "schema", "name", "kind", "item", "id"],
    *["ksi_1", "content", "properties", "anyOf", "$ref", "#/$defs/A", "$defs", "{{sel:0}}", "input", "stream"],
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.sampled_from(WORDS) | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(ANY_TEXT | st.sampled_from(WORDS) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = [
    *["knowledge_store_id", "model", "session_id", "instructions", "include", "text", "output_schema", "selections"],
    *["metadata", "extra_body", "instruction"],
]


@given(user_input=st.just("Hi") | ANYTHING, options=st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=3))
@settings(deadline=None, max_examples=500)
def test_any_values_make_a_request_or_are_refused_by_name(user_input: object, options: JSON) -> None:
    try:
        body = sent(user_input, **options)
    except InvalidArgumentError as error:
        assert error.field  # noqa: PT017 - either outcome is right
        str(error).encode()
    else:
        assert body["knowledge_store_id"]


@pytest.mark.parametrize("name", NAMES)
@given(value=ANYTHING)
@settings(deadline=None, max_examples=60)
def test_any_value_of_one_option_makes_a_request_or_is_refused(name: str, value: Any) -> None:
    options: JSON = {name: value}
    try:
        body = sent("Hi", **options)
    except InvalidArgumentError as error:
        str(error).encode()
    else:
        assert body["input"] == [{"type": "message", "role": "user", "content": "Hi"}]


@pytest.mark.parametrize("limit", [0, -1, 1.5, "x", None, True])
def test_a_limit_is_a_count(limit: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"Limits\.instructions: got .*; allowed: a whole number above 0"):
        Limits(instructions=limit)
