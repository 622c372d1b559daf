"""The chart of the README: what the peers cost, as multiples of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.figures import significant
from benchmarks.report import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.figures import Row

# Read as well on white as on GitHub's black.
_INK, _LESS, _MORE = "#757c84", "#8b949e", "#2f81f7"
# A measure that begins so, what it is called here, and whom it shows.
_GROUPS = (
    (
        "CPU per delta, core, sync, one event per network chunk",
        "stream, event by event: core client",
        ("Raw", "ByHand", "HttpxSse", "OpenAISdk", "TwelveLabsSdk"),
    ),
    (
        "CPU per delta, core, sync, 16 KiB chunks",
        "stream, 16 KiB at a time: core client",
        ("Raw", "ByHand", "HttpxSse", "OpenAISdk"),
    ),
    (
        "CPU per delta, ChatTwelveLabs, sync, one event per network chunk",
        "stream, event by event: ChatTwelveLabs",
        ("ReadyMadeChat", "MadeChat", "OpenAIChat"),
    ),
    (
        "CPU per delta, query engine, sync, one event per network chunk",
        "stream, event by event: query engine",
        ("ReadyMadeLLM", "OpenAILLM"),
    ),
    ("CPU per call, core, sync", "JSON call: core client", ("Raw", "ByHand", "OpenAISdk", "TwelveLabsSdk")),
    ("CPU per call, ChatTwelveLabs.invoke, sync", "JSON call: ChatTwelveLabs", ("OpenAIChat",)),
    ("CPU per call, query engine, sync", "JSON call: query engine", ("OpenAILLM",)),
    ("import, core", "import: core client", ("httpx, pydantic", "httpx, one model", "twelvelabs", "openai")),
    ("import, LangChain", "import: ChatTwelveLabs", ("BaseChatModel", "ChatOpenAI")),
    ("import, LlamaIndex, query engine", "import: query engine", ("BaseQueryEngine", "OpenAIResponses")),
)
_TITLE = "CPU of others as a multiple of ours, on a log scale\ngrey: no more than ours; blue: more"
# In inches. Labels have room to spare, as whoever shows the chart may have wider letters.
_WIDTH, _LABELS, _RIGHT, _ABOVE, _BELOW, _BAR = 8.0, 2.3, 0.15, 0.65, 0.35, 0.25


@dataclass(frozen=True, slots=True)
class Bar:
    """A peer beside us in one measure; a heading where it has no value."""

    label: str
    value: float | None = None


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Return the bars, from the top."""
    made: list[Bar] = []
    for measure, title, names in _GROUPS:
        beside: dict[str, Row] = {}
        for row in reversed(rows):
            beside |= dict.fromkeys(row.theirs, row) if row.measure.startswith(measure) else {}
        shown = [name for name in names if name in beside]
        made += [Bar(title)] if shown else []
        made += [Bar(NAMES.get(name, name), _times(beside[name], name)) for name in shown]
    return made


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write the chart as an SVG."""
    import matplotlib as mpl  # noqa: PLC0415 - only a whole run draws
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    # Text stays text, and the same run gives the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.family": "sans-serif"})
    shown = bars(rows)
    height = _BAR * len(shown) + _ABOVE + _BELOW
    figure = Figure(figsize=(_WIDTH, height))
    figure.subplots_adjust(_LABELS / _WIDTH, _BELOW / height, 1 - _RIGHT / _WIDTH, 1 - _ABOVE / height)
    figure.text(_RIGHT / _WIDTH, 1 - _RIGHT / height, _TITLE, color=_INK, fontsize=10, va="top", linespacing=1.4)
    _fill(figure.subplots(), shown)
    figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})


def _times(row: Row, name: str) -> float:
    return row.theirs[name].median / row.ours.median


def _fill(axes: Axes, shown: Sequence[Bar]) -> None:
    for place, bar in enumerate(shown):
        if bar.value is None:
            # From the left edge on: a heading is longer than a label, and there is no bar beside it.
            left = (_RIGHT - _LABELS) / (_WIDTH - _LABELS - _RIGHT)
            across = axes.get_yaxis_transform()
            axes.text(left, place, bar.label, transform=across, va="center", color=_INK, fontsize=8.5, weight="bold")
            continue
        colour = _MORE if bar.value > 1 else _LESS
        axes.barh(place, bar.value - 1, left=1, color=colour, height=0.62)
        beside = max(bar.value, 1) * 1.08
        axes.text(beside, place, f"{significant(bar.value, 2)} x", va="center", color=_INK, fontsize=8.5)
    axes.set_xscale("log")
    axes.set_xlim(0.07, 1_000)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    labels = ["" if bar.value is None else bar.label for bar in shown]
    axes.set_yticks(range(len(shown)), labels, color=_INK, fontsize=8.5)
    axes.axvline(1, color=_INK, linewidth=1.2)
    axes.set_xticks([0.1, 1, 10, 100], ["1/10 x", "ours", "10 x", "100 x"], color=_INK, fontsize=8.5)
    axes.tick_params(axis="both", which="both", length=0, pad=5)
    axes.spines[:].set_visible(False)
