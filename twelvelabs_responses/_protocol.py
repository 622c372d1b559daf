"""Request -> bytes; bytes -> response or event.

Plain functions over bytes; nothing here waits or keeps a connection.
"""

from __future__ import annotations

import codecs
import json
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from twelvelabs_responses._errors import InvalidArgumentError, ProtocolError
from twelvelabs_responses._events import KNOWN_TYPES, KnownEvent, ResponseStreamEvent, UnknownEvent
from twelvelabs_responses._response import Response
from twelvelabs_responses._sse import MAX_FRAME_BYTES, ServerSentEvents
from twelvelabs_responses._status import snippet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twelvelabs_responses._request import ResponseRequest

# Hardly two deltas are alike: to look each up among the strings of before costs more than it saves.
_EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(KnownEvent, config=ConfigDict(cache_strings="keys"))
# The adapter's own method looks through its options first, which costs a fifth of the whole.
_event_from_json: Callable[[bytes], ResponseStreamEvent] = _EVENT.validator.validate_json
_DONE = b"[DONE]"
_NAMED = frozenset(UnknownEvent.model_fields)
# A value of JSON takes up to several hundred times the room of its text; what is small is not worth the count.
_SMALL, _MOST_VALUES = 1024 * 1024, 500_000


def encode_request(request: ResponseRequest, *, stream: bool) -> bytes:
    """Return the body of POST /responses. What was not set is not sent; `stream` only where it is true.

    Raises:
        InvalidArgumentError: A schema, metadata or `extra_body` holds what JSON or UTF-8 cannot.
    """
    body = request.model_dump(by_alias=True, exclude_none=True, exclude={"extra_body"})
    for name in ("include", "selections", "metadata"):
        if not body.get(name):
            body.pop(name, None)
    if stream:
        body["stream"] = True
    try:
        text = json.dumps(body | request.extra_body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError("request", "a lone surrogate", "text that UTF-8 can hold") from error
    except ValueError as error:
        raise InvalidArgumentError("request", str(error), "numbers that JSON has") from error


def decode_response(body: bytes) -> Response:
    """Return the response that a whole body holds.

    Raises:
        ProtocolError: The body is not a response.
    """
    _check_values(body)
    try:
        # RFC 8259, 8.1: a parser may ignore a byte order mark.
        response = Response.model_validate_json(body.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise ProtocolError(f"the answer is not a response ({_first_fault(error)}): {snippet(body)}") from error
    if "output" not in response.model_fields_set and response.status != "failed":
        raise ProtocolError(f"the answer is not a response (it has no output): {snippet(body)}")
    return response


def decode_event(data: bytes) -> ResponseStreamEvent | None:
    """Return the event that the data of one server-sent event holds; None for data that is not a JSON object.

    The JSON's own `type` decides, never the frame's event name.

    Raises:
        ProtocolError: A JSON object that does not parse, or a known event with a field that cannot be read.
    """
    _check_values(data)
    try:
        return _event_from_json(data)
    except ValidationError:
        return _other_event(data)


class EventDecoder:
    """Bytes of a stream, cut anywhere -> its events, each once."""

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._frames = ServerSentEvents(max_frame_bytes=max_frame_bytes)
        self._last_number = -inf
        self._ended = False
        self.done = False
        """Whether `[DONE]` has come. What follows it is not read."""

    @property
    def is_amid(self) -> bool:
        """Whether an event has begun and not ended: its bytes are on the way."""
        return self._frames.is_amid

    def feed(self, chunk: bytes) -> Iterator[ResponseStreamEvent]:
        """Yield the events that `chunk` completes. Take them all before the next chunk.

        Raises:
            ProtocolError: See `decode_event`; or an event is larger than the limit.
        """
        return self._events(self._frames.feed(chunk))

    def close(self) -> Iterator[ResponseStreamEvent]:
        """Yield the event of a last frame whose blank line never came. Half an event is no event."""
        # What does not parse here is a frame that the end of the body has cut.
        with suppress(ProtocolError):
            yield from self._events(self._frames.close())

    def _events(self, frames: Iterable[bytes]) -> Iterator[ResponseStreamEvent]:
        for data in frames:
            if self.done:
                return
            if data == _DONE:
                self.done = True
                return
            event = decode_event(data)
            if event is not None and self._is_new(event):
                yield event

    def _is_new(self, event: ResponseStreamEvent) -> bool:
        # The numbers rise by one over all events (SDK 1.3.6), so a number seen before is a frame sent twice.
        if event.terminal:
            # It must not be lost to a gateway's own count, and comes once all the same.
            is_first, self._ended = not self._ended, True
            return is_first
        number = event.sequence_number
        if number is None:
            return True
        if number <= self._last_number:
            return False
        self._last_number = number
        return True


def _other_event(data: bytes) -> ResponseStreamEvent | None:
    try:
        value = from_json(data)
    except ValueError as fault:
        if data.lstrip()[:1] == b"{" or not _is_utf8(data):
            raise ProtocolError(f"an event of the stream is not JSON ({fault}): {snippet(data)}") from fault
        return None
    if not isinstance(value, dict):
        return None
    # Every field but the type is optional, so a null says as little as a field that is not there.
    said = {name: field for name, field in value.items() if field is not None}
    kind = said.get("type")
    if kind is None and "error" in said:
        said["type"] = "error"
    elif not isinstance(kind, str) or kind not in KNOWN_TYPES:
        return _unknown_event(said)
    try:
        return _EVENT.validate_python(said)
    except ValidationError as fault:
        raise ProtocolError(f"an event cannot be read ({_first_fault(fault)}): {snippet(data)}") from fault


def _unknown_event(said: dict[str, Any]) -> UnknownEvent:
    try:
        return UnknownEvent.model_validate(said)
    except ValidationError:
        # Even its type or its number is odd: kept with the rest, under names that are its own.
        return UnknownEvent.model_validate({f"odd_{name}" if name in _NAMED else name: said[name] for name in said})


def _check_values(data: bytes) -> None:
    """Refuse what would burst the memory: an answer is a few long texts, not a million small things."""
    if len(data) > _SMALL and sum(map(data.count, (b"{", b"[", b'":'))) > _MOST_VALUES:
        raise ProtocolError(f"the answer has more than {_MOST_VALUES:,} values in {len(data):,} bytes")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    path = ".".join(str(step) for step in fault["loc"])
    return f"{path}: {fault['msg']}" if path else fault["msg"]
