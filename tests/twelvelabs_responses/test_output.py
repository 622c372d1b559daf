from __future__ import annotations

import pytest

from twelvelabs_responses._citations import Annotation
from twelvelabs_responses._errors import ProtocolError
from twelvelabs_responses._output import GrowingOutput, Item, Part
from twelvelabs_responses._response import (
    FunctionCall,
    FunctionCallOutput,
    Message,
    OutputItem,
    OutputText,
    UnknownItem,
    UnknownPart,
)


def message(text: str | None = None, phase: str | None = None, item_id: str | None = None) -> Message:
    return Message(id=item_id, phase=phase, content=() if text is None else (OutputText(text=text),))


def part(text: str, taken: int = 0) -> Part:
    growing = Part(0, taken=taken)
    growing.text.write(text)
    return growing


def tell(output: GrowingOutput, index: int, text: str, phase: str | None = None, item_id: str | None = None) -> Item:
    item = output.begun(index, item_id)
    item.begin(message(phase=phase, item_id=item_id))
    item.part(0).text.write(text)
    item.part(0).take()
    return item


def indices(output: GrowingOutput, *final: OutputItem) -> list[int]:
    return [item.index for item in output.end(final)]


# -- parts ---------------------------------------------------------------------------------------------------------


def test_text_is_taken_once() -> None:
    growing = part("Two ")
    assert (growing.take(), growing.take()) == ("Two ", "")
    growing.text.write("goals.")
    assert (growing.take(), growing.taken) == ("goals.", 10)


def test_the_whole_text_adds_what_the_deltas_missed() -> None:
    growing = part("Two ")
    assert growing.take() == "Two "
    growing.fill("Two goals.")
    assert growing.take() == "goals."
    growing.fill("Two goals.")
    assert growing.take() == ""


def test_text_that_has_been_taken_is_not_taken_back() -> None:
    growing = part("Two gaols.")
    assert growing.take() == "Two gaols."
    growing.fill("Two goals!!")
    growing.fill("Two")
    assert (growing.take(), growing.text.getvalue()) == ("", "Two gaols.")


@pytest.mark.parametrize("whole", ["Two goals.", "Two", ""])
def test_text_that_nobody_has_taken_is_put_right(whole: str) -> None:
    growing = part("Two gaols.")
    growing.fill(whole)
    assert growing.take() == whole


def test_line_ends_stay_as_they_are() -> None:
    growing = part("a\r\nb\rc\n\u2028d")
    growing.fill("a\r\nb\rc\n\u2028de\r\n")
    assert growing.take() == "a\r\nb\rc\n\u2028de\r\n"


def test_a_part_stands_with_its_text_and_annotations_until_it_is_complete() -> None:
    growing, citation = part("Two [1]."), Annotation(type="video_citation", start_index=4, end_index=6)
    growing.annotations.append(citation)
    assert growing.content_part() == OutputText(text="Two [1].", annotations=(citation,))
    growing.end(OutputText(text="Two [1]. Yes."))
    assert growing.content_part() == OutputText(text="Two [1]. Yes.")
    assert growing.take() == "Two [1]. Yes."


def test_a_complete_part_of_an_unknown_kind_is_kept_as_it_came() -> None:
    growing = Part(0)
    growing.end(UnknownPart(type="refusal"))
    assert (growing.content_part(), growing.take()) == (UnknownPart(type="refusal"), "")


# -- one item ------------------------------------------------------------------------------------------------------


def test_a_part_without_an_index_is_the_first_one() -> None:
    item = Item(0)
    assert item.part(None) is item.part(0)
    assert item.part(1) is not item.part(0)


def test_parts_stand_in_the_order_of_the_content_whichever_came_first() -> None:
    item = Item(0)
    item.part(1).text.write("goals.")
    item.part(0).text.write("Two ")
    assert [growing.index for growing in item.parts_in_order()] == [0, 1]
    content = (OutputText(text="Two "), OutputText(text="goals."))
    assert item.output_item() == Message(role="assistant", status="in_progress", content=content)


def test_a_message_grows_from_what_it_was_announced_with() -> None:
    item = Item(0)
    item.begin(message("Two", "final_answer", "msg_1"))
    assert item.output_item() == message("Two", "final_answer", "msg_1")
    item.part(0).text.write("Two goals.")
    assert item.output_item() == message("Two goals.", "final_answer", "msg_1")


def test_a_complete_message_is_as_it_came_and_its_parts_have_its_text() -> None:
    item = Item(0)
    item.part(0).text.write("Two ")
    ended = Message(content=(OutputText(text="Two goals."), UnknownPart(type="refusal"), OutputText(text="Yes.")))
    item.end(ended)
    assert item.output_item() is ended
    assert [(growing.index, growing.take()) for growing in item.parts_in_order()] == [(0, "Two goals."), (2, "Yes.")]


def test_a_complete_message_and_its_parts_keep_one_text_between_them() -> None:
    item, ended = Item(0), message("Two goals.")
    item.part(0).end(OutputText(text="Two goals."))
    item.end(ended)
    assert item.part(0).done is ended.content[0]


def test_a_message_that_is_announced_again_has_still_its_text() -> None:
    item = Item(0)
    item.end(message("Two goals.", "final_answer"))
    item.begin(message(None, "final_answer"))
    assert item.output_item() == message("Two goals.", "final_answer")


def test_a_phase_stays_known_when_the_end_does_not_repeat_it() -> None:
    item = Item(0)
    item.begin(message(phase="commentary"))
    item.end(message("Looking."))
    assert item.phase == "commentary"


@pytest.mark.parametrize(
    ("known", "expected"),
    [(None, True), (Message(), True), (FunctionCall(), False), (UnknownItem(), False)],
)
def test_what_was_never_announced_is_taken_for_a_message(known: OutputItem | None, expected: bool) -> None:
    assert Item(0, known=known).is_message is expected


def test_the_arguments_of_a_function_call_grow_until_it_is_complete() -> None:
    item = Item(0)
    item.begin(FunctionCall(name="search"))
    assert item.output_item() == FunctionCall(name="search")
    item.arguments.write('{"q":')
    assert item.output_item() == FunctionCall(name="search", arguments='{"q":')
    item.end(FunctionCall(name="search", arguments="{}"))
    assert item.output_item() == FunctionCall(name="search", arguments="{}")


def test_an_item_of_which_nothing_but_arguments_came_is_of_an_unknown_kind() -> None:
    item = Item(0)
    item.arguments.write("{")
    assert item.output_item() == UnknownItem()


# -- the item of an event ------------------------------------------------------------------------------------------


def test_an_index_tells_items_apart_even_if_they_share_an_id() -> None:
    output = GrowingOutput()
    first, second = output.begun(0, "msg_1"), output.begun(2, "msg_1")
    assert (first.index, second.index) == (0, 2)
    assert (output.item(0, "msg_1"), output.item(2, "msg_1")) == (first, second)


def test_without_an_index_the_id_tells_items_apart() -> None:
    output = GrowingOutput()
    first, second = output.begun(None, "a"), output.begun(7, "b")
    assert (output.item(None, "a"), output.item(None, "b")) == (first, second)
    assert (first.index, second.index) == (0, 7)


def test_what_names_no_item_goes_on_with_the_newest_one() -> None:
    output = GrowingOutput()
    assert output.item(None, None).index == 0
    newest = output.begun(None, None)
    assert newest.index == 1
    assert output.item(None, None) is newest


def test_an_id_names_the_newest_item_if_that_has_none_and_else_begins_an_item() -> None:
    output = GrowingOutput()
    unnamed = output.begun(None, None)
    assert output.item(None, "a") is unnamed
    assert output.item(None, "b").index == 1
    assert output.item(None, "a") is unnamed


def test_an_item_that_is_announced_under_a_known_id_is_that_item() -> None:
    output = GrowingOutput()
    assert output.item(None, "a") is output.begun(None, "a")


def test_an_id_that_changes_with_each_event_takes_no_memory() -> None:
    output = GrowingOutput()
    items = {output.item(0, f"msg_{number}") for number in range(100)}
    assert (len(items), len(output._by_id)) == (1, 1)


def test_the_output_stands_in_the_order_of_the_indices() -> None:
    output = GrowingOutput()
    output.begun(3, None).begin(message("Two."))
    output.begun(1, None).begin(FunctionCallOutput(output="3 clips"))
    assert [item.index for item in output.items()] == [1, 3]
    assert output.output_items() == (FunctionCallOutput(output="3 clips"), message("Two."))


# -- the item of a final message -----------------------------------------------------------------------------------


def test_final_messages_come_in_their_order_after_what_is_none_of_them() -> None:
    output = GrowingOutput()
    output.begun(0, None).begin(FunctionCall())
    tell(output, 1, "One.", item_id="a")
    tell(output, 2, "Two.", item_id="b")
    tell(output, 3, "Left out.", item_id="c")
    assert indices(output, message("Two.", item_id="b"), FunctionCall(), message("One.", item_id="a")) == [0, 3, 2, 1]


@pytest.mark.parametrize("final_id", ["msg_1", "msg_other", None])
@pytest.mark.parametrize("streamed_id", ["msg_1", None])
@pytest.mark.parametrize("so_far", ["Two ", "Two goals."])
def test_a_message_that_streamed_at_another_index_is_found(
    so_far: str, streamed_id: str | None, final_id: str | None
) -> None:
    output = GrowingOutput()
    item = tell(output, 3, so_far, "final_answer", streamed_id)
    final = message("Two goals.", "final_answer", final_id)
    assert output.end([final]) == [item]
    assert item.known is final
    assert so_far + item.part(0).take() == "Two goals."


def test_messages_that_share_an_id_are_told_apart_by_their_text() -> None:
    output = GrowingOutput()
    for index, text in [(0, "One."), (2, "Two."), (4, "Thr")]:
        tell(output, index, text, item_id="msg_1")
    final = [message(text, item_id="msg_1") for text in ("One.", "Two.", "Three.")]
    assert indices(output, *final) == [0, 2, 4]


def test_messages_of_one_text_are_told_apart_by_their_order() -> None:
    output = GrowingOutput()
    tell(output, 0, "Two", item_id="a")
    tell(output, 1, "Two", item_id="b")
    assert indices(output, message("Two", item_id="a"), message("Two goals.", item_id="b")) == [0, 1]


def test_a_message_is_the_one_of_its_id_even_if_its_text_differs() -> None:
    output = GrowingOutput()
    tell(output, 3, "Two gaols.", "final_answer", "a")
    tell(output, 5, "Or three.", "final_answer", "b")
    final = [message("Two goals.", "final_answer", "a"), message("Or three.", "final_answer", "b")]
    assert indices(output, *final) == [3, 5]


def test_a_message_that_ended_otherwise_than_it_streamed_is_found_by_how_it_ended() -> None:
    output = GrowingOutput()
    tell(output, 3, "Two gaols.").end(message("Two goals."))
    assert indices(output, message("Two goals.")) == [3]


@pytest.mark.parametrize("item_id", ["a", None])
def test_a_message_of_another_phase_is_another_message(item_id: str | None) -> None:
    output = GrowingOutput()
    tell(output, 0, "Two", "commentary", item_id)
    assert indices(output, message("Two goals.", "final_answer", item_id)) == [0, 1]


@pytest.mark.parametrize(("streamed", "final"), [(None, "final_answer"), ("final_answer", None)])
@pytest.mark.parametrize("so_far", ["Two ", "Two goals."])
def test_a_phase_that_only_one_side_knows_tells_nothing(so_far: str, streamed: str | None, final: str | None) -> None:
    output = GrowingOutput()
    tell(output, 3, so_far, streamed)
    assert indices(output, message("Two goals.", final)) == [3]


def test_a_streamed_item_is_one_final_message_at_most() -> None:
    output = GrowingOutput()
    tell(output, 3, "One.", item_id="msg_1")
    final = [message("Zero.", item_id="msg_1"), message("One.", item_id="msg_1"), message("Two.", item_id="msg_1")]
    assert indices(output, *final) == [0, 3, 2]


def test_a_message_that_did_not_stream_comes_at_its_position_or_after_all_if_that_is_taken() -> None:
    output = GrowingOutput()
    tell(output, 1, "Two.", item_id="b")
    assert indices(output, message("Zero."), message("One."), message("Two.", item_id="b")) == [0, 2, 1]


def test_a_message_with_no_text_yet_is_not_taken_for_one_that_was_cut_short() -> None:
    output = GrowingOutput()
    tell(output, 0, "Two ", "final_answer", "a")
    output.begun(1, "b").begin(message(None, "final_answer", "b"))
    assert indices(output, message("Two goals.", "final_answer", "c")) == [1, 0]


def test_an_output_that_is_what_streamed_is_found_whole() -> None:
    output = GrowingOutput()
    tell(output, 0, "Two.", "commentary")
    tell(output, 1, "Two gaols.", "final_answer").end(message("Two."))
    output.begun(2, None).begin(message("Three."))
    assert indices(output, *output.output_items()) == [0, 1, 2]


# -- limits --------------------------------------------------------------------------------------------------------


def test_an_answer_of_more_items_parts_or_annotations_than_any_has_is_refused() -> None:
    output, annotation = GrowingOutput(), Annotation(type="video_citation")
    with pytest.raises(ProtocolError, match="more than 100,000 output items"):
        [output.item(index, None) for index in range(100_001)]
    with pytest.raises(ProtocolError, match="more than 1,000 parts in one item"):
        [output.item(0, None).part(index) for index in range(1_001)]
    part = output.item(0, None).part(0)
    for _ in range(100_000):
        part.cite(annotation)
    with pytest.raises(ProtocolError, match="more than 100,000 annotations of one part"):
        part.cite(annotation)


def test_a_short_whole_text_does_not_look_a_long_one_up() -> None:
    growing = part("x" * 1_000_000, taken=1_000_000)
    for _ in range(100_000):
        growing.fill("x")
    assert growing.text.tell() == 1_000_000
