"""What a client was told, checked: key, address, patience.

The environment is read here and nowhere else: `TWELVELABS_API_KEY`, else `TWELVE_LABS_API_KEY` (the official SDK's
name), and `TWELVELABS_BASE_URL`.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from twelvelabs_responses._errors import InvalidArgumentError
from twelvelabs_responses._request import Limits
from twelvelabs_responses._retry import Retry
from twelvelabs_responses._version import __version__

DEFAULT_BASE_URL = "https://api.twelvelabs.io/v1.3"
_KEY_VARIABLES = ("TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY")
_VISIBLE_ASCII = range(0x21, 0x7F)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a client reaches the service. Durations are seconds.

    Attributes:
        api_key: The key; never part of the repr.
        base_url: Without a slash at the end.
        timeout: The longest silence between two reads or writes.
        stall_timeout: The longest time of a stream without an event that says something; keepalives do not.
        retry: When a request is sent again.
        limits: What a request may hold.
    """

    api_key: str = field(repr=False)
    base_url: str
    timeout: float
    stall_timeout: float
    retry: Retry
    limits: Limits

    @classmethod
    def checked(  # noqa: PLR0913 - a client's arguments, as they come
        cls,
        *,
        api_key: str | None,
        base_url: str | None,
        timeout: float,
        stall_timeout: float,
        retry: Retry | None,
        limits: Limits | None,
    ) -> Settings:
        """Return the settings, what was not given taken from the environment.

        Raises:
            InvalidArgumentError: No key, or something that cannot be.
        """
        for name, seconds in (("timeout", timeout), ("stall_timeout", stall_timeout)):
            if not 0 < seconds < float("inf"):
                raise InvalidArgumentError(name, repr(seconds), "a finite number of seconds above 0")
        return cls(
            api_key=_checked_key(api_key),
            base_url=_checked_base_url(base_url or os.environ.get("TWELVELABS_BASE_URL") or DEFAULT_BASE_URL),
            timeout=timeout,
            stall_timeout=stall_timeout,
            retry=retry or Retry(),
            limits=limits or Limits(),
        )

    @property
    def url(self) -> str:
        """Where a request goes."""
        return f"{self.base_url}/responses"

    def headers(self, *, stream: bool) -> dict[str, str]:
        """Return the headers of a request, the key among them."""
        return {
            "x-api-key": self.api_key,
            "content-type": "application/json",
            "accept": "text/event-stream" if stream else "application/json",
            "user-agent": f"twelvelabs-responses/{__version__}",
        }

    def redacted(self, body: bytes) -> bytes:
        """Return the body of an error without the key, should the service have repeated it."""
        return body.replace(self.api_key.encode(), b"[API key]")


def _checked_key(api_key: str | None) -> str:
    key = api_key or next((os.environ[name] for name in _KEY_VARIABLES if os.environ.get(name)), None)
    if key is None:
        raise InvalidArgumentError(
            "No API key. Pass api_key=..., or set TWELVELABS_API_KEY (or TWELVE_LABS_API_KEY). "
            "Keys are made at https://playground.twelvelabs.io, under Settings, API key. "
            "Without one, the emulator answers: python -m twelvelabs_responses.emulator"
        )
    if not all(ord(character) in _VISIBLE_ASCII for character in key):
        raise InvalidArgumentError("api_key", "a space, a control or a non-ASCII character in it", "visible ASCII")
    return key


def _checked_base_url(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidArgumentError("base_url", repr(base_url), "an http or https address")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidArgumentError("base_url", "a user, a query or a fragment in it", "scheme, host, port and path")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        warnings.warn(f"the API key goes to {parts.hostname} unencrypted; use https", stacklevel=5)
    return base_url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
