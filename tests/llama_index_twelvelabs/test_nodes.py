from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.schema import MetadataMode, TextNode

from llama_index_twelvelabs._nodes import source_nodes
from twelvelabs_responses import Response

GOAL = {"item_id": "ksi_1", "start_sec": 0.0, "end_sec": 9.5, "title": "Final", "hls_url": "https://example.com/signed"}


def answer(text: str, *annotations: dict[str, Any]) -> Response:
    """Return a response whose annotations cite at `[1]`, `[2]` and so on, as far as the text has them."""
    cited = []
    for number, annotation in enumerate(annotations, start=1):
        start = text.find(f"[{number}]")
        span = {"start_index": start, "end_index": start + 2} if start >= 0 else {}
        cited.append({"type": "video_citation", **span, **annotation})
    content = [{"type": "output_text", "text": text, "annotations": cited}]
    return Response.model_validate({"output": [{"type": "message", "content": content}]})


def nodes_of(text: str, *annotations: dict[str, Any]) -> list[TextNode]:
    found = [each.node for each in source_nodes(answer(text, *annotations))]
    return [node for node in found if isinstance(node, TextNode)]


def test_a_cited_range_is_a_node_that_says_where_it_is_and_what_it_is_cited_for() -> None:
    (node,) = nodes_of("Two. The first is early [1].", GOAL)
    assert (node.id_, node.text, node.ref_doc_id) == ("ksi_1@0.000-9.500", "Final (0:00-0:09)", "ksi_1")
    assert node.metadata == {
        "kind": "video",
        "item_id": "ksi_1",
        "start_sec": 0.0,
        "end_sec": 9.5,
        "title": "Final",
        "hls_url": "https://example.com/signed",
        "markers": ["[1]"],
        "claims": ["The first is early [1]."],
    }


@pytest.mark.parametrize("mode", [MetadataMode.LLM, MetadataMode.EMBED])
def test_links_that_expire_and_the_answers_own_words_are_not_shown_to_models(mode: MetadataMode) -> None:
    (node,) = nodes_of("Early [1].", {**GOAL, "thumbnail_url": "https://example.com/picture"})
    shown = node.get_content(mode)
    assert [part for part in ("Final", "signed", "picture", "[1]", "Early") if part in shown] == ["Final"]


def test_there_is_no_score_as_the_service_gives_none() -> None:
    assert source_nodes(answer("Early [1].", GOAL))[0].score is None


@pytest.mark.parametrize(
    ("annotation", "node_id", "text"),
    [
        ({"item_id": "ksi_1", "title": "Final"}, "ksi_1", "Final"),
        ({"item_id": "ksi_1", "title": "Final", "start_sec": 3.0}, "ksi_1", "Final"),
        ({"item_id": "ksi_1", "title": "Final", "end_sec": 3.0}, "ksi_1", "Final"),
        ({"type": "image_citation", "item_id": "ksi_2"}, "ksi_2", "ksi_2"),
        ({"type": "collection_citation", "collection_id": "ksic_1"}, "ksic_1", "ksic_1"),
    ],
)
def test_what_has_no_range_or_title_goes_by_its_id(annotation: dict[str, Any], node_id: str, text: str) -> None:
    (node,) = nodes_of("Early [1].", annotation)
    assert (node.id_, node.ref_doc_id, node.text) == (node_id, node_id, text)


def test_what_has_no_id_has_no_source() -> None:
    (node,) = nodes_of("Early [1].", {"type": "hologram_citation"})
    assert (node.id_, node.ref_doc_id) == ("hologram_citation", None)


def test_two_markers_of_one_range_are_one_node_and_two_ranges_of_one_video_are_two() -> None:
    later = {"item_id": "ksi_1", "start_sec": 60.0, "end_sec": 70.0, "title": "Final"}
    first, second = nodes_of("Early [1]. Late [2]. Early again [3].", GOAL, later, GOAL)
    assert (first.id_, second.id_) == ("ksi_1@0.000-9.500", "ksi_1@60.000-70.000")
    assert first.metadata["markers"] == ["[1]", "[3]"]
    assert first.metadata["claims"] == ["Early [1].", "Early again [3]."]


def test_a_citation_without_a_marker_is_cited_for_nothing_in_particular() -> None:
    (node,) = nodes_of("Early.", GOAL)
    assert not {"markers", "claims"} & node.metadata.keys()
