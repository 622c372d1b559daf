from __future__ import annotations

import json

import pytest
from llama_index.core.schema import MetadataMode, TextNode

from llama_index_twelvelabs._convert import response_metadata, source_nodes
from twelvelabs_responses import Citation, Response

GOAL = Citation(
    kind="video",
    item_id="ksi_1",
    start_sec=0.0,
    end_sec=9.5,
    title="Final",
    hls_url="https://example.com/signed.m3u8",
    start=4,
    end=7,
)


def node_of(citation: Citation) -> TextNode:
    (found,) = source_nodes([citation])
    assert isinstance(found.node, TextNode)
    return found.node


def test_a_cited_range_is_a_node_that_says_where_it_is() -> None:
    node = node_of(GOAL)
    assert node.id_ == "ksi_1@0.000-9.500"
    assert node.text == "Final (0:00-0:09)"
    assert node.ref_doc_id == "ksi_1"
    assert node.metadata == {
        "kind": "video",
        "item_id": "ksi_1",
        "start_sec": 0.0,
        "end_sec": 9.5,
        "title": "Final",
        "hls_url": "https://example.com/signed.m3u8",
    }


def test_signed_urls_are_not_shown_to_models() -> None:
    node = node_of(GOAL)
    assert "signed" not in node.get_content(MetadataMode.LLM)
    assert "signed" not in node.get_content(MetadataMode.EMBED)


def test_there_is_no_score_as_the_service_gives_none() -> None:
    assert source_nodes([GOAL])[0].score is None


@pytest.mark.parametrize(
    ("citation", "node_id", "text"),
    [
        (Citation(kind="video", item_id="ksi_1", title="Final"), "ksi_1", "Final"),
        (Citation(kind="video", item_id="ksi_1", title="Final", start_sec=3.0), "ksi_1", "Final"),
        (Citation(kind="image", item_id="ksi_2"), "ksi_2", "ksi_2"),
        (Citation(kind="collection", collection_id="ksic_1"), "ksic_1", "ksic_1"),
        (Citation(kind="hologram"), "hologram", "hologram"),
    ],
)
def test_what_has_no_range_or_title_goes_by_its_id(citation: Citation, node_id: str, text: str) -> None:
    node = node_of(citation)
    assert (node.id_, node.text) == (node_id, text)


def test_what_has_no_id_has_no_source() -> None:
    assert node_of(Citation(kind="hologram")).ref_doc_id is None


def test_two_markers_of_one_range_are_one_node_and_two_ranges_of_one_video_are_two() -> None:
    again = Citation(kind="video", item_id="ksi_1", start_sec=0.0, end_sec=9.5, title="Final", start=20, end=23)
    later = Citation(kind="video", item_id="ksi_1", start_sec=60.0, end_sec=70.0, title="Final")
    assert [found.node.node_id for found in source_nodes([GOAL, later, again])] == [
        "ksi_1@0.000-9.500",
        "ksi_1@60.000-70.000",
    ]


def test_metadata_is_never_empty() -> None:
    assert response_metadata(Response()) == {"status": "in_progress"}


def test_metadata_is_flat_and_json() -> None:
    response = Response.model_validate(
        {
            "id": "resp_1",
            "status": "incomplete",
            "session_id": "sess_1",
            "knowledge_store_id": "ks_1",
            "incomplete_details": {"reason": "max_output_tokens"},
            "usage": {"input_tokens": 9, "output_tokens": 4},
            "created_at": "2026-08-01T09:00:00Z",
            "output": [
                {
                    "type": "message",
                    "content": [{"type": "output_text", "text": '<vref id="1" start="00:03" end="00:09"/>'}],
                }
            ],
        }
    )
    metadata = response_metadata(response)
    assert json.loads(json.dumps(metadata)) == metadata
    assert metadata["incomplete_details"] == {"reason": "max_output_tokens"}
    assert metadata["usage"] == {"input_tokens": 9, "output_tokens": 4}
    assert metadata["citations"][0]["item_id"] == "ksi_1"
    assert (metadata["session_id"], metadata["response_id"], metadata["status"]) == ("sess_1", "resp_1", "incomplete")
