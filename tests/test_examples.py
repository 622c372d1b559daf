"""The examples, run as their users run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str, **variables: str) -> str:
    command = [sys.executable, str(EXAMPLES / name)]
    environment = {"PATH": "", "PYTHONPATH": str(EXAMPLES.parent), **variables}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60)  # noqa: S603 - our own interpreter
    return answer.stdout


def test_the_demo_holds_two_turns_through_each_framework_and_goes_on_with_the_session() -> None:
    told = run("demo.py")
    assert told.count("> Which clips show a goal?") == 2
    assert told.count("Going on from “Which clips show a goal?”") == 2
    assert told.count("Harbour City Derby: Rovers v United (12:04-12:31)") == 2
    assert told.count("given for a handball by a Rovers defender") == 2
    sessions = [line.split()[1] for line in told.splitlines() if line.startswith("Session ")]
    assert len(sessions) == 4
    assert sessions[0] == sessions[1]
    assert sessions[2] == sessions[3]


def test_the_demo_asks_the_service_that_the_environment_names(emulator: object) -> None:
    base_url, store = getattr(emulator, "base_url", ""), getattr(emulator, "knowledge_store_id", "")
    names = {"TWELVELABS_API_KEY": "key-of-the-tests", "TWELVELABS_BASE_URL": base_url}
    told = run("demo.py", TWELVELABS_KNOWLEDGE_STORE_ID=store, **names)
    assert told.startswith("Asking the real API")
    assert told.count("Session sess_") == 4


def test_every_example_is_run_here() -> None:
    assert [path.name for path in EXAMPLES.glob("*.py")] == ["demo.py"]
