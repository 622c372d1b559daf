"""How pytest is run on a small project within a test."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# The plugin by its module, so that it is there where the package is not installed, too.
OPTIONS = (
    "-p",
    "no:cacheprovider",
    "-p",
    "no:twelvelabs-responses",
    "-p",
    "pytest_twelvelabs",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
)


def ran(pytester: pytest.Pytester, *options: str, plugins: tuple[str, ...] = OPTIONS) -> pytest.RunResult:
    """Return what came of the project's tests, with our plugin unless others are named.

    They run in a process of their own: what pytester runs in this one forgets the modules that it has imported, and
    httpx is left with the exceptions of an httpcore that nobody knows any more.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        return pytester.runpytest_subprocess(*plugins, *options)
