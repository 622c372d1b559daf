"""The calls that the service made of functions of its own -> LlamaIndex's tool outputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llama_index.core.tools import ToolOutput

from twelvelabs_responses import FunctionCall, FunctionCallOutput

if TYPE_CHECKING:
    from twelvelabs_responses import Response


def tool_outputs(response: Response) -> list[ToolOutput]:
    """Return the calls that the service made of functions of its own, each with its output, in order."""
    outputs = {item.call_id: item.output for item in response.output if isinstance(item, FunctionCallOutput)}
    return [
        ToolOutput(
            tool_name=call.name or "",
            content=_text(outputs.get(call.call_id)),
            raw_input=_arguments(call.arguments),
            raw_output=outputs.get(call.call_id),
        )
        for call in response.output
        if isinstance(call, FunctionCall)
    ]


def _text(output: Any) -> str:
    if output is None or isinstance(output, str):
        return output or ""
    return json.dumps(output)


def _arguments(arguments: str | None) -> dict[str, Any]:
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        given = None
    # Whatever is no object is told as it came.
    return given if isinstance(given, dict) else {"arguments": arguments}
