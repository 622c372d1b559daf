"""How pytest is run on a small project within a test."""

from __future__ import annotations

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
