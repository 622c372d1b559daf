from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.asking import KEY, MATCH, POSTER, QUESTION, STORE
from twelvelabs_responses.emulator._contract import LARGEST_BODY
from twelvelabs_responses.emulator._era import era_named
from twelvelabs_responses.emulator._exchanges import Exchanges
from twelvelabs_responses.emulator._fault import Chooser
from twelvelabs_responses.emulator._faults import FAULTS_BY_NAME
from twelvelabs_responses.emulator._library import Library
from twelvelabs_responses.emulator._script import Chunk
from twelvelabs_responses.emulator._scripted import ScriptedAnswer, ScriptedAnswers
from twelvelabs_responses.emulator._service import Plan, Request, Service
from twelvelabs_responses.emulator._sessions import Sessions
from twelvelabs_responses.emulator._wire import Tempo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(library_file: Path) -> Iterator[Service]:
    with closing(Library.load(library_file)) as library, closing(Sessions()) as sessions:
        chooser = Chooser(FAULTS_BY_NAME)
        yield Service(era_named("latest"), library, sessions, Exchanges(), chooser, ScriptedAnswers(), KEY, Tempo())


def request(content: str = QUESTION, *, headers: dict[str, str] | None = None, **fields: Any) -> Request:
    item = {"type": "message", "role": "user", "content": content}
    body = {"knowledge_store_id": STORE, "input": [item], **fields}
    return Request({"x-api-key": KEY, **(headers or {})}, json.dumps(body).encode(), 1)


def body_of(plan: Plan) -> dict[str, Any]:
    body = json.loads(b"".join(step.content for step in plan.script.steps if isinstance(step, Chunk)))
    assert isinstance(body, dict)
    return body


def done(service: Service, plan: Plan) -> dict[str, Any]:
    service.settle(plan)
    return body_of(plan)


def test_an_answer_starts_a_session(service: Service) -> None:
    plan = service.plan(request())
    response = done(service, plan)
    session = service.sessions.find(response["session_id"])
    assert session is not None
    assert [turn.question for turn in session.turns] == [QUESTION]
    assert (plan.exchange.session_id, plan.exchange.response_id) == (response["session_id"], response["id"])
    assert service.exchanges.all() == [plan.exchange]
    assert plan.exchange.accepted


def test_a_second_turn_goes_on_in_the_session(service: Service) -> None:
    session_id = done(service, service.plan(request()))["session_id"]
    done(service, service.plan(request("And what comes next?", session_id=session_id)))
    session = service.sessions.find(session_id)
    assert session is not None
    assert [turn.question for turn in session.turns] == [QUESTION, "And what comes next?"]


def test_a_turn_that_comes_too_early_leaves_the_scripted_answer_to_the_next(service: Service) -> None:
    first = service.plan(request())
    service.scripted.add(ScriptedAnswer("Two goals."))
    early = service.plan(request(session_id=first.exchange.session_id))
    assert early.script.status == 409
    assert service.scripted.left == [ScriptedAnswer("Two goals.")]


def test_a_scripted_answer_brings_its_fault(service: Service) -> None:
    service.scripted.add(ScriptedAnswer("Two goals.", fault="500"))
    service.scripted.add(ScriptedAnswer("Three.", fault="empty-answer"))
    assert service.plan(request()).script.status == 500
    assert done(service, service.plan(request()))["output"][0]["content"][0]["text"] == ""


def test_a_second_turn_at_the_same_time_is_refused(service: Service) -> None:
    first = service.plan(request())
    second = service.plan(request(session_id=first.exchange.session_id))
    assert (second.script.status, body_of(second)["code"]) == (409, "conflict")
    service.settle(second)
    service.settle(first)
    assert service.plan(request(session_id=first.exchange.session_id)).script.status == 200


def test_selections_of_all_turns_are_kept_the_latest_first(service: Service) -> None:
    def selected(item_id: str) -> list[dict[str, str]]:
        return [{"kind": "item", "id": item_id}]

    session_id = done(service, service.plan(request("What is in {{sel:0}}?", selections=selected(MATCH))))["session_id"]
    done(service, service.plan(request("And {{sel:0}}?", session_id=session_id, selections=selected(POSTER))))
    done(service, service.plan(request("And {{sel:0}}?", session_id=session_id, selections=selected(MATCH))))
    session = service.sessions.find(session_id)
    assert session is not None
    assert session.selections == (MATCH, POSTER)


def test_a_failing_turn_is_not_kept_and_leaves_its_session(service: Service) -> None:
    plan = service.plan(request(headers={"x-emulator-fault": "failed"}))
    session_id = done(service, plan)["session_id"]
    session = service.sessions.find(session_id)
    assert session is not None
    assert (session.turns, plan.exchange.accepted) == ((), False)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (Request({}, b"{}", 1), 401, "api_key_invalid"),
        (Request({"x-api-key": "wrong"}, b"{}", 1), 401, "api_key_invalid"),
        (Request({"x-api-key": KEY}, b"no json", 1), 400, "parameter_invalid"),
        (Request({"x-api-key": KEY}, b" " * (LARGEST_BODY + 1), 1), 413, "request_too_large"),
        (Request({"x-api-key": KEY}, b"{}", 1), 400, "parameter_not_provided"),
        (request(session_id="sess_x"), 404, "resource_not_exist"),
        (request(headers={"x-emulator-fault": "flood"}), 400, "parameter_invalid"),
        (request(headers={"x-emulator-fault": "503"}), 503, "service_unavailable"),
    ],
)
def test_what_is_wrong_is_refused(service: Service, asked: Request, status: int, code: str) -> None:
    plan = service.plan(asked)
    service.settle(plan)
    assert (plan.script.status, body_of(plan)["code"]) == (status, code)
    assert (plan.exchange.session_id, plan.exchange.accepted) == (None, False)


def test_an_unknown_fault_is_named_with_those_there_are(service: Service) -> None:
    message = body_of(service.plan(request(headers={"x-emulator-fault": "flood"})))["message"]
    assert message.startswith("x-emulator-fault: 'flood' is not a fault; choose one of 400-flat, ")


def test_a_fault_may_speak_of_the_session_it_refuses(service: Service) -> None:
    asked = request(headers={"x-emulator-fault": "404-session"}, session_id="sess_1")
    assert body_of(service.plan(asked))["message"] == "session sess_1 does not exist"
    unreadable = Request({"x-emulator-fault": "404-session"}, b"", 1)
    assert body_of(service.plan(unreadable))["message"] == "session of this request does not exist"


def test_a_request_that_breaks_the_contract_leaves_its_fault_to_the_next(service: Service) -> None:
    service.chooser.default = "failed:once"
    requests = [request(input=[]), request(), request()]
    statuses = [done(service, service.plan(each)).get("status") for each in requests]
    assert statuses == [None, "failed", "completed"]
