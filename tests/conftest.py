"""What every test may ask for beside the fixtures of our plugin: each twin in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.twins import twin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.twins import AnyClient
    from twelvelabs_responses.emulator import Emulator

pytest_plugins = ["pytest_twelvelabs", "pytester"]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY", "TWELVELABS_BASE_URL", "TWELVELABS_KNOWLEDGE_STORE_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["Client", "AsyncClient"])
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[AnyClient]:
    with twin(request.param, api_key="key-of-the-tests", base_url=emulator.base_url) as made:
        yield made
