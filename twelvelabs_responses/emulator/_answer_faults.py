"""Faults in what the service says: unusual text, a reply cut short, none at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._answer import Answer, Segment
from twelvelabs_responses.emulator._fault import Fault
from twelvelabs_responses.emulator._items import Message, OtherItem
from twelvelabs_responses.emulator._script import Event
from twelvelabs_responses.emulator._wire import deltas_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses.emulator._script import Step
    from twelvelabs_responses.emulator._wire import Reply

MEBIBYTE = 1024 * 1024
UNUSUAL_LINES = "One\u2028two\u2029three\u0085four. "
WIDE_CHARACTERS = "\U0001f3ac Stra\u00dfe \U0001f468\u200d\U0001f469\u200d\U0001f467 \u65e5\u672c\u8a9e. "


def opening_with(text: str) -> Callable[[Answer], Answer]:
    """Return the change that puts `text` before an answer."""

    def answer(composed: Answer) -> Answer:
        return replace(composed, segments=(Segment(text, None), *composed.segments))

    return answer


def _with_last_message(reply: Reply, change: Callable[[Message], Message]) -> Reply:
    *before, last = reply.items
    return replace(reply, items=(*before, change(last))) if isinstance(last, Message) else reply


def _emptied(reply: Reply) -> Reply:
    return _with_last_message(reply, lambda message: replace(message, text="", annotations=()))


def _half(message: Message) -> Message:
    deltas = deltas_of(message.text)
    text = "".join(deltas[: max(1, len(deltas) // 2)])
    kept = tuple(each for each in message.annotations if _ends_before(each["end_index"], len(text)))
    return replace(message, text=text, annotations=kept, status="incomplete")


def _ends_before(end_index: object, length: int) -> bool:
    return isinstance(end_index, int) and end_index < length


def _cut_short(reply: Reply) -> Reply:
    return replace(_with_last_message(reply, _half), status="incomplete", incomplete_reason="max_output_tokens")


def _own_terminal_event(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(
        Event("response.incomplete", step.fields)
        if isinstance(step, Event) and step.type == "response.completed"
        else step
        for step in steps
    )


def _fenced(reply: Reply) -> Reply:
    if not reply.structured:
        return reply
    return _with_last_message(reply, lambda message: replace(message, text=f"```json\n{message.text}\n```"))


def _without_phase(reply: Reply) -> Reply:
    return replace(
        reply, items=tuple(replace(item, phase=None) if isinstance(item, Message) else item for item in reply.items)
    )


def _with_unknown_item(reply: Reply) -> Reply:
    note = OtherItem("emulator:note", "note_1", {"note": "no reference lists this kind of item"})
    return replace(reply, items=(note, *reply.items))


ANSWER_FAULTS = (
    Fault(
        "incomplete",
        "Status incomplete (max_output_tokens), the text cut; streams say so in response.completed.",
        reply=_cut_short,
    ),
    Fault(
        "incomplete-event",
        "Status incomplete, the text cut; streams end in response.incomplete.",
        reply=_cut_short,
        steps=_own_terminal_event,
    ),
    Fault("empty-answer", "A completed response whose text is empty.", reply=_emptied),
    Fault("fenced-json", "A typed answer's JSON stands in a Markdown code fence.", reply=_fenced),
    Fault("no-phase", "No message says its phase: the answer, and the commentary if asked for.", reply=_without_phase),
    Fault(
        "unasked-steps",
        "Commentary and function calls before the answer though nobody asked, and no message says its phase.",
        reply=_without_phase,
        shows_steps=True,
    ),
    Fault("unknown-item", "An output item of a kind no reference lists comes first.", reply=_with_unknown_item),
    Fault(
        "unicode-lines",
        "The text has U+2028, U+2029 and U+0085 in it, raw.",
        answer=opening_with(UNUSUAL_LINES),
    ),
    Fault("big-delta", "The text begins with one word of 1 MiB.", answer=opening_with("x" * MEBIBYTE + " ")),
)
