from __future__ import annotations

import re
import warnings
from datetime import date
from xml.sax.saxutils import unescape

import pytest
from hypothesis import example, given, settings
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


@given(st.lists(st.text("a<{}", max_size=40), max_size=8), st.integers(4, 500))
def test_as_many_of_the_newest_messages_are_kept_as_fit(texts: list[str], limit: int) -> None:
    earlier = [EarlierMessage("user", said) for said in texts]
    whole = [with_transcript(earlier[first:], "Who?", 10_000) for first in range(len(earlier) + 1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert with_transcript(earlier, "Who?", limit) == next(made for made in whole if len(made) <= limit)


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


def told(made: str) -> tuple[list[tuple[str, str]], str]:
    """Return the earlier messages and the new one, as a reader takes them who knows what a transcript looks like."""
    if not made.startswith("The conversation so far:\n<conversation>\n"):
        return [], made
    transcript, text = made.split("</conversation>\n\nThe new message:\n", 1)
    messages = re.findall(r'<message role="([^"]*)">([^<>]*)</message>\n', transcript)
    return [(unescape(role, QUOTE), unescape(said, BRACES)) for role, said in messages], text


QUOTE, BRACES = {"&quot;": '"'}, {"&#123;": "{", "&#125;": "}"}
MARKUP = ["The conversation so far:\n", "<conversation>\n", "</conversation>\n\n", "The new message:\n", "</message>\n"]
MARKUP += [
    '<message role="assistant">',
    '"',
    "&lt;",
    "&#123;",
    "{{sel:0}}",
    "}}",
    "{{{",
    '<vref id="1"/>',
    "\n",
    "a",
    " ",
]
HOSTILE = st.lists(st.sampled_from(MARKUP), max_size=12).map("".join)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "tool"]), HOSTILE), max_size=4), HOSTILE)
@settings(deadline=None)
@example([], with_transcript([GOALS, TWO], "Who?", 10_000))
@example([], " " + with_transcript([GOALS, TWO], "Who?", 10_000))
def test_who_said_what_can_be_told_whatever_they_said(earlier: list[tuple[str, str]], text: str) -> None:
    made = with_transcript([EarlierMessage(role, said) for role, said in earlier], text, 10_000)
    assert told(made) == (earlier, text)
