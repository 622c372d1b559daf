from __future__ import annotations

from typing import Any

import pytest

from llama_index_twelvelabs._tool_outputs import tool_outputs
from twelvelabs_responses import Response


def outputs_of(*items: dict[str, Any]) -> list[tuple[str, dict[str, Any], str, Any]]:
    found = tool_outputs(Response.model_validate({"output": items}))
    return [(each.tool_name, each.raw_input, each.content, each.raw_output) for each in found]


def call(call_id: str, arguments: str | None) -> dict[str, Any]:
    return {"type": "function_call", "name": "search", "call_id": call_id, "arguments": arguments}


def output(call_id: str, given: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": given}


def test_each_call_has_its_output_in_the_order_of_the_calls() -> None:
    items = [
        call("c1", '{"query": "goal"}'),
        call("c2", '{"query": "otter"}'),
        output("c2", "two"),
        output("c1", "one"),
    ]
    assert outputs_of(*items) == [
        ("search", {"query": "goal"}, "one", "one"),
        ("search", {"query": "otter"}, "two", "two"),
    ]


@pytest.mark.parametrize(
    ("arguments", "raw_input"),
    [
        (None, {}),
        ("", {}),
        ("[1]", {"arguments": "[1]"}),
        ("goal?", {"arguments": "goal?"}),
    ],
)
def test_arguments_that_are_no_object_are_told_as_they_came(arguments: str | None, raw_input: dict[str, Any]) -> None:
    assert outputs_of(call("c1", arguments)) == [("search", raw_input, "", None)]


def test_an_output_that_is_no_text_is_told_as_json() -> None:
    items = [call("c1", "{}"), output("c1", [{"found": 2}])]
    assert outputs_of(*items) == [("search", {}, '[{"found": 2}]', [{"found": 2}])]


def test_messages_are_no_calls() -> None:
    assert outputs_of({"type": "message", "content": [{"type": "output_text", "text": "Two."}]}) == []
