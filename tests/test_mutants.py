"""The table of mutants fits the source. `make mutants` does the whole; it takes minutes, and mutmut."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parent.parent / "tools" / "mutants.py"

SOURCE = """\
def half(number):
    return (
        number // 2
    )
"""
ROOM = """\
[[room]]
file = "halving/_half.py"
tests = ["tests/test_half.py"]
"""
EXPLAINED = """
[[explained]]
file = "halving/_half.py"
function = "half"
was = "return ( number // 2"
becomes = ["return ( number / 2"]
why = "the same of even numbers"
"""


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), "--applies", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool


def repository(root: Path, table: str) -> str:
    for name, text in (("halving/_half.py", SOURCE), ("tests/test_half.py", ""), ("tests/mutants.toml", table)):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return f"--root={root}"


def test_every_room_and_every_line_that_is_explained_is_there() -> None:
    told = ran()
    assert told.returncode == 0, told.stdout


def test_a_table_that_fits_its_source_is_as_it_should_be(tmp_path: Path) -> None:
    told = ran(repository(tmp_path, ROOM + EXPLAINED))
    assert (told.returncode, told.stdout) == (0, "")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (ROOM.replace("_half.py", "_whole.py"), "halving/_whole.py is not there"),
        (ROOM.replace("test_half", "test_whole"), "tests/test_whole.py is not there"),
        (ROOM + EXPLAINED.replace("// 2", "// 3", 1), "explained, but not there: halving/_half.py half"),
        (ROOM + EXPLAINED.replace("_half.py", "_whole.py"), "explained, but no room: halving/_whole.py half"),
        (ROOM + 2 * EXPLAINED, "explained twice or not at all: halving/_half.py half"),
        (ROOM + EXPLAINED.replace("the same of even numbers", " "), "explained twice or not at all"),
    ],
)
def test_a_table_that_does_not_fit_its_source_is_refused(table: str, words: str, tmp_path: Path) -> None:
    told = ran(repository(tmp_path, table))
    assert words in told.stdout + told.stderr
    assert told.returncode == 1
