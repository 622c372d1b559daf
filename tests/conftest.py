"""What every test may ask for: a running emulator, and each twin in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.twins import twin
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.twins import AnyClient

pytest_plugins = ["pytest_twelvelabs"]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY", "TWELVELABS_BASE_URL", "TWELVELABS_KNOWLEDGE_STORE_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture(params=["Client", "AsyncClient"])
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[AnyClient]:
    with twin(request.param, api_key="key-of-the-tests", base_url=emulator.base_url) as made:
        yield made
