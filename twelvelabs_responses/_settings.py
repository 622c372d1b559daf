"""What a client was told, checked: key, address, patience.

The environment is read here and nowhere else: `TWELVELABS_API_KEY`, else `TWELVE_LABS_API_KEY` (the official SDK's
name), and `TWELVELABS_BASE_URL`.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import SplitResult, urlsplit

from twelvelabs_responses._errors import InvalidArgumentError, ResponsesError
from twelvelabs_responses._packing import ACCEPTED
from twelvelabs_responses._request import Limits
from twelvelabs_responses._retry import Retry
from twelvelabs_responses._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_BASE_URL = "https://api.twelvelabs.io/v1.3"
_KEY_VARIABLES = ("TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY")
_SHORTEST_KEY = 8
SettingT = TypeVar("SettingT", Retry, Limits)
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
            if not _is_duration(seconds):
                raise InvalidArgumentError(name, repr(seconds), "a finite number of seconds above 0")
        return cls(
            api_key=_checked_key(api_key),
            base_url=_checked_base_url(base_url),
            timeout=timeout,
            stall_timeout=stall_timeout,
            retry=_instance("retry", retry, Retry),
            limits=_instance("limits", limits, Limits),
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
            "accept-encoding": ACCEPTED,
            "user-agent": f"twelvelabs-responses/{__version__}",
        }

    def redact(self, error: BaseException | None) -> None:
        """Take the key out of an error of ours and of its causes, should the service have repeated it."""
        while isinstance(error, ResponsesError):
            error.args = tuple(self._without_key(value) for value in error.args)
            for name, value in vars(error).items():
                setattr(error, name, self._without_key(value))
            error = error.__cause__

    def _without_key(self, value: object) -> object:
        # A key shorter than any real one is a test's, and may be part of any word.
        if isinstance(value, str) and len(self.api_key) >= _SHORTEST_KEY:
            return value.replace(self.api_key, "[API key]")
        if isinstance(value, dict):
            return {name: self._without_key(part) for name, part in value.items()}
        return value


def _instance(name: str, value: object, kind: type[SettingT]) -> SettingT:
    if value is not None and not isinstance(value, kind):
        raise InvalidArgumentError(name, repr(value), f"a {kind.__name__}")
    return kind() if value is None else value


def _is_duration(seconds: object) -> bool:
    return isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 < seconds < float("inf")


def _variable(given: object, *names: str) -> str | None:
    """Return the variable of the environment that stands for what was not given, if one does."""
    return None if given else next((name for name in names if os.environ.get(name)), None)


@contextmanager
def _naming(variable: str | None) -> Iterator[None]:
    """Name in a refusal where the refused came from: whoever gave no argument would look for one."""
    try:
        yield
    except InvalidArgumentError as error:
        if variable is None:
            raise
        raise InvalidArgumentError(error.field, f"{error.got}, from {variable}", error.allowed) from error


def _checked_key(api_key: object) -> str:
    variable = _variable(api_key, *_KEY_VARIABLES)
    with _naming(variable):
        return _key(os.environ[variable] if variable else api_key)


def _key(key: object) -> str:
    if not key:
        raise InvalidArgumentError(
            "No API key. Pass api_key=..., or set TWELVELABS_API_KEY (or TWELVE_LABS_API_KEY). "
            "Keys are made at https://playground.twelvelabs.io, under Settings, API key. "
            "Without one, the emulator answers: python -m twelvelabs_responses.emulator"
        )
    if not isinstance(key, str):
        raise InvalidArgumentError("api_key", f"a {type(key).__name__}", "a string")
    if not all(ord(character) in _VISIBLE_ASCII for character in key):
        raise InvalidArgumentError("api_key", "a space, a control or a non-ASCII character in it", "visible ASCII")
    return key


def _checked_base_url(base_url: object) -> str:
    variable = _variable(base_url, "TWELVELABS_BASE_URL")
    address = os.environ[variable] if variable else base_url or DEFAULT_BASE_URL
    with _naming(variable):
        parts = _parts(address)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise InvalidArgumentError("base_url", "a user, a query or a fragment in it", "scheme, host, port and path")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidArgumentError("base_url", repr(address), "an http or https address")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        # The level of whoever makes the client: above this, `checked` and the client's constructor.
        warnings.warn(f"the API key goes to {parts.hostname} unencrypted; use https", stacklevel=4)
    return parts.geturl().rstrip("/")


def _parts(base_url: object) -> SplitResult:
    # `urlsplit` drops tabs and line ends without a word.
    if not isinstance(base_url, str) or not base_url.isprintable() or " " in base_url:
        raise InvalidArgumentError("base_url", repr(base_url), "an http or https address without spaces")
    try:
        parts = urlsplit(base_url)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise InvalidArgumentError("base_url", repr(base_url), f"an address that can be read: {error}") from error
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
