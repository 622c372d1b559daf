"""Faults in how an answer ends: too early, in the middle, abruptly, never."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._fault import Fault
from twelvelabs_responses.emulator._script import (
    TERMINAL_EVENTS,
    Chunk,
    Cut,
    Pause,
    Script,
    answer_deltas,
    plain_script,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses.emulator._script import Sending


def _kinds(script: Script) -> list[str | None]:
    return [step.event if isinstance(step, Chunk) else None for step in script.steps]


def _body(script: Script) -> bytes:
    return b"".join(step.content for step in script.steps if isinstance(step, Chunk))


def _only(*steps: Sending) -> Callable[[Script], Script]:
    return lambda script: replace(script, steps=steps)


def _adding(*ending: Sending) -> Callable[[Script], Script]:
    return lambda script: replace(script, steps=(*script.steps, *ending))


def _after_the_first_delta(*ending: Sending) -> Callable[[Script], Script]:
    def script_of(script: Script) -> Script:
        first = answer_deltas(_kinds(script))[0]
        return replace(script, steps=(*script.steps[: first + 1], *ending))

    return script_of


def _after_half_the_body(*ending: Sending) -> Callable[[Script], Script]:
    def script_of(script: Script) -> Script:
        body = _body(script)
        return replace(script, steps=(Chunk(body[: len(body) // 2]), *ending))

    return script_of


def _cut_in_an_event(script: Script) -> Script:
    places = answer_deltas(_kinds(script))
    place = places[len(places) // 2]
    half = _after_half_the_body(Cut())(replace(script, steps=script.steps[place : place + 1]))
    return replace(script, steps=(*script.steps[:place], *half.steps))


def _half_the_deltas(script: Script) -> Script:
    places = answer_deltas(_kinds(script))
    return replace(script, steps=script.steps[: places[(len(places) - 1) // 2] + 1])


def _half_a_body(script: Script) -> Script:
    body = _body(script)
    return plain_script(200, "application/json", body[: len(body) // 2])


def _cut_after_the_terminal_event(script: Script) -> Script:
    kinds = _kinds(script)
    end = next(place for place, kind in enumerate(kinds) if kind in TERMINAL_EVENTS)
    return replace(script, steps=(*script.steps[: end + 1], Cut()))


def _empty(script: Script) -> Script:
    headers = tuple((name, "0" if name == "content-length" else value) for name, value in script.headers)
    return replace(script, headers=headers, steps=())


def _hanging_up(script: Script) -> Script:
    return replace(script, hangs_up=True)


ENDING_FAULTS = (
    Fault(
        "stall",
        "Silence after the first delta, or after half of a JSON body, until the client leaves.",
        stream=_after_the_first_delta(Pause()),
        whole=_after_half_the_body(Pause()),
    ),
    Fault(
        "stall-headers",
        "No byte of an answer, until the client leaves; the turn is taken.",
        stream=_only(Pause()),
        whole=_only(Pause()),
    ),
    Fault(
        "drop",
        "The connection is closed before the first byte of an answer; the turn is taken.",
        stream=_only(Cut()),
        whole=_only(Cut()),
    ),
    Fault("cut", "The connection is closed in the middle of an event.", stream=_cut_in_an_event),
    Fault(
        "cut-json",
        "The connection is closed after half of a JSON body.",
        whole=_after_half_the_body(Cut()),
    ),
    Fault(
        "reset",
        "The connection is reset after the first delta, or after half of a JSON body.",
        stream=_after_the_first_delta(Cut(reset=True)),
        whole=_after_half_the_body(Cut(reset=True)),
    ),
    Fault(
        "end-early",
        "The body ends as if all were well after half of the text, with no terminal event, or after half of the JSON.",
        stream=_half_the_deltas,
        whole=_half_a_body,
    ),
    Fault(
        "cut-before-done",
        "The connection is closed after the terminal event, before [DONE].",
        stream=_cut_after_the_terminal_event,
    ),
    Fault("hold-open", "After [DONE] the body does not end until the client leaves.", stream=_adding(Pause())),
    Fault("empty-body", "200 and no body.", stream=_empty, whole=_empty),
    Fault(
        "close-idle",
        "The whole answer; then the kept-alive connection is closed without a word.",
        stream=_hanging_up,
        whole=_hanging_up,
    ),
    Fault("json-for-stream", "A stream is asked for, and a JSON answer is given.", whole_for_stream=True),
)
