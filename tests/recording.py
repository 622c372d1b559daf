"""Who answers while cassettes are recorded, and which recordings are kept.

Nobody, unless `--record-mode=all` is given (`make record`). Then it is the live API for the tests that it can answer,
if there is a key; else, and for those that ask for an era or a fault, it is an emulator on loopback. Its address never
comes into a cassette: requests are written down as sent to the public service.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.tape import KEY
from twelvelabs_responses import __version__
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest
    from typing_extensions import Self

PUBLIC = "https://api.twelvelabs.io/v1.3"
LIBRARY = Path(__file__).with_name("recording_library.json")
CASSETTES = Path(__file__).parents[1] / "cassettes"
_UUID = re.compile(r"\b(?:resp|sess|msg_sess|call|fc|fco)_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
)
# A link that was signed opens a video for whoever has it. Those of the emulator open nothing.
SIGNED_LINK = re.compile(r"""(https?://(?!example\.com/)[^\s"'?\\]+)\?[^\s"'\\]+""")
_LIVE_RETRIES = 20
_WHEN_AND_WHICH = re.compile(r"\A(# .*?)\d{4}-\d\d-\d\d(.*?)(?: \d+\.\d+\.\d+)?(, .*|)$", re.MULTILINE)


@dataclass(frozen=True)
class Service:
    """Who answers a test that is recorded; `origin` says so in the first line of its cassette."""

    base_url: str
    api_key: str
    store: str
    origin: str
    # The live API takes about two requests a minute; an emulator that refuses does so on purpose.
    retries: int = 0


class Studio:
    """The services that tests are recorded against; each emulator is started once."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._key = environment.get("TWELVELABS_API_KEY")
        self._store = environment.get("TWELVELABS_KNOWLEDGE_STORE_ID")
        self._emulators: dict[str, Emulator] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def service(self, emulated: pytest.Mark | None) -> Service:
        """Return who answers a test: an emulator if it must be one, as the test's marker says."""
        today = datetime.now(timezone.utc).date().isoformat()
        if emulated is None and self._key and self._store:
            origin = f"Recorded on {today} against the live API, {PUBLIC}"
            return Service(PUBLIC, self._key, self._store, origin, retries=_LIVE_RETRIES)
        wish: dict[str, str] = {"era": "latest", **(emulated.kwargs if emulated else {})}
        emulator = self._emulator(wish["era"])
        emulator.fault = wish.get("fault")
        details = ", ".join(f"{name} {value}" for name, value in wish.items())
        origin = f"Recorded on {today} against the emulator of twelvelabs-responses {__version__}, {details}"
        return Service(emulator.base_url, KEY, emulator.knowledge_store_id, origin)

    def _emulator(self, era: str) -> Emulator:
        if era not in self._emulators:
            self._emulators[era] = self._stack.enter_context(Emulator(era=era, library=LIBRARY))
        return self._emulators[era]


def sent_to_the_public(base_url: str) -> Callable[[Any], Any]:
    """Return what writes the requests to this address down as sent to the public service."""

    def renamed(request: Any) -> Any:
        request.uri = PUBLIC + str(request.uri).removeprefix(base_url)
        return request

    return renamed


def answered_at_last(response: dict[str, Any]) -> dict[str, Any] | None:
    """Return the answer, or nothing if it only says that the rate limit was met: it is asked for again."""
    return None if response["status"]["code"] == HTTPStatus.TOO_MANY_REQUESTS else response


def unsigned(recorded: str) -> str:
    """Return the recording with its links cut to what does not open anything."""
    return SIGNED_LINK.sub(r"\1", recorded)


class Keeper:
    """Writes cassettes, and leaves those alone that say what they said before."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @staticmethod
    def load_cassette(path: str, serializer: Any) -> Any:  # noqa: ARG004 - the signature is vcrpy's
        """Give nothing of an earlier recording."""
        from vcr.cassette import CassetteNotFoundError  # noqa: PLC0415 - who only replays needs no vcrpy here

        raise CassetteNotFoundError(path)

    def save_cassette(self, path: str, held: dict[str, Any], serializer: Any) -> None:
        """Write the cassette with its origin in the first line."""
        from vcr.serialize import serialize  # noqa: PLC0415 - see above

        # The serializer's own first line goes by the address, which is the public one whoever answered.
        _, _, text = serialize(held, serializer).partition("\n")
        if self._service.api_key in text:
            raise ValueError("the service repeats the key in what it answers: nothing was kept")
        keep(Path(path), f"# {self._service.origin}\n{unsigned(text)}")


def keep(file: Path, recorded: str) -> None:
    """Write a recording, unless the file says the same: then only its ids, its times and its date would change."""
    if file.exists() and unchanging(file.read_text(encoding="utf-8")) == unchanging(recorded):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(recorded, encoding="utf-8")


def unchanging(recorded: str) -> str:
    """Return what two recordings of the same exchange have in common: their ids numbered, no times."""
    numbers: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        prefix, _, uuid = found[0].rpartition("_")
        return f"{prefix}_{numbers.setdefault(uuid, str(len(numbers)))}"

    return _UUID.sub(numbered, _TIME.sub("(a time)", _WHEN_AND_WHICH.sub(r"\1(a day)\2\3", recorded, count=1)))
