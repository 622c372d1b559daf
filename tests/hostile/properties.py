"""What must hold for any bytes at all. `test_properties.py` asks hypothesis for them, `tools/fuzz.py` asks atheris."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from datetime import datetime, timezone
from math import isfinite
from typing import TYPE_CHECKING

import httpx
from pydantic_core import from_json

from twelvelabs_responses._citations import citations_of
from twelvelabs_responses._claims import claims
from twelvelabs_responses._errors import InvalidArgumentError, ProtocolError, ResponsesError
from twelvelabs_responses._packing import Unpacked
from twelvelabs_responses._protocol import decode_event, decode_response
from twelvelabs_responses._reading import Reading
from twelvelabs_responses._request import Limits
from twelvelabs_responses._retry import Retry
from twelvelabs_responses._schema import accepted_schema, schema_description, schema_name
from twelvelabs_responses._session import Sessions
from twelvelabs_responses._settings import Settings
from twelvelabs_responses._sse import ServerSentEvents
from twelvelabs_responses._status import error_from
from twelvelabs_responses._turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW = datetime(2026, 8, 1, 9, 0, tzinfo=timezone.utc)
SETTINGS = Settings("key-of-the-tests", "https://api.example.com/v1.3", 300.0, 60.0, Retry(), Limits())
_HEADERS = ("retry-after", "retry-after-ms", "x-ratelimit-reset", "x-request-id", "content-type", "location")


def frames(told: bytes) -> None:
    """Frames do not depend on where their bytes are cut, and hold no more than came."""
    whole, pieces = _cut(told)
    found = _data([whole])
    assert found == _data(pieces)
    assert sum(map(len, found)) <= len(whole)


def event(told: bytes) -> None:
    """The data of a frame are an event that can be shown and stored, or nothing, or a protocol error."""
    with suppress(ProtocolError):
        found = decode_event(told)
        if found is not None:
            assert found.model_dump_json()
            assert repr(found)


def stream(told: bytes) -> None:
    """A stream comes to the same text and the same end wherever it is cut, and the end is an answer or an error."""
    whole, pieces = _cut(told)
    assert _read([whole]) == _read(pieces)


def answer(told: bytes) -> None:
    """A body is a response, all of which can be looked at, or an error of ours."""
    with suppress(ProtocolError):
        response = decode_response(told)
        text, cited = response.text, response.citations
        assert len(claims(text, cited)) == len(cited)
        assert all(each.time_range is None or "-" in each.time_range for each in cited)
        assert response.json()
        with suppress(ResponsesError):
            response.parsed(dict)


def error(told: bytes) -> None:
    """Any status, headers and body make an error with words, and a wait that can be waited or none."""
    status = [101, 301, 400, 401, 404, 408, 429, 499, 500, 503, 999][told[0] % 11] if told else 500
    names, lines = _HEADERS[: len(told) % 7], told[1:].split(b"\n")
    headers = httpx.Headers([(name.encode(), line) for name, line in zip(names, lines, strict=False)])
    made = error_from(status, headers, told[1:], now=NOW, session_id="sess_1")
    assert isinstance(made, ResponsesError)
    assert str(made)
    wait = getattr(made, "retry_after", None)
    assert wait is None or (wait >= 0 and isfinite(wait))
    assert Retry(max_retries=1).delay(made, 1) in (None, 0.5, 15.0, wait)


def citations(told: bytes) -> None:
    """Each citation of a text spans its marker; each claim is a piece of the text around it."""
    text = told.decode("utf-8", "replace")
    found = citations_of(text, ())
    for citation, claim in zip(found, claims(text, found), strict=True):
        assert citation.start is not None
        assert re.match("<[vt]ref", text[citation.start : citation.end])
        assert claim is not None
        assert claim in text


def schema(told: bytes) -> None:
    """A schema is refused, or becomes one that stays as it is; what names it can be sent."""
    try:
        given = from_json(told)
    except ValueError:
        return
    if not isinstance(given, dict):
        return
    with suppress(InvalidArgumentError):
        accepted = accepted_schema(given)
        assert accepted_schema(accepted) == accepted
        assert re.fullmatch("[A-Za-z0-9_-]+", schema_name(given))
        assert schema_description(given) is None or given


def packed(told: bytes) -> None:
    """A packed body gives pieces of bounded size, the same in any cut, or a protocol error."""
    whole, pieces = _cut(told)
    assert _unpacked([whole]) == _unpacked(pieces)


PROPERTIES: dict[str, Callable[[bytes], None]] = {
    property_.__name__: property_ for property_ in (frames, event, stream, answer, error, citations, schema, packed)
}


def _cut(told: bytes) -> tuple[bytes, list[bytes]]:
    """Return a body, and the same in pieces as long as its first byte says."""
    size, body = (told[0] % 32 + 1 if told else 1), told[1:]
    return body, [body[start : start + size] for start in range(0, len(body), size)]


def _data(chunks: Sequence[bytes]) -> list[bytes]:
    decoder = ServerSentEvents()
    return [*(data for chunk in chunks for data in decoder.feed(chunk)), *decoder.close()]


def _read(chunks: Sequence[bytes]) -> tuple[str, str]:
    turn = Turn(SETTINGS, Sessions(), "Hi", {"knowledge_store_id": "ks_1"}, stream=True)
    reading, texts = Reading(turn, "text/event-stream"), list[str]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for chunk in chunks:
                texts += (piece.text for _, pieces in reading.take(chunk, waited=0.0) for piece in pieces)
                if reading.ended:
                    break
            if not reading.fold.ended:
                texts += (piece.text for _, pieces in reading.close() for piece in pieces)
        except ResponsesError as error_:
            return "".join(texts), repr(error_)
        assert reading.fold.response.model_dump_json()
        return "".join(texts), "ended"


def _unpacked(chunks: Sequence[bytes]) -> bytes | str:
    unpacked, came = Unpacked("gzip"), bytearray()
    try:
        for chunk in chunks:
            for piece in unpacked.feed(chunk):
                assert 0 < len(piece) <= 65_536
                came += piece
    except ProtocolError:
        return "refused"
    return bytes(came)
