"""Options that other chat models take and this service does not know."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# A chain that was written for another model goes on working.
_SAMPLING = frozenset({"temperature", "top_p", "top_k", "max_tokens", "n", "seed", "logprobs"})


def without_sampling(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without those that only other services know, with a word about what is left out."""
    unknown = sorted(name for name in _SAMPLING & options.keys() if options[name] is not None)
    if unknown:
        warnings.warn(f"{', '.join(unknown)}: TwelveLabs has no such option; it is not sent", stacklevel=4)
    return {name: value for name, value in options.items() if name not in _SAMPLING}
