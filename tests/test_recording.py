"""Who answers while cassettes are recorded, and which recordings replace the file there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from vcr.request import Request

from tests.recording import PUBLIC, Keeper, Service, Studio, answered_at_last, keep, unsigned
from tests.tape import KEY
from twelvelabs_responses.testing import CassetteSerializer

if TYPE_CHECKING:
    from pathlib import Path

LIVE = {"TWELVELABS_API_KEY": "made-up-key", "TWELVELABS_KNOWLEDGE_STORE_ID": "ks_live"}
FILE = """# Recorded on 2026-11-24 against the emulator of twelvelabs-responses 0.1.0, era latest
id: resp_00000000-0000-4000-8000-000000000001
session_id: sess_00000000-0000-4000-8000-000000000002
item: msg_sess_00000000-0000-4000-8000-000000000002_0
item_id: ksi_00000000-0000-4000-8000-000000000003
created_at: '2026-11-24T22:00:54.357226Z'
text: Two goals.
"""
ANEW = """# Recorded on 2027-01-02 against the emulator of twelvelabs-responses 0.2.0, era latest
id: resp_00000000-0000-4000-8000-00000000000a
session_id: sess_00000000-0000-4000-8000-00000000000b
item: msg_sess_00000000-0000-4000-8000-00000000000b_0
item_id: ksi_00000000-0000-4000-8000-000000000003
created_at: '2027-01-02T03:04:05Z'
text: Two goals.
"""


@pytest.mark.parametrize("environment", [{}, {"TWELVELABS_API_KEY": "made-up-key"}])
def test_without_a_key_and_a_store_an_emulator_answers(environment: dict[str, str]) -> None:
    with Studio(environment) as studio:
        service = studio.service(None)
        assert service.base_url.startswith("http://127.0.0.1:")
    assert (service.api_key, service.store) == (KEY, "ks_00000000-0000-4000-8000-000000000001")
    assert service.origin.endswith(", era latest")
    assert service.retries == 0


def test_with_a_key_and_a_store_the_live_api_answers_and_is_waited_for() -> None:
    with Studio(LIVE) as studio:
        service = studio.service(None)
    assert (service.base_url, service.api_key, service.store) == (PUBLIC, "made-up-key", "ks_live")
    assert service.origin.endswith("against the live API, https://api.twelvelabs.io/v1.3")
    assert service.retries > 0


def test_an_era_and_a_fault_are_the_emulators_whether_there_is_a_key_or_not() -> None:
    with Studio(LIVE) as studio:
        service = studio.service(pytest.mark.emulated(era="april", fault="401").mark)
        faulty = httpx.post(f"{service.base_url}/responses").json()
        assert studio.service(pytest.mark.emulated(era="april").mark).base_url == service.base_url
        well = httpx.post(f"{service.base_url}/responses").json()
    assert faulty["message"] == "the API key is not valid"
    assert well["message"] == "the x-api-key header is missing or empty"
    assert service.api_key == KEY
    assert service.origin.endswith(", era april, fault 401")


def test_a_recording_of_which_only_ids_times_and_its_date_are_new_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "it.yaml"
    keep(file, FILE)
    keep(file, ANEW)
    assert file.read_text(encoding="utf-8") == FILE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Two goals.", "Three goals."),
        ("era latest", "era latest, fault 401"),
        ("the emulator of twelvelabs-responses 0.2.0, era latest", "the live API, https://api.twelvelabs.io/v1.3"),
        ("ksi_00000000-0000-4000-8000-000000000003", "ksi_00000000-0000-4000-8000-000000000004"),
        ("msg_sess_00000000-0000-4000-8000-00000000000b", "msg_sess_00000000-0000-4000-8000-00000000000c"),
    ],
)
def test_a_recording_that_says_something_else_is_kept(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "it.yaml"
    keep(file, FILE)
    keep(file, ANEW.replace(old, new))
    assert file.read_text(encoding="utf-8") == ANEW.replace(old, new)


def test_links_are_cut_to_what_opens_nothing() -> None:
    signed = r'{"hls_url": "https://cdn.example.org/a.m3u8?Policy=x&Signature=y", "in": "{\"u\":\"https://b.example.org/b?c=d\"}"}'
    assert (
        unsigned(signed)
        == r'{"hls_url": "https://cdn.example.org/a.m3u8", "in": "{\"u\":\"https://b.example.org/b\"}"}'
    )
    assert unsigned("https://example.com/hls/a.m3u8?signature=1") == "https://example.com/hls/a.m3u8?signature=1"


def test_a_recording_with_the_key_in_it_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "it.yaml"
    request = Request("POST", PUBLIC, b"{}", {})
    response = {"status": {"code": 401, "message": ""}, "headers": {}, "body": {"string": b"made-up-key is unknown"}}
    keeper = Keeper(Service(PUBLIC, "made-up-key", "ks_live", "Recorded"))
    with pytest.raises(ValueError, match="nothing was kept"):
        keeper.save_cassette(str(file), {"requests": [request], "responses": [response]}, CassetteSerializer())
    assert not file.exists()


@pytest.mark.parametrize(("status", "kept"), [(200, True), (400, True), (429, False)])
def test_what_only_says_that_the_rate_limit_was_met_is_not_recorded(status: int, kept: bool) -> None:
    response: dict[str, Any] = {"status": {"code": status}}
    assert (answered_at_last(response) is response) is kept
