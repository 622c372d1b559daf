"""From an answer to the bytes that tell it, with what goes wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._reply import reply_to
from twelvelabs_responses.emulator._script import Framing, Pause, Script, chunks_of, json_script
from twelvelabs_responses.emulator._wire import response_object, stream_of

if TYPE_CHECKING:
    from twelvelabs_responses.emulator._answer import Answer
    from twelvelabs_responses.emulator._asked import Asked
    from twelvelabs_responses.emulator._fault import Fault
    from twelvelabs_responses.emulator._reply import Occurrence
    from twelvelabs_responses.emulator._wire import Reply, Tempo


@dataclass(frozen=True, slots=True)
class Performance:
    """The script of an answer to an accepted request."""

    response_id: str
    streams: bool
    script: Script


def perform(asked: Asked, answer: Answer, place: Occurrence, fault: Fault) -> Performance:
    """Return the script that tells this answer, with this fault."""
    told = fault.answer(answer) if fault.answer else answer
    reply = reply_to(replace(asked, shows_steps=asked.shows_steps or fault.shows_steps), told, place)
    if fault.reply:
        reply = fault.reply(reply)
    streams = asked.streams and not fault.whole_for_stream
    script = _stream(reply, place.tempo, fault) if streams else _whole(reply, place.tempo, fault)
    return Performance(reply.response_id, streams, script)


def _stream(reply: Reply, tempo: Tempo, fault: Fault) -> Script:
    steps = stream_of(reply, tempo)
    if fault.steps:
        steps = fault.steps(steps)
    framing = fault.framing or Framing()
    if framing.names_events is None:
        framing = replace(framing, names_events=reply.era.names_events)
    headers = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
    script = Script(200, headers, tuple(chunks_of(steps, framing)))
    return fault.stream(script) if fault.stream else script


def _whole(reply: Reply, tempo: Tempo, fault: Fault) -> Script:
    script = json_script(200, response_object(fault.whole_reply(reply) if fault.whole_reply else reply))
    if fault.whole:
        script = fault.whole(script)
    if tempo.think <= 0:
        return script
    return replace(script, steps=(Pause(tempo.think), *script.steps))
