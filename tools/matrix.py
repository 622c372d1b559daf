"""Run the suites on the oldest and newest versions that `pyproject.toml` allows, on every Python that is found.

Each environment stands in `.matrix/`, with the log of its last run, until `pyproject.toml` changes. Words on the
command line select the environments whose name holds one of them; `--quick` takes fewer Pythons.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

CORE = ("tests/twelvelabs_responses",)
# The SDKs that its peers are have dependencies of their own.
EMULATOR = ("tests/emulator", "--ignore", "tests/emulator/test_peers.py")
LANGCHAIN = ("tests/langchain_twelvelabs",)
# Between the lowest and the highest Python, what LangChain itself asks of an integration is enough.
LANGCHAIN_ASKS = ("tests/langchain_twelvelabs/test_standard.py", "tests/langchain_twelvelabs/test_tools_standard.py")
LLAMA_INDEX = ("tests/llama_index_twelvelabs",)
# Every fault on every surface takes a minute, so beside `make test` the oldest there is is enough.
FAULTS = ("tests/faults",)
FLOORS = ("httpx==0.27.1", "pydantic==2.9.0", "starlette==0.40.0", "uvicorn==0.30.0")
LLAMA_INDEX_FLOORS = ("llama-index-core==0.12.52.post1", "pydantic==2.11.5")
# The second holds back llama-index-instrumentation, so `make test` goes without it and has what users have.
TRACERS = ("openinference-instrumentation-llama-index>=4.6,<5", "llama-index-observability-otel>=0.7,<1")


@dataclass(frozen=True)
class Row:
    """Suites to run with one framework at one level; what is not pinned is the newest that the Python installs.

    Attributes:
        framework: Whose suites they are.
        level: Which version of it, in a word.
        pythons: The Pythons of each run.
        suites: The suites.
        pins: The versions.
        besides: The Pythons of a whole run only.
    """

    framework: str
    level: str
    pythons: tuple[str, ...]
    suites: tuple[str, ...]
    pins: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()


# The floors of httpx and pydantic are met as far as others allow it: langchain-tests needs httpx 0.28.1,
# `configurable_fields` of langchain-core needs pydantic 2.9.1, llama-index-workflows needs pydantic 2.11.5.
# The slowest come first, so that none is waited for alone. The newest of all on 3.11 is what `make test` has, where
# changes are checked.
ROWS = (
    Row("core", "floor", ("3.10",), CORE + EMULATOR + FAULTS, FLOORS),
    Row("core", "newest", ("3.13",), CORE, besides=("3.12",)),
    Row("langchain", "floor", ("3.10",), LANGCHAIN, ("langchain-core==1.6.0", "pydantic==2.9.1")),
    Row("langchain", "newest", ("3.13",), LANGCHAIN),
    # The older cores take turns: between them a whole run meets every Python.
    Row("llama-index", "0.12", ("3.10",), LLAMA_INDEX, LLAMA_INDEX_FLOORS, besides=("3.12",)),
    Row("llama-index", "0.13", ("3.13",), LLAMA_INDEX, ("llama-index-core==0.13.6",), besides=("3.11",)),
    Row("llama-index", "newest", ("3.13",), LLAMA_INDEX, TRACERS, besides=("3.10", "3.12")),
    Row("langchain", "newest", ("3.12",), LANGCHAIN_ASKS),
)
# What each framework's environment holds: the extras of the package, and a dependency group.
HOLDS = {
    "core": ("emulator", "suite"),
    "langchain": ("emulator,langchain", "langchain-suite"),
    "llama-index": ("emulator,llama-index", "suite"),
}
TOLD = ("langchain-core", "langchain", "langgraph", "llama-index-core", "llama-index-workflows", "pydantic", "httpx")

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".matrix"
UV = str(Path(sys.executable).with_name("uv"))
AT_ONCE = 2


@dataclass
class Environment:
    """A row on one Python, and what came of its run."""

    row: Row
    version: str
    versions: str = "could not be made"
    counts: Counter[str] = field(default_factory=Counter)
    ended: int = 1
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """What it is called, and selected by."""
        return f"{self.row.framework}-{self.row.level}-py{self.version}"

    @property
    def python(self) -> Path:
        """Its own interpreter."""
        return PLACE / self.name / "bin" / "python"

    @property
    def log(self) -> Path:
        """The file that holds what its making and its suites have printed."""
        return PLACE / f"{self.name}.log"

    @property
    def failed(self) -> int:
        """How many tests failed; an error outside of them is one more."""
        return self.counts["failed"] + self.counts["errors"] or int(self.ended != 0)

    def __str__(self) -> str:
        skipped = self.counts["skipped"] + self.counts["xfailed"]
        return (
            f"{self.name:28}{self.counts['passed']:6} passed{self.failed:4} failed{skipped:4} skipped"
            f"{self.seconds:6.0f} s   {self.versions}"
        )


def interpreter(version: str) -> str | None:
    """Return the path of this Python; pyenv's own are found also where pyenv does not have them active."""
    pyenv = shutil.which("pyenv")
    kept = Path(output(pyenv, "root")).glob(f"versions/{version}.*/bin") if pyenv else ()
    path = os.pathsep.join([*map(str, sorted(kept)), os.environ["PATH"]])
    try:
        return output(UV, "python", "find", "--system", "--no-project", "--no-python-downloads", version, PATH=path)
    except subprocess.CalledProcessError:
        return None


def output(*command: str, **variables: str) -> str:
    """Return what a command prints, without the line's end."""
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ | variables)  # noqa: S603 - our own tools
    return done.stdout.strip()


def make(environment: Environment, interpreter: str) -> None:
    """Make the environment, unless it stands from an earlier run."""
    extras, group = HOLDS[environment.row.framework]
    wanted = ["--editable", f".[{extras}]", "--group", group, *environment.row.pins]
    source = [interpreter, *wanted, (ROOT / "pyproject.toml").read_text(encoding="utf-8")]
    state = hashlib.sha256("\n".join(source).encode()).hexdigest()
    stamp = environment.python.parent / "made-from"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == state:
        return
    output(UV, "venv", "--quiet", "--clear", "--python", interpreter, str(environment.python.parent.parent))
    output(UV, "pip", "install", "--quiet", "--python", str(environment.python), *wanted)
    stamp.write_text(state, encoding="utf-8")


def installed(environment: Environment) -> str:
    """Return the versions that the environment really has."""
    listed = json.loads(output(UV, "pip", "list", "--format", "json", "--python", str(environment.python)))
    versions = {entry["name"]: entry["version"] for entry in listed}
    return ", ".join(f"{name} {versions[name]}" for name in TOLD if name in versions)


def test(environment: Environment) -> None:
    """Run the suites, and note how they ended."""
    # No cache: environments that run at the same time would write into one.
    command = [str(environment.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *environment.row.suites]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=ROOT)  # noqa: S603 - our own tests
    environment.log.write_text(done.stdout, encoding="utf-8")
    environment.ended = done.returncode
    for number, outcome in re.findall(r"(\d+) (\w+)", done.stdout.rstrip().rpartition("\n")[2]):
        environment.counts["errors" if outcome == "error" else outcome] += int(number)


def run(environment: Environment, interpreter: str) -> None:
    """Make the environment, run its suites, and print one line about it, or what it failed with."""
    begun = time.monotonic()
    try:
        make(environment, interpreter)
        environment.versions = installed(environment)
        test(environment)
    except subprocess.CalledProcessError as error:
        environment.log.write_text(error.stderr, encoding="utf-8")
    environment.seconds = time.monotonic() - begun
    say(str(environment))
    if environment.failed:
        say("\n".join(f"    {line}" for line in reasons(environment.log)))


def reasons(log: Path) -> list[str]:
    """Return the lines of a log that say what failed, or else its end, and where the rest stands."""
    lines = log.read_text(encoding="utf-8").splitlines()
    telling = [line for line in lines if line.startswith(("FAILED", "ERROR", "E  "))]
    return [*(telling or lines)[-20:], f"see {log.relative_to(ROOT)}"]


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(words: list[str]) -> int:
    """Run what is selected; return 1 if anything failed or nothing was run."""
    parser = argparse.ArgumentParser(description="Run the suites on the versions that are supported.")
    parser.add_argument("--quick", action="store_true", help="take fewer Pythons")
    parser.add_argument("words", nargs="*", help="what the names of the environments hold; else all")
    options = parser.parse_args(words)
    PLACE.mkdir(exist_ok=True)
    environments = [
        Environment(row, version) for row in ROWS for version in row.pythons + (() if options.quick else row.besides)
    ]
    selected = [one for one in environments if not options.words or any(word in one.name for word in options.words)]
    found = {version: interpreter(version) for version in sorted({one.version for one in selected})}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = [pool.submit(run, one, python) for one in selected if (python := found[one.version]) is not None]
    for done in runs:
        done.result()
    ran = [one for one in selected if found[one.version] is not None]
    say("\n" + "\n".join(str(one) for one in sorted(ran, key=lambda one: one.name)))
    for version in (version for version, python in found.items() if python is None):
        say(f"Python {version} is not on this machine: nothing was run on it")
    failed = sum(one.failed for one in ran)
    say(f"{sum(one.counts['passed'] for one in ran)} passed, {failed} failed")
    return int(failed > 0 or not ran)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
