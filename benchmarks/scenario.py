"""What the server is asked to do, as a part of the address: every client can be given another address."""

from __future__ import annotations

from dataclasses import astuple, dataclass

STAMP_DIGITS = 20
TWELVELABS, OPENAI = "v1.3", "openai"
KNOWLEDGE_STORE_ID = "ks_56755d11-e641-568f-a4e7-8e8fee80259a"
QUESTION = "Which clips show a goal?"
KEY = "bench-key-of-no-service"


@dataclass(frozen=True, slots=True)
class Scenario:
    """How the server answers.

    Attributes:
        deltas: How many deltas a stream has.
        size: Characters of a delta, or of the text of a JSON answer; 0 is an answer of an everyday size.
        cut: Bytes of a network chunk; 0 is one event in each.
        pace: Microseconds between two deltas, each of which is then the server's clock in nanoseconds; 0 is at once.
        wait_for: How many requests are held back until as many are there.
        done: Whether a stream of OpenAI's ends with `[DONE]`, which those of TwelveLabs always do.
    """

    deltas: int = 0
    size: int = STAMP_DIGITS
    cut: int = 0
    pace: int = 0
    wait_for: int = 0
    done: bool = False

    @property
    def text_size(self) -> int:
        """Characters of the whole text of a stream."""
        return self.deltas * self.size

    def path(self) -> str:
        """Return the scenario as the first part of a path."""
        return "-".join(str(int(value)) for value in astuple(self))

    @classmethod
    def of(cls, path: str) -> Scenario:
        """Return the scenario that the first part of a path stands for."""
        deltas, size, cut, pace, wait_for, done = map(int, path.split("-"))
        return cls(deltas, size, cut, pace, wait_for, bool(done))


def address(port: int, scenario: Scenario, dialect: str = TWELVELABS) -> str:
    """Return what a client is given as its `base_url`."""
    return f"http://127.0.0.1:{port}/{scenario.path()}/{dialect}"
