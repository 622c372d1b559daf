from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.emulator.asking import LIBRARY, Asker, asking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def library_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("library") / "library.json"
    file.write_text(json.dumps(LIBRARY), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def ask(library_file: Path) -> Iterator[Asker]:
    with asking(library_file) as asker:
        yield asker
