from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from langchain_twelvelabs import to_documents


def answer(text: str, *citations: dict[str, Any], **facts: str) -> AIMessage:
    return AIMessage(
        text,
        response_metadata={"model_provider": "twelvelabs", "response_id": "resp_1"} | facts,
        additional_kwargs={"citations": [{"kind": "video", **citation} for citation in citations]},
    )


def marked(text: str) -> AIMessage:
    """Return an answer that cites at each `[1]`, `[2]`, ... in it."""
    places = [(text.index(f"[{number}]"), number) for number in range(1, 4) if f"[{number}]" in text]
    return answer(text, *({"start": start, "end": start + 3, "item_id": f"ksi_{number}"} for start, number in places))


def test_a_document_says_where_to_look_and_what_the_answer_says_of_it() -> None:
    cited = {"item_id": "ksi_1", "start_sec": 1.5, "end_sec": 9.0, "title": "Final"}
    urls = {"hls_url": "https://example.com/a.m3u8", "thumbnail_url": "https://example.com/a.jpg"}
    (document,) = to_documents(answer("Yes. 🥅 Two [1]. Both late.", {**cited, **urls, "start": 11, "end": 14}))
    assert document.page_content == "🥅 Two [1]."
    assert document.metadata == {
        "kind": "video",
        "item_id": "ksi_1",
        "start_sec": 1.5,
        "end_sec": 9.0,
        "title": "Final",
        "hls_url": "https://example.com/a.m3u8",
        "thumbnail_url": "https://example.com/a.jpg",
        "marker": "[1]",
        "response_id": "resp_1",
    }


def test_what_is_unknown_is_left_out() -> None:
    (document,) = to_documents(
        AIMessage(
            "Two.",
            response_metadata={"model_provider": "twelvelabs"},
            additional_kwargs={"citations": [{"kind": "collection", "collection_id": "ksic_1"}]},
        )
    )
    assert document.metadata == {"kind": "collection", "collection_id": "ksic_1"}


def test_without_a_marker_it_is_the_whole_answer() -> None:
    (document,) = to_documents(answer("One. Two.", {"item_id": "ksi_1"}))
    assert document.page_content == "One. Two."


def test_an_answer_that_cites_nothing_gives_no_documents() -> None:
    assert to_documents(answer("Nothing.")) == []
    assert to_documents(AIMessage("Hello [1].")) == []


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
def test_the_content_is_the_sentence_that_the_marker_stands_in(text: str, sentences: list[str]) -> None:
    assert [document.page_content for document in to_documents(marked(text))] == sentences


def test_a_full_stop_in_a_marker_ends_no_sentence() -> None:
    text = 'Two <vref id="a. b" end="0:12.5"></vref> late. Then more.'
    (document,) = to_documents(answer(text, {"start": 4, "end": 40}))
    assert document.page_content == 'Two <vref id="a. b" end="0:12.5"></vref> late.'


def test_the_id_is_the_same_each_time_and_of_one_citation_alone() -> None:
    twice = [[document.id for document in to_documents(marked("One [1]. Two [2]."))] for _ in range(2)]
    assert twice[0] == twice[1] == ["79526cd1-a784-502b-9a6a-21bfae2ffb51", "32b67fa4-1e70-5423-8942-8852da37f667"]
    other = to_documents(marked("One [1].").model_copy(update={"response_metadata": {"model_provider": "twelvelabs"}}))
    assert other[0].id not in twice[0]


@given(st.text(alphabet='a1. \n!。”"\u2028[]', max_size=40), st.integers(0, 40), st.integers(1, 10))
def test_the_content_is_a_piece_of_the_answer_that_holds_the_marker(text: str, start: int, length: int) -> None:
    end = start + length
    if end > len(text):
        return
    (document,) = to_documents(answer(text, {"start": start, "end": end}))
    assert document.page_content in text
    assert text[start:end].strip() in document.page_content


def test_a_long_row_of_markers_is_read_in_no_time() -> None:
    text = "One." + "[1]" * 20_000 + "x"
    places = ({"start": 4 + 3 * number, "end": 7 + 3 * number} for number in range(50))
    assert len(to_documents(answer(text, *places))) == 50
