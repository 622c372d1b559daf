from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.response.schema import PydanticResponse, Response
from llama_index.core.instrumentation.events.query import QueryEndEvent
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode
from llama_index.core.workflow import JsonPickleSerializer, JsonSerializer
from pydantic import BaseModel, ConfigDict, Field

from llama_index_twelvelabs import TwelveLabsPydanticResponse, TwelveLabsResponse

if TYPE_CHECKING:
    from collections.abc import Callable

METADATA = {"session_id": "s_1", "status": "completed"}


class OneWay(BaseModel):
    minute: int = Field(validation_alias="read_as", serialization_alias="written_as")


class Goal(BaseModel):
    model_config = ConfigDict(extra="allow")

    scorer: str = Field(alias="scoredBy")
    minute: int = 12


def node() -> NodeWithScore:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="ksi_1")}
    return NodeWithScore(node=TextNode(id_="ksi_1@0.000-9.000", text="Derby (0:00-0:09)", relationships=source))


def whole() -> TwelveLabsResponse:
    return TwelveLabsResponse("One goal.", [node()], dict(METADATA))


def typed() -> TwelveLabsPydanticResponse:
    return TwelveLabsPydanticResponse(Goal(scoredBy="Ines", weather="rain"), [node()], dict(METADATA))


BOTH = pytest.mark.parametrize("made", [whole, typed])
Made = "Callable[[], TwelveLabsResponse | TwelveLabsPydanticResponse]"


def test_they_are_responses_of_llama_index_under_the_name_that_users_import() -> None:
    assert isinstance(whole(), Response)
    assert isinstance(typed(), PydanticResponse)
    assert f"{TwelveLabsResponse.__module__}.{TwelveLabsResponse.class_name()}" == (
        "llama_index_twelvelabs.TwelveLabsResponse"
    )


def test_a_response_knows_its_session() -> None:
    assert whole().session_id == "s_1"
    assert TwelveLabsResponse("One goal.").session_id is None


def test_the_text_of_an_empty_answer_is_empty() -> None:
    assert str(TwelveLabsResponse("")) == ""
    assert str(TwelveLabsResponse(None)) == ""


@BOTH
def test_a_response_is_stored_as_json_and_comes_back_the_same(made: Callable[[], Any]) -> None:
    response = made()
    again = type(response).from_dict(json.loads(json.dumps(response.to_dict())))
    assert again == response
    assert again.source_nodes[0].node.ref_doc_id == "ksi_1"
    assert response.to_dict()["class_name"] == type(response).__name__


@BOTH
@pytest.mark.parametrize("serializer", [JsonSerializer(), JsonPickleSerializer()])
def test_a_workflows_context_can_hold_a_response(made: Callable[[], Any], serializer: JsonSerializer) -> None:
    assert serializer.deserialize(serializer.serialize({"answers": [made()]})) == {"answers": [made()]}


@BOTH
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda whole: pickle.loads(pickle.dumps(whole))])  # noqa: S301 - pickled here
def test_a_response_can_be_copied_and_pickled(made: Callable[[], Any], copied: Callable[[Any], Any]) -> None:
    assert copied(made()) == made()


@BOTH
def test_an_event_of_llama_index_holds_the_response_itself(made: Callable[[], Any]) -> None:
    response = made()
    event = QueryEndEvent(query="Any goals?", response=response)
    assert event.response is response
    assert "ksi_1" in event.model_dump_json()


def test_what_others_put_into_the_metadata_is_stored_as_json_too() -> None:
    response = TwelveLabsResponse("One goal.", metadata={"chosen": Goal(scoredBy="Ines")})
    assert response.to_dict()["metadata"] == {"chosen": {"scoredBy": "Ines", "minute": 12}}


def test_the_fields_of_an_object_can_be_read_off_its_response() -> None:
    response = typed()
    assert (response.scorer, response.minute, response.weather) == ("Ines", 12, "rain")
    with pytest.raises(AttributeError, match=r"TwelveLabsPydanticResponse.*has no attribute 'assist'"):
        _ = response.assist
    assert not hasattr(TwelveLabsPydanticResponse(None), "scorer")


def test_a_typed_response_is_text_where_text_is_wanted() -> None:
    response = typed().get_response()
    assert response.response == '{"scorer":"Ines","minute":12,"weather":"rain"}'
    assert (response.source_nodes, response.metadata) == (typed().source_nodes, METADATA)


def test_a_typed_response_without_an_object_is_stored_too() -> None:
    assert TwelveLabsPydanticResponse.from_dict(TwelveLabsPydanticResponse(None).to_dict()).response is None


def test_an_object_whose_class_nobody_would_find_again_is_not_stored() -> None:
    class Local(BaseModel):
        minute: int

    with pytest.raises(TypeError, match="Local cannot be stored: define it at the top of a module"):
        TwelveLabsPydanticResponse(Local(minute=12)).to_dict()


def test_an_object_that_does_not_take_back_what_it_writes_is_not_stored() -> None:
    with pytest.raises(TypeError, match=r"test_responses:OneWay cannot be stored: .*aliases"):
        TwelveLabsPydanticResponse(OneWay(read_as=12)).to_dict()


@pytest.mark.parametrize("name", ["no_such_module:Goal", "json:dumps", "builtins:int"])
def test_what_was_stored_imports_nothing_and_makes_nothing_but_models(name: str) -> None:
    stored = typed().to_dict()
    stored["response"]["class"] = name
    with pytest.raises(TypeError, match=f"{name} is no model that has been imported"):
        TwelveLabsPydanticResponse.from_dict(stored)
