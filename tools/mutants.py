"""Change the source in every small way that mutmut knows, and see that a test of the room notices.

`tests/mutants.toml` names the rooms, the tests of each, and the mutants that no test can notice:

    [[room]]
    file = "package/_module.py"
    tests = ["tests/package/test_module.py"]

    [[explained]]
    file = "package/_module.py"
    function = "Class.method"
    was = "the line as it stands"
    becomes = ["the line of a mutant that survives", "and of another"] # "" where the line is left out
    why = "what makes them equal to the source for everybody"

Nothing is changed in place: each room is mutated in a copy of the repository. A mutant is killed if a test fails, or if
the tests take so long that mutmut stops them (a loop that never ends). Exit code 1 means that a mutant survives which
nobody explains, or that an explanation fits no survivor.

mutmut changes what stands in functions and methods, but in none with a decorator, so in no property, and nothing that
stands outside of functions. Python 3.11 or newer, or 3.10 with `tomli`, which pytest brings along there.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLE = Path("tests/mutants.toml")
# What the tests of a room need beside the package that it is in.
_BESIDE = ("twelvelabs_responses", "langchain_twelvelabs", "llama_index_twelvelabs", "pytest_twelvelabs.py")
# The plugins that the rooms' tests need. To load all that are installed takes longer than most of the tests.
_PLUGINS = "pytest_asyncio.plugin,pytest_socket,pytest_timeout,_hypothesis_pytestplugin"
# Tests get ten times the seconds that they take with the source as it is, and some more: other work may be going on.
_SETTINGS = """\
[mutmut]
source_paths = {package}
only_mutate = {file}
also_copy =
    {beside}
pytest_add_cli_args_test_selection =
    {tests}
pytest_add_cli_args =
    -p
    no:cacheprovider
    --hypothesis-profile=ci
timeout_multiplier = 10
timeout_constant = 2
"""
# A mutated loop may fill the memory before its time is up.
_MEMORY = 4 * 1024**3
_KILLED = ("killed", "timeout")


@dataclass(frozen=True)
class Room:
    """A file and the tests that must notice its mutants."""

    file: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """What a mutant changes: lines without their indentation, joined by a space."""

    file: str
    function: str
    was: str
    becomes: str

    def __str__(self) -> str:
        """Return it as it is written in the table."""
        return f"{self.file} {self.function}\n  was     = {self.was!r}\n  becomes = {self.becomes!r}\n"


@dataclass(frozen=True)
class Outcome:
    """How many mutants of a room came to what, and what those change that survived."""

    counts: Counter[str]
    survivors: tuple[Change, ...]


def rooms(table: dict[str, Any]) -> list[Room]:
    """Return the rooms of the table."""
    return [Room(row["file"], tuple(row["tests"])) for row in table["room"]]


def explanations(table: dict[str, Any]) -> set[Change]:
    """Return what the explained mutants change.

    Raises:
        SystemExit: One is told twice, or no reason is given.
    """
    found: set[Change] = set()
    for row in table.get("explained", ()):
        for becomes in row["becomes"]:
            change = Change(row["file"], row["function"], row["was"], becomes)
            if change in found or not row["why"].strip():
                raise SystemExit(f"explained twice or not at all: {change}")
            found.add(change)
    return found


def misfits(root: Path, table: dict[str, Any]) -> list[str]:
    """Return where the table does not fit the source: files that are not there, lines that no longer stand there."""
    files = {room.file for room in rooms(table)}
    found = [
        f"{file} is not there"
        for room in rooms(table)
        for file in (room.file, *room.tests)
        if not (root / file).is_file()
    ]
    for change in sorted(explanations(table), key=str):
        if change.file not in files:
            found.append(f"explained, but no room: {change}")
        elif (root / change.file).is_file() and change.was not in _in_one_line(root / change.file):
            found.append(f"explained, but not there: {change}")
    return found


def _in_one_line(file: Path) -> str:
    return " ".join(line.strip() for line in file.read_text(encoding="utf-8").splitlines())


class Copy:
    """A copy of the repository in which mutmut mutates one room."""

    def __init__(self, source: Path, root: Path, room: Room) -> None:
        left_out = shutil.ignore_patterns(".*", "__pycache__", "*.pyc")
        for name in (*_BESIDE, "tests"):
            if (source / name).is_dir():
                shutil.copytree(source / name, root / name, ignore=left_out)
            elif (source / name).is_file():
                shutil.copy(source / name, root / name)
        shutil.copy(source / "pyproject.toml", root)
        package = room.file.partition("/")[0]
        beside = "\n    ".join(name for name in _BESIDE if name != package)
        settings = _SETTINGS.format(package=package, file=room.file, beside=beside, tests="\n    ".join(room.tests))
        (root / "setup.cfg").write_text(settings, encoding="utf-8")
        self._room = room
        self._root = root

    def outcome(self) -> Outcome:
        """Run the tests of the room on each mutant.

        Raises:
            SystemExit: They do not even pass on the source as it is.
        """
        told = self._mutmut("run", "--max-children", "1")
        if "mutations/second" not in told:
            raise SystemExit(f"mutmut cannot mutate {self._room.file}: {told[-2000:]}")
        counts: Counter[str] = Counter()
        survivors: list[Change] = []
        for line in self._mutmut("results", "--all", "true").splitlines():
            name, _, status = line.strip().partition(": ")
            counts[status] += 1
            if status not in _KILLED:
                survivors.append(self._change(name))
        return Outcome(counts, tuple(survivors))

    def _change(self, name: str) -> Change:
        place = name.rpartition(".")[2].rpartition("__mutmut_")[0]
        function = place.removeprefix("xǁ").replace("ǁ", ".") if "ǁ" in place else place.removeprefix("x_")
        shown = self._mutmut("show", name).splitlines()
        changed = [line for line in shown if line.startswith(("-", "+")) and not line.startswith(("---", "+++"))]
        was, becomes = (" ".join(line[1:].strip() for line in changed if line[0] == sign) for sign in "-+")
        return Change(self._room.file, function, was, becomes)

    def _mutmut(self, *arguments: str) -> str:
        environment = {
            **os.environ,
            "PYTEST_ADDOPTS": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": _PLUGINS,
            # The order in which mutmut runs tests is that of a set.
            "PYTHONHASHSEED": "0",
        }
        command = [str(Path(sys.executable).parent / "mutmut"), *arguments]
        told = subprocess.run(  # noqa: S603 - a tool of our own environment
            command, cwd=self._root, env=environment, capture_output=True, text=True, check=False
        )
        return told.stdout + told.stderr


def outcome(source: Path, room: Room) -> Outcome:
    """Return what became of the mutants of a room."""
    with tempfile.TemporaryDirectory() as folder:
        return Copy(source, Path(folder).resolve(), room).outcome()


def _row(name: str, counts: Counter[str], survivors: Sequence[Change], explained: set[Change]) -> str:
    mutants, timeouts = counts.total(), counts["timeout"]
    killed, known = counts["killed"] + timeouts, sum(change in explained for change in survivors)
    score = 100 * killed / mutants if mutants else 100.0
    numbers = f"{mutants:>7} {killed:>7} {timeouts:>9} {known:>9} {len(survivors) - known:>11} {score:>6.1f} %"
    return f"{name:<40} {numbers}\n"


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description="Mutate the source and see that its tests notice.")
    parser.add_argument("--applies", action="store_true", help="only look whether the table fits the source")
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent, help="the repository")
    parser.add_argument("--only", default="", help="what the path of a room's file holds")
    return parser.parse_args()


def report(root: Path, table: dict[str, Any], only: str) -> int:
    """Print what becomes of the rooms' mutants; return how many survivors and explanations are without the other."""
    explained = explanations(table)
    chosen = [room for room in rooms(table) if only in room.file]
    stale = {change for change in explained if change.file in {room.file for room in chosen}}
    sys.stdout.write(f"{'room':<40} mutants  killed  timeouts explained unexplained    score\n")
    counts: Counter[str] = Counter()
    survivors: list[Change] = []
    for room in chosen:
        found = outcome(root, room)
        sys.stdout.write(_row(room.file, found.counts, found.survivors, explained))
        sys.stdout.flush()
        counts += found.counts
        survivors += found.survivors
    sys.stdout.write(_row("all", counts, survivors, explained))
    stale -= set(survivors)
    unexplained = [change for change in survivors if change not in explained]
    sys.stdout.write("".join(f"\nSURVIVED: {change}" for change in unexplained))
    sys.stdout.write("".join(f"\nexplained, but no survivor: {change}" for change in sorted(stale, key=str)))
    return len(unexplained) + len(stale)


def main() -> int:
    """Print what is not as it should be; return how much that is."""
    told, started = arguments(), time.monotonic()
    table = tomllib.loads((told.root / _TABLE).read_text(encoding="utf-8"))
    wrong = misfits(told.root, table)
    sys.stdout.write("".join(f"{fault}\n" for fault in wrong))
    if wrong or told.applies:
        return len(wrong)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    bad = report(told.root, table, told.only)
    sys.stdout.write(f"\n{time.monotonic() - started:.0f} s\n")
    return bad


if __name__ == "__main__":
    sys.exit(min(main(), 1))
