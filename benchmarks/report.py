"""The table of a run, printed or written down."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.figures import Figure, Row

NAMES = {
    "Raw": "raw httpx",
    "RawStamps": "raw httpx",
    "HttpxSse": "httpx-sse and json",
    "SseClient": "sseclient-py and json",
    "OpenAIDecoder": "openai's decoder and json",
    "ByHand": "decoder by hand and json",
    "ByHandOrjson": "decoder by hand and orjson",
    "OpenAISdk": "openai",
    "TwelveLabsSdk": "twelvelabs",
    "OurChat": "ChatTwelveLabs",
    "OpenAIChat": "ChatOpenAI",
    "MadeChat": "LangChain making chunks",
    "MadeChatAndRaw": "LangChain making chunks, and raw httpx",
    "ReadyMadeChat": "LangChain given chunks",
    "ReadyMadeLLM": "LlamaIndex itself",
    "OpenAILLM": "OpenAIResponses",
    "OurLLM": "TwelveLabsLLM",
    "OurQueryEngine": "TwelveLabsQueryEngine",
}
_PACKAGES = (
    "httpx",
    "pydantic",
    "twelvelabs",
    "openai",
    "langchain-core",
    "langchain-openai",
    "llama-index-core",
    "llama-index-llms-openai",
    "httpx-sse",
    "sseclient-py",
    "orjson",
)
_INTRODUCTION = """\
# Speed, beside the peers

Written by `make bench`. A plain server sends bytes that were made before, over loopback: TwelveLabs' form to us and to
`twelvelabs`, OpenAI's own form to the others; as many deltas, of the same size, to all that are compared. Each subject
has a process of its own; where CPU is measured, they take turns, round by round, the first of which does not count. CPU
is that of the subject's process. Given are the median and, in brackets, the least and the most of the rounds. **Ratios
are the result**: absolute times are those of this machine, and its other work moves them.

{machine}

What the frameworks take for themselves is shown by models of theirs that ask nobody. "LangChain making chunks" makes a
chunk of a ready text each time that one is asked for, as a model must whose texts come one by one; our target is held
against it. It asks nobody, so raw httpx is added to it in a row of its own. "LangChain given chunks" has its chunks
before the time is taken, so that only what LangChain does around them is left; it stands beside the others without a
target. "LlamaIndex itself" makes its chat responses of ready texts.

Memory is by how much an answer raises the most that the process ever held; "Python's objects" is what Python itself has
given out of it, so nothing of a parser written in another language. "far off" is over twice the target.
"""


def names(figures: dict[str, Figure]) -> str:
    """Return figures with their names, in words."""
    return "; ".join(f"{NAMES.get(name, name)} {figure.text('')}" for name, figure in figures.items())


def lines(row: Row) -> Iterable[str]:
    """Yield a row as it is printed while the run goes on."""
    yield f"{row.verdict:8} {significant(row.value):>8}  {row.measure}: {row.target}"
    others = f"; {names(row.theirs)}" if row.theirs else ""
    note = f" ({row.note})" if row.note else ""
    yield f"{'':19}ours {row.ours.text(row.unit)}{others}{note}"


def machine() -> str:
    """Return what the run was on: processor, cores, system, Python and the versions of all that took part."""
    versions = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    cores = os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"Machine: {_processor()}, {cores} cores, {platform.system()} {platform.machine()}, {python}. {versions}."


def met(rows: Sequence[Row]) -> str:
    """Return how many of the targets are met, in words."""
    verdicts = [row.verdict for row in rows if row.verdict]
    return f"{verdicts.count('met')} of {len(verdicts)} targets are met."


def page(rows: Sequence[Row]) -> str:
    """Return the page of a whole run."""
    table = [
        met(rows),
        "",
        "| measure | target | figure | | ours | others |",
        "|---|---|---|---|---|---|",
        *(_line(row) for row in rows),
    ]
    return "\n".join([_INTRODUCTION.format(machine=machine()), *table, ""])


def _line(row: Row) -> str:
    verdict = row.verdict if row.verdict in ("met", "") else f"**{row.verdict}**"
    others = "; ".join(each for each in (names(row.theirs), row.note) if each)
    ours = row.ours.text(row.unit)
    return f"| {row.measure} | {row.target} | {significant(row.value)} | {verdict} | {ours} | {others} |"


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in facts.splitlines() if line.startswith("model name"))
    return next(named, platform.processor())
