from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Literal, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from twelvelabs_responses.emulator._instance import JSON, instance_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, object]

TEXTS = ("The keeper saves the penalty. 🧤", "An otter slides.", "é")


def made(schema: Mapping[str, object]) -> JSON:
    value = instance_of(schema, texts=TEXTS)
    Draft202012Validator(schema).validate(value)
    return value


@st.composite
def bounds(draw: st.DrawFn, low: str, high: str, most: int) -> Schema:
    one, other = sorted((draw(st.integers(0, most)), draw(st.integers(0, most))))
    return draw(st.sampled_from([{}, {low: one}, {high: other}, {low: one, high: other}]))


def numbers() -> st.SearchStrategy[Schema]:
    limits = st.one_of(
        bounds("minimum", "maximum", 50),
        st.integers(-50, 50).map(lambda number: {"exclusiveMinimum": number, "exclusiveMaximum": number + 2}),
        st.integers(1, 9).map(lambda number: {"multipleOf": number, "minimum": 30}),
    )
    return st.builds(lambda kind, limit: {"type": kind, **limit}, st.sampled_from(["integer", "number"]), limits)


scalars: st.SearchStrategy[Schema] = st.one_of(
    st.sampled_from([{}, {"type": "null"}, {"type": "boolean"}, {"type": ["string", "null"]}, {"const": "otter"}]),
    st.sampled_from([{"enum": [3, "x", None]}, {"type": "integer", "enum": ["x", 3]}, {"enum": [{"a": [1]}]}]),
    numbers(),
    bounds("minLength", "maxLength", 60).map(lambda limit: {"type": "string", **limit}),
)


def compounds(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    names = st.dictionaries(st.sampled_from(["title", "start_sec", "end", "é", "a/b"]), inner, max_size=4)
    objects = names.map(lambda each: {"type": "object", "properties": each, "required": [*each]})
    arrays = st.builds(
        lambda items, limit: {"type": "array", "items": items, **limit}, inner, bounds("minItems", "maxItems", 3)
    )
    choices = st.lists(inner, min_size=1, max_size=3).map(lambda each: {"anyOf": each})
    both = st.builds(
        lambda one, other: {"allOf": [one, {"properties": {"more": other}}], "type": "object"}, objects, inner
    )
    return st.one_of(objects, arrays, choices, both)


schemas = st.recursive(scalars, compounds, max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(schemas)
def test_the_value_validates_against_any_schema_of_the_supported_part(schema: Schema) -> None:
    made(schema)


@settings(max_examples=100, deadline=None)
@given(schemas, schemas)
def test_references_lead_to_definitions_at_the_root(first: Schema, second: Schema) -> None:
    references: list[Schema] = [{"$ref": "#/$defs/first"}, {"$ref": "#/$defs/a~1b"}]
    made({"type": "array", "minItems": 2, "items": {"anyOf": references}, "$defs": {"first": first, "a/b": second}})


KEYWORDS = (
    *("type", "enum", "const", "anyOf", "allOf", "$ref", "$defs", "items", "properties", "required", "x", "pattern"),
    *("minimum", "maximum", "exclusiveMinimum", "multipleOf", "minItems", "maxItems", "minLength", "maxLength"),
    *("format", "uniqueItems"),
)

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(KEYWORDS),
            inner,
            max_size=4,
        ),
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["type", "anyOf", "allOf", "items", "enum", "properties"]), json_values))
def test_what_is_not_a_schema_does_no_harm(schema: Schema) -> None:
    instance_of(schema, texts=TEXTS)


class Mood(Enum):
    TENSE = "tense"
    CALM = "calm"


class Scene(BaseModel):
    title: str = Field(min_length=3, max_length=20)
    start_sec: float = Field(ge=0)
    end_sec: float = Field(gt=5, le=6)
    mood: Mood
    tags: set[str]
    note: Optional[str] = None  # noqa: UP045  # the spelling of many a user's model


class Report(BaseModel):
    kind: Literal["report"]
    scenes: list[Scene] = Field(min_length=1, max_length=3)
    best: Scene | None
    rating: int = Field(ge=2, le=10, multiple_of=2)
    counts: dict[str, int]
    code: str = Field(pattern=r"^[A-Z]{2}-\d{3,}$")


class Chapter(BaseModel):
    heading: str
    chapters: list[Chapter]
    next: Chapter | None


@pytest.mark.parametrize("model", [Scene, Report, Chapter])
def test_a_pydantic_model_reads_the_value_made_for_its_schema(model: type[BaseModel]) -> None:
    model.model_validate(made(model.model_json_schema()))


def test_every_property_is_there_also_those_not_required() -> None:
    schema = {"properties": {"a": {"type": "string"}, "b": {"type": "boolean"}}, "required": ["a", "c"]}
    assert made(schema) == {"a": TEXTS[0], "b": True, "c": TEXTS[1]}


def test_free_strings_say_the_texts_one_after_the_other_and_round_again() -> None:
    schema = {"type": "array", "minItems": 4, "items": {"type": "string"}}
    assert made(schema) == [*TEXTS, TEXTS[0]]


def test_without_texts_a_string_is_still_a_string() -> None:
    assert instance_of({"type": "string"}, texts=()) == "sample"


def test_numbers_that_are_times_by_name_say_the_times() -> None:
    properties = {"start_sec": {"type": "number"}, "end_sec": {"type": "integer"}, "goals": {"type": "integer"}}
    value = instance_of({"properties": properties}, texts=TEXTS, times=(724.5, 751.0))
    assert value == {"start_sec": 724.5, "end_sec": 751, "goals": 1}


def test_a_time_that_is_no_whole_number_is_rounded_for_an_integer() -> None:
    assert instance_of({"properties": {"end": {"type": "integer"}}}, texts=TEXTS, times=(31.5,)) == {"end": 31}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"minimum": 3}, 3),
        ({"items": {"type": "boolean"}, "maxItems": 1}, [True]),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "integer", "minimum": 2.5}, 3),
        ({"type": "number", "multipleOf": 0.1, "minimum": 0.25, "maximum": 0.45}, 0.4),
        ({"type": "integer", "enum": [1.5, True, 2.0]}, 2.0),
        ({"type": "array", "enum": [{}, []]}, []),
        ({"type": "object", "enum": [[], {}]}, {}),
        ({"type": "number", "enum": ["1", 1.5]}, 1.5),
        ({"type": "null", "enum": [1, None]}, None),
        ({"type": "array", "uniqueItems": True, "items": {"type": "string"}}, [TEXTS[0]]),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"type": "string", "anyOf": [{"type": "integer"}, {"minLength": 1}]}, TEXTS[0]),
        ({"type": "number", "allOf": [{"type": "integer", "multipleOf": 4}, {"multipleOf": 6}, {"minimum": 5}]}, 12),
        ({"allOf": [{"minimum": 1, "maximum": 9}, {"minimum": 4, "maximum": 5}]}, 4),
        ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, "b"),
        ({"allOf": [{"items": {"type": "number"}}, {"items": {"multipleOf": 3}, "maxItems": 1}]}, [0]),
        (
            {"allOf": [{"required": ["a"]}, {"required": ["b"]}, {"properties": {"a": {"const": 1}}}]},
            {"a": 1, "b": TEXTS[0]},
        ),
        ({"allOf": [{"properties": {"a": {"minimum": 2}}}, {"properties": {"a": {"type": "integer"}}}]}, {"a": 2}),
        ({"allOf": [{"description": "one"}, {"description": "two"}], "type": "boolean"}, True),
    ],
)
def test_a_value_keeps_to_all_that_is_asked(schema: Schema, value: JSON) -> None:
    assert made(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": []},
        {"type": "string", "allOf": [{"type": "integer"}]},
        {"allOf": [{"enum": [1]}, {"enum": [2]}]},
        {"type": "string", "enum": [1]},
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "#/$defs/me", "$defs": {"me": {"$ref": "#/$defs/me"}}},
        {"$ref": "#/$defs/a/b", "$defs": {"a": 1}},
        {"allOf": [False]},
    ],
)
def test_what_nothing_satisfies_is_null(schema: Schema) -> None:
    assert instance_of(schema, texts=TEXTS) is None


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("date", r"\d{4}-\d\d-\d\d"),
        ("date-time", r".+T.+Z"),
        ("time", r"\d\d:\d\d:\d\dZ"),
        ("uri", r"https://.+"),
        ("email", r".+@.+"),
        ("uuid", r"[0-9a-f-]{36}"),
    ],
)
def test_a_format_is_kept_to(name: str, shape: str) -> None:
    assert re.fullmatch(shape, str(made({"type": "string", "format": name})))


def test_a_format_too_long_for_the_limit_gives_way_to_the_limit() -> None:
    assert made({"type": "string", "format": "uuid", "maxLength": 5}) == "The k"


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2}\d{3}$",
        r"^\d{2}:\d{2}$",
        r"^(yes|no)$",
        r"^a(b|c){2,}d?$",
        r"^[^a7A]+$",
        r"\w+@\w+\.com",
        "^ksi_",
        "x|y",
    ],
)
def test_a_simple_pattern_is_kept_to(pattern: str) -> None:
    made({"type": "string", "pattern": pattern})


def test_a_pattern_without_an_end_is_repeated_to_the_least_length() -> None:
    assert made({"type": "string", "pattern": "^[a-z]+$", "minLength": 5}) == "aaaaa"


@pytest.mark.parametrize("pattern", ["[", "a{" + "9" * 6000 + "}", "(?=x)y", "((a{999}){999}){999}", r"^\bx(?!y)$"])
def test_a_pattern_beyond_that_is_passed_over(pattern: str) -> None:
    assert instance_of({"type": "string", "pattern": pattern}, texts=("otter",)) == "otter"


def test_limits_that_no_number_can_keep_to_do_no_harm() -> None:
    assert instance_of({"type": "number", "multipleOf": 5e-324, "minimum": 1e299}, texts=TEXTS) == 1e299


def test_a_short_text_is_said_again_until_it_is_long_enough() -> None:
    assert instance_of({"type": "string", "minLength": 6}, texts=("otter",)) == "otter otter"


def test_a_schema_that_refers_to_itself_ends_at_the_first_chance() -> None:
    node = {"properties": {"value": {"const": 1}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}}
    assert made({"$ref": "#/$defs/node", "$defs": {"node": node}}) == {"value": 1, "next": None}


def test_a_list_of_itself_is_empty_further_down() -> None:
    node = {"type": "object", "properties": {"parts": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}
    assert made({"$ref": "#/$defs/node", "$defs": {"node": node}}) == {"parts": [{"parts": []}, {"parts": []}]}


def test_a_property_that_never_ends_is_left_out_further_down_unless_it_is_required() -> None:
    node = {"type": "object", "properties": {"again": {"$ref": "#/$defs/node"}}}
    value = made({"$ref": "#/$defs/node", "$defs": {"node": node}})
    assert value == {"again": {"again": {"again": {}}}}


def test_a_schema_that_can_never_end_is_given_up() -> None:
    names = ["a", "b", "c", "d", "e"]
    node = {"type": "object", "properties": {name: {"$ref": "#/$defs/node"} for name in names}, "required": names}
    assert isinstance(instance_of({"$ref": "#/$defs/node", "$defs": {"node": node}}, texts=TEXTS), dict)
