"""The emulator in a process of its own, so that it neither shares the interpreter with what is tested nor its memory.

`python -m tests.load.service` reads commands: `faults` lets requests go wrong at random, `calm` ends that, `taken`
prints what was taken since it was last asked.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from twelvelabs_responses.emulator import FAULTS, Emulator

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

# These take seconds or megabytes each, and show nothing under load that they do not show alone.
_LEFT_OUT = {"slow", "big-delta", "one-byte-chunks"}
_SECONDS_BETWEEN_FAULTS = 0.02
# An answer that quotes this has more than 200 deltas.
_LONG = "A goal. " + " ".join(f"word{number}" for number in range(200))
_LIBRARY = {
    "knowledge_store_id": "ks_56755d11-e641-568f-a4e7-8e8fee80259a",
    "items": [
        {
            "item_id": "ksi_a7beafa5-86c4-5cd8-a2e1-9769a0f8a28a",
            "title": "Derby",
            "kind": "video",
            "duration_sec": 9,
            "moments": [{"start_sec": 1, "end_sec": 2, "description": _LONG}],
        }
    ],
}


class Service:
    """The running process, from the outside."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.load.service"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        address = self._answer()
        self.base_url: str = address["base_url"]
        self.knowledge_store_id: str = address["knowledge_store_id"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # The end of its input is the end of it.
        self._process.communicate(timeout=20)

    def say(self, command: str) -> None:
        """Send a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def taken(self) -> list[dict[str, Any]]:
        """Return the turns that were taken since this was last asked: their session, response and texts."""
        self.say("taken")
        turns: list[dict[str, Any]] = self._answer()
        return turns

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


class _Trouble:
    """Lets the next request go wrong, again and again."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._faults = sorted(FAULTS.keys() - _LEFT_OUT)
        self._calm = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        self._calm.clear()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._calm.set()
        if self._thread is not None:
            self._thread.join()
        self._emulator.fault = None

    def _go_on(self) -> None:
        while not self._calm.wait(_SECONDS_BETWEEN_FAULTS):
            self._emulator.fault = f"{random.choice(self._faults)}:once"  # noqa: S311 - no secret


def _taken(emulator: Emulator) -> list[dict[str, Any]]:
    under_way = emulator._now.service.sessions._under_way
    assert emulator.wait_until(lambda _: not under_way, timeout=10), "turns are still under way"
    turns = [
        {
            "session": exchange.session_id,
            "response": exchange.response_id,
            "texts": [item["content"] for item in (exchange.body or {})["input"]],  # type: ignore[attr-defined]  # JSON
        }
        for exchange in emulator.exchanges
        if exchange.accepted
    ]
    # It keeps them all, for tests that are short.
    emulator._exchanges._all.clear()
    return turns


def _tell(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until the input ends."""
    with TemporaryDirectory() as folder:
        library = Path(folder) / "library.json"
        library.write_text(json.dumps(_LIBRARY), encoding="utf-8")
        with Emulator(library=library) as emulator:
            trouble = _Trouble(emulator)
            _tell({"base_url": emulator.base_url, "knowledge_store_id": emulator.knowledge_store_id})
            for command in map(str.strip, sys.stdin):
                if command == "faults":
                    trouble.begin()
                elif command == "calm":
                    trouble.end()
                else:
                    _tell(_taken(emulator))


if __name__ == "__main__":
    main()
