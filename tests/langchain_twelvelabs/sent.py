"""What a chat model sends: the request bodies as they should be, and as the emulator got them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

QUESTION = "Which clips show a goal?"
FOLLOW_UP = "And what is the penalty for?"
OTHER = "Where does it rain?"


def body(knowledge_store_id: str, *texts: str, **more: Any) -> dict[str, Any]:
    """Return the body that asks these texts, one input item each; `more` are its other fields."""
    items = [{"type": "message", "role": "user", "content": text} for text in texts]
    return {"model": "jockey1.0", "knowledge_store_id": knowledge_store_id, "input": items} | more


def bodies(emulator: Emulator) -> list[Any]:
    """Return the bodies that came, in order."""
    return [exchange.body for exchange in emulator.exchanges]


def retold(*said: tuple[str, str], now: str) -> str:
    """Return the text that tells a new session, by role and text, what was said before."""
    lines = "\n".join(f'<message role="{role}">{text}</message>' for role, text in said)
    return f"The conversation so far:\n<conversation>\n{lines}\n</conversation>\n\nThe new message:\n{now}"
