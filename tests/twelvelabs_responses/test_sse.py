from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire_strategies import cut, every_cut
from twelvelabs_responses._errors import ProtocolError
from twelvelabs_responses._sse import MAX_FRAME_BYTES, ServerSentEvents

BOM = b"\xef\xbb\xbf"
# What decides where lines and events end, in any order, sensible or not.
FIELDS = [b"data", b"data:", b"data: x", b"data: \xf0\x9f\xa7\xa4", b":", b": ping", b"event: y", b" ", b"x", BOM]
LINE_ENDS = [b"\r", b"\n", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"]
ODDITIES = ["\u2028".encode(), "\u0085".encode(), b"\xff", b"\x0b\x0c\x1c"]
tokens = st.sampled_from([*FIELDS, *LINE_ENDS, *ODDITIES])
token_streams = st.lists(tokens, max_size=14).map(b"".join)


def data_of(*chunks: bytes) -> list[bytes]:
    frames = ServerSentEvents()
    return [*(data for chunk in chunks for data in frames.feed(chunk)), *frames.close()]


def data_by_the_book(body: bytes) -> list[bytes]:
    """Read the whole at once, the way the standard puts it, except that a last event may lack its blank line."""
    frames: list[list[bytes]] = [[]]
    for line in re.split(rb"\r\n|\r|\n", body.removeprefix(BOM)):
        name, _, value = line.partition(b":")
        if not line:
            frames.append([])
        elif name == b"data":
            frames[-1].append(value.removeprefix(b" "))
    return [b"\n".join(lines) for lines in frames if lines]


@settings(deadline=None, max_examples=150)
@given(token_streams)
def test_the_data_is_what_the_standard_says_however_the_bytes_are_cut_in_two_or_one_by_one(body: bytes) -> None:
    expected = data_by_the_book(body)
    assert data_of(body) == expected
    for chunks in every_cut(body):
        assert data_of(*chunks) == expected


@settings(deadline=None, max_examples=300)
@given(token_streams.flatmap(cut))
def test_the_data_is_what_the_standard_says_however_often_the_bytes_are_cut(chunks: list[bytes]) -> None:
    assert data_of(*chunks) == data_by_the_book(b"".join(chunks))


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lf_cr_and_crlf_end_lines(end: bytes) -> None:
    assert data_of(b"data: one" + end + end + b"data: two" + end + end) == [b"one", b"two"]


def test_each_event_may_have_line_ends_of_its_own() -> None:
    assert data_of(b"data: 1\r\rdata: 2\n\ndata: 3\r\n\r\ndata: 4\r\n\ndata: 5\n\r\n") == [b"1", b"2", b"3", b"4", b"5"]


def test_a_crlf_cut_in_two_ends_one_line_and_not_two() -> None:
    assert data_of(b"data: {\r", b"\ndata: }\r", b"\n\r", b"\n") == [b"{\n}"]


def test_a_crlf_cut_in_two_with_nothing_between_ends_one_line() -> None:
    assert data_of(b"data: {\r", b"", b"\ndata: }\r\n\r\n") == [b"{\n}"]


def test_an_event_that_ends_with_a_bare_cr_does_not_wait_for_what_comes_next() -> None:
    assert list(ServerSentEvents().feed(b"data: one\r\r")) == [b"one"]


def test_an_event_is_given_before_the_next_one_has_arrived() -> None:
    frames = ServerSentEvents()
    assert list(frames.feed(b"data: one\n\ndata: t")) == [b"one"]
    assert list(frames.feed(b"wo\n")) == []
    assert list(frames.feed(b"\n")) == [b"two"]


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\u0085", "\u000b", "\u000c", "\u001c"])
def test_what_ends_lines_elsewhere_is_text_here(character: str) -> None:
    assert data_of(f"data: a{character}b\n\n".encode()) == [f"a{character}b".encode()]


@pytest.mark.parametrize("byte", [bytes([number]) for number in range(256) if number not in b"\r\n"])
def test_every_other_byte_is_text_also_where_the_network_cuts_or_a_line_ends(byte: bytes) -> None:
    assert data_of(b"data: a" + byte, b"b" + byte + b"\n\n") == [b"a" + byte + b"b" + byte]


def test_a_character_cut_in_two_is_whole_again() -> None:
    assert data_of(b"data: \xf0\x9f", b"\xa7\xa4\n\n") == ["🧤".encode()]


def test_data_needs_no_space_and_loses_only_the_first_one() -> None:
    assert data_of(b"data:none\n\ndata: one\n\ndata:  two\n\n") == [b"none", b"one", b" two"]


def test_several_data_lines_are_joined_by_lf() -> None:
    assert data_of(b"data: {\r\ndata:\r\ndata\r\ndata: }\r\n\r\n") == [b"{\n\n\n}"]


def test_comments_and_other_fields_are_passed_by() -> None:
    assert data_of(b": ping\nevent: x\ndata: one\nid: 7\nretry: 10\ndatabase: no\nnothing\n\n: ping\n\n") == [b"one"]


def test_a_frame_without_data_is_no_event() -> None:
    assert data_of(b"\n\nevent: ping\n\n\n") == []


@pytest.mark.parametrize(
    "chunks", [[BOM + b"data: a\n\n"], [b"\xef", b"", b"\xbb", b"\xbfdata: a\n\n"], [BOM, b"data: a\n\n"]]
)
def test_a_byte_order_mark_at_the_start_is_passed_by_even_if_it_is_cut(chunks: list[bytes]) -> None:
    assert data_of(*chunks) == [b"a"]


def test_a_byte_order_mark_elsewhere_is_text() -> None:
    assert data_of(BOM + BOM + b"data: a\n\ndata: " + BOM + b"b\n\n") == [BOM + b"b"]


def test_half_a_byte_order_mark_is_no_event() -> None:
    assert data_of(b"\xef\xbb") == []


@pytest.mark.parametrize("last", [b"data: two", b"data: two\n", b"data: two\r", b"data: two\r\n"])
def test_the_last_event_may_lack_its_blank_line(last: bytes) -> None:
    assert data_of(b"data: one\n\n" + last) == [b"one", b"two"]


def test_the_end_of_a_complete_stream_gives_nothing_more() -> None:
    frames = ServerSentEvents()
    assert list(frames.feed(b"data: one\n\n")) == [b"one"]
    assert list(frames.close()) == []


def test_a_megabyte_in_pieces_of_a_kibibyte_is_one_event() -> None:
    body = b"data: " + b"x" * 1_000_000 + b"\n\n"
    assert data_of(*(body[start : start + 1024] for start in range(0, len(body), 1024))) == [b"x" * 1_000_000]


def test_an_event_may_have_64_mebibytes_unless_told_otherwise() -> None:
    assert MAX_FRAME_BYTES == 67_108_864


def test_an_event_as_large_as_the_limit_is_read() -> None:
    assert list(ServerSentEvents(max_frame_bytes=5).feed(b"data: 1234\n\n" * 3)) == [b"1234", b"1234", b"1234"]


def test_an_event_and_the_line_after_it_may_fill_the_limit_together() -> None:
    frames = ServerSentEvents(max_frame_bytes=10)
    assert list(frames.feed(b"data:abc\n123456")) == []
    with pytest.raises(ProtocolError, match="larger than 10 bytes"):
        list(frames.feed(b"7"))


def test_the_limit_is_for_each_event_and_not_for_all_of_them() -> None:
    frames = ServerSentEvents(max_frame_bytes=8)
    assert [data for chunk in [b"data: 1", b"23\n", b"\n"] * 3 for data in frames.feed(chunk)] == [
        b"123",
        b"123",
        b"123",
    ]


def test_an_event_that_came_in_pieces_leaves_the_next_its_whole_limit() -> None:
    frames = ServerSentEvents(max_frame_bytes=7)
    chunks = [b"data: 1", b"2\n", b"\n", b"data: 123456\n\n"]
    assert [data for chunk in chunks for data in frames.feed(chunk)] == [b"12", b"123456"]


def test_a_data_line_without_data_counts_for_the_line_end_that_it_becomes() -> None:
    assert list(ServerSentEvents(max_frame_bytes=8).feed(b"data\n" * 8 + b"\n")) == [b"\n" * 7]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: 123456789\n\n"],
        [b"data: 12345678"],
        [b"data: 1", b"23456", b"78"],
        [b"data: 123\n", b"data: 123\n", b"data: 123\n"],
        [b"data\n" * 9],
        [b": a comment without an end"],
    ],
)
def test_an_event_over_the_limit_is_refused_before_its_end_has_come(chunks: list[bytes]) -> None:
    frames = ServerSentEvents(max_frame_bytes=8)
    with pytest.raises(ProtocolError, match="an event of the stream is larger than 8 bytes"):
        [data for chunk in chunks for data in frames.feed(chunk)]


def test_the_events_before_one_over_the_limit_are_given() -> None:
    events = ServerSentEvents(max_frame_bytes=5).feed(b"data: one\n\ndata: too much\n\n")
    assert next(events) == b"one"
    with pytest.raises(ProtocolError):
        next(events)


@pytest.mark.parametrize(
    ("body", "is_amid"),
    [
        (b"", False),
        (b"data: 1\n", True),
        (b"data: 1\n\n", False),
        (b": pi", True),
        (b": ping\n", False),
        (b"\n", False),
    ],
)
def test_an_event_or_a_line_that_has_begun_is_known_to_go_on(body: bytes, *, is_amid: bool) -> None:
    events = ServerSentEvents()
    list(events.feed(body))
    assert events.is_amid is is_amid


@pytest.mark.parametrize("piece", [b"xy", b"data\n", b"data:a\n", b"data: ab\n"])
def test_an_event_in_small_pieces_takes_no_more_room_than_its_bytes_a_few_times(piece: bytes) -> None:
    frames = ServerSentEvents(max_frame_bytes=100_000)
    tracemalloc.start()
    with pytest.raises(ProtocolError):
        [data for _ in range(100_001) for data in frames.feed(piece)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400_000


def test_an_event_that_came_in_pieces_is_given_without_a_second_copy_of_its_line() -> None:
    frames = ServerSentEvents()
    tracemalloc.start()
    for piece in (b"data: ", *[b"x" * 1_000] * 100, b"\n\ndata: y\n\n"):
        for data in frames.feed(piece):
            held = tracemalloc.get_traced_memory()[0]
            assert held < 1.1 * len(data) + 20_000
    tracemalloc.stop()
