from __future__ import annotations

import json
from dataclasses import asdict
from math import inf, nan
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata

from langchain_twelvelabs._tool_answer import artifact, content
from twelvelabs_responses import Citation

FACTS = {"model_provider": "twelvelabs", "session_id": "sess_1", "response_id": "resp_1", "status": "completed"}


def answer(text: str, *cited: Citation, **facts: Any) -> AIMessage:
    citations = {"citations": [asdict(citation) for citation in cited]} if cited else {}
    return AIMessage(text, additional_kwargs=citations, response_metadata=FACTS | facts)


def goal(start: int | None, end: int | None, **fields: Any) -> Citation:
    known: dict[str, Any] = {"item_id": "ksi_1", "title": "The Derby", "start_sec": 724.0, "end_sec": 751.5}
    return Citation("video", start=start, end=end, **(known | fields))


def test_the_content_is_the_answer_and_a_numbered_list_of_its_sources() -> None:
    message = answer(
        "Goal ⚽ [1]. Wedding [2]. Again [1].",
        goal(7, 10),
        goal(20, 23, title="The\n  Wedding", start_sec=None, end_sec=None),
        goal(31, 34),
    )
    assert content(message) == (
        "Goal ⚽ [1]. Wedding [2]. Again [1].\n\nSources:\n[1] The Derby, 12:04-12:31\n[2] The Wedding"
    )


def test_a_marker_that_is_no_number_is_numbered_in_order() -> None:
    text = 'Goal <vref id="1"/> and a dog<vref id="2"/>.'
    untitled = {"title": None, "item_id": None, "start_sec": nan}
    message = answer(
        text,
        goal(5, 19, title=None),
        goal(29, 43, **untitled, collection_id="ksic_2"),
        goal(None, None, **untitled),
    )
    assert content(message).split("\n\n")[1] == "Sources:\n[1] ksi_1, 12:04-12:31\n[2] ksic_2\n[3] unnamed"


def test_notes_stand_between_the_answer_and_its_sources() -> None:
    assert content(answer("Goal [1].", goal(5, 8)), "", "(A note.)") == (
        "Goal [1].\n\n(A note.)\n\nSources:\n[1] The Derby, 12:04-12:31"
    )


@pytest.mark.parametrize(
    ("details", "reason"), [({"reason": "max_output_tokens"}, "max_output_tokens"), (None, "no reason given")]
)
def test_an_answer_that_was_cut_short_says_so(details: dict[str, str] | None, reason: str) -> None:
    message = answer("Goal", status="incomplete", incomplete_details=details)
    assert content(message) == f"Goal\n\n(Note: the answer was cut short: {reason}.)"


def test_an_empty_answer_says_that_it_is() -> None:
    assert content(answer("")) == "(No answer came.)"


def test_the_artifact_holds_what_a_program_needs() -> None:
    message = answer("Goal [1].", goal(5, 8))
    message.usage_metadata = UsageMetadata(input_tokens=3, output_tokens=4, total_tokens=7)
    assert artifact(message, "ks_1") == {
        "session_id": "sess_1",
        "response_id": "resp_1",
        "knowledge_store_id": "ks_1",
        "citations": [asdict(goal(5, 8))],
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    }


def test_the_artifact_is_json_whatever_times_the_service_made_up() -> None:
    made = artifact(answer("Goal [1].", goal(5, 8, start_sec=nan, end_sec=inf)), "ks_1")
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert (made["citations"][0]["start_sec"], made["citations"][0]["end_sec"]) == (None, None)
    assert made["usage"] is None
