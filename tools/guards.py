"""Take each guard out of the source and see that the test named for it fails.

A table `guards.toml` under `tests/` lists guards; its tests stand beside it:

    [[guard]]
    pitfall = 1                        # the pitfall's number
    title = "Metadata told twice"      # the pitfall in a few words
    test = "test_merging.py::test_..." # relative to the table's folder
    fails_with = "TypeError"           # the error that the test then ends with; by default a failed assertion
    [[guard.edit]]                     # one or several
    file = "package/_module.py"
    take_out = "the exact text"
    put_in = "what stands in its place"
    times = 1                          # how often the text stands there; 1 by default

Nothing is changed in place: the edits are made in copies of the repository. First all tests must pass there as they
are. A guard whose test passes without it, fails in another way, or whose text is not found, is an error (exit code 1).

Python 3.11 or newer, or 3.10 with `tomli`, which pytest brings along there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WORKERS = 2
# Seconds for one run of pytest; a test by itself is ended sooner by pytest-timeout.
_TIMEOUT = 300
# The plugins that tests of guards need. To load all that are installed takes longer than most of the tests.
_PLUGINS = ("pytest_asyncio.plugin", "pytest_socket", "pytest_timeout", "_hypothesis_pytestplugin")
_ASSERTION = ("assert ", "AssertionError", "Failed: DID NOT RAISE", "Failed: DID NOT WARN")


@dataclass(frozen=True)
class Edit:
    """One change of a file: a text out, another in."""

    file: str
    take_out: str
    put_in: str
    times: int = 1

    def fault(self, root: Path) -> str | None:
        """Return why the edit cannot be made, None if it can."""
        if self.take_out == self.put_in:
            return f"{self.file}: what is put in is what is taken out"
        if not (root / self.file).is_file():
            return f"{self.file} is not there"
        found = (root / self.file).read_text(encoding="utf-8").count(self.take_out)
        return None if found == self.times else f"{self.file} has {found} times, not {self.times}: {self.take_out!r}"


@dataclass(frozen=True)
class Guard:
    """A guard: the pitfall it is for, the edits that take it out, the test that must notice."""

    table: str
    pitfall: int
    title: str
    test: str
    edits: tuple[Edit, ...]
    fails_with: str = ""

    def fault(self, root: Path) -> str | None:
        """Return why the guard cannot be taken out, or its test cannot be there; None if all is well."""
        path, _, name = self.test.partition("::")
        test_file = root / path
        if not test_file.is_file() or f"def {name.partition('[')[0]}(" not in test_file.read_text(encoding="utf-8"):
            return f"{self.test} is not there"
        return next((fault for edit in self.edits if (fault := edit.fault(root))), None)

    def is_meant_by(self, words: str) -> bool:
        """Say whether words mean this guard: its pitfall's number, or a piece of its table's path or its title."""
        return int(words) == self.pitfall if words.isdecimal() else words in f"{self.table} {self.title}"

    @property
    def wanted(self) -> str:
        """How the test must fail, in words."""
        return self.fails_with or "a failed assertion"

    def is_killed_by(self, message: str) -> bool:
        """Say whether a failure with this message is the one that shows the guard's absence."""
        if not self.fails_with:
            return message.startswith(_ASSERTION)
        name = message.partition(":")[0].partition("\n")[0]
        return name.rpartition(".")[2] == self.fails_with


@dataclass(frozen=True)
class Outcome:
    """What became of a guard; `trouble` is empty if its test noticed."""

    guard: Guard
    trouble: str


def guards_under(root: Path) -> list[Guard]:
    """Return the guards of all tables under `tests/`, in order."""
    guards: list[Guard] = []
    for table in sorted((root / "tests").rglob("guards.toml")):
        folder = table.parent.relative_to(root).as_posix()
        rows: list[dict[str, Any]] = tomllib.loads(table.read_text(encoding="utf-8"))["guard"]
        for row in rows:
            edits = tuple(Edit(**edit) for edit in row.pop("edit"))
            test = f"{folder}/{row.pop('test')}"
            guards.append(Guard(table=folder, test=test, edits=edits, **row))
    return guards


class Copy:
    """A copy of the repository in which tests are run."""

    def __init__(self, source: Path, root: Path) -> None:
        # No byte code comes along or is written: a stale one would hide an edit.
        left_out = shutil.ignore_patterns(".*", "__pycache__", "*.pyc")
        shutil.copytree(source, root, ignore=left_out)
        self.root = root
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_ADDOPTS": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }

    def check_imports(self, packages: Sequence[str]) -> None:
        """Check that Python takes the packages from the copy, not from where they are installed.

        Raises:
            SystemExit: It does not.
        """
        for package in packages:
            program = f"import {package}; print({package}.__file__)"
            found = self._run(["-c", program]).stdout.strip()
            if not Path(found).resolve().is_relative_to(self.root.resolve()):
                raise SystemExit(f"{package} is imported from {found}, not from the copy in {self.root}")

    def failures(self, tests: Sequence[str]) -> list[str]:
        """Run these tests up to the first failure; return the messages of what failed."""
        if not tests:
            return []
        report = self.root / "report.xml"
        report.unlink(missing_ok=True)
        plugins = [argument for plugin in ("no:cacheprovider", *_PLUGINS) for argument in ("-p", plugin)]
        options = ["-x", "-q", *plugins, f"--rootdir={self.root}", f"--junitxml={report}"]
        try:
            told = self._run(["-m", "pytest", *options, *tests])
        except subprocess.TimeoutExpired:
            return [f"no end within {_TIMEOUT} s"]
        if not report.is_file():
            return [f"pytest: {(told.stdout + told.stderr)[-500:]}"]
        failed = [_message(case) for case in ET.parse(report).iter("testcase")]  # noqa: S314 - pytest wrote it just now
        messages = [message for message in failed if message]
        return messages or ([f"pytest ended with {told.returncode}"] if told.returncode else [])

    def outcome(self, guard: Guard) -> Outcome:
        """Take the guard out, run its test, put the guard back."""
        if fault := guard.fault(self.root):
            return Outcome(guard, fault)
        before = {edit.file: (self.root / edit.file).read_text(encoding="utf-8") for edit in guard.edits}
        try:
            for edit in guard.edits:
                path = self.root / edit.file
                changed = path.read_text(encoding="utf-8").replace(edit.take_out, edit.put_in)
                path.write_text(changed, encoding="utf-8")
            messages = self.failures([guard.test])
        finally:
            for file, text in before.items():
                (self.root / file).write_text(text, encoding="utf-8")
        if not messages:
            return Outcome(guard, "SURVIVED: the test passes without it")
        if not guard.is_killed_by(messages[0]):
            return Outcome(guard, f"failed otherwise than with {guard.wanted}: {messages[0]}")
        return Outcome(guard, "")

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(  # noqa: S603 - our own interpreter
            command, cwd=self.root, env=self._environment, capture_output=True, text=True, check=False, timeout=_TIMEOUT
        )


def _message(case: ET.Element) -> str:
    """Return how a test failed; an empty string if it did not. What is no test's failure is named as an error."""
    for kind, prefix in (("error", "error outside of the test: "), ("failure", "")):
        found = case.find(kind)
        if found is not None:
            return prefix + found.get("message", "no message")
    return ""


def outcomes(source: Path, guards: Sequence[Guard]) -> Iterator[Outcome]:
    """Yield what becomes of each guard, in order.

    Raises:
        SystemExit: A test fails although nothing was taken out.
    """
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(_WORKERS) as workers:
        copies: SimpleQueue[Copy] = SimpleQueue()
        made = [Copy(source, Path(folder).resolve() / str(number)) for number in range(_WORKERS)]
        packages = sorted({edit.file.partition("/")[0] for guard in guards for edit in guard.edits})
        for copy in made:
            copy.check_imports(packages)
            copies.put(copy)
        tests = sorted({guard.test for guard in guards if guard.fault(source) is None})
        shares = [tests[number::_WORKERS] for number in range(_WORKERS)]
        for failed in workers.map(lambda copy, share: copy.failures(share), made, shares):
            if failed:
                raise SystemExit(f"with all guards in place a test fails: {failed[0]}")

        def outcome(guard: Guard) -> Outcome:
            copy = copies.get()
            try:
                return copy.outcome(guard)
            finally:
                copies.put(copy)

        yield from workers.map(outcome, guards)


def row(outcome: Outcome) -> str:
    """Return an outcome as a row of the table that is printed."""
    guard = outcome.guard
    places = ", ".join(sorted({edit.file for edit in guard.edits}))
    name = guard.test.rpartition("::")[2]
    killed = f"NO: {outcome.trouble}" if outcome.trouble else "yes"
    return f"{guard.pitfall:>3}  {guard.title} | {places} | {name} | {killed}\n"


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description="Take each guard out and see that its test fails.")
    parser.add_argument("--applies", action="store_true", help="only look whether the tables fit the source")
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent, help="the repository")
    parser.add_argument("--only", default="", help="a pitfall's number, or what the table's path or the title holds")
    return parser.parse_args()


def main() -> int:
    """Print the tables; return how many guards nobody would miss, or that do not apply."""
    told, started = arguments(), time.monotonic()
    guards = [guard for guard in guards_under(told.root) if guard.is_meant_by(told.only)]
    found: Iterator[Outcome] = outcomes(told.root, guards)
    if told.applies:
        found = (Outcome(guard, guard.fault(told.root) or "") for guard in guards)
    bad, table = 0, ""
    for outcome in found:
        if outcome.guard.table != table:
            table = outcome.guard.table
            sys.stdout.write(f"\n{table}\n     pitfall | guard in | test | {'fits' if told.applies else 'killed'}\n")
        sys.stdout.write(row(outcome))
        sys.stdout.flush()
        bad += bool(outcome.trouble)
    sys.stdout.write(
        f"\n{bad} of {len(guards)} guards are not as they should be ({time.monotonic() - started:.0f} s)\n"
    )
    return bad


if __name__ == "__main__":
    sys.exit(min(main(), 1))
