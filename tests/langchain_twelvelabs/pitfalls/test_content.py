"""What of an answer is lost, shown as something else, or in another shape than expected: pitfalls 6-9, 23, 26."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from langchain_twelvelabs import citations
from langchain_twelvelabs.testing import QUESTION, check_equal_on_every_path
from tests.langchain_twelvelabs.scripted_answers import (
    ANSWERS,
    LONG,
    MODES,
    PLAIN,
    documented,
    message,
    models,
    sliced_by_blocks,
    streamed,
    text,
)
from tests.langchain_twelvelabs.ways import WAYS, ask

if TYPE_CHECKING:
    from tests.wire_strategies import Told

# LangChain's own word about its third protocol.
pytestmark = pytest.mark.filterwarnings("ignore:The method .* is in beta")


class Goals(BaseModel):
    """Who scored."""

    scorers: list[str] = []
    count: int | None = None


JSON_ANSWER = streamed(
    message("commentary", text("Looking for goals in 3 clips.")),
    message("musing", text('{"scorers": ["nobody"]}')),
    message("final_answer", text('{"scorers": ["Kim", "Lee"], "count": 2}'), id="msg_2"),
)


# langchain #36290, openai-python #3859
@pytest.mark.parametrize("mode", MODES)
def test_commentary_is_no_part_of_the_text_so_a_typed_answer_is_read_from_the_reply_alone(mode: str) -> None:
    for answer in check_equal_on_every_path(models(JSON_ANSWER, mode)).by_path.values():
        assert answer.text == '{"scorers": ["Kim", "Lee"], "count": 2}'
    typed = models(JSON_ANSWER, mode)().with_structured_output(Goals)
    assert typed.invoke(QUESTION) == Goals(scorers=["Kim", "Lee"], count=2)
    assert list(typed.stream(QUESTION))[-1] == Goals(scorers=["Kim", "Lee"], count=2)


# agent-framework #5029, openai-agents-python #4252, litellm #13777
@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        pytest.param(mode, answer, id=f"{name}-{mode}")
        for mode in MODES
        for name, answer in ANSWERS.items()
        if documented(answer, mode)
    ],
)
def test_an_answer_cites_the_same_streamed_or_whole_on_every_path(mode: str, answer: Told) -> None:
    for path, given_answer in check_equal_on_every_path(models(answer, mode)).by_path.items():
        markers = ["[1]", "[2]", "[3]", "[4]"] if answer is LONG else ["[1]"]
        assert sliced_by_blocks(given_answer) == markers, path
        found = citations(given_answer)
        assert [given_answer.text[citation.start : citation.end] for citation in found] == markers, path


# chatlas #388
@pytest.mark.parametrize("mode", MODES)
def test_a_citation_spans_its_marker_and_claims_no_cited_text(mode: str) -> None:
    for answer in check_equal_on_every_path(models(PLAIN, mode)).by_path.values():
        (block,) = answer.content_blocks
        assert block["type"] == "text"
        (annotation,) = block["annotations"]
        assert annotation["type"] == "citation"
        assert "cited_text" not in annotation
        assert block["text"][annotation["start_index"] : annotation["end_index"]] == "[1]"


# vercel/ai #15757. The URL is signed and expires, which `citations` says; leaving it out of what is stored is not
# offered.
@pytest.mark.parametrize("mode", MODES)
def test_a_citation_has_the_url_and_title_that_interfaces_read_and_the_rest_in_extras(mode: str) -> None:
    cited = text("Two [1].", "[1]", title="Final", hls_url="https://example.com/a", start_sec=1.5, end_sec=9.0)
    for answer in check_equal_on_every_path(models(streamed(message(None, cited)), mode)).by_path.values():
        (block,) = answer.content_blocks
        assert block["type"] == "text"
        annotation: dict[str, Any] = {**block["annotations"][0]}
        assert (annotation["url"], annotation["title"]) == ("https://example.com/a", "Final")
        extras = annotation["extras"]
        assert (extras["item_id"], extras["start_sec"], extras["end_sec"]) == ("ksi_1", 1.5, 9.0)


# n8n #34928, langchainjs #10447
@WAYS
@pytest.mark.parametrize("answer", [LONG, PLAIN, streamed(message(None, text("No.")))])
def test_configuration_and_never_the_answer_decides_whether_content_is_a_string(answer: Told, way: str) -> None:
    shapes = {mode: type(ask(models(answer, mode)(), QUESTION, way).content) for mode in MODES}
    assert shapes == {"default": str, "v1": list, "include": list, "include, v1": list}


# langchain #29860, langchain-google #782, langchain-aws #1042
@pytest.mark.parametrize("schema", [Goals, Goals.model_json_schema()])
def test_a_typed_answer_comes_in_parts_while_it_is_made(schema: Any) -> None:
    typed = models(JSON_ANSWER, "default")().with_structured_output(schema)

    async def parts() -> list[Any]:
        return [part async for part in typed.astream(QUESTION)]

    for told in (list(typed.stream(QUESTION)), asyncio.run(parts())):
        first, last = (Goals.model_validate(part) for part in (told[0], told[-1]))
        assert len(told) > 1
        assert (first.count, last) == (None, Goals(scorers=["Kim", "Lee"], count=2))
