from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelabs_responses._citations import Citation
from twelvelabs_responses._claims import claims


def cited(start: int | None, end: int | None) -> Citation:
    return Citation(kind="video", start=start, end=end)


def marked(text: str) -> list[Citation]:
    """Return a citation for each `[1]`, `[2]`, ... in the text."""
    places = [text.index(f"[{number}]") for number in range(1, 4) if f"[{number}]" in text]
    return [cited(start, start + 3) for start in places]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One [1]. Two [2].", ["One [1].", "Two [2]."]),
        ("One. [1] Two. [2]", ["One. [1]", "Two. [2]"]),
        ("One.[1][2] Two.", ["One.[1][2]", "One.[1][2]"]),
        ("“One!” [1] Two", ["“One!” [1]"]),
        ("- One [1]\n- Two [2]", ["- One [1]", "- Two [2]"]),
        ("At 1:04.5 in take v1.2 [1]. Two", ["At 1:04.5 in take v1.2 [1]."]),
        ("進球了。[1]守門員撲救 [2]。完", ["進球了。[1]", "守門員撲救 [2]。"]),
        ("[1]", ["[1]"]),
        ("Zero. One\n[1]", ["[1]"]),
    ],
)
def test_a_claim_is_the_sentence_that_the_marker_stands_in(text: str, sentences: list[str]) -> None:
    assert claims(text, marked(text)) == sentences


def test_a_full_stop_in_a_marker_ends_no_sentence() -> None:
    text = 'Two <vref id="a. b" end="0:12.5"></vref> late. Then more.'
    assert claims(text, [cited(4, 40)]) == ['Two <vref id="a. b" end="0:12.5"></vref> late.']


@pytest.mark.parametrize(("text", "citation"), [("One. Two.", cited(None, None)), ("One.", cited(4, 4))])
def test_without_a_marker_in_a_sentence_there_is_no_claim(text: str, citation: Citation) -> None:
    assert claims(text, [citation]) == [None]


@given(st.text(alphabet='a1. \n!。”"\u2028[]', max_size=40), st.integers(0, 40), st.integers(1, 10))
def test_a_claim_is_a_piece_of_the_text_that_holds_the_marker(text: str, start: int, length: int) -> None:
    if start + length > len(text):
        return
    (claim,) = claims(text, [cited(start, start + length)])
    assert claim is not None
    assert claim in text
    assert text[start : start + length].strip() in claim


def test_a_long_row_of_markers_is_read_in_no_time() -> None:
    text = "One." + "[1]" * 20_000 + "x"
    assert len(claims(text, [cited(4 + 3 * number, 7 + 3 * number) for number in range(50)])) == 50


@pytest.mark.parametrize("stops", [".", "!?", '."', ". \ufffc", "。", "。x"])
def test_a_hundred_thousand_full_stops_are_read_in_no_time(stops: str) -> None:
    text = stops * (100_000 // len(stops)) + "x"
    assert len(claims(text, [cited(9, 12)])) == 1


def test_a_lone_full_stop_is_no_sentence_and_a_row_of_them_is_one() -> None:
    assert claims(". a [1]. ... b [2]", marked(". a [1]. ... b [2]")) == [". a [1].", "b [2]"]


def test_twenty_thousand_markers_are_read_in_no_time_also_if_each_is_the_whole_text() -> None:
    text = "One [1]. " * 20_000
    assert len(claims(text, [cited(9 * number + 4, 9 * number + 7) for number in range(20_000)])) == 20_000
    assert claims(text, [cited(0, len(text))] * 20_000) == [text.strip()] * 20_000
