from __future__ import annotations

from twelvelabs_responses.emulator._asked import Asked, asked_of

ITEM = {"type": "message", "role": "user", "content": "Who?"}


def test_a_small_request_asks_for_plain_text() -> None:
    assert asked_of({"knowledge_store_id": "ks_1", "input": [ITEM]}) == Asked("Who?", "ks_1")


def test_several_input_items_are_one_question() -> None:
    assert asked_of({"input": [ITEM, {**ITEM, "content": "Where?"}]}).question == "Who?\n\nWhere?"


def test_a_full_request_asks_for_all_it_names() -> None:
    body = {
        "knowledge_store_id": "ks_1",
        "input": [ITEM],
        "session_id": "sess_1",
        "instructions": "Be brief.",
        "include": ["intermediate_outputs"],
        "stream": True,
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "selections": [{"kind": "item", "id": "ksi_1"}],
    }
    assert asked_of(body) == Asked(
        question="Who?",
        knowledge_store_id="ks_1",
        session_id="sess_1",
        instructions="Be brief.",
        shows_steps=True,
        streams=True,
        schema={"type": "object"},
        selections=("ksi_1",),
    )


def test_plain_text_has_no_schema() -> None:
    assert asked_of({"input": [ITEM], "text": {"format": {"type": "text"}}}).schema is None
    assert asked_of({"input": [ITEM], "text": {}}).schema is None
