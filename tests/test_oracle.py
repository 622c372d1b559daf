"""The official SDK's types as a judge: they read the same out of each recorded answer as we do."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pydantic import TypeAdapter
from twelvelabs.types import ResponseObject
from twelvelabs.types.response_stream_event import ResponseStreamEvent

from tests.recording import CASSETTES
from tests.tape import Answer
from twelvelabs_responses._protocol import decode_event, decode_response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The one in C reads all of them in a second.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
# What the service may send after Open Responses, and the SDK has no type for.
WITHOUT_TYPE = {"error", "response.incomplete"}
PACKAGES = pytest.mark.parametrize("package", [folder.name for folder in sorted(CASSETTES.iterdir())])


def newest(package: str) -> Iterator[tuple[Path, Answer]]:
    """Yield the answers that are responses of the newest era, as the SDK is no older, each with its file."""
    for file in sorted((CASSETTES / package).rglob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        if "era april" in text or "era july" in text:
            continue
        for interaction in yaml.load(text, Loader=LOADER)["interactions"]:  # noqa: S506 - a safe one
            response = interaction["response"]
            body = response["body"]
            if response["status"]["code"] == 200 and ("json" in body or "stream" in body):
                yield file, Answer(200, body["stream"] if "stream" in body else json.dumps(body["json"]))


def comparable(value: Any) -> Any:
    """Return what a model says, without what it leaves unsaid: either side names fields that the other does not."""
    if isinstance(value, dict):
        told = {name: comparable(part) for name, part in value.items() if part is not None}
        return {name: part for name, part in told.items() if part not in ({}, [])}
    if isinstance(value, (list, tuple)):
        return [comparable(part) for part in value]
    if isinstance(value, str) and value.endswith("Z") and value[4:5] == "-":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


@PACKAGES
def test_the_sdk_reads_each_response_as_we_do(package: str) -> None:
    count = 0
    for file, answer in newest(package):
        if answer.streamed:
            continue
        count += 1
        theirs = ResponseObject.model_validate(answer.response).model_dump(mode="json")
        ours = decode_response(answer.content.encode()).model_dump(mode="json")
        assert comparable(ours) == comparable(theirs), file
    assert count > 10


@PACKAGES
def test_the_sdk_reads_each_event_as_we_do(package: str) -> None:
    count = 0
    for file, answer in newest(package):
        for frame in answer.frames if answer.streamed else ():
            if frame.get("type", "error") in WITHOUT_TYPE:
                continue
            count += 1
            theirs = EVENTS.validate_python(frame).model_dump(mode="json")
            event = decode_event(json.dumps(frame).encode())
            assert event is not None, file
            assert comparable(event.model_dump(mode="json")) == comparable(theirs), file
    assert count > 300
