from __future__ import annotations

from typing import Any

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


def test_the_content_is_the_sentence_that_the_marker_stands_in() -> None:
    documents = to_documents(marked("One [1]. Two [2]."))
    assert [document.page_content for document in documents] == ["One [1].", "Two [2]."]


def test_the_id_is_the_same_each_time_and_of_one_citation_alone() -> None:
    twice = [[document.id for document in to_documents(marked("One [1]. Two [2]."))] for _ in range(2)]
    assert twice[0] == twice[1] == ["79526cd1-a784-502b-9a6a-21bfae2ffb51", "32b67fa4-1e70-5423-8942-8852da37f667"]
    other = to_documents(marked("One [1].").model_copy(update={"response_metadata": {"model_provider": "twelvelabs"}}))
    assert other[0].id not in twice[0]
