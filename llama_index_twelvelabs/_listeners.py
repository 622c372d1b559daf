"""Who hears of the service's events while an answer is made."""

from __future__ import annotations

from inspect import isasyncgenfunction, iscoroutinefunction
from typing import TYPE_CHECKING, TypeAlias

from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twelvelabs_responses import ResponseStreamEvent

Listener: TypeAlias = "Callable[[ResponseStreamEvent], object]"


def check_listener(on_event: object) -> None:
    """Refuse what cannot be told of events: blocking calls and awaited ones tell it alike, so nothing awaits it.

    Raises:
        InvalidArgumentError: It is none, or it is awaited.
    """
    if on_event is None:
        return
    allowed = "a function of one event"
    if not callable(on_event):
        raise InvalidArgumentError("on_event", f"a {type(on_event).__name__}", allowed)
    if any(_is_awaited(each) for each in (on_event, type(on_event).__call__)):
        got = f"an async function, {getattr(on_event, '__name__', type(on_event).__name__)}"
        raise InvalidArgumentError("on_event", got, f"{allowed} that is not awaited; it may put it into a queue")


def both(first: Listener | None, second: Listener | None) -> Listener | None:
    """Return who tells one listener and then the other."""
    # By `is`, as a listener may be a list of its own that is still empty.
    if first is None or second is None:
        return second if first is None else first

    def tell(event: ResponseStreamEvent) -> None:
        first(event)
        second(event)

    return tell


def _is_awaited(function: object) -> bool:
    return iscoroutinefunction(function) or isasyncgenfunction(function)
