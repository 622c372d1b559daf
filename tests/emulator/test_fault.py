from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twelvelabs_responses.emulator._fault import NO_FAULT, Chooser, Fault, Order, order_of

if TYPE_CHECKING:
    from twelvelabs_responses.emulator._script import Script


def same(script: Script) -> Script:
    return script


STREAMED = Fault("streamed", "In streams.", stream=same)
WHOLE = Fault("whole", "In JSON answers.", whole=same)
BOTH = Fault("both", "In both.", reply=lambda reply: reply)
PLAIN = Fault("plain", "JSON for a stream.", whole_for_stream=True)
FAULTS = {fault.name: fault for fault in (STREAMED, WHOLE, BOTH, PLAIN)}


@pytest.mark.parametrize(
    ("fault", "streams", "whole"),
    [(STREAMED, True, False), (WHOLE, False, True), (BOTH, True, True), (PLAIN, True, False), (NO_FAULT, False, False)],
)
def test_a_fault_touches_what_one_of_its_stages_is_for(
    fault: Fault, streams: bool, whole: bool
) -> None:  # columns of the table
    assert fault.touches(stream=True) is streams
    assert fault.touches(stream=False) is whole


@pytest.mark.parametrize(("asked", "times"), [("both", None), ("both:once", 1), ("both:3", 3), ("both:", None)])
def test_a_fault_is_asked_for_by_name_and_number(asked: str, times: int | None) -> None:
    assert order_of(asked, FAULTS) == Order(BOTH, times)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("flood", "'flood' is not a fault; choose one of streamed, whole, both, plain"),
        ("both:twice", "'twice' is not a number of requests; say both:once or both:3"),
        ("both:0", "'0' is not a number of requests; say both:once or both:3"),
    ],
)
def test_what_there_is_not_is_an_error(asked: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        order_of(asked, FAULTS)
    with pytest.raises(ValueError, match=message):
        Chooser(FAULTS, asked)


def test_a_request_gets_the_fault_it_asks_for_or_the_default() -> None:
    chooser = Chooser(FAULTS, "both")
    assert chooser.fault_for("streamed", stream=True) is STREAMED
    assert chooser.fault_for(None, stream=True) is BOTH
    chooser.default = None
    assert chooser.fault_for(None, stream=True) is NO_FAULT
    assert chooser.default is None


def test_a_fault_for_two_is_used_up_by_two() -> None:
    chooser = Chooser(FAULTS, "both:2")
    assert [chooser.fault_for(None, stream=True).name for _ in range(3)] == ["both", "both", ""]


def test_a_request_that_would_not_notice_does_not_use_a_fault_up() -> None:
    chooser = Chooser(FAULTS)
    assert chooser.fault_for("streamed:once", stream=False) is NO_FAULT
    assert chooser.fault_for("streamed:once", stream=True) is STREAMED
    assert chooser.fault_for("streamed:once", stream=True) is NO_FAULT


@pytest.mark.parametrize("asked", [None, "streamed:once"])
def test_a_fault_that_a_request_is_spared_is_left_to_the_next(asked: str | None) -> None:
    chooser = Chooser(FAULTS, "both:once")
    spared = chooser.fault_for(asked, stream=True)
    chooser.spare(asked)
    assert chooser.fault_for(asked, stream=True) is spared is not NO_FAULT
    assert chooser.fault_for(asked, stream=True) is NO_FAULT


def test_there_is_nothing_to_spare_without_a_fault() -> None:
    chooser = Chooser(FAULTS)
    chooser.spare(None)
    assert chooser.fault_for(None, stream=True) is NO_FAULT


def test_a_default_set_anew_counts_anew() -> None:
    chooser = Chooser(FAULTS, "both:once")
    assert chooser.fault_for(None, stream=True) is BOTH
    chooser.default = "both:once"
    assert chooser.fault_for(None, stream=True) is BOTH


def test_a_fault_by_its_name_counts_nothing() -> None:
    chooser = Chooser(FAULTS, "both:once")
    assert chooser.named("both", stream=True) is FAULTS["both"]
    assert chooser.fault_for(None, stream=True) is FAULTS["both"]


def test_a_fault_that_would_not_be_noticed_is_none() -> None:
    assert Chooser(FAULTS).named("streamed", stream=False) is NO_FAULT
