"""One turn, from its request to its end: what is sent, whether to send it again, what the sessions must know."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from twelvelabs_responses._errors import ProtocolError, ResponsesError
from twelvelabs_responses._fold import failed
from twelvelabs_responses._protocol import decode_response, encode_request
from twelvelabs_responses._request import RequestOptions, response_request
from twelvelabs_responses._session import Claim
from twelvelabs_responses._status import error_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twelvelabs_responses._request import InputItem
    from twelvelabs_responses._response import Response
    from twelvelabs_responses._session import Sessions
    from twelvelabs_responses._settings import Settings


class Turn:
    """A checked request and what becomes of it.

    Raises:
        InvalidArgumentError: The request is refused; nothing is sent.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        user_input: str | Sequence[InputItem],
        options: RequestOptions,
        *,
        stream: bool,
    ) -> None:
        self.settings = settings
        self._claim = claim if isinstance(claim := options.get("session_id"), Claim) else None
        if self._claim is not None:
            options = {**options, "session_id": self._claim.session_id}
        self.request = response_request(user_input, options, settings.limits)
        self.body = encode_request(self.request, stream=stream)
        self.stream = stream
        self._sessions = sessions
        self._session_id = self.request.session_id
        self._attempt = 0
        self._waited = 0.0
        self._settled = False

    def begin(self) -> None:
        """Note that the turn is being sent.

        Raises:
            SessionError: Another turn of the session is under way.
        """
        self._sessions.begin(self.request.session_id, self, self._claim)

    def end(self, error: BaseException | None) -> None:
        """Note how the turn ended. Without an answer it failed with `error`, or was left.

        The error is told its session if it does not know it yet.
        """
        self.settings.redact(error)
        if self._settled:
            return
        settle = self._sessions.left
        if isinstance(error, ResponsesError):
            self.names_session(error.session_id)
            error.session_id = error.session_id or self._session_id
            if not error.ambiguous:
                settle = self._sessions.refused
        # The service may have gone on under another name: neither session has a turn under way any more.
        for session_id in {self.request.session_id, self._session_id}:
            settle(session_id, self)
        self._settled = True

    def error_from(self, status: int, headers: Mapping[str, str], body: bytes) -> ResponsesError:
        """Return the error that an answer with an error status means for this turn."""
        now = datetime.now(timezone.utc)
        return error_from(status, headers, body, now=now, session_id=self.request.session_id)

    def delay_after(self, error: ResponsesError) -> float:
        """Return the seconds to wait before the next attempt; raise the error if there is to be none."""
        self._attempt += 1
        in_session = self.request.session_id is not None
        delay = self.settings.retry.delay(error, self._attempt, waited=self._waited, in_session=in_session)
        if delay is None:
            raise error
        self._waited += delay
        return delay

    def response_from(self, body: bytes) -> Response:
        """Return the response that a whole body holds.

        Raises:
            ProtocolError: The body is not a response.
            ResponseFailedError: The response's status is `failed`.
        """
        try:
            response = decode_response(body)
        except ProtocolError as error:
            error.ambiguous = True
            raise
        if response.status == "failed":
            raise failed(response)
        self.answered(response)
        return response

    def names_session(self, session_id: str | None) -> None:
        """Note the session that the service has made or named for this turn."""
        if session_id is not None and session_id != self._session_id:
            self._session_id = session_id
            self._sessions.named(session_id, self)

    def answered(self, response: Response) -> None:
        """Note that the turn came to its answer."""
        self._sessions.answered(response.session_id or self._session_id, response.id, self)
        for session_id in {self.request.session_id, self._session_id} - {response.session_id}:
            # The service went on under another name: the old one has no turn under way any more.
            self._sessions.refused(session_id, self)
        self._settled = True
