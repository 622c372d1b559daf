from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire_strategies import cut, every_cut
from twelvelabs_responses._errors import ProtocolError
from twelvelabs_responses._packing import Unpacked, is_packed

TEXT = "Two goals 🥅. ".encode()
# Without the time of day, which would give the tests another name in each process.
ZIPPED = gzip.compress(TEXT, mtime=0)


def unpacked(encoding: str, *chunks: bytes) -> bytes:
    pieces = Unpacked(encoding)
    return b"".join(piece for chunk in chunks for piece in pieces.feed(chunk))


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_a_plain_body_needs_no_unpacking(encoding: str) -> None:
    assert not is_packed(encoding)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_a_packed_body_is_the_same_however_it_is_cut(encoding: str) -> None:
    assert is_packed(encoding)
    for chunks in every_cut(ZIPPED):
        assert unpacked(encoding, *chunks) == TEXT


def test_each_event_may_be_packed_by_itself() -> None:
    for chunks in every_cut(ZIPPED + gzip.compress(b"") + ZIPPED):
        assert unpacked("gzip", *chunks) == TEXT + TEXT


def test_padding_behind_the_last_member_is_passed_by() -> None:
    for chunks in every_cut(ZIPPED + bytes(9) + ZIPPED):
        assert unpacked("gzip", *chunks) == TEXT


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "gzip;q=1", "\x00", "utf-8"])
def test_a_packing_that_was_not_asked_for_is_refused(encoding: str) -> None:
    assert is_packed(encoding)
    with pytest.raises(ProtocolError, match="only gzip was asked for") as caught:
        Unpacked(encoding)
    assert caught.value.ambiguous


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="JSON"),
        pytest.param(zlib.compress(TEXT), id="zlib"),
        pytest.param(ZIPPED[:10] + b"\xff" * 10, id="broken behind the head"),
        pytest.param(ZIPPED[:-5] + b"12345", id="wrong checksum"),
    ],
)
def test_what_is_not_packed_as_it_says_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="the answer cannot be decompressed") as caught:
        unpacked("gzip", body)
    assert caught.value.ambiguous


def test_a_bomb_takes_the_room_of_one_piece() -> None:
    bomb = gzip.compress(bytes(100_000_000))
    tracemalloc.start()
    size = sum(len(piece) for piece in Unpacked("gzip").feed(bomb))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 100_000_000
    assert peak < 500_000


@given(st.data(), st.binary(max_size=200_000))
@settings(deadline=None, max_examples=20)
def test_what_was_packed_comes_back_in_pieces_of_64_kibibytes_at_most(data: st.DataObject, body: bytes) -> None:
    chunks = data.draw(cut(gzip.compress(body * 3)))
    pieces = Unpacked("gzip")
    came = [piece for chunk in chunks for piece in pieces.feed(chunk)]
    assert b"".join(came) == body * 3
    assert all(0 < len(piece) <= 65_536 for piece in came)
