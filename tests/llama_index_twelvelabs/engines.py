"""Engines that ask an emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index_twelvelabs import TwelveLabsQueryEngine

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"
FOLLOW_UP = "And what is the penalty for?"
TITLE = "Harbour City Derby: Rovers v United"


def engine_at(emulator: Emulator, **options: Any) -> TwelveLabsQueryEngine:
    settings = {"api_key": "key-of-the-tests", "base_url": emulator.base_url} | options
    return TwelveLabsQueryEngine(emulator.knowledge_store_id, **settings)


def bodies(emulator: Emulator) -> list[dict[str, Any]]:
    """Return what was sent, in order."""
    return [exchange.body or {} for exchange in emulator.exchanges]
