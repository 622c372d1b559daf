"""What it costs to ask once, all that comes before it included, each in a fresh process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Target, rows
from benchmarks.measures.starting import process_seconds
from benchmarks.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench
    from benchmarks.figures import Row

_KEY = "api_key='bench-key-of-no-service'"
_STORE = "knowledge_store_id='ks_1'"
_GPT = "model='gpt-4o-mini'"
_ITEM = "t.ResponseInputItem(type='message', role='user', content='Which?')"
_ASKED = {
    "httpx": (
        "import httpx",
        "httpx.Client().post(f'{url}/responses', json={}).json()['output'][0]['content'][0]['text']",
    ),
    "Client": (
        "import twelvelabs_responses as t",
        f"t.Client({_KEY}, base_url=url).create('Which?', {_STORE}).text",
    ),
    "twelvelabs": (
        "import twelvelabs as t",
        f"t.TwelveLabs({_KEY}, base_url=url).responses.create({_STORE}, input=[{_ITEM}]).output[0].content[0].text",
    ),
    "openai": (
        "import openai as t",
        f"t.OpenAI({_KEY}, base_url=url).responses.create({_GPT}, input='Which?').output_text",
    ),
    "ChatTwelveLabs": (
        "import langchain_twelvelabs as t",
        f"t.ChatTwelveLabs({_STORE}, {_KEY}, base_url=url).invoke('Which?').text",
    ),
    "ChatOpenAI": (
        "import langchain_openai as t",
        f"t.ChatOpenAI({_GPT}, {_KEY}, base_url=url, use_responses_api=True).invoke('Which?').text",
    ),
    "TwelveLabsLLM": (
        "import llama_index_twelvelabs as t",
        f"t.TwelveLabsLLM('ks_1', {_KEY}, base_url=url).complete('Which?').text",
    ),
    "OpenAIResponses": (
        "from llama_index.llms import openai as t",
        f"t.OpenAIResponses({_GPT}, {_KEY}, api_base=url).complete('Which?').text",
    ),
}
_SPEAK_OPENAI = frozenset({"openai", "ChatOpenAI", "OpenAIResponses"})
_ASKED_TOGETHER = (
    ("core", "Client", ("httpx", "twelvelabs", "openai")),
    ("LangChain", "ChatTwelveLabs", ("ChatOpenAI",)),
    ("LlamaIndex, LLM", "TwelveLabsLLM", ("OpenAIResponses",)),
)


def first_answers(bench: Bench) -> Iterator[Row]:
    """Yield the rows of the first answer: CPU of a process that imports, constructs, asks once and ends.

    What is put off until it is needed would else be seen nowhere.
    """

    def measured(name: str) -> float:
        imported, asked = _ASKED[name]
        url = bench.server.url("OpenAISdk" if name in _SPEAK_OPENAI else "Core", Scenario(size=0))
        return process_seconds(f"url = {url!r}\n{imported}\nassert {asked}.startswith('The second goal')") * 1e3

    figures = bench.rounds(_ASKED, measured, count=2) if bench.extent.whole else {}
    for title, ours, others in _ASKED_TOGETHER if figures else ():
        shown = {name: figures[name] for name in (ours, *others)}
        targets = [Target(None, other, other) for other in others]
        yield from rows(f"a process with one call, {title}", ours, shown, targets, "ms")
