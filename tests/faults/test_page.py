from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults import page
from tests.faults.table import ROWS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_page_is_what_the_table_says() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run: make faults"


def test_each_fault_is_a_line_of_the_page() -> None:
    lines = [line for line in page.page().splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in lines] == [row.name for row in ROWS]


def test_writing_the_page_says_how_many_faults_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "faults.md")
    page.main()
    assert page.PAGE.read_text(encoding="utf-8") == page.page()
    assert capsys.readouterr().out == "faults.md: 68 faults\n"
