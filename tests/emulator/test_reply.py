from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from twelvelabs_responses.emulator._answer import Answer, Segment, Turn
from twelvelabs_responses.emulator._asked import Asked
from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._items import FunctionCall, FunctionCallOutput, Message
from twelvelabs_responses.emulator._library import Moment
from twelvelabs_responses.emulator._reply import Occurrence, reply_to, turn_of
from twelvelabs_responses.emulator._sessions import Session
from twelvelabs_responses.emulator._wire import Tempo

GOAL = Moment("ksi_1", "Match", "video", 65.0, 80.0, "A goal.", "")
POSTER = Moment("ksi_2", "Poster", "image", None, None, "A poster.", "")
ANSWER = Answer(
    commentary="Looking for goals.",
    search_query="goal",
    found=(GOAL, POSTER),
    segments=(Segment("Here: ", None), Segment("a goal", GOAL), Segment(", once more", GOAL)),
)
SESSION = Session("sess_1", "ks_1", (), (Turn("one two", "three", ()),))
NOW = datetime(2026, 8, 1, 11, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
PLACE = Occurrence(era_named("latest"), SESSION, NOW, Tempo())


def test_a_reply_is_one_message_that_answers() -> None:
    reply = reply_to(Asked("Who scored?", "ks_1", instructions="Be brief."), ANSWER, PLACE)
    [message] = reply.items
    assert isinstance(message, Message)
    assert (message.id, message.phase) == ("msg_sess_1_0", "final_answer")
    assert message.text == "Here: a goal [1], once more [2]"
    assert len(message.annotations) == 2
    assert reply.response_id.startswith("resp_")
    assert (reply.session_id, reply.knowledge_store_id, reply.structured) == ("sess_1", "ks_1", False)


def test_usage_counts_words() -> None:
    reply = reply_to(Asked("Who scored?", "ks_1", instructions="Be brief."), ANSWER, PLACE)
    assert (reply.input_tokens, reply.output_tokens) == (7, 7)


def test_steps_come_before_the_answer_when_asked_for() -> None:
    commentary, call, output, message = reply_to(Asked("Who?", "ks_1", shows_steps=True), ANSWER, PLACE).items
    assert isinstance(commentary, Message)
    assert isinstance(call, FunctionCall)
    assert isinstance(output, FunctionCallOutput)
    assert (commentary.id, commentary.text, commentary.phase) == ("msg_sess_1_0", "Looking for goals.", "commentary")
    assert (call.arguments, call.call_id) == ('{"query": "goal"}', output.call_id)
    assert json.loads(output.output) == [
        {"item_id": "ksi_1", "title": "Match", "start_sec": 65.0, "end_sec": 80.0},
        {"item_id": "ksi_2", "title": "Poster", "start_sec": None, "end_sec": None},
    ]
    assert message.id == "msg_sess_1_3"


def test_a_schema_makes_the_text_json_without_markers() -> None:
    schema: dict[str, object] = {"type": "object", "properties": {"text": {"type": "string"}}}
    reply = reply_to(Asked("Who?", "ks_1", schema=schema), ANSWER, PLACE)
    [message] = reply.items
    assert isinstance(message, Message)
    assert json.loads(message.text).keys() == {"text"}
    assert (message.annotations, reply.structured) == ((), True)


def test_the_last_event_is_as_much_later_as_the_stream_takes() -> None:
    place = Occurrence(PLACE.era, SESSION, NOW, Tempo(think=2.0, pace=0.5))
    reply = reply_to(Asked("Who?", "ks_1"), ANSWER, place)
    assert reply.created_at == "2026-08-01T09:00:00.000005Z"
    assert reply.completed_at == "2026-08-01T09:00:05.500005Z"


def test_a_turn_keeps_each_cited_item_once() -> None:
    assert turn_of(Asked("Who?", "ks_1"), ANSWER) == Turn("Who?", "Here: a goal, once more", ("ksi_1",))
