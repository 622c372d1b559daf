"""What was measured in several rounds, compared, and held against a target."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAR = 2.0
_FLAT = 1.25


@dataclass(frozen=True, slots=True)
class Figure:
    """The values of one subject, one for each round."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    def __add__(self, other: Figure) -> Figure:
        """Return what both take, round by round."""
        return Figure(tuple(ours + theirs for ours, theirs in zip(self.values, other.values, strict=True)))

    def text(self, unit: str) -> str:
        """Return the median, and the least and the most in brackets."""
        low, high = significant(min(self.values)), significant(max(self.values))
        spread = f" ({low} to {high})" if low != high else ""
        return f"{significant(self.median)}{spread} {unit}".strip()


@dataclass(frozen=True, slots=True)
class Row:
    """One target, and what came of it; or, without a limit, what is good to know beside one.

    Attributes:
        measure: What was measured.
        target: What the figure is compared with, as words: "1.7 x raw httpx".
        value: What is held against the limit: a ratio, or a figure of the target's unit.
        limit: The most that it may be, if there is a target.
        ours: Our figure.
        theirs: The figures of those that we are compared with, by name.
        unit: The unit of these figures.
        note: What else is to be known.
    """

    measure: str
    target: str
    value: float
    limit: float | None
    ours: Figure
    theirs: dict[str, Figure]
    unit: str
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the target is met; nothing where there is none."""
        if self.limit is None:
            return ""
        if self.value <= self.limit:
            return "met"
        return "far off" if self.is_far_off else "missed"

    @property
    def is_far_off(self) -> bool:
        """Whether the value is over twice its target."""
        return self.limit is not None and self.value > _FAR * self.limit


@dataclass(frozen=True, slots=True)
class Target:
    """A ratio that is not to be passed; or, without a limit, one that is good to know.

    Attributes:
        limit: The most that our figure may be of theirs, if there is a target.
        than: Whose figure ours is divided by.
        words: What it is called.
    """

    limit: float | None
    than: str
    words: str


def ratio(ours: Figure, theirs: Figure) -> float:
    """Return how many times theirs ours is, by the medians."""
    return ours.median / theirs.median if theirs.median else float("inf")


def rows(measure: str, ours: str, figures: dict[str, Figure], targets: Sequence[Target], unit: str) -> list[Row]:
    """Return a row for each target; all figures stand in the first."""
    made: list[Row] = []
    for target in targets:
        theirs = {name: figure for name, figure in figures.items() if name != ours}
        shown = theirs if not made else {target.than: theirs[target.than]}
        words = f"x {target.words} (no target)" if target.limit is None else f"<= {target.limit:g} x {target.words}"
        value = ratio(figures[ours], theirs[target.than])
        made.append(Row(measure, words, value, target.limit, figures[ours], shown, unit))
    return made


def grown_row(measure: str, costs: dict[int, Figure], unit: str) -> Row:
    """Return the row of what is not to grow: the most that a part costs, as a multiple of a smaller size's.

    Args:
        measure: What was measured.
        costs: What a part costs at each size, two or more.
        unit: The unit of these costs.
    """
    less, more = max(combinations(sorted(costs), 2), key=lambda pair: ratio(costs[pair[1]], costs[pair[0]]))
    theirs = {f"of {size:,}": figure for size, figure in costs.items() if size != more}
    value = ratio(costs[more], costs[less])
    note = f"grows most from {less:,} to {more:,}"
    return Row(measure, f"flat: <= {_FLAT:g} x", value, _FLAT, costs[more], theirs, unit, note)


def significant(value: float, digits: int = 3) -> str:
    """Return the value as its first digits say it, without an exponent."""
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"
