from __future__ import annotations

import pytest


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the clients' waits pass at once; the seconds asked for are noted."""
    noted: list[float] = []

    async def asleep(seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr("twelvelabs_responses._client.sleep", noted.append)
    monkeypatch.setattr("twelvelabs_responses._client.asleep", asleep)
    return noted
