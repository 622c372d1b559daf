"""The service: takes a request, says what goes out on the connection. It waits for nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._answer import compose
from twelvelabs_responses.emulator._asked import asked_of
from twelvelabs_responses.emulator._contract import (
    LARGEST_BODY,
    NOT_AN_OBJECT,
    TOO_LARGE,
    TURN_UNDER_WAY,
    body_refusal,
    key_refusal,
    object_of,
)
from twelvelabs_responses.emulator._exchanges import Exchange, Exchanges, kept_headers
from twelvelabs_responses.emulator._fault import NO_FAULT, Fault, Occasion
from twelvelabs_responses.emulator._fields import Refusal
from twelvelabs_responses.emulator._performance import perform
from twelvelabs_responses.emulator._reply import Occurrence, turn_of
from twelvelabs_responses.emulator._script import Script, error_script
from twelvelabs_responses.emulator._scripted import answer_of
from twelvelabs_responses.emulator._sessions import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses.emulator._answer import Answer, Turn
    from twelvelabs_responses.emulator._asked import Asked
    from twelvelabs_responses.emulator._era import Era
    from twelvelabs_responses.emulator._fault import Chooser
    from twelvelabs_responses.emulator._library import Library
    from twelvelabs_responses.emulator._script import JsonObject
    from twelvelabs_responses.emulator._scripted import ScriptedAnswer, ScriptedAnswers
    from twelvelabs_responses.emulator._sessions import Sessions
    from twelvelabs_responses.emulator._wire import Tempo

FAULT_HEADER = "x-emulator-fault"


@dataclass(frozen=True, slots=True)
class Request:
    """A POST to the endpoint: lower-case header names, the whole body, the client's port."""

    headers: dict[str, str]
    content: bytes
    connection: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes out; if a session is given, its turn is under way until `Service.settle`."""

    exchange: Exchange
    script: Script
    streams: bool = False
    # The scripted answer has a fault of its own.
    own_fault: bool = False
    session: Session | None = None
    response_id: str = ""
    # None: the turn fails, and is not kept.
    turn: Turn | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One knowledge store and its sessions, behind the rules of the API."""

    era: Era
    library: Library
    sessions: Sessions
    exchanges: Exchanges
    chooser: Chooser
    scripted: ScriptedAnswers
    api_key: str | None
    tempo: Tempo

    def plan(self, request: Request) -> Plan:
        """Return what to answer."""
        body = object_of(request.content)
        exchange = Exchange(body, kept_headers(request.headers), request.connection)
        self.exchanges.add(exchange)
        streams = body is not None and body.get("stream") is True
        asked_for = request.headers.get(FAULT_HEADER)
        try:
            fault = self.chooser.fault_for(asked_for, stream=streams)
        except ValueError as error:
            return self._refuse(exchange, Refusal(400, "parameter_invalid", f"{FAULT_HEADER}: {error}"))
        if fault.instead is not None:
            return self._instead(exchange, fault.instead)
        plan = self._plan(exchange, request, body, fault)
        if fault is not NO_FAULT and (plan.own_fault or plan.session is None):
            self.chooser.spare(asked_for)
        return plan

    def settle(self, plan: Plan) -> None:
        """Keep the turn, unless it fails, and let its session take the next one."""
        if plan.session is None:
            return
        if plan.turn is not None:
            self.sessions.record(plan.session, plan.response_id, plan.turn)
            with self.exchanges.changing():
                plan.exchange.accepted = True
        self.sessions.end(plan.session)

    def refusal_script(self, refusal: Refusal) -> Script:
        """Return the answer that says so."""
        return error_script(self.era, refusal.status, refusal.code, refusal.message)

    def _instead(self, exchange: Exchange, refuse: Callable[[Occasion], Script]) -> Plan:
        return Plan(exchange, refuse(Occasion(self.era, datetime.now(timezone.utc), _session_named(exchange.body))))

    def _refuse(self, exchange: Exchange, refusal: Refusal) -> Plan:
        return Plan(exchange, self.refusal_script(refusal))

    def _plan(self, exchange: Exchange, request: Request, body: JsonObject | None, fault: Fault) -> Plan:
        refusal = key_refusal(request.headers, self.api_key)
        if refusal is None and len(request.content) > LARGEST_BODY:
            refusal = TOO_LARGE
        if refusal is None and body is not None:
            refusal = body_refusal(body, self.era, self.library, self.sessions)
        if refusal is not None or body is None:
            return self._refuse(exchange, refusal or NOT_AN_OBJECT)
        scripted = self.scripted.take()
        if scripted is not None and scripted.fault:
            fault = self.chooser.named(scripted.fault, stream=body.get("stream") is True)
        if fault.instead is not None:
            return self._instead(exchange, fault.instead)
        return self._plan_turn(exchange, asked_of(body), scripted, fault)

    def _plan_turn(self, exchange: Exchange, asked: Asked, scripted: ScriptedAnswer | None, fault: Fault) -> Plan:
        session = self._session(asked)
        answer = self._answer(asked, session) if scripted is None else answer_of(scripted)
        place = Occurrence(self.era, session, datetime.now(timezone.utc), self.tempo)
        told = perform(asked, answer, place, fault)
        if not self.sessions.begin(session):
            if scripted is not None:
                self.scripted.put_back(scripted)
            return self._refuse(exchange, TURN_UNDER_WAY)
        exchange.session_id, exchange.response_id = session.session_id, told.response_id
        turn = turn_of(asked, answer) if fault.takes_turn else None
        own_fault = scripted is not None and scripted.fault is not None
        return Plan(exchange, told.script, told.streams, own_fault, session, told.response_id, turn)

    def _session(self, asked: Asked) -> Session:
        """Return the session with the selections of this request among its own."""
        known = self.sessions.find(asked.session_id) if asked.session_id else None
        session = known or Session.new(asked.knowledge_store_id)
        # This request's own come first, for its tokens count from there.
        before = (chosen for chosen in session.selections if chosen not in asked.selections)
        return replace(session, selections=(*asked.selections, *before))

    def _answer(self, asked: Asked, session: Session) -> Answer:
        return compose(
            asked.question,
            earlier=session.turns,
            library=self.library,
            selections=session.selections,
            instructions=asked.instructions,
        )


def _session_named(body: JsonObject | None) -> str:
    session_id = (body or {}).get("session_id")
    return session_id if isinstance(session_id, str) else ""
