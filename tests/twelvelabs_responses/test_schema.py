from __future__ import annotations

import copy
import json
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field

from twelvelabs_responses._errors import InvalidArgumentError
from twelvelabs_responses._protocol import encode_request
from twelvelabs_responses._request import Limits, response_request
from twelvelabs_responses._schema import accepted_schema, schema_description, schema_name

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = dict[str, Any]
STRING: JSON = {"type": "string"}
MISHANDLED = {"oneOf", "default", "if", "then", "else", "not", "patternProperties", "contains", "prefixItems"}
NOT_SENT = {"discriminator", "definitions", "$schema", "$dynamicRef"}


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Clip(BaseModel):
    """A piece of a video."""

    model_config = ConfigDict(title="A clip!")

    title: str = "none"
    seconds: float | None = None
    colour: Colour = Colour.RED
    kind: Literal["goal", "save"] = "goal"
    note: Optional[str] = Field(default=None, max_length=9)  # noqa: UP045 - the spelling that many models have
    anything: Any = None


class Cat(BaseModel):
    species: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    species: Literal["dog"]
    clips: list[Clip] = []


class Zoo(BaseModel):
    animal: Annotated[Cat | Dog, Field(discriminator="species")]
    either: Cat | Dog | str = "none"
    nested: Clip = Clip()


class Node(BaseModel):
    name: str
    children: list[Node] = []
    parent: Node | None = None


class NamedLikeKeywords(BaseModel):
    default: int = 1
    oneOf: str = "a"  # noqa: N815 - the name is the point
    definitions: list[int] = []
    negated: bool = Field(default=False, alias="not")
    ref: str = Field(default="a", alias="$ref")
    required: str = "a"
    properties: str = "a"


class Pair(BaseModel):
    span: tuple[int, int]


class Counts(BaseModel):
    by_name: dict[str, int]


class Loose(BaseModel):
    extra: dict[str, Any]


class Holder(BaseModel):
    pairs: list[Pair]


MODELS: tuple[type[BaseModel], ...] = (Clip, Cat, Dog, Zoo, Node, NamedLikeKeywords)


def subschemas(schema: Any) -> Iterator[JSON]:
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword in ("properties", "$defs", "dependentSchemas"):
        for part in schema.get(keyword, {}).values():
            yield from subschemas(part)
    for part in [*schema.get("anyOf", []), *schema.get("allOf", []), schema.get("items")]:
        yield from subschemas(part)


def assert_accepted(accepted: JSON) -> None:
    Draft202012Validator.check_schema(accepted)
    for schema in subschemas(accepted):
        assert not schema.keys() & (MISHANDLED | NOT_SENT)
        if "properties" in schema:
            assert schema["required"] == list(schema["properties"])
            assert schema["additionalProperties"] is False


def refusal(schema: JSON) -> InvalidArgumentError:
    with pytest.raises(InvalidArgumentError) as caught:
        accepted_schema(schema)
    return caught.value


@pytest.mark.parametrize("model", MODELS)
def test_a_models_schema_is_accepted_with_every_property_required_and_no_other(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    untouched = copy.deepcopy(schema)
    accepted = accepted_schema(schema)
    assert_accepted(accepted)
    assert accepted_schema(accepted) == accepted
    assert schema == untouched


@pytest.mark.parametrize(
    "value",
    [
        Clip(title="a", seconds=1.5, anything={"a": [None]}),
        Zoo(animal=Cat(species="cat"), either=Dog(species="dog", clips=[Clip()])),
        Node(name="a", children=[Node(name="b", parent=Node(name="c"))]),
        NamedLikeKeywords.model_validate({"not": True}),
    ],
)
def test_what_fits_the_model_fits_the_accepted_schema(value: BaseModel) -> None:
    accepted = accepted_schema(type(value).model_json_schema())
    Draft202012Validator(accepted).validate(value.model_dump(mode="json", by_alias=True))


def test_defaults_go_optionals_and_enums_stay() -> None:
    assert accepted_schema(Clip.model_json_schema()) == {
        "$defs": {"Colour": {"enum": ["red", "blue"], "title": "Colour", "type": "string"}},
        "description": "A piece of a video.",
        "properties": {
            "title": {"title": "Title", "type": "string"},
            "seconds": {"anyOf": [{"type": "number"}, {"type": "null"}], "title": "Seconds"},
            "colour": {"$ref": "#/$defs/Colour"},
            "kind": {"enum": ["goal", "save"], "title": "Kind", "type": "string"},
            "note": {"anyOf": [{"maxLength": 9, "type": "string"}, {"type": "null"}], "title": "Note"},
            "anything": {"title": "Anything"},
        },
        "title": "A clip!",
        "type": "object",
        "required": ["title", "seconds", "colour", "kind", "note", "anything"],
        "additionalProperties": False,
    }


def test_a_discriminated_union_becomes_any_of_its_members() -> None:
    accepted = accepted_schema(Zoo.model_json_schema())
    members = [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
    assert accepted["properties"]["animal"] == {"anyOf": members, "title": "Animal"}
    assert accepted["properties"]["either"]["anyOf"] == [*members, {"type": "string"}]


def test_the_root_of_a_recursive_model_stands_where_its_reference_stood() -> None:
    assert Node.model_json_schema()["$ref"] == "#/$defs/Node"
    accepted = accepted_schema(Node.model_json_schema())
    assert "$ref" not in accepted
    assert accepted["required"] == ["name", "children", "parent"]
    assert accepted["$defs"]["Node"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}


def test_a_root_reference_to_a_reference_is_followed_to_its_end() -> None:
    definitions = {"A": {"$ref": "#/$defs/B"}, "B": {"type": "string", "title": "B"}}
    accepted = accepted_schema({"$ref": "#/definitions/A", "definitions": definitions, "description": "d"})
    assert accepted == {"type": "string", "title": "B", "description": "d", "$defs": definitions}


def test_a_root_reference_in_a_circle_ends() -> None:
    circle = {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}}
    assert accepted_schema(circle) == circle


@pytest.mark.parametrize("definitions", [{}, {"$defs": {"A": True}}])
def test_a_root_reference_to_no_object_stays(definitions: JSON) -> None:
    schema = {"$ref": "#/$defs/A", **definitions}
    assert accepted_schema(schema) == schema


def test_old_definitions_and_their_references_become_defs() -> None:
    schema = {"type": "array", "items": {"$ref": "#/definitions/A"}, "definitions": {"A": STRING}, "$defs": {"B": True}}
    assert accepted_schema(schema) == {
        "type": "array",
        "items": {"$ref": "#/$defs/A"},
        "$defs": {"A": STRING, "B": True},
    }


def test_properties_named_like_keywords_are_properties() -> None:
    accepted = accepted_schema(NamedLikeKeywords.model_json_schema())
    names = ["default", "oneOf", "definitions", "not", "$ref", "required", "properties"]
    assert list(accepted["properties"]) == names
    assert accepted["required"] == names


@pytest.mark.parametrize("keyword", sorted(MISHANDLED | NOT_SENT))
def test_a_constant_an_enum_and_an_example_may_hold_anything(keyword: str) -> None:
    schema = {"anyOf": [{"const": {keyword: None}}, {"enum": [{keyword: 1}]}], "examples": [{keyword: {}}]}
    assert accepted_schema(schema) == schema


def test_one_of_becomes_any_of_at_every_level() -> None:
    schema = {"oneOf": [{"type": "array", "items": {"oneOf": [STRING, True]}}, {"allOf": [{"oneOf": [False]}]}]}
    assert accepted_schema(schema) == {
        "anyOf": [{"type": "array", "items": {"anyOf": [STRING, True]}}, {"allOf": [{"anyOf": [False]}]}]
    }


@pytest.mark.parametrize("kind", [{}, {"type": "object"}, {"type": ["object", "null"]}])
def test_whatever_has_properties_is_closed(kind: JSON) -> None:
    schema = {**kind, "properties": {"a": True}, "required": [], "additionalProperties": True}
    assert accepted_schema(schema) == {
        **kind,
        "properties": {"a": True},
        "required": ["a"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("keyword", ["anyOf", "allOf"])
def test_an_object_whose_properties_stand_in_its_parts_is_left_open_itself(keyword: str) -> None:
    part = {"type": "object", "properties": {"a": True}, "required": ["a"], "additionalProperties": False}
    schema = {"type": "object", keyword: [part]}
    assert accepted_schema(schema) == schema


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (Pair, "schema.properties.span.prefixItems"),
        (Holder, "schema.$defs.Pair.properties.span.prefixItems"),
        (Counts, "schema.properties.by_name"),
        (Loose, "schema.properties.extra"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_path(model: type[BaseModel], path: str) -> None:
    assert refusal(model.model_json_schema()).field == path


@pytest.mark.parametrize(
    ("keyword", "allowed"),
    [
        ("if", "no conditions; describe the cases in `anyOf`"),
        ("then", "no conditions; describe the cases in `anyOf`"),
        ("else", "no conditions; describe the cases in `anyOf`"),
        ("not", "what is wanted, not what is unwanted"),
        ("patternProperties", "properties by name"),
        ("contains", "`items` for every entry"),
        ("prefixItems", "a list of one kind (`items`), or an object with named properties instead of a tuple"),
        ("$dynamicRef", "`$ref` to an entry of the root's `$defs`"),
    ],
)
@pytest.mark.parametrize(
    "place", ["items", "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties"]
)
def test_a_mishandled_keyword_is_refused_wherever_a_schema_may_stand(keyword: str, allowed: str, place: str) -> None:
    error = refusal({"type": "array", place: {keyword: {}}})
    assert error.field == f"schema.{place}.{keyword}"
    assert error.got == f"`{keyword}`, which the service does not honour"
    assert error.allowed == allowed


@pytest.mark.parametrize(
    ("schema", "field", "got"),
    [
        ({"oneOf": [], "anyOf": []}, "schema.anyOf", "both `oneOf` and `anyOf`"),
        ({"anyOf": [], "oneOf": []}, "schema.oneOf", "both `anyOf` and `oneOf`"),
        ({"items": {"$defs": {}}}, "schema.items.$defs", "definitions below the root"),
        ({"items": {"definitions": {}}}, "schema.items.definitions", "definitions below the root"),
        ({"$defs": {"A": {"$defs": {"B": True}}}}, "schema.$defs.A.$defs", "definitions below the root"),
        ({"$ref": "https://elsewhere/A", "$defs": {"A": STRING}}, "schema.$ref", "'https://elsewhere/A'"),
        ({"items": {"$ref": "#"}}, "schema.items.$ref", "'#'"),
        ({"anyOf": [{"$ref": "#/$defs/A/properties/b"}]}, "schema.anyOf[0].$ref", "'#/$defs/A/properties/b'"),
        ({"$ref": 5}, "schema.$ref", "a int"),
        ({"items": [STRING]}, "schema.items", "a list"),
        ({"items": None}, "schema.items", "a NoneType"),
        ({"anyOf": {}}, "schema.anyOf", "a dict"),
        ({"allOf": "a"}, "schema.allOf", "a str"),
        ({"anyOf": [True, 3]}, "schema.anyOf[1]", "a int"),
        ({"properties": "abc"}, "schema.properties", "a str"),
        ({"properties": {"a": "string"}}, "schema.properties.a", "a str"),
        (
            {"dependentSchemas": {"a": {"not": {}}}},
            "schema.dependentSchemas.a.not",
            "`not`, which the service does not honour",
        ),
        ({"definitions": [1]}, "schema.definitions", "a list"),
        ({"$defs": 5}, "schema.$defs", "a int"),
        ({"type": "object"}, "schema", "an object whose properties have no names"),
        ({"type": "object", "properties": {}}, "schema", "an object whose properties have no names"),
        ({"additionalProperties": STRING}, "schema", "an object whose properties have no names"),
        (
            {"properties": {"a": True}, "additionalProperties": STRING},
            "schema",
            "an object whose properties have no names",
        ),
        ({"type": ["null", "object"]}, "schema", "an object whose properties have no names"),
    ],
)
def test_what_is_no_acceptable_schema_is_refused_with_its_path(schema: JSON, field: str, got: str) -> None:
    error = refusal(schema)
    assert error.field == field
    assert error.got == got


def nested(levels: int) -> JSON:
    schema = STRING
    for _ in range(levels):
        schema = {"items": schema}
    return schema


def test_a_hundred_levels_are_accepted_and_one_more_is_not() -> None:
    assert accepted_schema(nested(100)) == nested(100)
    assert refusal(nested(101)).got == "more than 100 levels"


def test_a_schema_without_end_is_refused() -> None:
    endless: JSON = {}
    endless["items"] = endless
    assert refusal(endless).got == "more than 100 levels"
    assert refusal(nested(100_000)).got == "more than 100 levels"


def test_the_path_begins_as_the_caller_says() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^text\.format\.schema\.not: got `not`"):
        accepted_schema({"not": {}}, "text.format.schema")
    with pytest.raises(InvalidArgumentError, match=r"^text\.format\.schema\.\$defs: got a int"):
        accepted_schema({"$defs": 5}, "text.format.schema")


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"title": "Clip"}, "Clip"),
        ({"title": "A clip!"}, "A_clip"),
        ({"title": "Box[int]-2"}, "Box_int_-2"),
        ({"title": "🧤"}, "output"),
        ({"title": ""}, "output"),
        ({"title": 5}, "output"),
        ({}, "output"),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"title": "Node"}}}, "Node"),
    ],
)
def test_a_schema_is_named_for_its_title(schema: JSON, name: str) -> None:
    assert schema_name(schema) == name


@pytest.mark.parametrize(
    ("schema", "description"),
    [
        ({"description": "A piece."}, "A piece."),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"description": "A node."}}}, "A node."),
        ({"description": 5}, None),
        ({}, None),
    ],
)
def test_a_schema_is_described_by_its_own_description(schema: JSON, description: str | None) -> None:
    assert schema_description(schema) == description


def test_nulls_in_an_accepted_schema_are_sent() -> None:
    parts = [{"const": None}, {"enum": [None, "a"]}, {"type": "null"}, {"examples": [{"a": None}]}]
    schema = {"type": "object", "properties": {"default": {"anyOf": parts}, "b": {"default": None}}}
    request = response_request("Hi", {"knowledge_store_id": "ks_1", "output_schema": schema}, Limits())
    sent = json.loads(encode_request(request, stream=False))["text"]["format"]["schema"]
    assert sent["properties"] == {"default": {"anyOf": parts}, "b": {}}


NAMES = st.sampled_from(["a", "default", "not", "oneOf", "$ref", "definitions", "properties", "required", "é"])
SCALARS: list[Any] = [True, {}, STRING, {"type": "null"}, {"const": None}, {"enum": [None, {"not": 1}]}]
REFERENCES: list[Any] = [{"$ref": "#/$defs/A"}, {"$ref": "#/definitions/B"}]
DOUBTFUL: list[Any] = [{"type": "integer", "default": 3}, {"default": {"oneOf": 1}}, {"prefixItems": []}]
LEAVES = st.sampled_from([*SCALARS, *REFERENCES, *DOUBTFUL])


def compounds(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda properties: {"type": "object", "properties": properties}, named),
        st.builds(lambda properties: {"properties": properties, "additionalProperties": True}, named),
        st.builds(lambda items: {"type": "array", "items": items, "default": []}, inner),
        st.builds(
            lambda keyword, parts: {keyword: parts},
            st.sampled_from(["oneOf", "anyOf", "allOf"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda part: {"oneOf": [part], "discriminator": {"propertyName": "a"}, "title": "T"}, inner),
    )


SCHEMAS = st.recursive(LEAVES, compounds, max_leaves=12)
DEFINITIONS = st.dictionaries(st.sampled_from("AB"), SCHEMAS, max_size=2)


@given(
    root=SCHEMAS.filter(lambda schema: isinstance(schema, dict)),
    definitions=DEFINITIONS,
    keyword=st.sampled_from(["$defs", "definitions"]),
)
@settings(deadline=None, max_examples=200)
def test_every_accepted_schema_is_free_of_what_the_service_mishandles(
    root: JSON, definitions: JSON, keyword: str
) -> None:
    schema = {**root, keyword: definitions, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    untouched = copy.deepcopy(schema)
    try:
        accepted = accepted_schema(schema)
    except InvalidArgumentError as error:
        assert error.field.startswith("schema.")  # noqa: PT017 - most schemas are accepted and raise nothing
        return
    finally:
        assert schema == untouched
    assert_accepted(accepted)
    assert accepted_schema(accepted) == accepted


def test_a_root_that_refers_on_and_on_takes_from_each_and_the_nearer_wins() -> None:
    definitions = {"A": {"$ref": "#/$defs/B", "title": "a", "description": "a"}, "B": {"type": "string", "title": "b"}}
    accepted = accepted_schema({"$ref": "#/$defs/A", "description": "root", "$defs": definitions})
    assert {**accepted, "$defs": None} == {"type": "string", "title": "a", "description": "root", "$defs": None}
