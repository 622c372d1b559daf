from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from llama_index_twelvelabs import TwelveLabsChatEngine, TwelveLabsLLM, TwelveLabsQueryEngine
from llama_index_twelvelabs._refusals import refusal
from twelvelabs_responses import InvalidArgumentError


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    places: list[int]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"places": [1, "two"]}, "places[1]: got 'two'; allowed: Input should be a valid integer"),
        ({"places": "x" * 100}, "places: got a str; allowed: Input should be a valid list"),
        ({"places": [], "api_kye": "tlk_1"}, "api_kye: got an argument of this name; allowed: api_key, places"),
    ],
)
def test_a_complaint_names_the_argument_and_what_is_allowed(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Form(**given)
    assert str(refusal(raised.value, ["places", "api_key"])).startswith(complaint)
    assert "tlk_1" not in str(refusal(raised.value, ["places", "api_key"]))


@pytest.mark.parametrize("kind", [TwelveLabsLLM, TwelveLabsQueryEngine, TwelveLabsChatEngine])
@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ({"timeout": None}, "timeout: got None; allowed: Input should be a valid number"),
        (
            {"include": "intermediate_outputs"},
            "include: got 'intermediate_outputs'; allowed: Input should be a valid tuple",
        ),
        ({"include": ["steps"]}, r"include\[0\]: got 'steps'; allowed: Input should be 'intermediate_outputs'"),
        ({"selections": ["ksi_1"]}, r"selections\[0\]: got 'ksi_1'"),
        ({"request_metadata": {"user": 1}}, "request_metadata.user: got 1; allowed: Input should be a valid string"),
        ({"extra_body": [1]}, r"extra_body: got \[1\]; allowed: Input should be a valid dictionary"),
        ({"session_id": 3}, "session_id: got 3; allowed: Input should be a valid string"),
        (
            {"on_stale_session": "ignore"},
            "on_stale_session: got 'ignore'; allowed: Input should be 'fork', 'continue' or",
        ),
        ({"on_event": "print"}, "on_event: got a str; allowed: a function of one event"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_by_its_name(kind: Any, option: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidArgumentError, match=complaint):
        kind("ks_1", api_key="key-of-the-tests", **option)
