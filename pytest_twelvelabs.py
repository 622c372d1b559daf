"""The pytest plugin: what a project gets by installing this package and pytest.

It stands beside the packages, so that a run of pytest which does not use it imports none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vcr import VCR

    from twelvelabs_responses._cassettes import Rule


class CassetteFixtures:
    """What pytest-recording asks for."""

    @pytest.fixture(scope="session")
    def vcr_config(self) -> dict[str, Rule]:
        """How cassettes are recorded: without keys, cookies and account headers, and matched on the body too.

        A `vcr_config` of your own can build on it: `return {**vcr_config, "record_mode": "once"}`.
        """
        from twelvelabs_responses.testing import cassette_rules  # noqa: PLC0415 - only a test with a cassette pays

        return cassette_rules()


def pytest_configure(config: pytest.Config) -> None:
    """Put our `vcr_config` before the empty one of pytest-recording: of plugins, the last one's fixture holds."""
    config.pluginmanager.register(CassetteFixtures(), "twelvelabs-cassettes")


@pytest.hookimpl(optionalhook=True)
def pytest_recording_configure(vcr: VCR) -> None:
    """Teach vcrpy the rules, also where a project's own `vcr_config` replaces ours."""
    from twelvelabs_responses.testing import apply_cassette_rules  # noqa: PLC0415 - only a test with a cassette pays

    apply_cassette_rules(vcr)
