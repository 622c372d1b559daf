from __future__ import annotations

import warnings

import pytest

from langchain_twelvelabs._sampling import without_sampling


def test_options_that_only_other_models_have_are_named_and_left_out() -> None:
    with pytest.warns(UserWarning, match=r"^seed, temperature: TwelveLabs has no such option; it is not sent$"):
        left = without_sampling({"temperature": 0, "seed": 7, "stop": ["."]})
    assert left == {"stop": ["."]}


def test_options_that_say_nothing_are_left_out_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert without_sampling({"top_p": None, "stop": ["."]}) == {"stop": ["."]}
