"""What every test may ask for beside the fixtures of our plugin: each twin, and a cassette in place of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.recording import CASSETTES, Keeper, Service, Studio, answered_at_last, sent_to_the_public
from tests.tape import KEY, Tape
from tests.twins import twin

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from tests.tape import Cassette
    from tests.twins import AnyClient
    from twelvelabs_responses.emulator import Emulator

pytest_plugins = ["pytest_twelvelabs", "pytester"]

_SERVICE = pytest.StashKey[Service]()
_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    about = (
        "emulated(era, fault): a cassette that is always recorded against the emulator, in this era, with this fault"
    )
    config.addinivalue_line("markers", about)


@pytest.hookimpl(optionalhook=True)  # where the plugin is not loaded, as when guards are taken out
def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
    if _SERVICE in config.stash:
        vcr.register_persister(Keeper(config.stash[_SERVICE]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY", "TWELVELABS_BASE_URL", "TWELVELABS_KNOWLEDGE_STORE_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["Client", "AsyncClient"])
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[AnyClient]:
    with twin(request.param, api_key="key-of-the-tests", base_url=emulator.base_url) as made:
        yield made


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(CASSETTES / request.path.parent.name / request.path.stem)


@pytest.fixture
def service(request: pytest.FixtureRequest, record_mode: str) -> Service | None:
    """Who answers while the test is recorded; nobody while it is replayed."""
    if record_mode == "none":
        return None
    studio: Studio = request.getfixturevalue("studio")
    service = studio.service(request.node.get_closest_marker("emulated"))
    request.config.stash[_SERVICE] = service
    return service


@pytest.fixture
def vcr_config(vcr_config: dict[str, Any], service: Service | None) -> dict[str, Any]:
    rules = {**vcr_config}
    if service is not None:
        rules["before_record_request"] = [sent_to_the_public(service.base_url), rules["before_record_request"]]
    if service is not None and service.retries:
        rules["before_record_response"] = answered_at_last
    return rules


@pytest.fixture
def tape(
    request: pytest.FixtureRequest, vcr: Cassette, service: Service | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tape]:
    """What was recorded for the test; clients find their key, and while it is recorded their service, by themselves."""
    monkeypatch.setenv("TWELVELABS_API_KEY", service.api_key if service else KEY)
    if service is not None:
        monkeypatch.setenv("TWELVELABS_BASE_URL", service.base_url)
    tape = Tape(vcr, service.store if service else None, retries=service.retries if service else 0)
    yield tape
    failed = request.node.stash.get(_FAILED, False)
    if service is not None:
        # What a test did not like is not kept.
        vcr.dirty = vcr.dirty and not failed
    elif not failed:
        tape.check_played_to_its_end()
