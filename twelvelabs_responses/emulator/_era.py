"""The dialects of the API that the emulator speaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Era:
    """What sets the service of one time apart from the service of another."""

    name: str
    # `model` must be sent, and stands in every response.
    names_model: bool
    # `selections` may be sent.
    knows_selections: bool
    # Responses have `object`, `incomplete_details`, `phase` and `annotations`, streams have keepalives.
    annotates: bool
    # Each event's frame has an `event:` line.
    names_events: bool
    # Error bodies have a `docs_url`.
    links_docs: bool


_ALL = (
    Era("april", names_model=True, knows_selections=False, annotates=False, names_events=False, links_docs=True),
    Era("july", names_model=False, knows_selections=True, annotates=False, names_events=True, links_docs=False),
    Era("latest", names_model=False, knows_selections=True, annotates=True, names_events=True, links_docs=False),
)

ERAS = tuple(era.name for era in _ALL)
"""The names of the dialects, the oldest first: what the API reference said in April 2026, in July, and says since."""


def era_named(name: str) -> Era:
    """Return the dialect of that name.

    Raises:
        ValueError: There is none; the message lists those there are.
    """
    for era in _ALL:
        if era.name == name:
            return era
    raise ValueError(f"{name!r} is not an era; choose one of {', '.join(ERAS)}")
