"""Plays the script of an answer on a connection, and notices at once when the client has left."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._script import ERROR, TERMINAL_EVENTS, Chunk, Pause

if TYPE_CHECKING:
    from starlette.types import Receive, Send

    from twelvelabs_responses.emulator._connections import Connections
    from twelvelabs_responses.emulator._script import Script
    from twelvelabs_responses.emulator._service import Plan, Service

_ENDS = TERMINAL_EVENTS | {ERROR}


class Player:
    """One answer on its way out."""

    def __init__(self, service: Service, connections: Connections, receive: Receive, send: Send) -> None:
        self._service = service
        self._connections = connections
        self._receive = receive
        self._send = send
        self._gone = asyncio.Event()
        self._started = False
        self._settled = False
        self._cut = False

    async def play(self, plan: Plan) -> None:
        """Send the answer, step by step, until it is out or the client is gone."""
        watcher = asyncio.create_task(self._watch())
        try:
            await self._play(plan)
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
            self._close(plan)
        if plan.script.hangs_up:
            self._connections.close(plan.exchange.connection)

    def _close(self, plan: Plan) -> None:
        # Whether the service keeps a turn whose client left in the middle is documented nowhere. Assume that it
        # does: a client that believes otherwise and asks again would ask twice.
        self._settle(plan)
        with self._service.exchanges.changing():
            exchange = plan.exchange
            left = self._gone.is_set() and not exchange.finished
            exchange.disconnected = left and not self._cut and not self._connections.stopping

    def _settle(self, plan: Plan) -> None:
        if not self._settled:
            self._settled = True
            self._service.settle(plan)

    async def _watch(self) -> None:
        # The request is whole, so there is nothing left to receive but that the client has left.
        await self._receive()
        self._gone.set()

    async def _play(self, plan: Plan) -> None:
        script = plan.script
        for number, step in enumerate(script.steps, 1):
            if self._gone.is_set():
                return
            match step:
                case Chunk():
                    await self._send_chunk(plan, step, last=number == len(script.steps))
                case Pause():
                    await self._pause(step.seconds)
                case _:
                    await self._cut_off(plan, reset=step.reset)
                    return
        if not self._gone.is_set():
            await self._finish(plan)

    async def _pause(self, seconds: float | None) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._gone.wait(), seconds)

    async def _cut_off(self, plan: Plan, *, reset: bool) -> None:
        self._settle(plan)
        self._cut = True
        self._connections.close(plan.exchange.connection, reset=reset)
        # Returning before the connection is gone would be an unfinished answer, and logged as one.
        await self._gone.wait()

    async def _send_chunk(self, plan: Plan, chunk: Chunk, *, last: bool) -> None:
        # Before the client can know that the turn is over: it may ask the next question at once.
        if last or not plan.streams or chunk.event in _ENDS:
            self._settle(plan)
        await self._start(plan)
        with self._service.exchanges.changing():
            plan.exchange.events_sent += chunk.event is not None
            # Said before it is sent: a client that has the whole answer must not find it unfinished.
            plan.exchange.finished = last
        await self._send({"type": "http.response.body", "body": chunk.content, "more_body": True})
        # Sending rarely waits: give the watcher, and the other answers, their turn.
        await asyncio.sleep(0)

    async def _start(self, plan: Plan) -> None:
        if self._started:
            return
        self._started = True
        script: Script = plan.script
        with self._service.exchanges.changing():
            plan.exchange.status = script.status
        headers = [(name.encode(), value.encode()) for name, value in script.headers]
        await self._send({"type": "http.response.start", "status": script.status, "headers": headers})

    async def _finish(self, plan: Plan) -> None:
        self._settle(plan)
        await self._start(plan)
        with self._service.exchanges.changing():
            plan.exchange.finished = True
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
