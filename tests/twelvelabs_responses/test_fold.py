from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire_strategies import JSON, Told, told
from twelvelabs_responses._citations import Annotation
from twelvelabs_responses._errors import ProtocolError, ResponseFailedError, StreamInterruptedError
from twelvelabs_responses._fold import Fold, TextPiece, failed
from twelvelabs_responses._protocol import decode_event, decode_response
from twelvelabs_responses._response import (
    FailureDetails,
    FunctionCall,
    Message,
    OutputText,
    Response,
    UnknownItem,
    UnknownPart,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

CREATED: JSON = {
    "type": "response.created",
    "response": {
        "id": "resp_1",
        "status": "in_progress",
        "output": [],
        "session_id": "sess_1",
        "knowledge_store_id": "ks_1",
        "created_at": "2026-08-01T09:00:00Z",
    },
}


def asked() -> Fold:
    """Return the fold of a stream whose request asked for the steps as well: the harder case."""
    return Fold(wants_intermediate_outputs=True)


def take(fold: Fold, *events: JSON) -> list[TextPiece]:
    pieces: list[TextPiece] = []
    for event in events:
        decoded = decode_event(json.dumps(event).encode())
        assert decoded is not None
        pieces += fold.add(decoded)
    return pieces


def message(text: str | None = None, phase: str | None = None, **fields: str) -> JSON:
    content = [] if text is None else [{"type": "output_text", "text": text}]
    return {"type": "message", "content": content, **({} if phase is None else {"phase": phase}), **fields}


def final(text: str | None = None, **fields: str) -> JSON:
    return message(text, "final_answer", **fields)


def commentary(text: str | None = None, **fields: str) -> JSON:
    return message(text, "commentary", **fields)


def added(item: JSON, **place: int) -> JSON:
    return {"type": "response.output_item.added", "item": item, **place}


def done(item: JSON, **place: int) -> JSON:
    return {"type": "response.output_item.done", "item": item, **place}


def whole(item: JSON, **place: int) -> list[JSON]:
    texts = [delta(letter, **place) for part in item["content"] for letter in part["text"]]
    return [added({**item, "content": []}, **place), *texts, done(item, **place)]


def delta(text: str, **place: int | str) -> JSON:
    return {"type": "response.output_text.delta", "delta": text, **place}


def text_done(text: str, **place: int | str) -> JSON:
    return {"type": "response.output_text.done", "text": text, **place}


def completed(*output: JSON, **fields: str) -> JSON:
    return {"type": "response.completed", "response": {"status": "completed", "output": output, **fields}}


def answer(text: str, output_index: int = 0, content_index: int = 0) -> TextPiece:
    return TextPiece(text, output_index, content_index, is_answer=True)


def comment(text: str, output_index: int = 0, content_index: int = 0) -> TextPiece:
    return TextPiece(text, output_index, content_index, is_answer=False)


def answer_text(pieces: Iterable[TextPiece]) -> str:
    return "".join(piece.text for piece in pieces if piece.is_answer)


# -- any stream ----------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(told())
def test_a_stream_comes_to_the_response_and_the_text_that_the_json_answer_has(documented: Told) -> None:
    fold = asked()
    pieces = take(fold, *documented.events)
    assert fold.ended
    assert fold.response == decode_response(documented.json_body())
    assert answer_text(pieces) == fold.response.text
    assert all(piece.text for piece in pieces)


@settings(deadline=None, max_examples=150)
@given(told(interleaved=True))
def test_every_text_comes_once_and_in_order_even_if_items_interleave(woven: Told) -> None:
    pieces = take(asked(), *woven.events)
    texts: dict[tuple[int, int], str] = defaultdict(str)
    for piece in pieces:
        texts[piece.output_index, piece.content_index] += piece.text
    assert texts == {
        (output_index, content_index): part["text"]
        for output_index, item in enumerate(woven.response["output"])
        for content_index, part in enumerate(item.get("content", ()))
        if part.get("text")
    }


@settings(deadline=None, max_examples=100)
@given(told(), st.data())
def test_a_stream_cut_anywhere_is_interrupted_and_has_given_the_beginning_of_its_text(
    documented: Told, data: st.DataObject
) -> None:
    fold = asked()
    pieces = take(fold, *documented.events[: data.draw(st.integers(0, len(documented.events) - 1))])
    if fold.ended:
        return
    assert decode_response(documented.json_body()).text.startswith(answer_text(pieces))
    with pytest.raises(StreamInterruptedError):
        fold.close()


NAMINGS = [("m{}", "m{}"), ("m", "m"), ("m{}", "n{}"), ("m{}", None), (None, "m{}"), (None, None)]


@st.composite
def partly_told(draw: st.DrawFn) -> list[JSON]:
    """Return a stream of messages with gaps in it, ids that may repeat or change, and perhaps the last text cut short.

    Either the stream or the output may lack any of the commentary, but none of the reply.
    """
    phases = draw(st.lists(st.sampled_from(["commentary", "final_answer"]), min_size=1, max_size=4))
    phased = draw(st.booleans())
    said = [message(draw(st.sampled_from(["", "a", "ab", "abc", "b"])), phase if phased else None) for phase in phases]
    replies = [phase == "final_answer" if phased else at == len(said) - 1 for at, phase in enumerate(phases)]
    streamed, ended = (
        {at: {**said[at], **({} if name is None else {"id": name.format(at)})} for at in draw(_with(replies))}
        for name in draw(st.sampled_from(NAMINGS))
    )
    events = [event for at, item in streamed.items() for event in whole(item, output_index=2 * at)]
    cut = draw(st.integers(0, 2)) if events else 0
    return [*events[: len(events) - cut], completed(*ended.values())]


@st.composite
def _with(draw: st.DrawFn, wanted: list[bool]) -> list[int]:
    """Return the positions of all that are wanted, and of some others."""
    return [at for at, is_wanted in enumerate(wanted) if is_wanted or draw(st.booleans())]


@settings(deadline=None, max_examples=300)
@given(partly_told())
def test_the_reply_comes_once_whatever_else_is_left_out_of_the_stream_or_of_the_output(events: list[JSON]) -> None:
    fold = asked()
    pieces = take(fold, *events)
    assert answer_text(pieces) == fold.response.text


# -- text, once ----------------------------------------------------------------------------------------------------


def test_a_delta_is_passed_on_as_it_comes_and_never_again() -> None:
    fold = asked()
    assert take(fold, added(final(), output_index=0)) == []
    assert take(fold, delta("Two ", output_index=0)) == [answer("Two ")]
    assert take(fold, delta("goals.", output_index=0)) == [answer("goals.")]
    assert take(fold, text_done("Two goals.", output_index=0), done(final("Two goals."), output_index=0)) == []
    assert take(fold, completed(final("Two goals."))) == []
    assert fold.response.text == "Two goals."


def test_an_empty_delta_is_no_piece() -> None:
    assert take(asked(), added(final()), delta("")) == []


def test_line_ends_in_text_stay_as_they_are() -> None:
    fold = asked()
    assert take(fold, added(final()), delta("a\r\nb\rc\n\u2028d"), text_done("a\r\nb\rc\n\u2028de\r\n")) == [
        answer("a\r\nb\rc\n\u2028d"),
        answer("e\r\n"),
    ]
    assert fold.response.text == "a\r\nb\rc\n\u2028de\r\n"


@pytest.mark.parametrize(
    "late",
    [
        text_done("Two goals."),
        {"type": "response.content_part.done", "part": {"type": "output_text", "text": "Two goals."}},
        done(final("Two goals.")),
        completed(final("Two goals.")),
    ],
)
def test_what_the_deltas_missed_is_taken_from_the_first_event_that_has_it(late: JSON) -> None:
    fold = asked()
    assert take(fold, added(final()), delta("Two "), late) == [answer("Two "), answer("goals.")]
    assert take(fold, completed(final("Two goals."))) == []


def test_a_stream_without_deltas_gives_the_text_whole() -> None:
    fold = asked()
    assert take(fold, added(final()), text_done("Two goals.")) == [answer("Two goals.")]
    assert take(fold, done(final("Two goals.")), completed(final("Two goals."))) == []


def test_a_terminal_event_alone_gives_its_text() -> None:
    fold = asked()
    assert take(fold, completed(commentary("Looking."), final("Two goals."))) == [
        comment("Looking."),
        answer("Two goals.", 1),
    ]
    assert fold.response.text == "Two goals."


def test_a_part_that_begins_with_text_gives_it() -> None:
    begun = {"type": "response.content_part.added", "part": {"type": "output_text", "text": "Two "}}
    assert take(asked(), added(final()), begun, delta("goals.")) == [answer("Two "), answer("goals.")]


def test_text_that_differs_from_what_was_passed_on_is_an_error_that_has_it() -> None:
    fold = asked()
    take(fold, added(final(id="msg_1")))
    assert take(fold, delta("Two gaols."), text_done("Two goals.")) == [answer("Two gaols.")]
    with pytest.raises(ProtocolError, match=r"^the text of the stream is not the text of its final response") as caught:
        take(fold, completed(final("Two goals.", id="msg_1")))
    assert (caught.value.text, fold.response.text, fold.ended) == ("Two goals.", "Two goals.", True)


def test_a_delta_that_was_lost_in_the_middle_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        take(asked(), added(final()), delta("A"), delta("C"), completed(final("ABC")))


def test_space_around_the_text_may_come_and_go() -> None:
    told = take(asked(), added(final(id="msg_1")), delta(" Two \n"), completed(final("Two", id="msg_1")))
    assert told == [answer(" Two \n")]


def test_without_steps_asked_for_a_message_without_phase_is_passed_on_as_it_comes() -> None:
    fold = Fold()
    assert take(fold, added(message()), delta("Two ")) == [answer("Two ")]
    assert take(fold, delta("goals."), completed(message("Two goals."))) == [answer("goals.")]


def test_commentary_that_nobody_asked_for_and_nothing_told_from_the_answer_is_an_error() -> None:
    fold = Fold()
    take(fold, *whole(message("Looking."), output_index=0), *whole(message("Two."), output_index=1))
    with pytest.raises(ProtocolError) as caught:
        take(fold, completed(message("Looking."), message("Two.")))
    assert caught.value.text == "Two."


def test_text_held_back_that_differs_from_what_was_meant_is_put_right() -> None:
    fold = asked()
    assert take(fold, added(message(id="msg_1")), delta("Two gaols."), text_done("")) == []
    assert fold.response.text == "Two gaols."
    assert take(fold, completed(message("Two.", id="msg_1"))) == [answer("Two.")]


def test_the_parts_of_a_message_are_told_apart_by_their_content_index() -> None:
    fold = asked()
    pieces = take(fold, added(final()), delta("One.", content_index=0), delta("Two.", content_index=1))
    assert pieces == [answer("One."), answer("Two.", 0, 1)]
    assert fold.response.output == (
        Message(phase="final_answer", content=(OutputText(text="One."), OutputText(text="Two."))),
    )


def test_nothing_is_taken_after_the_terminal_event() -> None:
    fold = asked()
    take(fold, completed(message("Two goals."), id="resp_1"))
    assert take(fold, delta("more"), {"type": "error"}, completed(message("Other."), id="resp_2")) == []
    assert (fold.response.id, fold.response.text) == ("resp_1", "Two goals.")


def test_keepalives_and_unknown_events_add_nothing() -> None:
    fold = asked()
    assert take(fold, {"type": "keepalive"}, {"type": "response.thought", "delta": "hm"}) == []
    assert fold.response == Response()


# -- which text answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["commentary", "thinking_aloud"])
def test_commentary_and_an_unknown_phase_do_not_answer(phase: str) -> None:
    fold = asked()
    take(fold, added(message(phase=phase), output_index=0))
    assert take(fold, delta("Looking.", output_index=0)) == [comment("Looking.")]
    assert fold.response.text == ""


def test_messages_without_phase_are_held_back_and_the_last_one_answers() -> None:
    fold = asked()
    first, last = message("Looking."), message("Two goals.")
    assert take(fold, added(message(), output_index=0), delta("Looking.", output_index=0)) == []
    assert take(fold, done(first, output_index=0), added(message(), output_index=1)) == []
    assert take(fold, delta("Two goals.", output_index=1), done(last, output_index=1)) == []
    assert take(fold, completed(first, last)) == [comment("Looking."), answer("Two goals.", 1)]


def test_a_message_that_was_never_announced_is_held_back_too() -> None:
    fold = asked()
    assert take(fold, delta("Two ", output_index=0)) == []
    assert take(fold, text_done("Two goals.", output_index=0)) == []
    assert take(fold, completed(message("Two goals."))) == [answer("Two goals.")]


@pytest.mark.parametrize("phase", ["final_answer", "commentary", "thinking_aloud"])
def test_a_message_with_a_phase_releases_those_held_back(phase: str) -> None:
    fold = asked()
    assert take(fold, added(message(), output_index=0), delta("Held. ", output_index=0)) == []
    assert take(fold, added(message(phase=phase), output_index=1)) == [answer("Held. ")]
    assert take(fold, delta("More.", output_index=0)) == [answer("More.")]


def test_a_phase_that_comes_with_the_end_of_a_message_releases_it() -> None:
    fold = asked()
    assert take(fold, added(message(), output_index=0), delta("Two ", output_index=0)) == []
    ended = done(final("Two goals."), output_index=0)
    assert take(fold, ended) == [answer("Two goals.")]


def test_commentary_whose_end_does_not_repeat_the_phase_is_still_commentary() -> None:
    fold = asked()
    take(fold, added(commentary(), output_index=0), delta("Look", output_index=0))
    assert take(fold, done(message("Looking."), output_index=0)) == [comment("ing.")]
    assert take(fold, added(final(), output_index=1), delta("Two.", output_index=1)) == [answer("Two.", 1)]


def test_text_held_back_whose_message_the_final_response_leaves_out_is_commentary() -> None:
    fold = asked()
    take(fold, added(message(id="a"), output_index=0), delta("Looking.", output_index=0))
    take(fold, added(message(id="b"), output_index=1), delta("Two.", output_index=1))
    assert take(fold, completed(message("Two.", id="b"))) == [comment("Looking."), answer("Two.", 1)]


def test_text_of_an_item_that_is_no_message_does_not_answer() -> None:
    fold = asked()
    take(fold, added({"type": "example:thought", "id": "th_1"}, output_index=0))
    assert take(fold, delta("hm", output_index=0)) == [comment("hm")]
    assert take(fold, completed({"type": "example:thought", "id": "th_1"}, message("Two."))) == [answer("Two.", 1)]


# -- which item ----------------------------------------------------------------------------------------------------


def test_items_that_interleave_are_told_apart_by_their_output_index_even_if_they_share_an_id() -> None:
    fold = asked()
    take(fold, added(commentary(id="msg_1"), output_index=0))
    take(fold, added(final(id="msg_1"), output_index=1))
    pieces = take(fold, delta("Look", output_index=0), delta("Two ", output_index=1), delta("ing.", output_index=0))
    assert pieces == [comment("Look"), answer("Two ", 1), comment("ing.")]
    output = [
        commentary("Looking.", id="msg_1"),
        final("Two goals.", id="msg_1"),
    ]
    assert take(fold, completed(*output)) == [answer("goals.", 1)]


def test_without_an_output_index_the_item_id_tells_items_apart() -> None:
    fold = asked()
    take(fold, added(commentary(id="a")), added(final(id="b")))
    pieces = take(fold, delta("Look", item_id="a"), delta("Two ", item_id="b"), delta("ing.", item_id="a"))
    assert pieces == [comment("Look"), answer("Two ", 1), comment("ing.")]
    output = [commentary("Looking.", id="a"), final("Two goals.", id="b")]
    assert take(fold, done(output[0]), done(output[1]), completed(*output)) == [answer("goals.", 1)]


def test_an_id_alone_begins_an_item() -> None:
    fold = asked()
    take(fold, delta("One", item_id="a"), delta("Two.", item_id="b"), delta(".", item_id="a"))
    assert take(fold, completed(message("One."), message("Two."))) == [comment("One."), answer("Two.", 1)]


def test_an_output_index_given_once_holds_for_the_item_id() -> None:
    fold = asked()
    take(fold, added(commentary(id="a"), output_index=4), added(final(id="b"), output_index=7))
    assert take(fold, delta("Look", item_id="a"), delta("Two", item_id="b")) == [comment("Look", 4), answer("Two", 7)]


@pytest.mark.parametrize("place", [{"output_index": 0}, {"item_id": "a"}])
def test_a_whole_text_belongs_to_the_item_that_it_names(place: dict[str, int | str]) -> None:
    fold = asked()
    take(fold, added(commentary(id="a"), output_index=0), added(final(id="b"), output_index=1))
    assert take(fold, text_done("Looking.", **place)) == [comment("Looking.")]


@pytest.mark.parametrize(("item_id", "place"), [({}, {"output_index": 0}), ({"id": "a"}, {})], ids=["index", "id"])
def test_a_complete_item_is_the_one_that_it_names(item_id: dict[str, str], place: dict[str, int]) -> None:
    fold = asked()
    take(fold, added(commentary(id="a"), output_index=0), added(final(id="b"), output_index=1))
    assert take(fold, done(commentary("Looking.", **item_id), **place)) == [comment("Looking.")]


@pytest.mark.parametrize("place", [{"output_index": 0}, {"item_id": "a"}])
def test_arguments_belong_to_the_function_call_that_they_name(place: dict[str, int | str]) -> None:
    fold = asked()
    take(fold, *(added({"type": "function_call", "id": item_id}) for item_id in ("a", "b")))
    take(fold, {"type": "response.function_call_arguments.delta", "delta": "{}", **place})
    assert fold.response.output == (FunctionCall(id="a", arguments="{}"), FunctionCall(id="b"))


def test_without_index_and_id_what_comes_belongs_to_the_newest_item() -> None:
    fold = asked()
    take(fold, added(commentary()), delta("Looking."), done(commentary("Looking.")))
    assert take(fold, added(final()), delta("Two ")) == [answer("Two ", 1)]
    output = [commentary("Looking."), final("Two goals.")]
    assert take(fold, completed(*output)) == [answer("goals.", 1)]


@pytest.mark.parametrize("final_id", [{"id": "msg_1"}, {"id": "msg_other"}, {}])
@pytest.mark.parametrize("output_index", [0, 3])
def test_a_final_item_is_the_streamed_one_even_if_its_position_or_id_is_another(
    output_index: int, final_id: dict[str, str]
) -> None:
    fold = asked()
    take(fold, added(final(id="msg_1"), output_index=output_index))
    assert take(fold, delta("Two ", output_index=output_index)) == [answer("Two ", output_index)]
    assert take(fold, completed(final("Two goals.", **final_id))) == [answer("goals.", output_index)]


def test_a_final_item_that_shares_its_id_with_commentary_is_the_one_that_has_its_text() -> None:
    fold = asked()
    take(fold, added(message(id="msg_1"), output_index=0), delta("Looking.", output_index=0))
    take(fold, added(message(id="msg_1"), output_index=2), delta("Two ", output_index=2))
    assert take(fold, completed(message("Two goals.", id="msg_1"))) == [comment("Looking."), answer("Two goals.", 2)]


def test_of_two_final_items_with_one_id_only_one_is_the_streamed_one() -> None:
    fold = asked()
    take(fold, added(final(id="msg_1"), output_index=3), delta("One.", output_index=3))
    assert take(fold, completed(final("One.", id="msg_1"), final("Two.", id="msg_1"))) == [answer("Two.", 1)]


def test_a_final_item_of_unknown_id_is_the_streamed_one_whose_text_it_goes_on_with() -> None:
    fold = asked()
    take(fold, added(final(id="a"), output_index=0), added(final(id="b"), output_index=1))
    take(fold, delta("Two ", output_index=1))
    assert take(fold, completed(final("Two goals.", id="c"))) == [answer("goals.", 1)]


def test_a_final_item_that_did_not_stream_comes_at_its_position() -> None:
    fold = asked()
    take(fold, added(final(id="b"), output_index=1), delta("Two ", output_index=1))
    pieces = take(fold, completed(commentary("Looking.", id="a"), final("Two goals.", id="b")))
    assert pieces == [comment("Looking."), answer("goals.", 1)]


def test_a_final_message_that_did_not_stream_is_not_taken_for_one_that_did() -> None:
    fold = asked()
    take(fold, added(commentary(id="a"), output_index=0), delta("Looking.", output_index=0))
    assert take(fold, completed(final("Two goals.", id="b"))) == [answer("Two goals.", 1)]


def test_a_final_message_of_another_phase_is_not_the_one_that_streamed() -> None:
    fold = asked()
    take(fold, added(commentary(), output_index=0), delta("Two", output_index=0))
    assert take(fold, completed(final("Two goals."))) == [answer("Two goals.", 1)]


# -- the response --------------------------------------------------------------------------------------------------


def test_the_session_is_known_from_the_first_event_that_names_it_and_stays_known() -> None:
    fold = asked()
    before = fold.session_id
    take(fold, CREATED)
    assert (before, fold.session_id) == (None, "sess_1")
    take(fold, {"type": "response.in_progress"}, {"type": "response.in_progress", "response": {"status": "queued"}})
    assert (fold.session_id, fold.response.id, fold.response.knowledge_store_id) == ("sess_1", "resp_1", "ks_1")


@pytest.mark.parametrize("name", ["id", "session_id", "knowledge_store_id"])
def test_an_id_that_changes_in_the_middle_of_a_stream_stays_the_first_and_a_warning_names_both(name: str) -> None:
    fold = asked()
    take(fold, CREATED)
    first = CREATED["response"][name]
    with pytest.warns(UserWarning, match=f"its {name} {first} and later other_1; the first holds"):
        take(fold, {"type": "response.in_progress", "response": {name: "other_1"}})
    # Not once more: a stream may name one with each event.
    take(fold, completed(final("Two."), **{name: "other_2"}))
    assert fold.response.model_dump()[name] == first


def test_the_terminal_response_is_the_final_one_with_the_ids_it_lacks() -> None:
    fold = asked()
    take(fold, CREATED, completed(message("Two goals."), created_at="2026-08-01T09:00:14Z"))
    assert fold.response == Response(
        id="resp_1",
        status="completed",
        session_id="sess_1",
        knowledge_store_id="ks_1",
        created_at="2026-08-01T09:00:14Z",
        output=(Message(content=(OutputText(text="Two goals."),)),),
    )


@pytest.mark.parametrize("terminal", [completed(), {"type": "response.completed", "response": {"status": "completed"}}])
def test_a_terminal_response_without_output_has_the_items_that_streamed(terminal: JSON) -> None:
    fold = asked()
    ended = commentary("Looking.", status="completed")
    take(fold, added(commentary(), output_index=0), done(ended, output_index=0))
    take(fold, added(final(), output_index=2), delta("Two goals.", output_index=2))
    assert take(fold, terminal) == []
    assert fold.response.text == "Two goals."
    assert fold.response.output == (
        Message(phase="commentary", status="completed", content=(OutputText(text="Looking."),)),
        Message(phase="final_answer", content=(OutputText(text="Two goals."),)),
    )


@pytest.mark.parametrize("terminal", [completed(), {"type": "response.completed"}])
def test_an_output_from_before_the_end_is_not_the_final_one(terminal: JSON) -> None:
    fold = asked()
    take(fold, {"type": "response.in_progress", "response": {"output": [final("Two ")]}}, added(final()))
    assert take(fold, delta("Two "), delta("goals.")) == [answer("Two "), answer("goals.")]
    assert take(fold, terminal) == []
    assert fold.response.text == "Two goals."


def test_a_terminal_response_without_output_releases_what_was_held_back() -> None:
    fold = asked()
    take(fold, delta("Looking.", output_index=0), delta("Two goals.", output_index=1))
    assert take(fold, completed()) == [comment("Looking."), answer("Two goals.", 1)]
    assert fold.response.text == "Two goals."


@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_a_terminal_event_without_a_response_ends_what_streamed(status: str) -> None:
    fold = asked()
    take(fold, CREATED, delta("Two goals."))
    assert fold.ended is False
    assert take(fold, {"type": f"response.{status}"}) == [answer("Two goals.")]
    assert fold.ended is True
    assert (fold.response.status, fold.response.id, fold.response.text) == (status, "resp_1", "Two goals.")


@pytest.mark.parametrize("event_type", ["response.completed", "response.incomplete"])
def test_an_incomplete_response_is_no_error_and_has_its_text_and_reason(event_type: str) -> None:
    fold = asked()
    cut_short = {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [message("Two")],
    }
    assert take(fold, {"type": event_type, "response": cut_short}) == [answer("Two")]
    fold.close()
    assert (fold.response.status, fold.response.text) == ("incomplete", "Two")
    assert fold.response.incomplete_details is not None
    assert fold.response.incomplete_details.reason == "max_output_tokens"


def test_annotations_are_on_the_response_before_their_part_is_complete() -> None:
    fold = asked()
    place = {"output_index": 0, "content_index": 0}
    found = {"type": "video_citation", "start_index": 4, "end_index": 6, "item_id": "ksi_1"}
    note: JSON = {"type": "response.output_text.annotation.added", **place}
    take(fold, delta("Two [1].", **place), note, {**note, "annotation": found})
    citation = Annotation(type="video_citation", start_index=4, end_index=6, item_id="ksi_1")
    assert fold.response.reply[0].content == (OutputText(text="Two [1].", annotations=(citation,)),)


def test_a_complete_part_is_on_the_response_as_it_came_known_or_not() -> None:
    fold = asked()
    ended: JSON = {"type": "response.content_part.done", "output_index": 0}
    take(fold, {**ended, "content_index": 0, "part": {"type": "output_text", "text": "Two.", "annotations": []}})
    take(
        fold,
        {**ended, "content_index": 1, "part": {"type": "refusal", "refusal": "No."}},
        {**ended, "content_index": 1},
    )
    take(
        fold,
        {"type": "response.content_part.added", "output_index": 0, "content_index": 1, "part": {"type": "refusal"}},
    )
    refusal = UnknownPart.model_validate({"type": "refusal", "refusal": "No."})
    assert fold.response.reply[0].content == (OutputText(text="Two."), refusal)


def test_a_message_without_parts_has_the_content_that_it_was_announced_with() -> None:
    fold = asked()
    take(fold, added(message("Two"), output_index=0))
    assert fold.response.text == "Two"


def test_the_arguments_of_a_function_call_grow_and_are_then_replaced() -> None:
    fold = asked()
    growing: JSON = {"type": "response.function_call_arguments.delta", "output_index": 0}
    ended: JSON = {"type": "response.function_call_arguments.done", "output_index": 0}
    take(fold, added({"type": "function_call", "name": "search"}, output_index=0))
    assert fold.response.output == (FunctionCall(name="search"),)
    assert take(fold, {**growing, "delta": '{"q":'}, {**growing, "delta": '"go'}, ended) == []
    assert fold.response.output == (FunctionCall(name="search", arguments='{"q":"go'),)
    take(fold, {**ended, "arguments": '{"q":1}'})
    assert fold.response.output == (FunctionCall(name="search", arguments='{"q":1}'),)


def test_a_complete_item_is_on_the_response_as_it_came() -> None:
    fold = asked()
    take(fold, done({"type": "function_call", "name": "search", "arguments": "{}"}, output_index=0))
    take(fold, added({"type": "example:map"}, output_index=1), {"type": "response.output_item.added"})
    assert fold.response.output == (FunctionCall(name="search", arguments="{}"), UnknownItem(type="example:map"))


def test_an_item_of_which_only_arguments_have_come_is_of_an_unknown_kind() -> None:
    fold = asked()
    take(fold, {"type": "response.function_call_arguments.delta", "delta": "{", "output_index": 0})
    assert fold.response.output == (UnknownItem(),)


# -- failures ------------------------------------------------------------------------------------------------------


def test_a_stream_that_ends_before_its_terminal_event_is_interrupted_with_text_and_ids_so_far() -> None:
    fold = asked()
    take(fold, CREATED, delta("Two "))
    with pytest.raises(StreamInterruptedError, match=r"^the stream ended before the response did \(response") as raised:
        fold.close()
    error = raised.value
    assert (error.text, error.response_id, error.session_id, error.ambiguous) == ("Two ", "resp_1", "sess_1", True)


def test_a_stream_that_has_ended_closes_quietly() -> None:
    fold = asked()
    take(fold, completed(message("Two goals.")))
    fold.close()


@pytest.mark.parametrize(
    ("failure", "code", "explanation"),
    [
        ({"error": {"code": "overloaded", "message": "Busy."}}, "overloaded", "the response failed: overloaded: Busy."),
        (
            {"error": {"type": "server_error"}},
            "server_error",
            "the response failed: server_error: the service gave no reason",
        ),
        ({"code": "overloaded", "message": "Busy."}, "overloaded", "the response failed: overloaded: Busy."),
        ({"code": 500, "message": "Busy."}, "500", "the response failed: 500: Busy."),
        ({"error": "Busy."}, None, "the response failed: Busy."),
        ({}, None, "the response failed: the service gave no reason"),
    ],
)
def test_an_error_event_raises_with_its_reason_and_text_and_ids_so_far(
    failure: JSON, code: str | None, explanation: str
) -> None:
    fold = asked()
    take(fold, CREATED, delta("Two "))
    with pytest.raises(ResponseFailedError) as raised:
        take(fold, {"type": "error", **failure})
    error = raised.value
    assert (error.args, error.code, error.response) == ((explanation,), code, None)
    assert (error.text, error.response_id, error.session_id, error.ambiguous) == ("Two ", "resp_1", "sess_1", True)


@pytest.mark.parametrize("event_type", ["response.failed", "response.completed"])
def test_a_failed_response_raises_with_its_reason_and_text_and_ids_so_far(event_type: str) -> None:
    fold = asked()
    take(fold, CREATED, delta("Two "))
    details = {"status": "failed", "output": [], "error": {"code": "overloaded", "message": "Busy."}}
    with pytest.raises(ResponseFailedError, match="the response failed: overloaded: Busy") as raised:
        take(fold, {"type": event_type, "response": details})
    error = raised.value
    assert (error.text, error.response_id, error.session_id, error.ambiguous) == ("Two ", "resp_1", "sess_1", True)
    assert error.response is not None
    assert (error.response.status, error.response.error) == (
        "failed",
        FailureDetails(code="overloaded", message="Busy."),
    )


@pytest.mark.parametrize("status", ["in_progress", "completed"])
def test_an_event_that_says_failed_is_a_failure_whatever_status_its_response_has(status: str) -> None:
    with pytest.raises(ResponseFailedError) as raised:
        take(asked(), {"type": "response.failed", "response": {"status": status, "output": [final("Two.")]}})
    assert raised.value.text == "Two."


def test_a_failure_without_a_response_or_a_reason_says_so() -> None:
    fold = asked()
    take(fold, CREATED, delta("Two "))
    with pytest.raises(ResponseFailedError, match="the service gave no reason") as raised:
        take(fold, {"type": "response.failed"})
    assert (raised.value.text, raised.value.response_id, raised.value.code) == ("Two ", "resp_1", None)
    assert raised.value.response is not None
    assert raised.value.response.status == "failed"


def test_the_error_of_a_failed_response_has_its_text_and_ids() -> None:
    error = failed(Response(id="resp_1", session_id="sess_1", output=(Message(content=(OutputText(text="Two"),)),)))
    assert (error.text, error.response_id, error.session_id, error.ambiguous) == ("Two", "resp_1", "sess_1", True)


def test_an_error_keeps_the_text_and_ids_that_it_has() -> None:
    fold = asked()
    take(fold, CREATED, delta("Two "))
    error = fold.with_text_so_far(ProtocolError("odd", text="One ", response_id="resp_0", session_id="sess_0"))
    assert (error.text, error.response_id, error.session_id, error.ambiguous) == ("One ", "resp_0", "sess_0", True)
