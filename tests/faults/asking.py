"""The three turns of the matrix: one that goes well, one with the fault, and the next one, as it must be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.langchain_twelvelabs.sent import body, retold
from twelvelabs_responses import ResponsesError

if TYPE_CHECKING:
    from tests.faults.conversation import Conversation, Got
    from tests.faults.surfaces import Surface

QUESTION = "A goal?"
FOLLOW_UP = "A penalty?"
THIRD = "Who saves?"


def asked(conversation: Conversation, question: str) -> Got | ResponsesError:
    """Return what the user gets: an answer or an error of ours; any other one is a failure of the test."""
    conversation.seen.clear()
    try:
        return conversation.ask(question)
    except ResponsesError as error:
        return error


def next_body(
    surface: Surface, first: Got, came: Got | ResponsesError, shown: str, knowledge_store_id: str
) -> dict[str, Any]:
    """Return the body of the third turn, `shown` being what the user saw of the second.

    A session whose last turn is known to be taken, or known not to be, goes on. One in doubt is left: the next turn
    tells a new one the conversation, with what is not answered yet, so that the old one is not asked twice. The query
    engine has no history and was given its session: it goes on in any case, and says nothing but the new question.
    """
    texts, session_id = _texts(surface, came), first.session_id
    if isinstance(came, ResponsesError) and came.ambiguous and surface.made.keeper != "nobody":
        session_id = None
        said = [("user", QUESTION), ("assistant", first.text)]
        if surface.made.keeper == "memory":
            said += [("user", FOLLOW_UP), *([("assistant", shown)] if shown else [])]
        texts[0] = retold(*said, now=texts[0])
    more: dict[str, Any] = {} if session_id is None else {"session_id": session_id}
    return body(knowledge_store_id, *texts, **more, **({"stream": True} if surface.streams else {}))


def _texts(surface: Surface, came: Got | ResponsesError) -> list[str]:
    # Whose application keeps the history, its question without an answer is asked with the next one.
    keeps_question = surface.made.keeper == "application"
    return [FOLLOW_UP, THIRD] if isinstance(came, ResponsesError) and keeps_question else [THIRD]
