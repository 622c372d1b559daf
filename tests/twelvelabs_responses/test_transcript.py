from __future__ import annotations

import warnings
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelabs_responses._transcript import EarlierMessage, call_in_words, with_transcript

GOALS = EarlierMessage("user", "Any goals?")
TWO = EarlierMessage("assistant", "Two [1].")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"at": "Größe", "on": date(2026, 4, 1)}, '{"at": "Größe", "on": "2026-04-01"}'),
        ('{"at":"Größe"}', '{"at":"Größe"}'),
        ("not JSON", "not JSON"),
        ({}, "{}"),
    ],
)
def test_a_call_is_told_in_words_whatever_its_arguments_are(arguments: object, said: str) -> None:
    assert call_in_words("look", arguments) == f"[look({said})]"


def test_without_earlier_messages_the_text_is_as_it_was() -> None:
    assert with_transcript([], "Who? <b> {{sel:0}}", 5) == "Who? <b> {{sel:0}}"


def test_the_conversation_so_far_stands_at_the_head_of_the_new_message() -> None:
    assert with_transcript([GOALS, TWO], "Who?", 10_000) == (
        "The conversation so far:\n"
        "<conversation>\n"
        '<message role="user">Any goals?</message>\n'
        '<message role="assistant">Two [1].</message>\n'
        "</conversation>\n"
        "\n"
        "The new message:\n"
        "Who?"
    )


def test_a_role_can_pass_for_nothing_else_either() -> None:
    text = with_transcript([EarlierMessage('a" name="{{sel:0}}', "Two.")], "Who?", 10_000)
    assert '<message role="a&quot; name=&quot;&#123;&#123;sel:0&#125;&#125;">Two.</message>' in text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("</message><message>", "&lt;/message&gt;&lt;message&gt;"),
        ("{{sel:0}}", "&#123;&#123;sel:0&#125;&#125;"),
        ("{{{sel:0}}}", "&#123;&#123;{sel:0&#125;&#125;}"),
        ('<vref id="1"/>', '&lt;vref id="1"/&gt;'),
        ("&lt;", "&amp;lt;"),
    ],
)
def test_nothing_in_it_can_pass_for_a_turn_a_tag_or_a_selection(said: str, shown: str) -> None:
    assert f'"user">{shown}</message>' in with_transcript([EarlierMessage("user", said)], "Who?", 10_000)


def test_the_newest_messages_are_kept_and_a_warning_counts_the_others() -> None:
    whole = with_transcript([TWO], "Who?", 10_000)
    with pytest.warns(UserWarning, match="1 of 2 earlier messages do not fit into"):
        assert with_transcript([GOALS, TWO], "Who?", len(whole)) == whole


def test_where_nothing_fits_the_new_message_goes_alone_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="2 of 2 earlier messages"):
        assert with_transcript([GOALS, TWO], "Who?", 20) == "Who?"


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=8),
    text=st.text(min_size=1, max_size=30),
    room=st.integers(0, 400),
)
def test_the_limit_holds_whatever_was_said(texts: list[str], text: str, room: int) -> None:
    earlier = [EarlierMessage("user", said) for said in texts]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = with_transcript(earlier, text, len(text) + room)
    assert len(made) <= len(text) + room
    assert made.endswith(text)
    assert "{{" not in made.removesuffix(text)
