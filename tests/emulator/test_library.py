from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelabs_responses.emulator._library import Collection, Item, Library, Moment, content_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UUID = "00000000-0000-4000-8000-00000000000"
WHERE = "items[0].moments[0]"


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    with Library.load() as library:
        yield library


@pytest.fixture
def small() -> Iterator[Library]:
    moments = tuple(
        Moment("ksi_1", "Otters", "video", s, s + 1, text, "") for s, text in ((0.0, "swim"), (1.0, "swim"))
    )
    with Library("ks_1", [Item("ksi_1", "Otters", "video", 9.0, moments)]) as library:
        yield library


def first(library: Library, query: str) -> str:
    return library.search(query)[0].description


def valid() -> dict[str, object]:
    moments = [
        {"start_sec": 30, "end_sec": 40, "description": "Second."},
        {"start_sec": 1.5, "end_sec": 2, "description": "First.", "transcript": "Hello."},
    ]
    video = {"item_id": f"ksi_{UUID}1", "title": "Clip", "kind": "video", "duration_sec": 60, "moments": moments}
    image = {"item_id": f"ksi_{UUID}2", "title": "Photo", "kind": "image", "moments": [{"description": "A cat."}]}
    collection = {"collection_id": f"ksic_{UUID}3", "title": "Both", "item_ids": [f"ksi_{UUID}1", f"ksi_{UUID}2"]}
    return {"knowledge_store_id": f"ks_{UUID}0", "items": [video, image], "collections": [collection]}


def written(path: Path, value: object) -> Path:
    path = path / "library.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_the_sample_library_holds_enough_to_ask_about(library: Library) -> None:
    assert len(library.items) >= 14
    assert {item.kind for item in library.items} == {"video", "image"}
    assert all(5 <= len(item.moments) <= 8 for item in library.items if item.kind == "video")
    assert len(library.collections) == 3


def test_the_sample_library_holds_letters_outside_ascii(library: Library) -> None:
    titles = "".join(item.title for item in library.items)
    assert {"\u00e8", "\u0301", "\U0001f9a6"} <= set(titles)
    assert "金継ぎ" in first(library, "金継ぎ")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("Which clips show a goal?", "goal"),
        ("Who scores after half-time?", "Noor Adeyi"),
        ("How long does the dough rest?", "ninety minutes"),
        ("Who saves the penalty?", "Petra"),
        ("When does the rocket launch?", "launch pad"),
        ("What does the cafe sell?", "olive bread"),
        ("kozuki wins", "women's race"),
    ],
)
def test_a_natural_question_finds_its_moment(library: Library, query: str, word: str) -> None:
    assert word in first(library, query)


def test_a_moment_that_matches_half_the_words_of_the_best_is_left_out(library: Library) -> None:
    assert len(library.search("dough")) > 1
    assert len(library.search("dough rests")) == 1


def test_a_search_keeps_to_the_items_it_was_given(library: Library) -> None:
    item_id = library.items[0].item_id
    assert {moment.item_id for moment in library.search("penalty", item_ids={item_id})} == {item_id}
    assert library.search("penalty", item_ids=()) == ()


def test_a_search_returns_no_more_than_the_limit(library: Library) -> None:
    assert len(library.search("penalty", limit=2)) == 2


def test_equal_matches_stay_in_the_order_of_the_library(small: Library) -> None:
    assert [moment.start_sec for moment in small.search("swim")] == [0.0, 1.0]


@pytest.mark.parametrize("query", ["", "?", "the", '"', "NEAR(", "\x00", "\ud800", "_", "-", "title:", "a* OR b"])
def test_a_search_that_says_nothing_finds_nothing(library: Library, query: str) -> None:
    assert library.search(query) == ()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet='goal"*()^:-+{}<>ANDORNEAR \ud800\u0301', max_size=60))
def test_any_text_can_be_searched_for(library: Library, query: str) -> None:
    assert library.search(query) == library.search(query)


def test_many_threads_may_search_at_once(library: Library) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(library.search, ["penalty"] * 200))
    assert found == [library.search("penalty")] * 200


def test_content_words_are_lower_case_and_each_there_once() -> None:
    assert content_words("Which GOAL is the goal after half-time?") == ("goal", "half-time")


def test_of_a_page_of_words_only_the_first_are_searched_for() -> None:
    assert len(content_words(" ".join(f"w{number}" for number in range(10_000)))) == 24
    assert content_words("a" * 10_000) == ("a" * 64,)


def test_letters_are_the_same_whether_composed_or_not() -> None:
    assert content_words("cafe\u0301") == content_words("caf\u00e9")


def test_a_file_is_read_whole_its_moments_in_the_order_of_time(tmp_path: Path) -> None:
    one, two = f"ksi_{UUID}1", f"ksi_{UUID}2"
    moments = (
        Moment(one, "Clip", "video", 1.5, 2.0, "First.", "Hello."),
        Moment(one, "Clip", "video", 30.0, 40.0, "Second.", ""),
    )
    photo = (Moment(two, "Photo", "image", None, None, "A cat.", ""),)
    with Library.load(written(tmp_path, valid())) as library:
        assert library.knowledge_store_id == f"ks_{UUID}0"
        assert library.items == (Item(one, "Clip", "video", 60.0, moments), Item(two, "Photo", "image", None, photo))
        assert library.collections == (Collection(f"ksic_{UUID}3", "Both", (one, two)),)


def test_a_file_needs_no_collections(tmp_path: Path) -> None:
    value = valid()
    del value["collections"]
    with Library.load(written(tmp_path, value)) as library:
        assert library.collections == ()


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ((), [], "library"),
        (("knowledge_store_id",), "ks_1", "knowledge_store_id"),
        (("items",), [], "items"),
        (("items",), None, "items"),
        (("collection",), [], "collection"),
        (("items", 0, "kind"), "audio", "items[0].kind"),
        (("items", 0, "title"), " ", "items[0].title"),
        (("items", 0, "title"), "\ud800", "items[0].title"),
        (("items", 1, "title"), 5, "items[1].title"),
        (("items", 1, "item_id"), f"ksi_{UUID}1", "items[1]"),
        (("items", 0, "duration_sec"), None, "items[0].duration_sec"),
        (("items", 0, "duration_sec"), float("inf"), "items[0].duration_sec"),
        (("items", 0, "moments", 0, "start_sec"), "1", f"{WHERE}.start_sec"),
        (("items", 0, "moments", 0, "start_sec"), True, f"{WHERE}.start_sec"),
        (("items", 0, "moments", 0, "start_sec"), float("nan"), f"{WHERE}.start_sec"),
        (("items", 0, "moments", 0, "end_sec"), 61, f"{WHERE}.end_sec"),
        (("items", 0, "moments", 0, "end_sec"), 2, f"{WHERE}.end_sec"),
        (("items", 0, "moments", 0, "strat_sec"), 2, f"{WHERE}.strat_sec"),
        (("items", 1, "moments", 0), {}, "items[1].moments[0]: description"),
        (("items", 1, "moments", 0, "transcript"), "", "items[1].moments[0].transcript"),
        (("items", 1, "moments", 0, "start_sec"), 1, "items[1].moments[0].start_sec"),
        (("collections", 0, "collection_id"), "ksi_1", "collections[0].collection_id"),
        (("collections", 0, "item_ids", 1), f"ksi_{UUID}9", "collections[0].item_ids[1]"),
        (("collections", 0, "item_ids", 1), [], "collections[0].item_ids[1]"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(
    tmp_path: Path, path: tuple[str | int, ...], value: object, named: str
) -> None:
    root: dict[str, object] = {"": valid()}
    place: object = root
    for step in ("", *path)[:-1]:
        place = place[step]  # type: ignore[index]  # the path leads through arrays and objects
    place[("", *path)[-1]] = value  # type: ignore[index]  # the same
    with pytest.raises(ValueError, match=r"^\S") as caught:
        Library.load(written(tmp_path, root[""]))
    assert str(caught.value).startswith(f"{named}: " if ": " not in named else named)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b""])
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "library.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^library: must be JSON in UTF-8"):
        Library.load(path)
