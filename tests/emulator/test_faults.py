from __future__ import annotations

from twelvelabs_responses.emulator import FAULTS
from twelvelabs_responses.emulator._faults import FAULTS_BY_NAME


def test_every_fault_has_a_name_and_a_line() -> None:
    assert FAULTS.keys() == FAULTS_BY_NAME.keys()
    assert len(FAULTS) == 68
    assert all(line.endswith(".") and "\n" not in line and len(line) < 120 for line in FAULTS.values())


def test_every_fault_touches_something() -> None:
    assert [
        name for name, each in FAULTS_BY_NAME.items() if not (each.touches(stream=True) or each.touches(stream=False))
    ] == []
