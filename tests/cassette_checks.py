"""What must not be in a folder of cassettes, and what must: each complaint names the cassette."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from tests.recording import SIGNED_LINK
from tests.tape import KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

HEADERS = {
    "request": frozenset({"accept", "content-type"}),
    "response": frozenset(
        {"content-type", "location", "request-id", "retry-after", "retry-after-ms", "x-ratelimit-reset", "x-request-id"}
    ),
}
_ORIGIN = re.compile(
    r"# Recorded on \d{4}-\d\d-\d\d against "
    r"(?:the emulator of twelvelabs-responses \d+\.\d+\.\d+, era (?:april|july|latest)(?:, fault [\w:-]+)?"
    r"|(?P<live>the live API, https://api\.twelvelabs\.io/v1\.3))\n"
)
# The one in C reads all of them in a second.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_EMULATOR = re.compile(r"\(Emulator\)|the emulator was asked")
_UNWANTED = {
    "a key": re.compile(
        rf"x-api-key|authorization\b|\bbearer\s+\S|\btlk_\w{{8}}|\bsk-[\w-]{{16}}|\beyJ[\w-]{{10,}}\.|{re.escape(KEY)}",
        re.IGNORECASE,
    ),
    "a cookie": re.compile(r"\bcookie\b", re.IGNORECASE),
    "an account": re.compile(
        r"""\b(?:organi[sz]ation|org|account|user|tenant|customer)(?:[-_]?(?:id|name|email))?["']?:|[\w.+-]+@[\w-]+\.\w+""",
        re.IGNORECASE,
    ),
    "a signed link": SIGNED_LINK,
}


def complaints(folder: Path, tests: Collection[str]) -> list[str]:
    """Return what is wrong with the cassettes in a folder.

    Args:
        folder: Where they are.
        tests: The tests that replay one each: their cassettes' paths in the folder, without the ending.
    """
    return [
        f"{file.relative_to(folder).as_posix()}: {complaint}"
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        for complaint in _complaints(file, orphan=file.relative_to(folder).with_suffix("").as_posix() not in tests)
    ]


def _complaints(file: Path, *, orphan: bool) -> Iterator[str]:
    if orphan or file.suffix != ".yaml":
        yield "no test replays it"
    text = file.read_text(encoding="utf-8")
    origin = _ORIGIN.match(text)
    if origin is None:
        yield "line 1 does not say where it comes from"
    elif origin["live"] and (found := _EMULATOR.search(text)):
        yield f"says that it comes from the live API, and holds {found[0]!r}"
    for name, pattern in _UNWANTED.items():
        if found := pattern.search(text):
            yield f"holds {name}: {found[0][:12]!r}"
    yield from _other_headers(yaml.load(text, Loader=_LOADER))  # noqa: S506 - a safe one


def _other_headers(cassette: Any) -> Iterator[str]:
    for interaction in cassette["interactions"]:
        for side, allowed in HEADERS.items():
            for name in interaction[side]["headers"]:
                if name.lower() not in allowed:
                    yield f"keeps the {side}'s header {name}"
