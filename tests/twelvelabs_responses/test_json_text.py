from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelabs_responses._json_text import json_candidates

PROSE = st.text("aé🧤.,:\n ", max_size=20)
JSON_OBJECTS = st.dictionaries(
    st.text(max_size=4), st.recursive(st.integers() | st.text(max_size=4), st.lists, max_leaves=5), max_size=4
)


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("", [""]),
        ("Two goals.", ["Two goals."]),
        ('{"a":1}', ['{"a":1}', '{"a":1}']),
        ("[1]", ["[1]", "[1]"]),
        ('Here: {"a":1}. Done.', ['Here: {"a":1}. Done.', '{"a":1}']),
        ("[{}]", ["[{}]", "[{}]"]),
        ('{"a":[1]}', ['{"a":[1]}', '{"a":[1]}']),
        ('```json\n{"a":1}\n```', ['```json\n{"a":1}\n```', '\n{"a":1}\n', '{"a":1}']),
        ("``` ```", ["``` ```"]),
        ("```\n", ["```\n"]),
        ("no fence\nhere", ["no fence\nhere"]),
        ("} and {", ["} and {"]),
        ('{"cut": "sho', ['{"cut": "sho']),
    ],
)
def test_the_text_comes_first_then_what_a_fence_holds_then_what_brackets_hold(text: str, candidates: list[str]) -> None:
    assert list(json_candidates(text)) == candidates


@pytest.mark.parametrize("text", ['As in [1]: {"a":[1]}', '{"a":[1]} as in [1]', 'See [1], then {"a":[1]}.'])
def test_a_marker_in_brackets_beside_the_json_does_not_hide_it(text: str) -> None:
    assert '{"a":[1]}' in list(json_candidates(text))


def test_what_stands_inside_the_json_is_not_the_json() -> None:
    assert "[1]" not in list(json_candidates('{"codes": [1]}'))
    assert "{}" not in list(json_candidates("[{}]"))


@given(before=PROSE, value=JSON_OBJECTS, after=PROSE)
@settings(deadline=None)
def test_json_with_prose_around_it_is_a_candidate(before: str, value: dict[str, object], after: str) -> None:
    whole = json.dumps(value)
    assert whole in list(json_candidates(f"{before}{whole}{after}"))


@given(before=PROSE, value=JSON_OBJECTS, after=PROSE)
@settings(deadline=None)
def test_json_in_a_fence_is_a_candidate(before: str, value: dict[str, object], after: str) -> None:
    whole = json.dumps(value, indent=1)
    candidates = [candidate.strip() for candidate in json_candidates(f"{before}```json\n{whole}\n```{after}")]
    assert whole in candidates


@pytest.mark.parametrize("character", ["`", "{", "}", "[", "]", "{[", "```\n"])
def test_a_hundred_thousand_of_one_character_are_read_at_once(character: str) -> None:
    assert len(list(json_candidates(character * 100_000))) <= 4
