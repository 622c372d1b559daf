from __future__ import annotations

from benchmarks import wire
from benchmarks.scenario import TWELVELABS, Scenario
from benchmarks.subjects.by_hand import _frames


def test_the_decoder_by_hand_gives_each_event_wherever_it_is_cut() -> None:
    body = b"".join(wire.frames(Scenario(3), TWELVELABS))
    for size in range(1, 400):
        rest: list[bytes] = []
        found = [frame for chunk in wire.cut(body, size) for frame in _frames(rest, chunk)]
        assert len(found) == 11
        assert rest == []
