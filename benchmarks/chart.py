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

# Read well on white and on black.
_INK, _LESS, _MORE = "#808890", "#8b949e", "#2f81f7"
_GROUPS = (
    (
        "CPU per delta, core, sync, one event per network chunk",
        "stream: core client",
        ("Raw", "HttpxSse", "OpenAISdk", "TwelveLabsSdk"),
    ),
    (
        "CPU per delta, ChatTwelveLabs, sync, one event per network chunk",
        "stream: ChatTwelveLabs",
        ("MadeChat", "OpenAIChat"),
    ),
    (
        "CPU per delta, query engine, sync, one event per network chunk",
        "stream: query engine",
        ("ReadyMadeLLM", "OpenAILLM"),
    ),
    ("CPU per call, core, sync", "JSON call: core client", ("Raw", "OpenAISdk", "TwelveLabsSdk")),
    ("CPU per call, ChatTwelveLabs.invoke, sync", "JSON call: ChatTwelveLabs", ("OpenAIChat",)),
    ("CPU per call, query engine, sync", "JSON call: query engine", ("OpenAILLM",)),
    ("import, core", "import: core client", ("httpx, pydantic", "twelvelabs", "openai")),
    ("import, LangChain", "import: ChatTwelveLabs", ("BaseChatModel", "ChatOpenAI")),
    ("import, LlamaIndex, query engine", "import: query engine", ("BaseQueryEngine", "OpenAIResponses")),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A peer beside us in one measure; a heading where it has no value."""

    label: str
    value: float | None = None


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Return the bars, from the top."""
    first = {row.measure: row for row in reversed(rows)}
    made: list[Bar] = []
    for measure, title, names in _GROUPS:
        if row := first.get(measure):
            shown = [name for name in names if name in row.theirs]
            made.append(Bar(title))
            made += [Bar(NAMES.get(name, name), row.theirs[name].median / row.ours.median) for name in shown]
    return made


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write the chart as an SVG."""
    import matplotlib as mpl  # noqa: PLC0415 - only a whole run draws
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    # Text stays text, and the same run gives the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.family": "sans-serif"})
    shown = bars(rows)
    figure = Figure(figsize=(8, 0.27 * len(shown) + 1.0))
    _fill(figure.subplots(), shown)
    figure.tight_layout()
    figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})


def _fill(axes: Axes, shown: Sequence[Bar]) -> None:
    for place, bar in enumerate(shown):
        if bar.value is None:
            continue
        colour = _MORE if bar.value > 1 else _LESS
        axes.barh(place, bar.value - 1, left=1, color=colour, height=0.62)
        beside = max(bar.value, 1) * 1.06
        axes.text(beside, place, f"{significant(bar.value, 2)} x", va="center", color=_INK, fontsize=8.5)
    axes.set_xscale("log")
    axes.set_xlim(0.2, 300)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_yticks(range(len(shown)), [bar.label for bar in shown], fontsize=8.5)
    for label, bar in zip(axes.get_yticklabels(), shown, strict=True):
        label.set(color=_INK, weight="bold" if bar.value is None else "normal")
    axes.axvline(1, color=_INK, linewidth=1.2)
    axes.set_xticks([0.25, 1, 4, 10, 100], ["1/4 x", "ours", "4 x", "10 x", "100 x"], color=_INK, fontsize=8.5)
    axes.tick_params(axis="both", which="both", length=0, pad=5)
    axes.set_title(
        "CPU of others as a multiple of ours (log scale); grey is what costs no more than ours",
        color=_INK,
        fontsize=10,
        loc="left",
    )
    axes.spines[:].set_visible(False)
