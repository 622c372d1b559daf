"""Say which source files their own test files do not cover: `a/_b.py` by `tests/a/test_b.py` alone.

A line that only some other file's tests happen to run is a line that nobody checks. Reads the data of the last
`make test`, which notes for each line the tests that ran it.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError

# Percent of lines and branches. The core is small and exact enough to be covered whole.
WANTED = {
    "": 100.0,
    "twelvelabs_responses": 100.0,
    "emulator": 95.0,
    "langchain_twelvelabs": 95.0,
    "llama_index_twelvelabs": 95.0,
}
PLUGIN = Path("pytest_twelvelabs.py")
UNTESTED = {"__init__.py", "_version.py"}


def own_tests(source: Path) -> Path:
    """Return the test file of a source file. The emulator's tests stand in a folder of their own."""
    folder = "" if source == PLUGIN else source.parent.name
    return Path("tests") / folder / f"test_{source.stem.strip('_')}.py"


def covered(coverage: Coverage, source: Path) -> float:
    """Return how much of a file its own tests cover, in percent; what runs at import counts for all."""
    contexts = ["^$", f"^{re.escape(own_tests(source).as_posix())}::"]
    return coverage.report(include=[str(source)], contexts=contexts, file=io.StringIO(), show_missing=False)


def main() -> int:
    """Print the files that fall short; return how many there are."""
    coverage = Coverage()
    coverage.load()
    short = 0
    packages = ("twelvelabs_responses", "langchain_twelvelabs", "llama_index_twelvelabs")
    for source in (PLUGIN, *(file for package in packages for file in sorted(Path(package).rglob("*.py")))):
        if source.name in UNTESTED:
            continue
        try:
            percent = covered(coverage, source)
        except NoDataError:
            percent = 0.0
        if percent < WANTED[source.parent.name]:
            short += 1
            sys.stdout.write(f"{source}: {percent:.1f} % by {own_tests(source)}\n")
    sys.stdout.write(f"{short} source files are not covered by their own tests\n")
    return short


if __name__ == "__main__":
    sys.exit(min(main(), 1))
