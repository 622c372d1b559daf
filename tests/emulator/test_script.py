from __future__ import annotations

import pytest

from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._script import (
    DONE,
    Chunk,
    Cut,
    Event,
    Framing,
    Pause,
    answer_deltas,
    chunks_of,
    error_script,
    json_script,
)

PLAIN = Framing(names_events=True)


def test_an_event_is_a_frame_with_its_name_and_number() -> None:
    frames = list(chunks_of([Event("a", {"x": 1}), Event("b", {"x": "é"})], PLAIN))
    assert frames == [
        Chunk(b'event: a\ndata: {"type":"a","sequence_number":0,"x":1}\n\n', "a"),
        Chunk('event: b\ndata: {"type":"b","sequence_number":1,"x":"é"}\n\n'.encode(), "b"),
    ]


def test_what_is_no_event_has_no_number() -> None:
    steps = (DONE, Pause(2.0), Cut(), Event("a"))
    assert list(chunks_of(steps, PLAIN)) == [
        Chunk(b"data: [DONE]\n\n"),
        Pause(2.0),
        Cut(),
        Chunk(b'event: a\ndata: {"type":"a","sequence_number":0}\n\n', "a"),
    ]


@pytest.mark.parametrize(
    ("framing", "frame"),
    [
        (Framing(names_events=False), b'data: {"type":"a","sequence_number":0}\n\n'),
        (Framing(line_end="\r", names_events=False), b'data: {"type":"a","sequence_number":0}\r\r'),
        (Framing(space="", names_events=True), b'event:a\ndata:{"type":"a","sequence_number":0}\n\n'),
        (
            Framing(indent=1, names_events=False),
            b'data: {\ndata:  "type": "a",\ndata:  "sequence_number": 0\ndata: }\n\n',
        ),
    ],
)
def test_a_frame_can_be_written_in_other_ways(framing: Framing, frame: bytes) -> None:
    assert list(chunks_of([Event("a")], framing)) == [Chunk(frame, "a")]


def test_the_deltas_of_the_answer_are_those_of_the_last_message() -> None:
    delta, added = "response.output_text.delta", "response.content_part.added"
    assert answer_deltas([added, delta, None, added, delta, delta, "x"]) == [4, 5]


def test_a_json_answer_says_how_long_it_is() -> None:
    script = json_script(200, {"a": "é"}, [("retry-after", "1")])
    assert script.headers == (("content-type", "application/json"), ("content-length", "11"), ("retry-after", "1"))
    assert script.steps == (Chunk('{"a": "é"}'.encode()),)


def test_only_the_first_era_links_the_docs_in_an_error() -> None:
    plain = error_script(era_named("july"), 400, "c", "m")
    linked = error_script(era_named("april"), 400, "c", "m")
    assert plain.steps == (Chunk(b'{"code": "c", "message": "m"}'),)
    assert linked.steps == (Chunk(b'{"code": "c", "message": "m", "docs_url": "https://example.com/docs/errors"}'),)
