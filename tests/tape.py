"""What the cassette of a test holds, read with nothing of ours: the bodies that were sent, the answers that came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "key-of-the-tests"
QUESTION = "Who scored first?"
FOLLOW_UP = "And what comes next?"


class Cassette(Protocol):
    """What is used of vcrpy's own, which tells no types."""

    dirty: bool
    play_count: int

    @property
    def requests(self) -> Sequence[Any]: ...
    @property
    def responses(self) -> Sequence[dict[str, Any]]: ...


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, as it was recorded."""

    status: int
    content: str

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The JSON of each frame of a stream."""
        lines = [line.removeprefix("data:").strip() for line in self.content.split("\n") if line.startswith("data:")]
        return [json.loads(line) for line in lines if line != "[DONE]"]

    @property
    def streamed(self) -> bool:
        return self.content.startswith(("data:", "event:"))

    @property
    def response(self) -> dict[str, Any]:
        """The response: the JSON body, or what the last frame that holds one says."""
        if not self.streamed:
            return dict(json.loads(self.content))
        return dict([frame["response"] for frame in self.frames if "response" in frame][-1])

    @property
    def items(self) -> list[dict[str, Any]]:
        return list(self.response["output"])

    @property
    def text(self) -> str:
        """The text of the reply, which is the last message."""
        return str(self.items[-1]["content"][0]["text"])

    @property
    def annotations(self) -> list[dict[str, Any]]:
        return list(self.items[-1]["content"][0]["annotations"])

    @property
    def failure(self) -> dict[str, Any]:
        """The code and the message of what went wrong: of the response, or of the event that ends a stream."""
        told = self.frames[-1] if self.streamed and self.frames[-1]["type"] == "error" else self.response
        return dict(told.get("error", told))

    @property
    def deltas(self) -> str:
        """What a stream has told of the last of its items, piece by piece."""
        pieces = [frame for frame in self.frames if frame["type"] == "response.output_text.delta"]
        return "".join(piece["delta"] for piece in pieces if piece["output_index"] == pieces[-1]["output_index"])


@dataclass(frozen=True)
class Tape:
    """The cassette of a test that runs, and the store that its questions are about."""

    cassette: Cassette
    recorded_store: str | None = None
    retries: int = 0

    @property
    def store(self) -> str:
        return self.recorded_store or str(self.sent[0]["knowledge_store_id"])

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The bodies that were sent, in order."""
        return [json.loads(request.body) for request in self.cassette.requests]

    @property
    def answers(self) -> list[Answer]:
        """The answers that came, in order."""
        return [
            Answer(response["status"]["code"], bytes(response["body"]["string"]).decode())
            for response in self.cassette.responses
        ]

    @property
    def answer(self) -> Answer:
        """The only answer."""
        (answer,) = self.answers
        return answer

    def body(self, *texts: str, way: str, **more: Any) -> dict[str, Any]:
        """Return the body that asks these texts on this way; `more` are its other fields."""
        items = [{"type": "message", "role": "user", "content": text} for text in texts]
        stream = {"stream": True} if "stream" in way else {}
        return {"model": "jockey1.0", "knowledge_store_id": self.store, "input": items} | stream | more

    def check_played_to_its_end(self) -> None:
        """Refuse a cassette that holds more than the test has asked for, or nothing at all."""
        held, played = len(self.cassette.requests), self.cassette.play_count
        assert held, "nothing was asked, so there is nothing to record"
        assert played == held, f"only {played} of {held} answers were asked for: record it anew"
