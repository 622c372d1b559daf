"""The HTTP side: one route, and what is said to those who miss it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route

from twelvelabs_responses.emulator._contract import LARGEST_BODY, NO_SUCH_METHOD, NO_SUCH_PATH
from twelvelabs_responses.emulator._player import Player
from twelvelabs_responses.emulator._script import Chunk
from twelvelabs_responses.emulator._service import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from twelvelabs_responses.emulator._connections import Connections
    from twelvelabs_responses.emulator._fields import Refusal
    from twelvelabs_responses.emulator._service import Service

PATH = "/v1.3"


class Responses:
    """The endpoint."""

    def __init__(self, service: Service, connections: Connections) -> None:
        self._service = service
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = StarletteRequest(scope, receive)
        try:
            content = await _content(request)
        except ClientDisconnect:
            return
        port = request.client.port if request.client else 0
        plan = self._service.plan(Request(dict(request.headers), content, port))
        await Player(self._service, self._connections, receive, send).play(plan)


async def _content(request: StarletteRequest) -> bytes:
    """Return the body; of one that is too large, enough to tell."""
    content = bytearray()
    # Read to its end in any case: a client that is still writing does not read the refusal.
    async for piece in request.stream():
        if len(content) <= LARGEST_BODY:
            content += piece
    return bytes(content)


def app_of(service: Service, connections: Connections) -> Starlette:
    """Return the ASGI app that serves the endpoint."""
    routes = [Route(f"{PATH}/responses", Responses(service, connections), methods=["POST"])]

    def refusing(refusal: Refusal) -> Callable[[StarletteRequest, Exception], Awaitable[Response]]:
        async def answer(_request: StarletteRequest, _error: Exception) -> Response:
            script = service.refusal_script(refusal)
            content = b"".join(step.content for step in script.steps if isinstance(step, Chunk))
            return Response(content, script.status, dict(script.headers))

        return answer

    app = Starlette(routes=routes, exception_handlers={404: refusing(NO_SUCH_PATH), 405: refusing(NO_SUCH_METHOD)})
    # The service has no such courtesy, and following it would repeat a POST.
    app.router.redirect_slashes = False
    return app
