"""One emulator for the whole matrix, over a library so small that its answers are short."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.faults.asking import FOLLOW_UP, QUESTION
from twelvelabs_responses import Client
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENTS = [("A goal by Marrow.", 1), ("A penalty for United.", 3), ("The keeper saves it.", 5)]
LIBRARY = {
    "knowledge_store_id": "ks_56755d11-e641-568f-a4e7-8e8fee80259a",
    "items": [
        {
            "item_id": "ksi_a7beafa5-86c4-5cd8-a2e1-9769a0f8a28a",
            "title": "Derby",
            "kind": "video",
            "duration_sec": 9,
            "moments": [
                {"start_sec": start, "end_sec": start + 1, "description": description} for description, start in MOMENTS
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    library = tmp_path_factory.mktemp("library") / "library.json"
    library.write_text(json.dumps(LIBRARY), encoding="utf-8")
    with Emulator(library=library) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def usual_text(running: Emulator) -> str:
    """The answer to the second question when nothing goes wrong."""
    store = running.knowledge_store_id
    with Client(api_key="key-of-the-tests", base_url=running.base_url) as client:
        first = client.create(QUESTION, knowledge_store_id=store)
        return client.create(FOLLOW_UP, knowledge_store_id=store, session_id=first.session_id).text


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the clients' waits pass at once; the seconds asked for are noted."""
    asked: list[float] = []

    async def asleep(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr("twelvelabs_responses._client.sleep", asked.append)
    monkeypatch.setattr("twelvelabs_responses._client.asleep", asleep)
    return asked
