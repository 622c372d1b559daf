"""Who may import whom, where the import contracts cannot say it: an import of a package is an import of its door."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRACTS = [
    ("twelvelabs_responses/_fold.py", "import httpx"),
    ("twelvelabs_responses/_sse.py", "from twelvelabs_responses._protocol import decode_event"),
    ("twelvelabs_responses/_turn.py", "import langchain_core"),
    ("twelvelabs_responses/_client.py", "import starlette"),
    ("twelvelabs_responses/emulator/_wire.py", "from twelvelabs_responses._response import Response"),
    ("langchain_twelvelabs/_input.py", "from twelvelabs_responses._fold import Fold"),
    ("langchain_twelvelabs/_input.py", "import llama_index_twelvelabs"),
]


def imports(source: Path) -> set[str]:
    """Return the modules that a file names in its imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def named(package: str, *beginnings: str) -> set[tuple[str, str]]:
    """Return each file of a package with each module it imports whose name begins so."""
    return {
        (source.name, name)
        for source in (ROOT / package).rglob("*.py")
        for name in imports(source)
        if name.startswith(beginnings)
    }


def test_the_emulator_knows_nothing_of_the_client() -> None:
    found = named("twelvelabs_responses/emulator", "twelvelabs_responses", "httpx", "pydantic")
    assert {name for _, name in found if not name.startswith("twelvelabs_responses.emulator")} == set()


@pytest.mark.parametrize("package", ["langchain_twelvelabs", "llama_index_twelvelabs"])
def test_an_adaptor_comes_in_by_the_front_door(package: str) -> None:
    found = named(package, "twelvelabs_responses")
    suites = {"testing.py", "_chat_suite.py"}
    assert {name for file, name in found if file not in suites} == {"twelvelabs_responses"}
    doors = {"twelvelabs_responses", "twelvelabs_responses.emulator"}
    assert {name for file, name in found if file in suites} == doors


def test_the_adaptors_do_not_know_each_others_frameworks() -> None:
    assert named("langchain_twelvelabs", "llama_index") == set()
    assert named("llama_index_twelvelabs", "langchain") == set()


def test_only_the_modules_that_wait_know_httpx_loops_sockets_and_clocks() -> None:
    found = named("twelvelabs_responses", "asyncio", "httpx", "socket", "time", "ssl", "anyio")
    outside = {(file, name) for file, name in found if not (ROOT / "twelvelabs_responses/emulator" / file).exists()}
    waiting = {"_client.py", "_http.py", "_stream.py"}
    assert {(file, name) for file, name in outside if file not in waiting} == set()


@pytest.mark.parametrize(("file", "line"), CONTRACTS)
def test_a_contract_that_is_broken_is_seen(file: str, line: str, tmp_path: Path) -> None:
    for package in ("twelvelabs_responses", "langchain_twelvelabs", "llama_index_twelvelabs"):
        for source in (ROOT / package).rglob("*.py"):
            copy = tmp_path / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    with (tmp_path / file).open("a", encoding="utf-8") as source_file:
        source_file.write(f"\n{line}\n")
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool
    assert answer.returncode == 1
    assert "BROKEN" in answer.stdout
