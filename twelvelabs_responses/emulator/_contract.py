"""What the service refuses, and with which words."""

from __future__ import annotations

import hmac
import json
from itertools import chain
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._fields import Refusal, field_problems, token_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twelvelabs_responses.emulator._era import Era
    from twelvelabs_responses.emulator._library import Library
    from twelvelabs_responses.emulator._script import JsonObject
    from twelvelabs_responses.emulator._sessions import Sessions

LARGEST_BODY = 8 * 1024 * 1024

NO_SUCH_PATH = Refusal(404, "endpoint_not_exists", "there is no such endpoint here; POST to /v1.3/responses")
NO_SUCH_METHOD = Refusal(405, "method_not_allowed", "this endpoint takes POST only")
NOT_AN_OBJECT = Refusal(400, "parameter_invalid", "the body must be a JSON object")
TOO_LARGE = Refusal(413, "request_too_large", f"a body may have {LARGEST_BODY} bytes")
# What the service does with a second turn while one is under way in the session is documented nowhere.
# Refusing it is the answer that shows a client's mistake soonest.
TURN_UNDER_WAY = Refusal(409, "conflict", "another turn is under way in this session")


def key_refusal(headers: Mapping[str, str], api_key: str | None) -> Refusal | None:
    """Return why this caller is turned away; without a key of the emulator's own, any key that is not empty will do."""
    sent = headers.get("x-api-key", "").strip()
    if not sent:
        return Refusal(401, "api_key_invalid", "the x-api-key header is missing or empty")
    if api_key is not None and not hmac.compare_digest(sent.encode(), api_key.encode()):
        return Refusal(401, "api_key_invalid", "this API key is not the one the emulator was started with")
    return None


def object_of(content: bytes) -> JsonObject | None:
    """Return the JSON object that a body holds, or None."""
    try:
        body = json.loads(content, parse_constant=_not_json)
        # Half of a surrogate pair can be written in JSON, and neither stored nor sent.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def body_refusal(body: Mapping[str, object], era: Era, library: Library, sessions: Sessions) -> Refusal | None:
    """Return the first thing wrong with a body, or None."""
    wrong = next(field_problems(body, era), None)
    if wrong is not None:
        return wrong
    return next(chain(_place_problems(body, library, sessions), _selection_problems(body, era, library)), None)


def _place_problems(body: Mapping[str, object], library: Library, sessions: Sessions) -> Iterator[Refusal]:
    store, session_id = body["knowledge_store_id"], body.get("session_id")
    session = sessions.find(str(session_id)) if session_id is not None else None
    # The session comes first: a store that is not its own is a mismatch, also if there is no such store.
    if session is not None and session.knowledge_store_id != store:
        yield Refusal(400, "parameter_invalid", f"session_id {session_id} belongs to another knowledge store")
    if store != library.knowledge_store_id:
        yield Refusal(404, "resource_not_exist", f"knowledge store {store} does not exist")
    if session_id is not None and session is None:
        yield Refusal(404, "resource_not_exist", f"session {session_id} does not exist")


def _selection_problems(body: Mapping[str, object], era: Era, library: Library) -> Iterator[Refusal]:
    # In an era without selections the token is text like any other.
    if not era.knows_selections:
        return
    known = {item.item_id for item in library.items} | {each.collection_id for each in library.collections}
    selections = body.get("selections")
    for index, entry in enumerate(selections if isinstance(selections, list) else []):
        if entry["id"] not in known:
            yield Refusal(
                400, "parameter_invalid", f"selections[{index}].id {entry['id']} is not in this knowledge store"
            )
    yield from token_problems(body)
