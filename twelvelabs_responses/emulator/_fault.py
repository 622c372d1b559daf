"""What a fault is, and which request gets which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from twelvelabs_responses.emulator._answer import Answer
    from twelvelabs_responses.emulator._era import Era
    from twelvelabs_responses.emulator._script import Framing, Script, Step
    from twelvelabs_responses.emulator._wire import Reply


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a refusal may speak of."""

    era: Era
    now: datetime
    session_id: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong: what it changes, at each stage from the question to the bytes.

    A stage that is None is left as it is. `stream` sees the bytes of streams only, `whole` of JSON answers only.
    """

    name: str
    description: str
    instead: Callable[[Occasion], Script] | None = None
    answer: Callable[[Answer], Answer] | None = None
    reply: Callable[[Reply], Reply] | None = None
    whole_reply: Callable[[Reply], Reply] | None = None
    steps: Callable[[tuple[Step, ...]], tuple[Step, ...]] | None = None
    framing: Framing | None = None
    stream: Callable[[Script], Script] | None = None
    whole: Callable[[Script], Script] | None = None
    shows_steps: bool = False
    whole_for_stream: bool = False
    takes_turn: bool = True

    def touches(self, *, stream: bool) -> bool:
        """Return whether a request for a stream, or for a JSON answer, notices anything."""
        both = (self.instead, self.answer, self.reply)
        here = (self.steps, self.framing, self.stream) if stream else (self.whole, self.whole_reply)
        return any(stage is not None for stage in (*both, *here)) or (stream and self.whole_for_stream)


NO_FAULT = Fault("", "Nothing goes wrong.")


@dataclass(frozen=True, slots=True)
class Order:
    """A fault as asked for, and for how many requests; without a number, for all."""

    fault: Fault
    times: int | None = None


def order_of(asked: str, faults: Mapping[str, Fault]) -> Order:
    """Return what `NAME`, `NAME:once` or `NAME:3` asks for.

    Raises:
        ValueError: There is no such fault, or no such number.
    """
    name, _, times = str(asked).partition(":")
    if name not in faults:
        raise ValueError(f"{name!r} is not a fault; choose one of {', '.join(faults)}")
    if not times:
        return Order(faults[name])
    if times != "once" and not (times.isdecimal() and int(times)):
        raise ValueError(f"{times!r} is not a number of requests; say {name}:once or {name}:3")
    return Order(faults[name], 1 if times == "once" else int(times))


class Chooser:
    """Gives each request its fault, and counts."""

    def __init__(self, faults: Mapping[str, Fault], asked: str | None = None) -> None:
        self._faults = faults
        self._served: Counter[str] = Counter()
        self._default: str | None = None
        self.default = asked

    @property
    def default(self) -> str | None:
        """The fault of requests that ask for none."""
        return self._default

    @default.setter
    def default(self, asked: str | None) -> None:
        if asked is not None:
            order_of(asked, self._faults)
            # Asked for anew: counted anew.
            self._served.pop(asked, None)
        self._default = asked

    def named(self, name: str, *, stream: bool) -> Fault:
        """Return the fault of that name, where a request would notice it; it is not counted."""
        fault = order_of(name, self._faults).fault
        return fault if fault.touches(stream=stream) else NO_FAULT

    def spare(self, asked: str | None) -> None:
        """Take back that a request used up the fault that `fault_for` has just given it."""
        wanted = asked or self._default
        if wanted is not None:
            self._served[wanted] -= 1

    def fault_for(self, asked: str | None, *, stream: bool) -> Fault:
        """Return the fault of a request whose header says `asked`.

        A request that would not notice the fault does not use it up.

        Raises:
            ValueError: The header asks for a fault that there is not.
        """
        wanted = asked or self._default
        if wanted is None:
            return NO_FAULT
        order = order_of(wanted, self._faults)
        if not order.fault.touches(stream=stream):
            return NO_FAULT
        self._served[wanted] += 1
        return NO_FAULT if order.times is not None and self._served[wanted] > order.times else order.fault
