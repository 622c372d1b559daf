"""Pydantic's complaints about the LLM's arguments -> the errors of this project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError

_SHOWN = 80


def refusal(error: ValidationError, names: Iterable[str]) -> InvalidArgumentError:
    """Return the first thing wrong, in the names of the arguments.

    Args:
        error: What pydantic says.
        names: The arguments that there are.
    """
    fault = error.errors(include_url=False, include_context=False)[0]
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"]).lstrip(".")
    if fault["type"] == "extra_forbidden":
        # Its value is not shown: it may be a key under a name that was mistyped.
        return InvalidArgumentError(field, "an argument of this name", ", ".join(sorted(names)))
    shown = repr(fault["input"])
    kind = type(fault["input"]).__name__
    return InvalidArgumentError(field, shown if len(shown) <= _SHOWN else f"a {kind}", fault["msg"])
