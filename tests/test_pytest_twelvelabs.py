"""The pytest plugin, as projects of others get it: each test runs a small project of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from vcr import VCR

import pytest_twelvelabs
from pytest_twelvelabs import check_all_were_asked_for, new_emulator, pytest_recording_configure
from tests.pytesting import ran
from twelvelabs_responses import Client
from twelvelabs_responses.emulator import ScriptedAnswer
from twelvelabs_responses.testing import cassette_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twelvelabs_responses.emulator import Emulator

RECORDED = """
    import os
    import pytest
    from twelvelabs_responses import Client
    from twelvelabs_responses.emulator import Emulator

    @pytest.mark.vcr
    def test_answer():
        with Emulator(port=int(os.environ["PORT"])) as emulator, Client(api_key="k", base_url=emulator.base_url) as c:
            response = c.create("Which clips show a goal?", knowledge_store_id=emulator.knowledge_store_id)
            assert response.text
            assert len(emulator.exchanges) == int(os.environ["ASKED"])
"""


@pytest.fixture
def port(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(unused_tcp_port))


def cassette(pytester: pytest.Pytester) -> str:
    [file] = pytester.path.glob("cassettes/*/*.yaml")
    return file.read_text(encoding="utf-8")


def asks(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester, times: int, *options: str) -> None:
    monkeypatch.setenv("ASKED", str(times))
    ran(pytester, *options).assert_outcomes(passed=1)


def test_the_rules_are_the_configuration_and_the_defaults(vcr_config: dict[str, object]) -> None:
    vcr = VCR()
    pytest_recording_configure(vcr)
    assert vcr_config == cassette_rules()
    # A session has one, made in the test that asks first; this makes another.
    assert pytest_twelvelabs.vcr_config._get_wrapped_function()() == vcr_config
    assert (vcr.match_on, vcr.before_record_request) == (vcr_config["match_on"], vcr_config["before_record_request"])


@pytest.mark.usefixtures("port")
def test_a_project_records_and_replays_by_the_rules(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(RECORDED)
    asks(monkeypatch, pytester, 1, "--record-mode=once")
    assert cassette(pytester).startswith("# Recorded on ")
    assert "x-api-key" not in cassette(pytester)
    asks(monkeypatch, pytester, 0)


@pytest.mark.usefixtures("port")
def test_a_project_builds_on_the_rules(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makeconftest("""
        import pytest

        @pytest.fixture(scope="module")
        def vcr_config(vcr_config):
            assert vcr_config["match_on"][-1] == "twelvelabs_body"
            return {**vcr_config, "record_mode": "once"}
    """)
    pytester.makepyfile(RECORDED)
    asks(monkeypatch, pytester, 1)
    assert "x-api-key" not in cassette(pytester)


@pytest.mark.usefixtures("port")
def test_a_project_that_has_a_configuration_of_its_own_writes_no_key_either(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeconftest("""
        import pytest

        @pytest.fixture
        def vcr_config():
            return {"filter_headers": ["authorization"]}
    """)
    pytester.makepyfile(RECORDED)
    asks(monkeypatch, pytester, 1, "--record-mode=once")
    assert "x-api-key" not in cassette(pytester)


def test_a_run_that_does_not_use_the_plugin_imports_nothing_for_it(tmp_path: Path) -> None:
    tmp_path.joinpath("test_it.py").write_text(
        "import sys\n\ndef test_it(request):\n"
        "    assert request.config.pluginmanager.hasplugin('twelvelabs-responses')\n"
        "    print(sorted({'twelvelabs_responses', 'starlette', 'vcr'} & set(sys.modules)))\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)  # noqa: S603 - our own
    assert "[]" in answer.stdout


# -- the emulator --------------------------------------------------------------------------------------------------


def test_code_that_reads_the_environment_asks_the_emulator(emulator: Emulator) -> None:
    with Client() as client:
        response = client.create("Any goals?", knowledge_store_id=os.environ["TWELVELABS_KNOWLEDGE_STORE_ID"])
    assert [exchange.response_id for exchange in emulator.exchanges] == [response.id]


def test_the_environment_is_as_before_once_the_test_is_over(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import os

        def test_one(emulator):
            assert os.environ["TWELVELABS_BASE_URL"] == emulator.base_url

        def test_other():
            assert "TWELVELABS_BASE_URL" not in os.environ
    """)
    ran(pytester).assert_outcomes(passed=2)


def test_exact_answers_take_one_line(emulator: Emulator, scripted: Callable[..., None]) -> None:
    scripted("One.", ScriptedAnswer("Two."))
    with Client() as client:
        texts = [client.create("?", knowledge_store_id=emulator.knowledge_store_id).text for _ in range(2)]
    assert texts == ["One.", "Two."]


def test_exact_answers_that_nothing_asks_for_are_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(scripted): scripted('One.', 'Two.')")
    result = ran(pytester)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*2 scripted answers were not asked for: 'One.', 'Two.'"])


def test_answers_that_are_left_are_named() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"2 scripted answers were not asked for: 'One.', \{'goals': 2\}"):
        check_all_were_asked_for([ScriptedAnswer("One."), ScriptedAnswer(json={"goals": 2})])
    with pytest.raises(pytest.fail.Exception, match=r"1 scripted answer was not asked for: 'One\.'"):
        check_all_were_asked_for([ScriptedAnswer("One.")])


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Python notes for a module that must not be imported.
    monkeypatch.setitem(sys.modules, "twelvelabs_responses.emulator", None)
    with pytest.raises(pytest.fail.Exception, match=r"needs .*: pip install 'twelvelabs-responses\[testing\]'"):
        new_emulator()
