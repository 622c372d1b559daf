"""What the tests of the chat model and its tool share: a model that asks the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from langchain_twelvelabs import ChatTwelveLabs

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator


@pytest.fixture
def model(emulator: Emulator) -> ChatTwelveLabs:
    return ChatTwelveLabs(
        knowledge_store_id=emulator.knowledge_store_id, api_key="key-of-the-tests", base_url=emulator.base_url
    )
