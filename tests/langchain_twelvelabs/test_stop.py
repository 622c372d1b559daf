from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_twelvelabs._stop import StopSequences
from twelvelabs_responses import InvalidArgumentError, Message, Response, TextPiece


def shown(sequences: list[str], texts: list[str]) -> list[str]:
    """Return what is shown of an answer that comes in these pieces, as it is shown."""
    stop = StopSequences(sequences)
    pieces = [stop.pieces([TextPiece(text, 0, 0, is_answer=True)]) for text in texts]
    return ["".join(piece.text for piece in some) for some in [*pieces, stop.pieces([], at_end=True)]]


def message(*texts: str, phase: str | None = "final_answer", **annotation: Any) -> Message:
    parts: list[dict[str, Any]] = [{"type": "output_text", "text": text} for text in texts]
    if annotation:
        parts[0]["annotations"] = [{"type": "video_citation", "item_id": "ksi_1", **annotation}]
    return Message.model_validate({"phase": phase, "content": parts})


def response(*output: Message) -> Response:
    return Response(output=output, status="completed")


def test_the_text_is_cut_before_the_first_stop_sequence() -> None:
    assert shown(["END", "."], ["One goal. Two END"]) == ["One goal", ""]


@pytest.mark.parametrize("sequences", ["END", [1], [None]])
def test_what_is_no_list_of_strings_is_refused(sequences: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^stop: got"):
        StopSequences(sequences)


def test_what_may_be_the_start_of_a_stop_sequence_is_held_back_until_it_is_known() -> None:
    assert shown(["END"], ["goal E", "N", "OUGH", " E", "ND more", " and more"]) == [
        "goal ",
        "",
        "ENOUGH",
        " ",
        "",
        "",
        "",
    ]


def test_what_is_still_held_back_at_the_end_is_shown() -> None:
    assert shown(["END"], ["goal EN"]) == ["goal ", "EN"]


def test_a_sequence_inside_of_a_longer_one_waits_until_the_longer_one_is_known() -> None:
    assert shown(["b", "abab"], ["aba", "b"]) == ["", "", ""]
    assert shown(["b", "abab"], ["aba", "a"]) == ["", "a", ""]
    assert shown(["b", "abab"], ["aba"]) == ["", "a"]


@pytest.mark.parametrize("sequences", [[], [""]])
def test_without_stop_sequences_everything_is_shown_as_it_comes(sequences: list[str]) -> None:
    assert shown(sequences, ["One", " goal"]) == ["One", " goal", ""]
    assert StopSequences(sequences).response(response(message("One goal"))).text == "One goal"


def test_commentary_passes_uncut_and_keeps_its_place() -> None:
    stop = StopSequences(["goal"])
    pieces = [TextPiece("Looking for a goal.", 0, 0, is_answer=False), TextPiece("A goal!", 1, 0, is_answer=True)]
    assert stop.pieces(pieces) == [pieces[0], TextPiece("A ", 1, 0, is_answer=True)]


def test_a_piece_that_is_held_back_keeps_the_part_it_belongs_to() -> None:
    stop = StopSequences(["||"])
    assert stop.pieces([TextPiece("a|", 0, 0, is_answer=True)]) == [TextPiece("a", 0, 0, is_answer=True)]
    assert stop.pieces([TextPiece("b", 0, 1, is_answer=True)]) == [
        TextPiece("|", 0, 0, is_answer=True),
        TextPiece("b", 0, 1, is_answer=True),
    ]


def test_a_response_is_cut_in_its_reply_alone() -> None:
    cut = StopSequences([". "]).response(
        response(message("Looking. So.", phase="commentary"), message("Two. Kim", " and Jo"))
    )
    assert [item.text for item in cut.output if isinstance(item, Message)] == ["Looking. So.", "Two"]
    assert cut.text == "Two"


def test_a_response_is_cut_across_messages_and_parts() -> None:
    whole = response(message("One ", "goal"), message(" STOP ", "more"))
    assert StopSequences(["STOP"]).response(whole).text == "One goal "


def test_a_response_without_the_sequence_is_the_same_object() -> None:
    whole = response(message("Two goals."))
    assert StopSequences(["END"]).response(whole) is whole


def test_citations_behind_the_cut_are_left_out_and_those_before_it_kept() -> None:
    kept = response(message("Two [1]. END", start_index=4, end_index=6))
    dropped = response(message("Two END [1].", start_index=8, end_index=10))
    stop = StopSequences(["END"])
    assert [found.item_id for found in stop.response(kept).citations] == ["ksi_1"]
    assert stop.response(dropped).citations == ()


def test_parts_and_annotations_of_unknown_kinds_stay() -> None:
    odd = Message.model_validate(
        {
            "content": [
                {"type": "hologram"},
                {"type": "output_text", "text": "Two END", "annotations": [{"type": "x"}, 7]},
            ]
        }
    )
    cut = StopSequences(["END"]).response(response(odd))
    assert cut.text == "Two "
    (kept,) = cut.output
    assert isinstance(kept, Message)
    assert kept.content[0].type == "hologram"
    assert len(kept.content) == 2


LETTERS = st.text("ab", max_size=12)


@settings(deadline=None, max_examples=300)
@given(texts=st.lists(LETTERS, max_size=6), sequences=st.lists(st.text("ab", min_size=1, max_size=4), max_size=3))
def test_a_stream_shows_what_the_whole_answer_shows_however_it_is_cut(texts: list[str], sequences: list[str]) -> None:
    whole = StopSequences(sequences).response(response(message("".join(texts))))
    assert "".join(shown(sequences, texts)) == whole.text
