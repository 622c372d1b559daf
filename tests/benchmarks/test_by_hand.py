from __future__ import annotations

import json

from benchmarks import wire
from benchmarks.scenario import TWELVELABS, Scenario
from benchmarks.subjects.by_hand import _deltas, _stamp

STAMP = b"00000000000000000042"


def test_the_decoder_by_hand_gives_each_delta_wherever_it_is_cut() -> None:
    body = b"".join(wire.frames(Scenario(3), TWELVELABS))
    for size in range(1, 400):
        rest: list[bytes] = []
        found = [delta for chunk in wire.cut(body, size) for delta in _deltas(rest, chunk, json.loads)]
        assert found == ["goal 0000000 of the ", "goal 0000001 of the ", "goal 0000002 of the "]
        assert rest == []


def test_the_time_is_found_wherever_it_is_cut() -> None:
    body = b"".join(wire.frames(Scenario(1, pace=1), TWELVELABS)[:5]).replace(wire.STAMP, STAMP)
    for size in range(1, 400):
        rest = bytearray()
        assert [stamp for chunk in wire.cut(body, size) if (stamp := _stamp(rest, chunk))] == [STAMP]
