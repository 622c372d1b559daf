"""Those who ask: each holds one conversation after another, and notes what became of each question."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.load.ledger import ANSWERED, IN_DOUBT, REFUSED, WORD, Report
from twelvelabs_responses import HistoryMessage, ResponsesError, Session

if TYPE_CHECKING:
    from tests.load.ledger import Ledger
    from twelvelabs_responses import AsyncClient, Client, NextTurn, Response

WAYS = ("create", "create", "stream", "stream", "leave")
_DELTAS_BEFORE_LEAVING = 3


class Left(Exception):  # noqa: N818 - it is none
    """The visitor has left a stream in its middle; its argument is what had come."""


class Visitor:
    """A conversation, and its history as an application keeps it.

    Args:
        number: Who it is.
        knowledge_store_id: The store.
        ledger: What is told of each question.
        topic: What comes before the word of each question; `goal` makes answers of more than 200 deltas.
    """

    def __init__(self, number: int, knowledge_store_id: str, ledger: Ledger, topic: str = "") -> None:
        self.knowledge_store_id = knowledge_store_id
        self._number = number
        self._ledger = ledger
        self._topic = topic
        self._conversations = 0
        self._random = random.Random(number)  # noqa: S311 - no secret
        self._begin()

    def _begin(self) -> None:
        self._conversations += 1
        self._turns = 0
        self._conversation = f"v{self._number}c{self._conversations}"
        self._history: list[HistoryMessage] = []

    def hold(self, client: Client, turns: int, ways: tuple[str, ...] = WAYS) -> None:
        """Hold a new conversation."""
        self._begin()
        for _ in range(turns):
            question = self._question()
            try:
                with client.next_turn(self._history, knowledge_store_id=self.knowledge_store_id) as turn:
                    self._answered(question, turn, self._ask(client, turn, self._random.choice(ways)))
            except (ResponsesError, Left) as error:
                self._failed(question, error)

    async def ahold(self, client: AsyncClient, turns: int, ways: tuple[str, ...] = WAYS) -> None:
        """Hold a new conversation."""
        self._begin()
        for _ in range(turns):
            question = self._question()
            try:
                with client.next_turn(self._history, knowledge_store_id=self.knowledge_store_id) as turn:
                    self._answered(question, turn, await self._aask(client, turn, self._random.choice(ways)))
            except (ResponsesError, Left) as error:
                self._failed(question, error)

    def _question(self) -> str:
        self._turns += 1
        question = f"{self._topic} {self._conversation}t{self._turns}?".strip()
        self._history.append(HistoryMessage("user", (question,)))
        return question

    def _ask(self, client: Client, turn: NextTurn, way: str) -> Response:
        store, texts = self.knowledge_store_id, list[str]()
        if way == "create":
            return client.create(turn.input, knowledge_store_id=store, session_id=turn.session_id)
        with client.stream(turn.input, knowledge_store_id=store, session_id=turn.session_id) as stream:
            for text in stream.text_deltas():
                texts.append(text)
                if way == "leave" and len(texts) == _DELTAS_BEFORE_LEAVING:
                    raise Left("".join(texts))
        return _whole(stream.response, texts)

    async def _aask(self, client: AsyncClient, turn: NextTurn, way: str) -> Response:
        store, texts = self.knowledge_store_id, list[str]()
        if way == "create":
            return await client.create(turn.input, knowledge_store_id=store, session_id=turn.session_id)
        async with client.stream(turn.input, knowledge_store_id=store, session_id=turn.session_id) as stream:
            async for text in stream.text_deltas():
                texts.append(text)
                if way == "leave" and len(texts) == _DELTAS_BEFORE_LEAVING:
                    raise Left("".join(texts))
        return _whole(stream.response, texts)

    def _answered(self, question: str, turn: NextTurn, response: Response) -> None:
        words = {word.rpartition("t")[0] for word in WORD.findall(response.text)}
        assert words <= {self._conversation}, f"{question} is answered with {response.text}"
        alone = turn.input[-1].content == question
        if alone and response.status == "completed" and response.text:
            # The emulator says of the first words that its library does not have them; in a transcript it has others.
            assert f"t{self._turns}\u201d" in response.text, f"{question} is answered with {response.text}"
        session = Session(response.session_id or "", response.id or "", self.knowledge_store_id)
        self._history.append(HistoryMessage("assistant", (response.text,), session))
        self._ledger.note(Report(question, self._conversation, ANSWERED, session.session_id, session.response_id))

    def _failed(self, question: str, error: ResponsesError | Left) -> None:
        shown = str(error) if isinstance(error, Left) else error.text
        in_doubt = isinstance(error, Left) or error.ambiguous
        if in_doubt:
            self._history.append(HistoryMessage("assistant", (shown or "(no answer)",)))
        else:
            self._history.pop()
        self._ledger.note(Report(question, self._conversation, IN_DOUBT if in_doubt else REFUSED), error)


def _whole(response: Response, texts: list[str]) -> Response:
    assert "".join(texts) == response.text, "the pieces are not the whole"
    return response
