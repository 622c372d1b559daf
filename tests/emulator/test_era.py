from __future__ import annotations

import pytest

from twelvelabs_responses.emulator import ERAS
from twelvelabs_responses.emulator._era import era_named


def test_each_era_has_a_name() -> None:
    assert ERAS == ("april", "july", "latest")
    assert [era_named(name).name for name in ERAS] == ["april", "july", "latest"]


def test_an_unknown_era_is_an_error_that_lists_the_eras() -> None:
    with pytest.raises(ValueError, match="'may' is not an era; choose one of april, july, latest"):
        era_named("may")
