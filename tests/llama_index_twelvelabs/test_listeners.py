from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from llama_index_twelvelabs import TwelveLabsLLM, TwelveLabsQueryEngine, TwelveLabsQueryWorkflow
from llama_index_twelvelabs._listeners import both, check_listener
from twelvelabs_responses import InvalidArgumentError, UnknownEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def show(event: object) -> None:
    """Stand for what a user writes first."""


async def shown(event: object) -> AsyncIterator[object]:
    yield event


class Screen:
    async def __call__(self, event: object) -> None:
        """Stand for an object that is awaited."""

    async def show(self, event: object) -> None:
        """Stand for a method that is awaited."""


class Log(list[object]):
    def __call__(self, event: object) -> None:
        self.append(event)


@pytest.mark.parametrize(
    ("on_event", "name"),
    [(show, "show"), (shown, "shown"), (partial(show), "partial"), (Screen(), "Screen"), (Screen().show, "show")],
)
def test_what_would_have_to_be_awaited_is_refused(on_event: object, name: str) -> None:
    expected = f"on_event: got an async function, {name}; allowed: a function of one event that is not awaited"
    with pytest.raises(InvalidArgumentError, match=expected):
        check_listener(on_event)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="on_event: got a str; allowed: a function of one event"):
        check_listener("print")


@pytest.mark.parametrize("on_event", [None, print, Log(), Log, [].append, lambda _: None, partial(print, "event:")])
def test_what_is_called_is_taken(on_event: object) -> None:
    check_listener(on_event)


@pytest.mark.parametrize("kind", [TwelveLabsLLM, TwelveLabsQueryEngine, TwelveLabsQueryWorkflow])
def test_an_async_function_is_refused_wherever_events_are_told(kind: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="on_event: got an async function, show"):
        kind("ks_1", api_key="key-of-the-tests", on_event=show)


def test_an_llm_that_is_observed_refuses_it_too() -> None:
    with pytest.raises(InvalidArgumentError, match="on_event: got an async function, show"):
        TwelveLabsLLM("ks_1", api_key="key-of-the-tests").observed(on_event=show)


def test_two_listeners_are_told_one_after_the_other() -> None:
    told: list[str] = []
    tell = both(lambda _: told.append("first"), lambda _: told.append("second"))
    assert tell is not None
    tell(UnknownEvent())
    assert told == ["first", "second"]


def test_one_listener_is_told_itself() -> None:
    log = Log()
    assert both(log, None) is both(None, log) is log
    assert both(None, None) is None
