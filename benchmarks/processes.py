"""The server and the workers, from the outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from benchmarks.scenario import OPENAI, TWELVELABS, Scenario, address

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

ROOT = Path(__file__).parents[1]
_OF_OPENAI = frozenset({"OpenAISdk", "OpenAIChat", "OpenAILLM"})
# What reports home, reads a key of the machine or changes how Python runs (without its cache of compiled modules, each
# import of ours would compile them anew) has no place here.
_LEFT_OUT = ("LANG", "OPENAI_", "PYTHON", "TWELVE")
_KEPT = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
ENVIRONMENT = _KEPT | {"PYTHONHASHSEED": "0", "NO_PROXY": "127.0.0.1", "PYTHONWARNINGS": "ignore"}


class _Process:
    """A module that runs until its input ends."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - a module of ours
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=30)

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended")
        return line

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


class Server(_Process):
    """The server; see `benchmarks.server`."""

    def __init__(self) -> None:
        super().__init__("benchmarks.server")
        self._port = int(self._line())

    def url(self, name: str, scenario: Scenario) -> str:
        """Return where a subject finds the scenario, in the dialect that it speaks."""
        return address(self._port, scenario, OPENAI if name in _OF_OPENAI else TWELVELABS)

    def counts(self, *, reset: bool = False) -> dict[str, Any]:
        """Return what the server has counted; then it may begin anew."""
        with urlopen(f"http://127.0.0.1:{self._port}/{'reset' if reset else 'counts'}") as answer:
            counts: dict[str, Any] = json.load(answer)
        return counts


class Worker(_Process):
    """A process for one subject; see `benchmarks.worker`."""

    def __init__(self) -> None:
        super().__init__("benchmarks.worker")

    def do(self, order: str, /, **arguments: Any) -> Any:
        """Return what came of one measurement."""
        self._say(json.dumps({"do": order, **arguments}))
        return json.loads(self._line())
