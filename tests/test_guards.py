"""The tables of guards fit the source, and the tool that takes guards out tells a test that notices from one that does
not. `make guards` does the whole; it takes minutes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "tools" / "guards.py"

SOURCE = """\
def half(number):
    if number % 2:
        raise ValueError("odd")
    return number // 2
"""
TESTS = """\
import pytest
from halving import half

def test_an_odd_number_is_refused():
    with pytest.raises(ValueError):
        half(3)

def test_four_is_twice_two():
    assert half(4) == 2
"""


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one guard: odd numbers are refused."""
    for name, text in (("halving/__init__.py", SOURCE), ("tests/__init__.py", ""), ("tests/test_half.py", TESTS)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def table(repository: Path, test: str, take_out: str, put_in: str) -> str:
    row = f'[[guard]]\npitfall = 1\ntitle = "Odd"\ntest = "test_half.py::{test}"\n'
    edit = f'[[guard.edit]]\nfile = "halving/__init__.py"\ntake_out = "{take_out}"\nput_in = "{put_in}"\n'
    (repository / "tests/guards.toml").write_text(row + edit)
    return f"--root={repository}"


def test_every_guard_of_the_tables_is_in_the_source_and_its_test_is_there() -> None:
    told = ran("--applies")
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize(("framework", "count"), [("langchain_twelvelabs", 29), ("llama_index_twelvelabs", 28)])
def test_each_pitfall_of_a_framework_has_a_guard(framework: str, count: int) -> None:
    told = ran("--applies", "--only", framework)
    numbers = {line.split()[0] for line in told.stdout.splitlines() if " | " in line and line.split()[0].isdigit()}
    assert numbers == {str(number) for number in range(1, count + 1)}


@pytest.mark.parametrize(
    ("test", "take_out", "put_in", "words"),
    [
        ("test_an_odd_number_is_refused", "number % 2", "False", "test_an_odd_number_is_refused | yes"),
        ("test_four_is_twice_two", "number % 2", "False", "SURVIVED: the test passes without it"),
        (
            "test_an_odd_number_is_refused",
            "number % 2",
            "number % two",
            "failed otherwise than with a failed assertion",
        ),
        ("test_an_odd_number_is_refused", "number % 2:", "number % 2", "error outside of the test: collection failure"),
        ("test_an_odd_number_is_refused", "number % 3", "False", "has 0 times, not 1: 'number % 3'"),
        ("test_an_odd_number_is_refused", "number", "0", "has 3 times, not 1: 'number'"),
        ("test_of_another_time", "number % 2", "False", "test_of_another_time is not there"),
    ],
)
def test_only_a_test_that_notices_as_told_passes_for_one(
    repository: Path, test: str, take_out: str, put_in: str, words: str
) -> None:
    told = ran(table(repository, test, take_out, put_in))
    assert words in told.stdout + told.stderr
    assert told.returncode == (0 if words.endswith("yes") else 1)
    assert (repository / "halving/__init__.py").read_text() == SOURCE


def test_a_test_that_fails_with_its_guard_in_place_ends_the_run(repository: Path) -> None:
    root = table(repository, "test_four_is_twice_two", "// 2", "// 4")
    (repository / "halving/__init__.py").write_text(SOURCE.replace("// 2", "// 2 + 1"))
    told = ran(root)
    assert told.returncode == 1
    assert "with all guards in place a test fails: assert 3 == 2" in told.stderr
