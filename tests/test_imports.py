"""What importing a package brings along, and what its door lets in."""

from __future__ import annotations

import subprocess
import sys

import pytest

import langchain_twelvelabs
import langchain_twelvelabs.testing
import llama_index_twelvelabs
import llama_index_twelvelabs.testing
import twelvelabs_responses
import twelvelabs_responses.emulator
import twelvelabs_responses.testing

DOORS = [
    twelvelabs_responses,
    twelvelabs_responses.emulator,
    twelvelabs_responses.testing,
    langchain_twelvelabs,
    langchain_twelvelabs.testing,
    llama_index_twelvelabs,
    llama_index_twelvelabs.testing,
]
LOADED = "import sys, {0}; print(*sorted({{name.partition('.')[0] for name in sys.modules}} & {1}))"


@pytest.mark.parametrize("package", DOORS, ids=lambda package: package.__name__)
def test_a_door_lets_in_what_it_lists(package: object) -> None:
    names: list[str] = getattr(package, "__all__", [])
    assert names
    assert [name for name in names if not hasattr(package, name)] == []


@pytest.mark.parametrize(
    ("package", "strangers"),
    [
        ("twelvelabs_responses", {"starlette", "uvicorn", "pytest", "vcr", "langchain_core", "llama_index", "sqlite3"}),
        ("twelvelabs_responses.emulator", {"httpx2", "pytest", "langchain_core", "llama_index"}),
        ("langchain_twelvelabs", {"starlette", "uvicorn", "llama_index", "pytest"}),
        ("llama_index_twelvelabs", {"starlette", "uvicorn", "langchain_core", "pytest"}),
    ],
)
def test_importing_a_package_brings_no_strangers_along(package: str, strangers: set[str]) -> None:
    command = [sys.executable, "-c", LOADED.format(package, strangers)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert answer.stdout.split() == []


def test_importing_the_core_does_not_import_the_emulator() -> None:
    command = [
        sys.executable,
        "-c",
        "import sys, twelvelabs_responses; print('twelvelabs_responses.emulator' in sys.modules)",
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert answer.stdout == "False\n"


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_where_its_extra_is_not_installed_the_emulator_says_what_to_install(missing: str) -> None:
    program = f"""if True:
        import sys
        sys.modules.update(dict.fromkeys(["{missing}", "{missing}.applications"]))
        import twelvelabs_responses.emulator"""
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    told = f"ModuleNotFoundError: the emulator needs {missing}: pip install 'twelvelabs-responses[emulator]'"
    assert answer.stderr.splitlines()[-1] == told
