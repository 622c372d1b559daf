"""What it costs to import and to construct, each in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Row, Target, rows
from benchmarks.processes import ENVIRONMENT, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

_BARE = "bare Python"
_IMPORTS = {
    _BARE: "pass",
    "httpx, pydantic": "import httpx, pydantic",
    # pydantic loads what models need when the first is made, so that the line above hardly loads it.
    "httpx, one model": "import httpx, pydantic\nclass Model(pydantic.BaseModel):\n    field: int",
    "twelvelabs_responses": "import twelvelabs_responses",
    "twelvelabs": "import twelvelabs",
    "openai": "import openai",
    "BaseChatModel": "from langchain_core.language_models import BaseChatModel",
    "ChatTwelveLabs": "from langchain_twelvelabs import ChatTwelveLabs",
    "ChatOpenAI": "from langchain_openai import ChatOpenAI",
    "BaseQueryEngine": "from llama_index.core.base.base_query_engine import BaseQueryEngine",
    "TwelveLabsQueryEngine": "from llama_index_twelvelabs import TwelveLabsQueryEngine",
    "LLM": "from llama_index.core.llms.llm import LLM",
    "TwelveLabsLLM": "from llama_index_twelvelabs import TwelveLabsLLM",
    "OpenAIResponses": "from llama_index.llms.openai import OpenAIResponses",
}
_IMPORT_TARGETS = (
    ("core", "twelvelabs_responses", Target(1.25, "httpx, pydantic", "httpx, pydantic")),
    ("core", "twelvelabs_responses", Target(1.25, "httpx, one model", "httpx and one pydantic model")),
    ("core", "twelvelabs_responses", Target(0.35, "twelvelabs", "twelvelabs")),
    ("LangChain", "ChatTwelveLabs", Target(1.15, "BaseChatModel", "BaseChatModel")),
    ("LlamaIndex, query engine", "TwelveLabsQueryEngine", Target(1.15, "BaseQueryEngine", "BaseQueryEngine")),
    ("LlamaIndex, LLM", "TwelveLabsLLM", Target(1.15, "LLM", "LLM")),
)
_KEY = "api_key='bench-key-of-no-service'"
_MADE = {
    "httpx.Client": ("import httpx", "httpx.Client()"),
    "Client": ("import twelvelabs_responses as t", f"t.Client({_KEY})"),
    "AsyncClient": ("import twelvelabs_responses as t", f"t.AsyncClient({_KEY})"),
    "ChatTwelveLabs": ("import langchain_twelvelabs as t", f"t.ChatTwelveLabs(knowledge_store_id='ks_1', {_KEY})"),
    "TwelveLabsQueryEngine": ("import llama_index_twelvelabs as t", f"t.TwelveLabsQueryEngine('ks_1', {_KEY})"),
    "TwelveLabsLLM": ("import llama_index_twelvelabs as t", f"t.TwelveLabsLLM('ks_1', {_KEY})"),
    "TwelveLabs": ("import twelvelabs as t", f"t.TwelveLabs({_KEY})"),
    "OpenAI": ("import openai as t", f"t.OpenAI({_KEY})"),
    "ChatOpenAI": ("import langchain_openai as t", f"t.ChatOpenAI({_KEY}, model='gpt-4o-mini')"),
    "OpenAIResponses": ("from llama_index.llms import openai as t", f"t.OpenAIResponses({_KEY})"),
}
_OURS = ("Client", "AsyncClient", "ChatTwelveLabs", "TwelveLabsQueryEngine", "TwelveLabsLLM")
_PEERS = ("TwelveLabs", "OpenAI", "ChatOpenAI", "OpenAIResponses")
# What httpx makes is told apart by its transports: those are what reads certificates and holds connections.
_CONSTRUCTION = """
import gc, json, time
{imported}
import httpx
def made():
    start = time.process_time()
    kept.append({made})
    return (time.process_time() - start) * 1e3
kept = []
gc.collect()
first, later = made(), sorted(made() for _ in range(9))[4]
transports = [each for each in gc.get_objects() if isinstance(each, (httpx.HTTPTransport, httpx.AsyncHTTPTransport))]
print(json.dumps([first, later, len(transports)]))
"""


def imports(bench: Bench) -> Iterator[Row]:
    """Yield the rows of imports: CPU of a process that imports and ends, less that of one that only ends."""
    targets = _IMPORT_TARGETS if bench.extent.whole else _IMPORT_TARGETS[:-1]
    compared = {name for _, ours, target in targets for name in (_BARE, ours, target.than)}
    names = _IMPORTS if bench.extent.whole else [name for name in _IMPORTS if name in compared]
    figures = bench.rounds(names, _import_seconds, count=3 if bench.extent.whole else 1)
    bare = figures.pop(_BARE).median
    net = {name: Figure(tuple((each - bare) * 1e3 for each in figure.values)) for name, figure in figures.items()}
    for title, ours, target in targets:
        shown = {ours: net[ours], target.than: net[target.than]} | _peers_of(title, net)
        yield from rows(f"import, {title}", ours, shown, (target,), "ms")


def construction(bench: Bench) -> Iterator[Row]:
    """Yield the rows of construction: the first of a process, later ones, and what is built before it is used."""
    whole = bench.extent.whole
    came: dict[str, list[list[float]]] = {name: [] for name in _MADE if whole or name not in _PEERS}
    for _ in range(3 if whole else 1):
        for name, taken in came.items():
            taken.append(_construction(name))
    first, later, transports = (
        {name: Figure(tuple(each[place] for each in taken)) for name, taken in came.items()} for place in range(3)
    )
    peers = [name for name in _PEERS if name in came]
    for name in _OURS:
        shown = {name: first[name], "httpx.Client": first["httpx.Client"]} | (
            {peer: first[peer] for peer in peers} if name == "Client" else {}
        )
        yield from rows(
            f"construction, {name}, first", name, shown, (Target(1.2, "httpx.Client", "httpx.Client()"),), "ms"
        )
        theirs = {peer: later[peer] for peer in peers} if name == "Client" else {}
        yield Row(f"construction, {name}, later", "<= 1 ms", later[name].median, 1.0, later[name], theirs, "ms")
    built = Figure((sum(transports[name].median for name in _OURS),))
    theirs = {peer: transports[peer] for peer in peers}
    yield Row("construction, transports made before use, all of ours", "none", built.median, 0, built, theirs, "")


def process_seconds(code: str) -> float:
    """Return the CPU seconds of a process that does this and ends."""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT)  # noqa: S603 - ours
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"failed: {code}")
    return used.ru_utime + used.ru_stime


def _peers_of(title: str, net: dict[str, Figure]) -> dict[str, Figure]:
    name = {"core": "openai", "LangChain": "ChatOpenAI"}.get(title, "OpenAIResponses")
    return {name: net[name]} if name in net else {}


def _import_seconds(name: str) -> float:
    return process_seconds(_IMPORTS[name])


def _construction(name: str) -> list[float]:
    imported, made = _MADE[name]
    code = _CONSTRUCTION.format(imported=imported, made=made)
    process = [sys.executable, "-c", code]
    done = subprocess.run(process, cwd=ROOT, env=ENVIRONMENT, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures
