"""A conversation that a framework keeps -> the next turn: what to send, and the session to send it in.

The service keeps the conversation too, under a session, and takes only what is new. So the history is told apart at the
service's last answer: what the session knows is not sent again; what it does not, another model's answers, or all of
it where the session cannot go on, goes along as a transcript.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from twelvelabs_responses._errors import InvalidArgumentError
from twelvelabs_responses._request import InputItem, Selection
from twelvelabs_responses._session import Claim, OnStaleSession, Session, Sessions
from twelvelabs_responses._transcript import EarlierMessage, with_transcript

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import Unpack

    from twelvelabs_responses._request import RequestOptions

SYSTEM, USER = "system", "user"


@dataclass(frozen=True, slots=True)
class Media:
    """Something in a message that is neither text nor a store item: a picture, a recording, a thought.

    Attributes:
        kind: What the framework calls it.
    """

    kind: str


Piece: TypeAlias = str | Selection | Media


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """A message of the history, in no framework's terms.

    Attributes:
        role: `system` for guidance, `user` for what may be asked; any other is what somebody said.
        pieces: Its content in order: text, store items, and what else it shows.
        session: Where the conversation stood after it, if it is an answer of the service.
    """

    role: str
    pieces: tuple[Piece, ...]
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class NextTurn:
    """What the next request says.

    Attributes:
        input: The input items.
        instructions: All guidance, as the service forgets it after each turn.
        session_id: The session to go on with, held for this turn; a new one where it holds none.
        selections: The store items that the input names.
    """

    input: tuple[InputItem, ...]
    instructions: str | None
    session_id: str | Claim
    selections: tuple[Selection, ...]

    def options(self, **others: Unpack[RequestOptions]) -> RequestOptions:
        """Return the keyword arguments of `create` and `stream` that send this turn.

        Args:
            **others: What the turn does not say, such as the knowledge store and the model.
        """
        return {
            **others,
            "session_id": self.session_id,
            "instructions": self.instructions,
            "selections": self.selections,
        }


@dataclass(frozen=True, slots=True)
class Conversation:
    """A history, told apart for the next turn.

    Attributes:
        guidance: The system messages, wherever they stand.
        session: Where the conversation stands with this knowledge store; None if it has not begun there.
        said: The messages before the new turn.
        since: Those of them that the session does not know: what others have said since its last answer was asked for,
            such as another model's answers, tool results, and what they answer.
        asked: The user messages at the end: the new turn.
    """

    guidance: tuple[HistoryMessage, ...]
    session: Session | None
    said: tuple[HistoryMessage, ...]
    since: tuple[HistoryMessage, ...]
    asked: tuple[HistoryMessage, ...]


@contextmanager
def next_turn(  # noqa: PLR0913 - a history, and what both the caller and the client know of the turn
    history: Sequence[HistoryMessage],
    *,
    knowledge_store_id: str,
    session_id: str | None = None,
    on_stale_session: OnStaleSession = "fork",
    selections: Sequence[Selection] | None = None,
    instructions: str | None = None,
    sessions: Sessions,
    limit: int,
) -> Iterator[NextTurn]:
    """Give the next turn of a conversation, its session held until it is sent or the context is left.

    Args:
        history: The messages, oldest first, the new user messages at the end.
        knowledge_store_id: The store of the next turn.
        session_id: The session to go on with, whatever the history says.
        on_stale_session: What to do about a history whose session has moved on.
        selections: The selections that the text may name already.
        instructions: Guidance that comes before the system messages.
        sessions: The memory of sessions.
        limit: Characters that one input item may have.

    Raises:
        InvalidArgumentError: There is nothing new to ask, or a message holds what the service cannot take.
        SessionError: The history is stale, and the policy is to say so.
    """
    if not isinstance(selections, (list, tuple, type(None))):
        raise InvalidArgumentError("selections", repr(selections), "a list of selections")
    if not isinstance(instructions, (str, type(None))):
        raise InvalidArgumentError("instructions", repr(instructions), "a string")
    told = conversation(history, knowledge_store_id, session_id)
    sessions.followed(_followed(told))
    with sessions.claim(told.session if session_id is None else None, on_stale_session) as claim:
        goes_on = session_id is not None or claim.session_id is not None
        named = list(selections or ())
        earlier = [
            EarlierMessage(message.role, text)
            for message in (told.since if goes_on else told.said)
            if (text := _earlier_text(message, named))
        ]
        texts = [_new_text(message, named) for message in told.asked]
        texts[0] = with_transcript(earlier, texts[0], limit)
        guidance = [instructions, *(_guidance(message) for message in told.guidance)]
        yield NextTurn(
            input=tuple(InputItem(content=text) for text in texts),
            instructions="\n\n".join(part for part in guidance if part) or None,
            session_id=claim if session_id is None else session_id,
            selections=tuple(named),
        )


def conversation(
    history: Sequence[HistoryMessage], knowledge_store_id: str, session_id: str | None = None
) -> Conversation:
    """Return what the history means for the next turn with this knowledge store.

    Args:
        history: The messages, oldest first, the new user messages at the end.
        knowledge_store_id: The store of the next turn; answers about another one are others' answers.
        session_id: The session to go on with, whatever the history says. Without an answer of it in the history, what
            comes before the new user messages is taken to be known to it.

    Raises:
        InvalidArgumentError: There is nothing new to ask.
    """
    spoken = [message for message in history if message.role != SYSTEM]
    first_asked = len(spoken)
    while first_asked and spoken[first_asked - 1].role == USER:
        first_asked -= 1
    if first_asked == len(spoken):
        raise InvalidArgumentError("messages", "no user message after the last answer", "a user message at the end")
    said, asked = spoken[:first_asked], spoken[first_asked:]
    last = _last_answer(said, knowledge_store_id, session_id)
    if last is not None:
        session, since = said[last].session, _since(said, last)
    elif session_id is not None:
        session, since = Session(session_id, "", knowledge_store_id), []
    else:
        session, since = None, said
    return Conversation(
        guidance=tuple(message for message in history if message.role == SYSTEM),
        session=session,
        said=tuple(said),
        since=tuple(since),
        asked=tuple(asked),
    )


def _last_answer(said: Sequence[HistoryMessage], knowledge_store_id: str, session_id: str | None) -> int | None:
    for index in reversed(range(len(said))):
        session = said[index].session
        if session is None or session.knowledge_store_id != knowledge_store_id:
            continue
        if session_id in (None, session.session_id):
            return index
    return None


def _since(said: Sequence[HistoryMessage], last: int) -> list[HistoryMessage]:
    """Return what the session of the last answer does not know.

    A turn ends with user messages. What others said behind those and before the answer came meanwhile, as where the
    branches of a graph answer side by side.
    """
    session, first = said[last].session, last
    while first and said[first - 1].role != USER and not _is_one_session(said[first - 1].session, session):
        first -= 1
    return [*said[first:last], *said[last + 1 :]]


def _is_one_session(one: Session | None, other: Session | None) -> bool:
    return one is not None and other is not None and one.session_id == other.session_id


def _followed(told: Conversation) -> list[Session]:
    """Return the answers of the session that come before its last."""
    last = told.session
    answers = (message.session for message in told.said)
    return [each for each in answers if each and _is_one_session(each, last) and each != last]


def _new_text(message: HistoryMessage, named: list[Selection]) -> str:
    """Return the text of a new message; a store item that it shows is named in its place."""
    texts: list[str] = []
    for piece in message.pieces:
        if isinstance(piece, Media):
            raise InvalidArgumentError(
                "messages",
                f"a block of type {piece.kind}",
                "text, and media that name a store item (ksi_...) or collection (ksic_...) by its id: upload it as an "
                "asset, add it to the knowledge store, and name it so",
            )
        if isinstance(piece, Selection):
            named.append(piece)
            texts.append(f"{{{{sel:{len(named) - 1}}}}}")
        else:
            texts.append(piece)
    return "".join(texts)


def _earlier_text(message: HistoryMessage, named: list[Selection]) -> str:
    """Return the text of an earlier message for the transcript; a store item that it showed is shown again."""
    texts: list[str] = []
    for piece in message.pieces:
        if isinstance(piece, Selection):
            named.append(piece)
            texts.append(f"[{piece.id}]")
        else:
            texts.append(f"[{piece.kind}]" if isinstance(piece, Media) else piece)
    return " ".join(text for text in texts if text)


def _guidance(message: HistoryMessage) -> str:
    texts = [piece for piece in message.pieces if isinstance(piece, str)]
    if len(texts) < len(message.pieces):
        raise InvalidArgumentError("messages", "a system message with something else than text", "text")
    return "".join(texts)
