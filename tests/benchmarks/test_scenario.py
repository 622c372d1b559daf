from __future__ import annotations

from benchmarks.scenario import Scenario, address


def test_a_scenario_comes_back_from_the_address_that_it_is_written_into() -> None:
    scenario = Scenario(200, size=10, cut=16_384, pace=20_000, wait_for=3, done=True)
    assert address(80, scenario) == "http://127.0.0.1:80/200-10-16384-20000-3-1/v1.3"
    assert Scenario.of("200-10-16384-20000-3-1") == scenario
