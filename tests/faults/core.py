"""The clients of the core, with a history that the application keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.conversation import Clients, Conversation, Got
from twelvelabs_responses import HistoryMessage, Response, Session

if TYPE_CHECKING:
    from twelvelabs_responses import NextTurn


class Core(Conversation):
    """The clients, with a history that the application keeps."""

    def __init__(self, clients: Clients, way: str) -> None:
        super().__init__(clients, way)
        self._history: list[HistoryMessage] = []

    def ask(self, question: str) -> Got:
        self._history.append(HistoryMessage("user", (question,)))
        store = self.clients.knowledge_store_id
        with self.clients.blocking.next_turn(self._history, knowledge_store_id=store) as turn:
            response = self._response(turn)
        got = Got(response.text, response.session_id, response.id, response.status)
        session = Session(got.session_id or "", got.response_id or "", store)
        self._history.append(HistoryMessage("assistant", (response.text,), session))
        return got

    def _response(self, turn: NextTurn) -> Response:
        store, awaited = self.clients.knowledge_store_id, self.clients.awaited
        match self.way:
            case "create":
                return self.clients.blocking.create(turn.input, knowledge_store_id=store, session_id=turn.session_id)
            case "create, async":
                made: Response = self.clients.run(
                    awaited.create(turn.input, knowledge_store_id=store, session_id=turn.session_id)
                )
                return made
            case "stream":
                with self.clients.blocking.stream(
                    turn.input, knowledge_store_id=store, session_id=turn.session_id
                ) as stream:
                    self.seen.extend(stream.text_deltas())
                return stream.response
            case _:
                streamed: Response = self.clients.run(self._streamed(turn))
                return streamed

    async def _streamed(self, turn: NextTurn) -> Response:
        store = self.clients.knowledge_store_id
        async with self.clients.awaited.stream(
            turn.input, knowledge_store_id=store, session_id=turn.session_id
        ) as stream:
            async for text in stream.text_deltas():
                self.seen.append(text)
        return stream.response


WAYS = {Core: ("create", "stream", "create, async", "stream, async")}
