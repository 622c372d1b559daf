"""Faults in the order of a stream's events: some missing, some too many, a wrong end, none."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, TypeAlias

from twelvelabs_responses.emulator._fault import Fault
from twelvelabs_responses.emulator._script import (
    DELTA,
    DONE,
    ERROR,
    TERMINAL_EVENTS,
    Event,
    Frame,
    Pause,
    Step,
    answer_deltas,
    json_script,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses.emulator._script import JsonObject, Script
    from twelvelabs_responses.emulator._wire import Reply

_Steps: TypeAlias = tuple[Step, ...]

FAILURE: JsonObject = {"code": "server_error", "message": "the emulator was asked to fail"}
NESTED_FAILURE: JsonObject = {"type": "server_error", **FAILURE, "param": None}
_FRAME_FAILURE = Frame((f"data: {json.dumps({'error': FAILURE})}",), ERROR)


def _kinds(steps: _Steps) -> list[str | None]:
    return [step.type if isinstance(step, Event) else None for step in steps]


def _half(steps: _Steps) -> _Steps:
    """Return the steps up to half of the answer's deltas."""
    places = answer_deltas(_kinds(steps))
    return steps[: places[(len(places) - 1) // 2] + 1]


def _ending_in(*ending: Step) -> Callable[[_Steps], _Steps]:
    def steps_of(steps: _Steps) -> _Steps:
        return (*_half(steps), *ending)

    return steps_of


def _having_in_the_middle(*middle: Step) -> Callable[[_Steps], _Steps]:
    def steps_of(steps: _Steps) -> _Steps:
        half = _half(steps)
        return (*half, *middle, *steps[len(half) :])

    return steps_of


def _without(*types: str) -> Callable[[_Steps], _Steps]:
    def steps_of(steps: _Steps) -> _Steps:
        return tuple(step for step in steps if not (isinstance(step, Event) and step.type in types))

    return steps_of


def _failing(error: JsonObject | None) -> Callable[[_Steps], _Steps]:
    def steps_of(steps: _Steps) -> _Steps:
        ends = (step for step in steps if isinstance(step, Event) and step.type in TERMINAL_EVENTS)
        response = next(ends).fields["response"]
        whole = response if isinstance(response, dict) else {}
        failed = {**whole, "status": "failed", "output": [], **({"error": error} if error else {})}
        return (*_half(steps), Event("response.failed", {"response": failed}), DONE)

    return steps_of


def _failed(error: JsonObject | None) -> Callable[[Reply], Reply]:
    def reply_of(reply: Reply) -> Reply:
        return replace(reply, status="failed", items=(), error=error)

    return reply_of


def _error_body(_script: Script) -> Script:
    return json_script(200, {"error": FAILURE})


def _only_ends(steps: _Steps) -> _Steps:
    kept = {"response.created", *TERMINAL_EVENTS}
    return tuple(step for step in steps if not isinstance(step, Event) or step.type in kept)


def _slow(steps: _Steps) -> _Steps:
    timed: list[Step] = []
    for step in steps:
        if isinstance(step, Event) and step.type == DELTA:
            timed.append(Pause(0.1))
        timed.append(step)
    return tuple(timed)


def _sprinkled(steps: _Steps) -> _Steps:
    noise: cycle[Step] = cycle((Frame((": still here",)), Event("keepalive"), Frame(("data: still here",))))
    sprinkled: list[Step] = []
    for step in steps[:-1]:
        sprinkled += (step, next(noise))
    return (*sprinkled, *steps[-1:])


def _only_keepalives(steps: _Steps) -> _Steps:
    # A minute of them: nobody should have to stop a test by hand.
    return steps[:1] + (Pause(0.05), Event("keepalive")) * 1200


def _going_on(steps: _Steps) -> _Steps:
    last = steps[answer_deltas(_kinds(steps))[-1]]
    fields = last.fields if isinstance(last, Event) else {}
    return (*steps, Event(DELTA, {**fields, "delta": " This comes after the end."}), DONE)


EVENT_FAULTS = (
    Fault("done-early", "[DONE] after half of the text, and no terminal event.", steps=_ending_in(DONE)),
    Fault("no-done", "The stream ends after its terminal event, without [DONE].", steps=lambda steps: steps[:-1]),
    Fault("done-twice", "After [DONE] another delta and a second [DONE].", steps=_going_on),
    Fault(
        "failed",
        "Status failed with an error object: response.failed after half of the text, or a JSON answer with 200.",
        steps=_failing(FAILURE),
        whole_reply=_failed(FAILURE),
        takes_turn=False,
    ),
    Fault(
        "failed-bare",
        "The same without an error object.",
        steps=_failing(None),
        whole_reply=_failed(None),
        takes_turn=False,
    ),
    Fault(
        "error-event",
        "An `error` event after half of the text, code and message inside `error`; no terminal event.",
        steps=_ending_in(Event(ERROR, {"error": NESTED_FAILURE}), DONE),
        takes_turn=False,
    ),
    Fault(
        "error-event-flat",
        "An `error` event after half of the text, code and message at its top; no terminal event.",
        steps=_ending_in(Event(ERROR, FAILURE), DONE),
        takes_turn=False,
    ),
    Fault(
        "error-frame",
        'A frame that is {"error": ...} after half of the text; a JSON answer is nothing else, with 200.',
        steps=_ending_in(_FRAME_FAILURE, DONE),
        whole=_error_body,
        takes_turn=False,
    ),
    Fault(
        "unknown-event",
        "An event of a kind no reference lists, amid the deltas.",
        steps=_having_in_the_middle(Event("emulator:note", {"note": "no reference lists this kind of event"})),
    ),
    Fault("keepalives", "Comments, keepalive events and data that is no JSON between all events.", steps=_sprinkled),
    Fault(
        "only-keepalives",
        "After response.created nothing but keepalive events, one each 0.05 s, for at most a minute.",
        steps=_only_keepalives,
    ),
    Fault("no-deltas", "No delta events: the text is first in output_text.done.", steps=_without(DELTA)),
    Fault("terminal-only", "Only response.created and response.completed, which has all output.", steps=_only_ends),
    Fault("slow", "A delta each 0.1 s.", steps=_slow),
)
