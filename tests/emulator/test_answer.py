from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelabs_responses.emulator._answer import Answer, Turn, compose
from twelvelabs_responses.emulator._library import Library, Moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DERBY = "Harbour City Derby: Rovers v United"
BREAD = "Crème de la Crumb: Olive Bread at Home"
FACTORY = "Mind the Press: Safety at the Kettle Works"
LEARNING = "Things to Learn at Home"


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    with Library.load() as library:
        yield library


def item_id(library: Library, title: str) -> str:
    return next(item.item_id for item in library.items if item.title == title)


def collection_id(library: Library, title: str) -> str:
    return next(each.collection_id for each in library.collections if each.title == title)


def text_of(answer: Answer) -> str:
    return "".join(segment.text for segment in answer.segments)


def cited(answer: Answer) -> list[Moment]:
    return [segment.moment for segment in answer.segments if segment.moment]


def turn_of(question: str, answer: Answer) -> Turn:
    return Turn(question, text_of(answer), tuple(dict.fromkeys(moment.item_id for moment in cited(answer))))


def last_of(library: Library, *questions: str) -> Answer:
    """Hold a session and return its last answer."""
    earlier: list[Turn] = []
    for question in questions[:-1]:
        earlier.append(turn_of(question, compose(question, earlier=earlier, library=library)))
    return compose(questions[-1], earlier=earlier, library=library)


def test_every_answer_says_first_where_it_comes_from(library: Library) -> None:
    for question in ("Which clips show a goal?", "And then?", ""):
        text = text_of(compose(question, earlier=(), library=library))
        assert text.startswith("(Emulator) I looked through 16 sample items.")


def test_an_answer_quotes_and_cites_the_moments_it_found_in_the_order_of_time(library: Library) -> None:
    answer = compose("Which clips show a goal?", earlier=(), library=library)
    assert [moment.start_sec for moment in cited(answer)] == [724.0, 3402.0, 5588.0]
    assert {moment.title for moment in cited(answer)} == {DERBY}
    assert answer.found == tuple(cited(answer))
    assert answer.segments[1].text == (
        f"\n- {DERBY}, 12:04 to 12:31: Rovers score the first goal: number 9, Ilse Marrow, heads in a corner kick at "
        "the far post. \u201cGoal for Marrow! One nil to Rovers, and she never even looked at the ball!\u201d"
    )


def test_an_answer_tells_what_was_searched_for(library: Library) -> None:
    answer = compose("How long does the dough rest?", earlier=(), library=library)
    assert answer.search_query == "dough rest"
    assert answer.commentary == "Searching the sample library for: dough rest"


def test_times_beyond_an_hour_have_hours(library: Library) -> None:
    assert "1:33:08 to 1:33:39" in text_of(compose("Who scores the winning goal?", earlier=(), library=library))


def test_an_image_is_quoted_without_times_and_silence_without_words(library: Library) -> None:
    answer = compose("What is on the blackboard menu?", earlier=(), library=library)
    assert answer.segments[1].text.startswith("\n- Cafe\u0301 Menu, Written in Chalk: Still image")
    assert "\u201cNone\u201d" not in text_of(compose("Who dances a polka?", earlier=(), library=library))


def test_at_most_four_moments_are_quoted(library: Library) -> None:
    assert len(cited(compose("penalty, dog, rain, tram", earlier=(), library=library))) == 4


@pytest.mark.parametrize("wish", ["Answer in one sentence.", "Be brief!", "keep it SHORT"])
def test_a_wish_for_a_short_answer_is_honoured(library: Library, wish: str) -> None:
    answer = compose("Which clips show a goal?", earlier=(), library=library, instructions=wish)
    assert len(cited(answer)) == 1


def test_other_instructions_change_nothing_and_are_never_quoted(library: Library) -> None:
    plain = compose("Which clips show a goal?", earlier=(), library=library)
    assert compose("Which clips show a goal?", earlier=(), library=library, instructions="Be a pirate.") == plain


def test_a_follow_up_keeps_to_what_the_session_is_about(library: Library) -> None:
    answer = last_of(library, "Which clips show a goal?", "And what is the penalty for?")
    assert "Going on from \u201cWhich clips show a goal?\u201d:" in text_of(answer)
    assert {moment.title for moment in cited(answer)} == {DERBY}
    assert "handball" in text_of(answer)
    assert answer.search_query == "penalty goal"


def test_without_a_session_the_same_question_is_about_the_whole_library(library: Library) -> None:
    answer = last_of(library, "And what is the penalty for?")
    assert "Going on" not in text_of(answer)
    assert {DERBY, FACTORY} < {moment.title for moment in cited(answer)}


@pytest.mark.parametrize("question", ["What happens next?", "And then?", "What happens after that?"])
def test_what_happens_next_is_what_follows_the_moment_cited_last(library: Library, question: str) -> None:
    answer = last_of(library, "How long does the dough rest?", question)
    assert [moment.start_sec for moment in cited(answer)] == [655.0, 910.0]
    assert "Going on from \u201cHow long does the dough rest?\u201d:" in text_of(answer)


def test_next_can_be_asked_again_and_again(library: Library) -> None:
    answer = last_of(library, "How long does the dough rest?", "And then?", "And then?")
    assert [moment.start_sec for moment in cited(answer)] == [1215.5, 1398.0]


def test_what_happened_before_is_what_leads_to_the_moment_cited_first(library: Library) -> None:
    answer = last_of(library, "How long does the dough rest?", "And before that?")
    assert [moment.start_sec for moment in cited(answer)] == [12.0, 131.0]


@pytest.mark.parametrize(
    ("start", "question", "end"),
    [("Who lifts the Harbour Cup?", "What happens next?", "after"), ("Who kneads the dough?", "And before?", "before")],
)
def test_where_a_video_ends_the_answer_says_so(library: Library, start: str, question: str, end: str) -> None:
    answer = last_of(library, start, *([question] * 3))
    assert f"nothing comes {end} that in \u201c" in text_of(answer)
    assert cited(answer) == []


def test_an_answer_in_another_form_is_gone_on_from_by_its_question(library: Library) -> None:
    turn = Turn("How long does the dough rest?", '{"minutes": 90}', (item_id(library, BREAD),))
    answer = compose("What happens next?", earlier=[turn], library=library)
    assert [moment.start_sec for moment in cited(answer)] == [655.0, 910.0]


def test_more_is_what_was_not_said_yet(library: Library) -> None:
    answer = last_of(library, "How long does the dough rest?", "Tell me more about it.")
    assert {moment.title for moment in cited(answer)} == {BREAD}
    assert 402.5 not in {moment.start_sec for moment in cited(answer)}


def test_a_follow_up_may_go_on_from_a_turn_further_back(library: Library) -> None:
    answer = last_of(library, "Which clips show a goal?", "How long does the dough rest?", "And the referee?")
    assert "Going on from \u201cWhich clips show a goal?\u201d:" in text_of(answer)


def test_a_question_about_something_else_is_about_something_else(library: Library) -> None:
    answer = last_of(library, "Which clips show a goal?", "When is it that the rocket clears the tower?")
    assert "Going on" not in text_of(answer)
    assert "Lift-off" in text_of(answer)


def test_a_short_question_about_clips_is_about_the_whole_library(library: Library) -> None:
    answer = last_of(library, "How long does the dough rest?", "Which clips show a penalty?")
    assert "Going on" not in text_of(answer)


def test_an_earlier_question_is_quoted_in_short_and_without_tokens(library: Library) -> None:
    start = "{{sel:7}} Which clips <vref id='x'> \ud800 show a goal?\n" + "really " * 1400
    text = text_of(last_of(library, start.replace("really", "the"), "And then?"))
    assert "Going on from \u201cWhich clips ? show a goal? the the" in text
    assert len(text.splitlines()[0]) < 200


@pytest.mark.parametrize("question", ["What happens next?", "And?", "Tell me more"])
def test_a_follow_up_without_a_session_is_told_so(library: Library, question: str) -> None:
    answer = last_of(library, question)
    assert "There is nothing in this session to go on from. You could ask about" in text_of(answer)
    assert cited(answer) == []


def test_turns_that_cited_nothing_or_something_unknown_are_not_gone_on_from(library: Library) -> None:
    earlier = [Turn("Hello", "Hello", ("ksi_gone",)), Turn("Hi", "Hi", ())]
    assert cited(compose("What happens next?", earlier=earlier, library=library)) == []


def test_what_is_not_there_is_plainly_said_without_citations(library: Library) -> None:
    answer = compose("Who won the 1998 election in Peru?", earlier=(), library=library)
    assert "None of them mentions \u201cwon\u201d, \u201c1998\u201d, \u201celection\u201d." in text_of(answer)
    assert f"You could ask about \u201c{DERBY}\u201d" in text_of(answer)
    assert (answer.found, cited(answer)) == ((), [])


def test_a_word_that_is_not_there_is_named_before_what_comes_closest(library: Library) -> None:
    answer = compose("Where does the pelican hibernate?", earlier=(), library=library)
    assert "Nothing mentions \u201chibernate\u201d; this comes closest:" in text_of(answer)
    assert cited(answer)


def test_a_question_without_a_word_to_search_for_is_told_so(library: Library) -> None:
    assert "no word to search for" in text_of(compose("?", earlier=(), library=library))


def test_a_selection_comes_first(library: Library) -> None:
    chosen = [item_id(library, FACTORY)]
    answer = compose("What is the penalty?", earlier=(), library=library, selections=chosen)
    assert "In the selection:" in text_of(answer)
    assert {moment.title for moment in cited(answer)} == {FACTORY}


def test_a_selection_is_a_preference_and_not_a_limit(library: Library) -> None:
    chosen = [item_id(library, FACTORY)]
    answer = compose("How long does the dough rest?", earlier=(), library=library, selections=chosen)
    assert "Nothing in the selection fits; elsewhere in the library:" in text_of(answer)
    assert {moment.title for moment in cited(answer)} == {BREAD}


def test_a_selection_that_is_not_in_the_library_does_no_harm(library: Library) -> None:
    plain = compose("What is the penalty?", earlier=(), library=library)
    assert compose("What is the penalty?", earlier=(), library=library, selections=["ksi_gone"]) == plain


def test_a_token_stands_for_one_selection_and_is_not_searched_for(library: Library) -> None:
    chosen = [item_id(library, BREAD), item_id(library, FACTORY)]
    answer = compose("What is {{sel:1}} about?", earlier=(), library=library, selections=chosen)
    assert {moment.title for moment in cited(answer)} == {FACTORY}
    assert answer.search_query == ""


def test_a_token_is_stronger_than_the_session(library: Library) -> None:
    earlier = [turn_of("Which clips show a goal?", last_of(library, "Which clips show a goal?"))]
    chosen = [item_id(library, FACTORY)]
    answer = compose("And the penalty in {{sel:0}}?", earlier=earlier, library=library, selections=chosen)
    assert {moment.title for moment in cited(answer)} == {FACTORY}


@pytest.mark.parametrize(
    "question", ["What is in {{sel:0}}?", "What is in this collection?", f"What is in {LEARNING}?"]
)
def test_a_collection_that_is_asked_about_is_cited_itself(library: Library, question: str) -> None:
    chosen = [collection_id(library, LEARNING)] if LEARNING not in question else []
    answer = compose(question, earlier=(), library=library, selections=chosen)
    assert [segment.collection.title for segment in answer.segments if segment.collection] == [LEARNING]
    assert len({moment.title for moment in cited(answer)}) == 3


def test_a_collection_that_is_only_selected_is_searched_but_not_cited(library: Library) -> None:
    chosen: Sequence[str] = [collection_id(library, LEARNING)]
    answer = compose("What is a rest?", earlier=(), library=library, selections=chosen)
    assert [segment.collection for segment in answer.segments if segment.collection] == []
    assert BREAD in {moment.title for moment in cited(answer)}


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=80) | st.text(alphabet='goal dough next it"*(){sel:0}<vref>\n\ud800\u0301', max_size=60),
    st.text(max_size=20) | st.sampled_from(["And then?", "it", "before", "penalty"]),
)
def test_any_text_gets_an_answer_that_can_be_sent(library: Library, first: str, second: str) -> None:
    answer = last_of(library, first, second)
    sent = answer.commentary + answer.search_query + text_of(answer)
    assert sent.encode()
    assert [moment for moment in cited(answer) if moment.description not in text_of(answer)] == []


@pytest.mark.parametrize(
    "piece", ["x ", "é", "a-", "a b-", "<vref", "{{sel:", "\u0301\u0323", "\x00", "金", "goal-", '"']
)
def test_the_longest_question_is_answered_at_once(library: Library, piece: str) -> None:
    question = (piece * 10_000)[:10_000]
    earlier = [Turn(question, question, tuple(item.item_id for item in library.items))] * 20
    started = time.perf_counter()
    compose(question, earlier=earlier, library=library)
    # It takes some milliseconds; a busy machine is given many more.
    assert time.perf_counter() - started < 1
