from __future__ import annotations

import runpy
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.emulator.asking import STORE
from twelvelabs_responses.emulator import FAULTS
from twelvelabs_responses.emulator.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


def test_it_says_what_to_set(library_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--library", str(library_file)], wait=lambda: None)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("The emulator listens at http://127.0.0.1:")
    assert lines[2].startswith("  export TWELVELABS_BASE_URL=http://127.0.0.1:")
    assert lines[3] == "  export TWELVELABS_API_KEY=emulator"
    assert lines[4] == f"  export TWELVELABS_KNOWLEDGE_STORE_ID={STORE}"


def test_it_serves_while_it_waits(library_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def look() -> None:
        url = capsys.readouterr().out.split("TWELVELABS_BASE_URL=")[1].split()[0]
        assert httpx.get(f"{url}/responses").json()["docs_url"]

    main(["--library", str(library_file), "--era", "april"], wait=look)


def test_a_key_is_not_printed(library_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--library", str(library_file), "--api-key", "a-secret"], wait=lambda: None)
    output = capsys.readouterr().out
    assert "a-secret" not in output
    assert "TWELVELABS_API_KEY=<the key you gave>" in output


def test_ctrl_c_stops_it(library_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    main(["--library", str(library_file)], wait=press)
    assert capsys.readouterr().out.endswith("\nStopped.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "'0.0.0.0' is not a loopback host"),  # noqa: S104  # refused
        (["--fault", "flood"], "'flood' is not a fault"),
        (["--library", "nowhere.json"], "nowhere.json"),
        (["--port", "99999"], "port: got 99999; allowed: 0 to 65,535"),
        (["--database", "nowhere/sessions.db"], "sessions.db: unable to open database file"),
        (["--pace", "-1"], "pace: got -1.0; allowed: 0 to 86,400 seconds"),
        (["--think", "nan"], "think: got nan; allowed: 0 to 86,400 seconds"),
    ],
)
def test_a_wrong_option_is_told_in_a_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, wait=lambda: None)
    error = capsys.readouterr().err
    assert caught.value.code == 2
    assert error.startswith("python -m twelvelabs_responses.emulator: ")
    assert message in error
    assert error.count("\n") == 1


def test_a_wait_is_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--pace", "soon"], wait=lambda: None)
    assert "argument --pace: invalid float value: 'soon'" in capsys.readouterr().err


def test_help_lists_the_faults(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["emulator", "--help"])
    monkeypatch.delitem(sys.modules, "twelvelabs_responses.emulator.__main__")
    with pytest.raises(SystemExit):
        runpy.run_module("twelvelabs_responses.emulator", run_name="__main__", alter_sys=True)
    output = capsys.readouterr().out
    assert all(f"  {name} " in output and description in output for name, description in FAULTS.items())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C to send")
@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    reason="the tests run in the background, where a shell lets no process hear of Ctrl-C",
)
def test_a_process_stops_on_ctrl_c_without_a_complaint(library_file: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "twelvelabs_responses.emulator", "--library", str(library_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own
        assert process.stdout is not None
        assert "listens at" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=10)
    assert (process.returncode, error) == (0, "")
    assert output.endswith("\nStopped.\n")
