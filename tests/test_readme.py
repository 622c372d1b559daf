"""The examples of the README, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from twelvelabs_responses.emulator import Emulator

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
EXPECTED = [
    "Harbour City Derby: Rovers v United 1:16:55-1:17:32",
    "(Emulator) I looked through",
    "into the oven",
    "(Emulator) I looked through",
    "\nsess_",
]


@pytest.mark.parametrize(("example", "expected"), list(zip(EXAMPLES, EXPECTED, strict=True)))
def test_an_example_of_the_readme_runs_as_it_stands(
    example: str,
    expected: str,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The examples for the real service name nothing but the environment, so the emulator can stand in.
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-tests")
    monkeypatch.setenv("TWELVELABS_BASE_URL", emulator.base_url)
    monkeypatch.setenv("TWELVELABS_KNOWLEDGE_STORE_ID", emulator.knowledge_store_id)
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})  # noqa: S102 - what a reader would paste
    assert expected in capsys.readouterr().out
