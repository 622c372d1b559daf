from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twelvelabs_responses._citations import Annotation, Citation, UnknownAnnotation, citations_of

UUID = "0198c1d2-0000-7000-8000-00000000000a"
TAG = f'<vref id="{UUID}" start="00:05" end="01:02"></vref>'


def video(start: int | None, end: int | None, **more: Any) -> Annotation:
    return Annotation(type="video_citation", start_index=start, end_index=end, item_id="ksi_1", **more)


def only(text: str, *annotations: Annotation) -> Citation:
    (citation,) = citations_of(text, annotations)
    return citation


def test_an_annotation_becomes_a_citation_with_all_it_says() -> None:
    annotation = video(
        18, 20, start_sec=0.0, end_sec=9.5, title="Final", thumbnail_url="https://t", hls_url="https://h"
    )
    assert only("Goal at the start [1].", annotation) == Citation(
        kind="video",
        item_id="ksi_1",
        start_sec=0.0,
        end_sec=9.5,
        title="Final",
        thumbnail_url="https://t",
        hls_url="https://h",
        start=18,
        end=21,
    )


@pytest.mark.parametrize(
    ("annotation_type", "kind"),
    [
        ("video_citation", "video"),
        ("image_citation", "image"),
        ("collection_citation", "collection"),
        ("url_citation", "url_citation"),
    ],
)
def test_the_kind_is_the_types_first_word_or_a_type_that_is_new(annotation_type: str, kind: str) -> None:
    assert only("[1]", Annotation(type=annotation_type, start_index=0, end_index=2)).kind == kind


def test_a_collection_citation_names_the_collection_and_no_item() -> None:
    citation = only("[1]", Annotation(type="collection_citation", collection_id="ksic_1", start_index=0, end_index=2))
    assert (citation.collection_id, citation.item_id) == ("ksic_1", None)


@pytest.mark.parametrize(
    ("before", "start"),
    [("", 0), ("Goal ", 5), ("🧤🧤 ", 3), ("e\u0301 ", 3), ("👩‍👩‍👧 ", 6), ("\u2028\u0085 ", 3)],
)
def test_indices_count_code_points_and_the_last_one_is_inclusive(before: str, start: int) -> None:
    text = f"{before}[1]."
    citation = only(text, video(start, start + 2))
    assert text[citation.start : citation.end] == "[1]"


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 4), (4, 4), (2, 1), (-1, 2), (-2, -1), (None, 2), (0, None), (None, None), (10**30, 10**30)],
)
def test_indices_outside_the_text_drop_the_span_and_keep_the_citation(start: int | None, end: int | None) -> None:
    citation = only("[12]", video(start, end))
    assert (citation.item_id, citation.start, citation.end) == ("ksi_1", None, None)


def test_a_marker_of_one_character_and_one_of_the_whole_text_are_spans() -> None:
    one, whole = citations_of("[12]", [video(3, 3), video(0, 3)])[::-1]
    assert (one.start, one.end) == (3, 4)
    assert (whole.start, whole.end) == (0, 4)


def test_nothing_is_inside_an_empty_text() -> None:
    assert only("", video(0, 0)).start is None


def test_citations_come_in_order_of_their_markers_and_those_without_one_last() -> None:
    lost, later, first = video(90, 99), video(4, 6), video(0, 2)
    found = citations_of("[1] [2] [3]", [lost, later, first])
    assert [citation.start for citation in found] == [0, 4, None]


def test_overlapping_markers_are_all_kept() -> None:
    found = citations_of("[1][2]", [video(0, 2), video(0, 5), video(3, 5)])
    assert [(citation.start, citation.end) for citation in found] == [(0, 3), (0, 6), (3, 6)]


def test_an_annotation_of_unknown_shape_is_no_citation() -> None:
    odd = UnknownAnnotation.model_validate({"start_index": "here"})
    assert citations_of("[1]", [odd]) == ()
    assert odd.model_dump() == {"start_index": "here"}


def test_a_field_that_came_after_this_version_stays_on_the_annotation() -> None:
    assert Annotation.model_validate({"type": "x", "confidence": 0.5}).model_extra == {"confidence": 0.5}


@pytest.mark.parametrize("said", [Annotation(type="x"), Citation(kind="x")], ids=lambda said: type(said).__name__)
def test_what_was_not_said_is_none(said: Annotation | Citation) -> None:
    values = said.model_dump() if isinstance(said, Annotation) else asdict(said)
    assert [value for value in values.values() if value is not None] == ["x"]


@pytest.mark.parametrize(
    "annotation", [Annotation(type="x"), UnknownAnnotation()], ids=lambda given: type(given).__name__
)
@pytest.mark.parametrize("field", ["type", "title"])
def test_an_annotation_stays_as_it_came(annotation: Annotation | UnknownAnnotation, field: str) -> None:
    with pytest.raises(ValidationError, match="Instance is frozen"):
        setattr(annotation, field, "other")


def test_a_vref_tag_becomes_a_citation_of_the_prefixed_item() -> None:
    assert only(f"Goal {TAG}.") == Citation(
        kind="video", item_id=f"ksi_{UUID}", start_sec=5.0, end_sec=62.0, start=5, end=5 + len(TAG)
    )


def test_a_tref_tag_is_a_text_citation() -> None:
    citation = only('<tref id="t1"></tref>')
    assert (citation.kind, citation.item_id, citation.start_sec) == ("text", "ksi_t1", None)


@pytest.mark.parametrize(
    "tag",
    [
        '<vref id="a"></vref>',
        '<vref id="a"/>',
        '<vref id="a" />',
        "<vref id='a'></vref>",
        '<vref\nid = "a"\n></vref>',
        '<vref id="a"> </vref >',
        '<vref id=" a "></vref>',
        '<vref new="b" id="a"></vref>',
        '<vref id=\\"a\\"></vref>',
    ],
)
def test_a_tag_is_read_however_it_is_written(tag: str) -> None:
    citation = only(f"é{tag}é")
    assert (citation.item_id, citation.start, citation.end) == ("ksi_a", 1, 1 + len(tag))


@pytest.mark.parametrize(
    "text",
    ["<vref", "<vref>", '<vref id="a">', '<vref id="a"></tref>', "<vrefs></vrefs>", '<vref id="a">x</vref>', "</vref>"],
)
def test_half_a_tag_is_no_citation(text: str) -> None:
    assert citations_of(text, ()) == ()


@pytest.mark.parametrize("tag", ["<vref></vref>", "<vref/>", '<vref id=""></vref>', "<vref id=a></vref>"])
def test_a_tag_without_a_readable_id_cites_no_item_but_is_there(tag: str) -> None:
    citation = only(tag)
    assert (citation.item_id, citation.start, citation.end) == (None, 0, len(tag))


@pytest.mark.parametrize(
    ("tag_id", "item_id"),
    [
        (UUID, f"ksi_{UUID}"),
        (f"ksi_{UUID}", f"ksi_{UUID}"),
        ("68af00112233445566778899", "68af00112233445566778899"),
        ("68af0011223344556677889", "ksi_68af0011223344556677889"),
        ("Final.mp4", "ksi_Final.mp4"),
    ],
)
def test_a_tags_id_gets_its_prefix_unless_it_has_one_or_is_an_assets(tag_id: str, item_id: str) -> None:
    assert only(f'<vref id="{tag_id}"></vref>').item_id == item_id


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("00:00", 0.0),
        ("01:02", 62.0),
        ("1:02", 62.0),
        ("75:30", 4530.0),
        ("01:02:03", 3723.0),
        ("00:01.5", 1.5),
        ("00:00:10:12", None),
        ("12", None),
        ("12.5", None),
        ("-1:00", None),
        ("start", None),
        ("", None),
        ("99999:00", None),
        ("1:2:3:4:5", None),
    ],
)
def test_a_time_is_read_as_seconds_and_an_odd_one_as_none(time: str, seconds: float | None) -> None:
    citation = only(f'<vref id="a" start="{time}" end="{time}"></vref>')
    assert (citation.start_sec, citation.end_sec) == (seconds, seconds)


def test_tags_inside_json_strings_are_found_where_they_stand() -> None:
    text = json.dumps({"why": f"Goal {TAG}", "id": UUID})
    citation = only(text)
    assert citation.item_id == f"ksi_{UUID}"
    assert citation.start_sec == 5.0
    assert json.loads(f'"{text[citation.start : citation.end]}"') == TAG


def test_an_annotation_and_a_tag_on_the_same_marker_are_one_citation() -> None:
    citation = only(f"Goal {TAG}.", video(5, 4 + len(TAG), title="Final"))
    assert (citation.item_id, citation.title) == ("ksi_1", "Final")


def test_where_the_service_annotates_a_tag_that_the_model_has_repeated_cites_nothing() -> None:
    found = citations_of(f"{TAG} [1]", [video(len(TAG) + 1, len(TAG) + 3)])
    assert [citation.item_id for citation in found] == ["ksi_1"]


def test_free_times_and_bare_ids_are_left_alone() -> None:
    assert citations_of("At [00:00-00:09] and 01:02, see 68af00112233445566778899 or [1].", ()) == ()


@pytest.mark.parametrize(
    ("start_sec", "end_sec", "time_range"),
    [
        (0.0, 9.0, "0:00-0:09"),
        (59.999, 60.0, "0:59-1:00"),
        (724.0, 5588.0, "12:04-1:33:08"),
        (3600.0, 36_000.5, "1:00:00-10:00:00"),
        (None, 9.0, None),
        (0.0, None, None),
        (None, None, None),
        (-1.0, 9.0, None),
        (0.0, -0.5, None),
        (math.nan, 9.0, None),
        (0.0, math.nan, None),
        (0.0, math.inf, None),
        (math.inf, math.inf, None),
        (math.inf, 9.0, None),
        (0.0, 0.0, "0:00-0:00"),
    ],
)
def test_a_time_range_is_written_as_people_write_it(
    start_sec: float | None, end_sec: float | None, time_range: str | None
) -> None:
    assert Citation(kind="video", start_sec=start_sec, end_sec=end_sec).time_range == time_range


def test_shifting_moves_both_ends_of_the_marker() -> None:
    citation = Citation(kind="video", item_id="ksi_1", start=2, end=5)
    assert citation.shifted(10) == Citation(kind="video", item_id="ksi_1", start=12, end=15)


def test_a_citation_that_is_not_shifted_stays_as_it_is() -> None:
    citation = Citation(kind="video", item_id="ksi_1", start=2, end=5)
    assert citation.shifted(0) is citation


def test_a_citation_as_a_dict_has_all_that_it_has() -> None:
    citation = Citation("video", "ksi_1", None, 0.5, 9.0, "Final", "https://a", "https://b", 2, 5)
    assert citation.as_dict() == asdict(citation)
    assert list(citation.as_dict()) == list(asdict(citation))


@pytest.mark.parametrize(("start", "end"), [(None, None), (2, None), (None, 5)])
def test_a_citation_without_a_marker_has_nothing_to_shift(start: int | None, end: int | None) -> None:
    citation = Citation(kind="video", item_id="ksi_1", start=start, end=end)
    assert citation.shifted(10) is citation


@pytest.mark.parametrize(
    "hostile",
    [
        "<",
        '"',
        "<vref ",
        "<vref",
        "<vref>",
        "<vref id=",
        '<vref id="',
        "<vref></vref",
        "<vref>\n",
        " id",
        "id = ",
        "/>",
        "</vref>",
        "<tref\t",
    ],
)
def test_a_hundred_kilobytes_of_half_tags_cite_nothing(hostile: str) -> None:
    assert citations_of(hostile * (100_000 // len(hostile)), ()) == ()


@pytest.mark.parametrize("inside", [" ", "id ", "id=", 'id="', "id='", "start=\\", "/", "a"])
def test_one_tag_of_a_hundred_kilobytes_is_one_citation(inside: str) -> None:
    filling = inside * (100_000 // len(inside))
    assert len(citations_of(f"<vref {filling}></vref>", ())) == 1
    assert citations_of(f"<vref {filling}", ()) == ()


def test_a_hundred_kilobytes_of_tags_are_all_found() -> None:
    assert len(citations_of('<vref id="a"/>' * 7_000, ())) == 7_000


@given(
    text=st.text(st.sampled_from("<>/\\\"'= \n:0vref tidsandé🧤"), max_size=60),
    indices=st.lists(st.tuples(st.none() | st.integers(-5, 70), st.none() | st.integers(-5, 70)), max_size=4),
)
@settings(deadline=None, max_examples=200)
def test_a_marker_is_always_a_piece_of_the_text(text: str, indices: list[tuple[int | None, int | None]]) -> None:
    for citation in citations_of(text, [video(start, end) for start, end in indices]):
        assert (citation.start is None) == (citation.end is None)
        if citation.start is not None and citation.end is not None:
            assert 0 <= citation.start < citation.end <= len(text)


@given(st.text(st.sampled_from('0123456789:.-٣²"'), max_size=12))
@settings(deadline=None, max_examples=200)
def test_any_time_is_seconds_or_none(time: str) -> None:
    for citation in citations_of(f'<vref id="a" start="{time}"></vref>', ()):
        assert citation.start_sec is None or math.isfinite(citation.start_sec)
