"""A small library, an emulator that serves it, and ways to ask it over raw HTTP."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "a-made-up-key"
STORE = "ks_00000000-0000-4000-8000-000000000001"
MATCH = "ksi_00000000-0000-4000-8000-000000000002"
POSTER = "ksi_00000000-0000-4000-8000-000000000003"
SEASON = "ksic_00000000-0000-4000-8000-000000000004"
QUESTION = "Who scored the first goal?"

LIBRARY = {
    "knowledge_store_id": STORE,
    "items": [
        {
            "item_id": MATCH,
            "title": "Cup final",
            "kind": "video",
            "duration_sec": 5400,
            "moments": [
                {
                    "start_sec": 65.0,
                    "end_sec": 80.5,
                    "description": "Ada heads in the first goal.",
                    "transcript": "Goal!",
                },
                {
                    "start_sec": 3725.0,
                    "end_sec": 3740.0,
                    "description": "The trophy is lifted.",
                    "transcript": "At last.",
                },
            ],
        },
        {
            "item_id": POSTER,
            "title": "Poster",
            "kind": "image",
            "moments": [{"description": "A poster of a lighthouse."}],
        },
    ],
    "collections": [{"collection_id": SEASON, "title": "Season", "item_ids": [MATCH]}],
}


@dataclass(frozen=True)
class Asker:
    """One emulator, and a client with one connection pool."""

    emulator: Emulator
    client: httpx.Client

    def body(self, content: str = QUESTION, **fields: Any) -> dict[str, Any]:
        item = {"type": "message", "role": "user", "content": content}
        return {"knowledge_store_id": STORE, "input": [item], **fields}

    def send(self, body: Any, fault: str | None = None, **headers: str) -> httpx.Response:
        chosen = {"x-emulator-fault": fault} if fault else {}
        return self.client.post("/responses", json=body, headers={**chosen, **headers})

    def whole(self, content: str = QUESTION, *, fault: str | None = None, **fields: Any) -> httpx.Response:
        return self.send(self.body(content, **fields), fault)

    def stream(self, content: str = QUESTION, *, fault: str | None = None, **fields: Any) -> httpx.Response:
        return self.send(self.body(content, stream=True, **fields), fault)

    @contextmanager
    def opened(self, content: str = QUESTION, *, fault: str | None = None, **fields: Any) -> Iterator[httpx.Response]:
        body = {"stream": True, **self.body(content, **fields)}
        chosen = {"x-emulator-fault": fault} if fault else {}
        with self.client.stream("POST", "/responses", json=body, headers=chosen) as response:
            yield response

    def bytes_until_the_end(self, fault: str, **fields: Any) -> bytes:
        """All that comes back on a connection of its own, HTTP framing and all, until the emulator closes it."""
        content = json.dumps(self.body(**fields)).encode()
        address = httpx.URL(self.emulator.base_url)
        head = f"POST /v1.3/responses HTTP/1.1\r\nhost: {address.host}\r\nx-api-key: {KEY}\r\nconnection: close\r\n"
        head += f"x-emulator-fault: {fault}\r\ncontent-length: {len(content)}\r\n\r\n"
        with socket.create_connection((address.host, address.port or 0), 5) as connection:
            connection.sendall(head.encode() + content)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        return received


def frames_of(text: str) -> list[str]:
    return [frame for frame in text.split("\n\n") if frame]


def events_of(text: str) -> list[dict[str, Any]]:
    """The JSON objects on the `data:` lines."""
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def types_of(text: str) -> list[str]:
    return [event["type"] for event in events_of(text)]


def deltas_in(text: str) -> str:
    return "".join(event["delta"] for event in events_of(text) if event["type"] == "response.output_text.delta")


def text_of_response(response: dict[str, Any]) -> str:
    text = response["output"][-1]["content"][0]["text"]
    assert isinstance(text, str)
    return text


@contextmanager
def asking(library: Path, **options: Any) -> Iterator[Asker]:
    with (
        Emulator(library=library, **options) as emulator,
        httpx.Client(base_url=emulator.base_url, headers={"x-api-key": KEY}, timeout=5) as client,
    ):
        yield Asker(emulator, client)
