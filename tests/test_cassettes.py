"""The cassettes of this project, and that what must not be in one is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_recording.plugin import get_default_cassette_name

from tests.cassette_checks import complaints
from tests.pytesting import ran
from tests.recording import CASSETTES

TESTS = Path(__file__).parent
PLAIN = CASSETTES / "twelvelabs_responses/test_recorded/test_an_answer_comes_with_its_text_ids_and_usage[create].yaml"


def cassettes_of_tests() -> set[str]:
    """Return the paths of the cassettes that tests replay, without their ending."""
    files = [str(file) for file in sorted(TESTS.glob("*/test_*.py")) if "mark.vcr" in file.read_text(encoding="utf-8")]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "vcr", "-p", "no:cacheprovider"]
    told = subprocess.run([*command, *files], capture_output=True, text=True, check=True, cwd=TESTS.parent)  # noqa: S603 - our own tests
    found = set()
    for line in told.stdout.splitlines():
        file, _, name = line.partition("::")
        if name:
            found.add(f"{Path(file).parent.name}/{Path(file).stem}/{get_default_cassette_name(None, name)}")
    return found


def test_no_cassette_holds_what_it_must_not_and_each_has_its_test() -> None:
    tests = cassettes_of_tests()
    assert complaints(CASSETTES, tests) == []
    assert sorted(tests) == sorted(
        file.relative_to(CASSETTES).with_suffix("").as_posix() for file in CASSETTES.rglob("*.yaml")
    )


def test_all_cassettes_together_stay_small() -> None:
    assert sum(file.stat().st_size for file in CASSETTES.rglob("*.yaml")) < 1_500_000


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of a cassette that nothing is wrong with."""
    file = tmp_path / "package/test_module/test_it.yaml"
    file.parent.mkdir(parents=True)
    shutil.copy(PLAIN, file)
    assert complaints(tmp_path, {"package/test_module/test_it"}) == []
    return file


HEADER = "      accept:\n"
BODY = "        model: jockey1.0\n"


@pytest.mark.parametrize(
    ("place", "added", "complaint"),
    [
        (HEADER, "      x-api-key:\n      - made-up\n", "holds a key: 'x-api-key'"),
        (HEADER, "      X-Api-Key:\n      - made-up\n", "holds a key: 'X-Api-Key'"),
        (HEADER, "      Authorization:\n      - Bearer made-up\n", "holds a key: 'Authorizatio'"),
        (BODY, "        note: tlk_0123456789ABCDEF\n", "holds a key: 'tlk_01234567'"),
        (BODY, "        note: key-of-the-tests\n", "holds a key: 'key-of-the-t'"),
        (HEADER, "      Set-Cookie:\n      - a=b\n", "holds a cookie: 'Cookie'"),
        (HEADER, "      cookie:\n      - a=b\n", "holds a cookie: 'cookie'"),
        (HEADER, "      x-organization:\n      - made-up\n", "holds an account: 'organization'"),
        (HEADER, "      X-User-Id:\n      - made-up\n", "holds an account: 'User-Id:'"),
        (BODY, "        account_id: made-up\n", "holds an account: 'account_id:'"),
        (BODY, "        note: someone@example.com\n", "holds an account: 'someone@exam'"),
        (HEADER, "      x-served-by:\n      - made-up\n", "keeps the request's header x-served-by"),
        (BODY, "        note: https://cdn.example.org/a.m3u8?sig=1\n", "holds a signed link: 'https://cdn.'"),
    ],
)
def test_what_must_not_be_in_a_cassette_is_found(
    tmp_path: Path, broken: Path, place: str, added: str, complaint: str
) -> None:
    text = broken.read_text(encoding="utf-8")
    broken.write_text(text.replace(place, added + place, 1), encoding="utf-8")
    assert f"package/test_module/test_it.yaml: {complaint}" in complaints(tmp_path, {"package/test_module/test_it"})


def test_a_cassette_without_its_origin_is_found(tmp_path: Path, broken: Path) -> None:
    text = broken.read_text(encoding="utf-8")
    broken.write_text(text.partition("\n")[2], encoding="utf-8")
    assert complaints(tmp_path, {"package/test_module/test_it"}) == [
        "package/test_module/test_it.yaml: line 1 does not say where it comes from"
    ]


def test_an_emulators_answer_that_is_called_live_is_found(tmp_path: Path, broken: Path) -> None:
    text = broken.read_text(encoding="utf-8")
    live = "# Recorded on 2026-11-24 against the live API, https://api.twelvelabs.io/v1.3\n"
    broken.write_text(live + text.partition("\n")[2], encoding="utf-8")
    assert complaints(tmp_path, {"package/test_module/test_it"}) == [
        "package/test_module/test_it.yaml: says that it comes from the live API, and holds '(Emulator)'"
    ]


@pytest.mark.usefixtures("broken")
def test_a_cassette_without_a_test_is_found(tmp_path: Path) -> None:
    assert complaints(tmp_path, {"package/test_module/test_other"}) == [
        "package/test_module/test_it.yaml: no test replays it"
    ]


# -- one that is not played to its end, and one that is recorded, in a project of its own ---------------------------

CONFTEST = """
    import pathlib
    import pytest
    from tests.conftest import *
    from tests.conftest import _no_settings_from_outside

    @pytest.fixture(scope="module")
    def vcr_cassette_dir():
        return str(pathlib.Path(__file__).parent)
"""
ASKS = """
    import pytest
    from twelvelabs_responses import Client

    @pytest.mark.vcr
    def test_it(tape):
        with Client() as client:
            for question in {questions}:
                assert client.create(question, knowledge_store_id=tape.store).text.startswith({start!r})
"""


def outcome(
    pytester: pytest.Pytester, *options: str, questions: list[str], start: str = "(Emulator)"
) -> pytest.RunResult:
    """Return how a project ended whose one test asks these questions, and wants answers that begin so."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=ASKS.format(questions=questions, start=start))
    plugins = ("--disable-plugin-autoload", "-p", "pytest_recording.plugin", "-p", "no:cacheprovider")
    return ran(pytester, *options, plugins=plugins)


def test_a_cassette_that_is_not_played_to_its_end_fails_its_test(pytester: pytest.Pytester) -> None:
    outcome(pytester, "--record-mode=all", questions=["Who?", "What?"]).assert_outcomes(passed=1)
    result = outcome(pytester, questions=["Who?"])
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*only 1 of 2 answers were asked for*"])


def test_a_question_that_was_not_recorded_fails_its_test(pytester: pytest.Pytester) -> None:
    outcome(pytester, "--record-mode=all", questions=["Who?"]).assert_outcomes(passed=1)
    result = outcome(pytester, questions=["What?"])
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*CannotOverwriteExistingCassetteException*"])


def test_a_recording_says_where_it_comes_from_and_names_no_address_of_this_machine(pytester: pytest.Pytester) -> None:
    outcome(pytester, "--record-mode=all", questions=["Who?"]).assert_outcomes(passed=1)
    text = pytester.path.joinpath("test_it.yaml").read_text(encoding="utf-8")
    assert " against the emulator of twelvelabs-responses " in text.partition("\n")[0]
    assert "    uri: https://api.twelvelabs.io/v1.3/responses\n" in text
    assert "127.0.0.1" not in text


def test_what_a_failing_test_has_recorded_is_not_kept(pytester: pytest.Pytester) -> None:
    outcome(pytester, "--record-mode=all", questions=["Who?"], start="(Somebody)").assert_outcomes(failed=1)
    assert not pytester.path.joinpath("test_it.yaml").exists()


def test_recording_anew_what_has_not_changed_changes_no_file(pytester: pytest.Pytester) -> None:
    outcome(pytester, "--record-mode=all", questions=["Who?"]).assert_outcomes(passed=1)
    first = pytester.path.joinpath("test_it.yaml").read_text(encoding="utf-8")
    outcome(pytester, "--record-mode=all", questions=["Who?"]).assert_outcomes(passed=1)
    assert pytester.path.joinpath("test_it.yaml").read_text(encoding="utf-8") == first
    outcome(pytester, "--record-mode=all", questions=["What?"]).assert_outcomes(passed=1)
    assert pytester.path.joinpath("test_it.yaml").read_text(encoding="utf-8") != first
