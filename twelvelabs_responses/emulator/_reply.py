"""From an answer of the library to the reply of the service."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._answer import Turn
from twelvelabs_responses.emulator._instance import instance_of
from twelvelabs_responses.emulator._items import FunctionCall, FunctionCallOutput, Message
from twelvelabs_responses.emulator._scripted import ScriptedAnswer, ScriptedCall
from twelvelabs_responses.emulator._text import Text, text_of
from twelvelabs_responses.emulator._wire import Reply, deltas_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelvelabs_responses.emulator._answer import Answer
    from twelvelabs_responses.emulator._asked import Asked
    from twelvelabs_responses.emulator._era import Era
    from twelvelabs_responses.emulator._items import Item
    from twelvelabs_responses.emulator._library import Moment
    from twelvelabs_responses.emulator._sessions import Session
    from twelvelabs_responses.emulator._wire import Tempo

# What the service's own tools are called, and what they take and give, no reference says.
_TOOL = "search_knowledge_store"
_NOT_SCRIPTED = ScriptedAnswer()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where and when a turn takes place."""

    era: Era
    session: Session
    now: datetime
    tempo: Tempo


def reply_to(asked: Asked, answer: Answer, place: Occurrence) -> Reply:
    """Return the reply that says this answer."""
    script = answer.scripted or _NOT_SCRIPTED
    text = _text(asked, answer, place.era)
    items = _items(asked, answer, text, place.session.session_id)
    waited = place.tempo.think + place.tempo.pace * sum(
        len(deltas_of(item.text)) for item in items if isinstance(item, Message)
    )
    return Reply(
        era=place.era,
        response_id=f"resp_{uuid.uuid4()}",
        session_id=place.session.session_id,
        knowledge_store_id=asked.knowledge_store_id,
        created_at=_rfc3339(place.now),
        completed_at=_rfc3339(place.now + timedelta(seconds=waited)),
        items=items,
        input_tokens=_given(script.input_tokens, _words_read(asked, place.session)),
        output_tokens=_given(script.output_tokens, _words_said(items)),
        structured=asked.schema is not None,
        status="incomplete" if script.incomplete_reason else "completed",
        incomplete_reason=script.incomplete_reason,
    )


def turn_of(asked: Asked, answer: Answer) -> Turn:
    """Return what the session keeps of this turn."""
    cited = (segment.moment.item_id for segment in answer.segments if segment.moment is not None)
    return Turn(asked.question, "".join(segment.text for segment in answer.segments), tuple(dict.fromkeys(cited)))


def _text(asked: Asked, answer: Answer, era: Era) -> Text:
    if asked.schema is None or answer.scripted:
        return text_of(answer.segments, era)
    texts = [segment.text.strip() for segment in answer.segments]
    times = [
        seconds for moment in answer.found for seconds in (moment.start_sec, moment.end_sec) if seconds is not None
    ]
    return Text(json.dumps(instance_of(asked.schema, texts=texts, times=times), ensure_ascii=False))


def _items(asked: Asked, answer: Answer, text: Text, session_id: str) -> tuple[Item, ...]:
    before = _intermediate_items(answer, session_id) if asked.shows_steps else ()
    status = "incomplete" if answer.scripted and answer.scripted.incomplete_reason else "completed"
    last = Message(f"msg_{session_id}_{len(before)}", text.text, "final_answer", text.annotations, status)
    return (*before, last)


def _intermediate_items(answer: Answer, session_id: str) -> tuple[Item, ...]:
    said = (Message(f"msg_{session_id}_0", answer.commentary, "commentary"),) if answer.commentary else ()
    calls = answer.scripted.calls if answer.scripted else (_search(answer),)
    return (*said, *(item for call in calls for item in _call_items(call)))


def _search(answer: Answer) -> ScriptedCall:
    found = json.dumps([_found(moment) for moment in answer.found], ensure_ascii=False)
    return ScriptedCall(_TOOL, {"query": answer.search_query}, found)


def _call_items(call: ScriptedCall) -> tuple[Item, ...]:
    call_id = f"call_{uuid.uuid4()}"
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return (
        FunctionCall(f"fc_{uuid.uuid4()}", call.name, call_id, arguments),
        FunctionCallOutput(f"fco_{uuid.uuid4()}", call_id, call.output),
    )


def _found(moment: Moment) -> dict[str, str | float | None]:
    times = {"start_sec": moment.start_sec, "end_sec": moment.end_sec}
    return {"item_id": moment.item_id, "title": moment.title, **times}


def _words_read(asked: Asked, session: Session) -> int:
    texts = [asked.instructions, asked.question]
    for turn in session.turns:
        texts += [turn.question, turn.answer]
    return sum(len(text.split()) for text in texts)


def _words_said(items: Sequence[Item]) -> int:
    return sum(len(item.text.split()) for item in items if isinstance(item, Message))


def _given(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else number


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
