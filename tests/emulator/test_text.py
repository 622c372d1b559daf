from __future__ import annotations

from twelvelabs_responses.emulator._answer import Segment
from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._library import Collection, Moment
from twelvelabs_responses.emulator._text import Text, text_of

LATEST, JULY = era_named("latest"), era_named("july")
VIDEO = Moment("ksi_1", "Match", "video", 65.0, 80.5, "", "")
LATE = Moment("ksi_1", "Match", "video", 3725.0, 3740.0, "", "")
IMAGE = Moment("ksi_2", "Poster", "image", None, None, "", "")
SEASON = Collection("ksic_3", "Season", ("ksi_1",))


def test_a_marker_follows_the_words_it_belongs_to() -> None:
    text = text_of([Segment("A 🎬 goal", VIDEO), Segment(" and\n", None), Segment("more ", IMAGE)], LATEST)
    assert text.text == "A 🎬 goal [1] and\nmore [2]"
    assert [(each["start_index"], each["end_index"]) for each in text.annotations] == [(9, 11), (22, 24)]


def test_the_last_index_is_the_markers_own() -> None:
    text = text_of([Segment("Goal", VIDEO)], LATEST)
    start, end = text.annotations[0]["start_index"], text.annotations[0]["end_index"]
    assert (text.text, start, end) == ("Goal [1]", 5, 7)


def test_a_video_citation_has_times_and_urls() -> None:
    [citation] = text_of([Segment("Goal", VIDEO)], LATEST).annotations
    thumbnail, hls = str(citation.pop("thumbnail_url")), str(citation.pop("hls_url"))
    assert citation == {
        "type": "video_citation",
        "start_index": 5,
        "end_index": 7,
        "item_id": "ksi_1",
        "start_sec": 65.0,
        "end_sec": 80.5,
        "title": "Match",
    }
    assert thumbnail.startswith("https://example.com/thumbnails/ksi_1.jpg?expires=")
    assert hls.startswith("https://example.com/hls/ksi_1.m3u8?expires=")


def test_an_image_citation_has_neither_times_nor_a_stream() -> None:
    [citation] = text_of([Segment("Poster", IMAGE)], LATEST).annotations
    assert citation["type"] == "image_citation"
    assert citation["hls_url"] is None
    assert not {"start_sec", "end_sec", "collection_id"} & citation.keys()


def test_a_collection_citation_names_the_collection_alone() -> None:
    assert text_of([Segment("All", None, SEASON)], LATEST).annotations == (
        {
            "type": "collection_citation",
            "start_index": 4,
            "end_index": 6,
            "collection_id": "ksic_3",
            "title": "Season",
            "thumbnail_url": None,
            "hls_url": None,
        },
    )


def test_earlier_eras_write_tags_with_ids_without_prefix() -> None:
    text = text_of([Segment("Goal", VIDEO), Segment("; cup", LATE), Segment("; print", IMAGE)], JULY)
    assert text == Text(
        'Goal <vref id="1" start="01:05" end="01:20"></vref>'
        '; cup <vref id="1" start="01:02:05" end="01:02:20"></vref>'
        '; print <vref id="2"></vref>'
    )


def test_earlier_eras_have_no_tag_for_a_collection() -> None:
    assert text_of([Segment("All", None, SEASON)], JULY) == Text("All")
