from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.properties import PROPERTIES
from twelvelabs_responses._events import KNOWN_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

# Names and values of the wire, each where it does not belong, among all that JSON has.
_NAMES = ["type", "response", "output", "item", "content", "part", "text", "delta", "annotations", "id", "session_id"]
_NAMES += ["output_index", "content_index", "item_id", "sequence_number", "error", "code", "message", "phase", "status"]
_NAMES += ["usage", "start_index", "end_index", "start_sec", "annotation", "incomplete_details", "created_at", "odd"]
_SCHEMA_NAMES = ["type", "properties", "$defs", "definitions", "$ref", "items", "anyOf", "oneOf", "allOf", "title"]
_SCHEMA_NAMES += ["additionalProperties", "required", "default", "not", "description", "prefixItems", "A", "B"]
_VALUES = [*KNOWN_TYPES, "message", "output_text", "function_call", "completed", "failed", "commentary", "final_answer"]
_VALUES += ["object", "array", "#/$defs/A", "#/definitions/B", "#", "resp_1", "sess_1", "two goals", "", "\x00", "🥅"]
_NUMBERS = [-1, 0, 1, 2, 10**30, -(10**400), 1e308, 0.5, float("nan"), float("inf"), True, False, None]
leaves = st.sampled_from([*_VALUES, *_NUMBERS])


def values(names: list[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner, max_size=5),
        max_leaves=12,
    )


wire, schemas = values(_NAMES), values(_SCHEMA_NAMES)
events = st.dictionaries(st.sampled_from(_NAMES), wire, max_size=5).flatmap(
    lambda fields: st.sampled_from(sorted(KNOWN_TYPES)).map(lambda kind: {**fields, "type": kind})
)


def written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Leave the bytes as they are, or cut some out and put others in."""
    if draw(st.booleans()):
        return whole
    start, length = draw(st.integers(0, len(whole))), draw(st.integers(0, 9))
    return whole[:start] + draw(st.sampled_from(_DAMAGE)) + whole[start + length :]


_DAMAGE = [b"", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\\ud800", b"\r\n\r", b"NaN", b"[" * 300, b"1" * 5000, b'"']
_DAMAGE += [b'{"type":1,"type":"keepalive"}', b"\xed\xa0\x80", b"<vref id='1'/>", b"data:", b"\xc0\xaf", b"1e999999"]
_bodies = st.lists(events, max_size=6).map(lambda all_: b"".join(b"data: " + written(each) + b"\n\n" for each in all_))
_lines = st.lists(st.sampled_from([b"data: {", b"data:", b"data", b": x", b"}", b"\n", b"\r", b"\r\n", b"[DONE]"]))
_dates = st.sampled_from(
    ["Wed, 21 Oct 2026 07:28:00 GMT", "2026-10-21T07:28:00Z", "21 Oct 99999 25:00 +9999", "²", "٣"]
)
_waits = (st.integers().map(str) | st.floats().map(str) | _dates | st.text(max_size=20)).map(str.strip)
_error_texts = st.lists(_waits, max_size=6).map(lambda lines: "\n".join(lines).encode("utf-8", "replace"))
_tagged = st.lists(
    st.sampled_from(['<vref id="a"', "<tref ", ' start="0:1"', ">", "/>", "</vref>", "</tref>", ". ", "é"])
)
INPUT: dict[str, st.SearchStrategy[bytes]] = {
    "frames": _lines.map(b"".join) | _bodies,
    "event": (events | wire).map(written),
    "stream": _bodies,
    "answer": (wire | st.lists(wire, max_size=3).map(lambda output: {"output": output})).map(written),
    "error": wire.map(written) | _error_texts,
    "citations": _tagged.map(lambda pieces: "".join(pieces).encode()),
    "schema": schemas.map(written),
    "packed": st.binary(max_size=300).map(gzip.compress),
}


@pytest.mark.parametrize("name", PROPERTIES)
@settings(deadline=None, derandomize=True, max_examples=60)
@given(data=st.data())
def test_it_holds_for_what_looks_like_the_wire(name: str, data: st.DataObject) -> None:
    body = data.draw(INPUT[name].flatmap(damaged))
    head = bytes([data.draw(st.integers(0, 255))]) if name in ("frames", "stream", "error", "packed") else b""
    PROPERTIES[name](head + body)


@pytest.mark.parametrize("name", PROPERTIES)
@settings(deadline=None, derandomize=True, max_examples=30)
@given(body=st.binary(max_size=200))
def test_it_holds_for_any_bytes(name: str, body: bytes) -> None:
    PROPERTIES[name](body)


_NESTED: list[Callable[[bytes], bytes]] = [lambda each: each * 100_000, lambda each: b'{"output":' + each * 100_000]
_NESTED += [lambda each: b'{"type":"error","error":' + each * 100_000, lambda each: b"\x1fdata: " + each * 100_000]


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize("nest", _NESTED)
@pytest.mark.parametrize(
    "each", [b"[", b'{"a":', b"9", b'"', b"\\", b"<vref ", b"<style>", b"\x1f\x8b\x08\x00", b"\n", b"."]
)
def test_it_holds_for_a_hundred_thousand_of_one_thing(name: str, nest: Callable[[bytes], bytes], each: bytes) -> None:
    PROPERTIES[name](nest(each))
