"""The pytest plugin: what a project gets by installing this package and pytest.

It stands beside the packages, so that a run of pytest which does not use it imports none of them.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vcr import VCR

    from twelvelabs_responses._cassettes import Rule
    from twelvelabs_responses.emulator import Emulator, ScriptedAnswer

# So that a failure in one of the suites shows its values, as in a test of the project's own.
pytest.register_assert_rewrite(
    "langchain_twelvelabs._paths",
    "langchain_twelvelabs.testing",
    "llama_index_twelvelabs._chat_suite",
    "llama_index_twelvelabs.testing",
)

_KEY = "key-of-the-tests"


def new_emulator() -> Emulator:
    """Return an emulator, or end the test with word of what to install."""
    try:
        from twelvelabs_responses.emulator import Emulator  # noqa: PLC0415 - only a test that asks for it pays
    except ModuleNotFoundError as error:
        pytest.fail(
            f"the `emulator` fixture needs {error.name}: pip install 'twelvelabs-responses[testing]'", pytrace=False
        )
    return Emulator()


def check_all_were_asked_for(left: Sequence[ScriptedAnswer]) -> None:
    """End the test if answers are left that nothing has asked for."""
    if left:
        texts = ", ".join(repr(answer.text or answer.json) for answer in left)
        counted = "1 scripted answer was" if len(left) == 1 else f"{len(left)} scripted answers were"
        pytest.fail(f"{counted} not asked for: {texts}", pytrace=False)


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A running emulator of the service, which the environment of the test points to.

    Until the test ends, TWELVELABS_API_KEY, TWELVELABS_BASE_URL and TWELVELABS_KNOWLEDGE_STORE_ID say how to ask it,
    for it and every process it starts. A client made before, such as one made when a module is imported, does not
    know. It needs the extra `testing` (or `emulator`).
    """
    with new_emulator() as running:
        monkeypatch.setenv("TWELVELABS_API_KEY", _KEY)
        monkeypatch.setenv("TWELVELABS_BASE_URL", running.base_url)
        monkeypatch.setenv("TWELVELABS_KNOWLEDGE_STORE_ID", running.knowledge_store_id)
        yield running


@pytest.fixture
def scripted(emulator: Emulator) -> Iterator[Callable[..., None]]:
    """Exact answers for the next requests: `scripted("Two goals.", ScriptedAnswer("Where? [1]", ...))`.

    It is `emulator.script`. An answer that nothing has asked for by the end of the test is an error.
    """
    yield emulator.script
    check_all_were_asked_for(emulator.scripted)


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Rule]:
    """How cassettes are recorded: without keys, cookies and account headers, and matched on the body too.

    A `vcr_config` of your own can build on it: `return {**vcr_config, "record_mode": "once"}`.
    """
    from twelvelabs_responses.testing import cassette_rules  # noqa: PLC0415 - only a test with a cassette pays

    return cassette_rules()


def pytest_configure(config: pytest.Config) -> None:
    """Register `vcr_config` once more after all plugins: of theirs, the fixture of the last one holds."""
    last = ModuleType("twelvelabs_cassettes")
    vars(last)["vcr_config"] = vcr_config
    config.pluginmanager.register(last)


@pytest.hookimpl(optionalhook=True)
def pytest_recording_configure(vcr: VCR) -> None:
    """Teach vcrpy the rules, also where a project's own `vcr_config` replaces ours."""
    from twelvelabs_responses.testing import apply_cassette_rules  # noqa: PLC0415 - only a test with a cassette pays

    apply_cassette_rules(vcr)
