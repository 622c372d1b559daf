"""Cassettes of the endpoint: what is kept, what never is, and that all of it comes back."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from vcr import VCR
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.serializers import yamlserializer

from twelvelabs_responses import Client, RateLimitError, Retry
from twelvelabs_responses.emulator import Emulator
from twelvelabs_responses.testing import CassetteSerializer, apply_cassette_rules, cassette_rules

if TYPE_CHECKING:
    from pathlib import Path

KEY = "tlk_secret_of_the_tests"
QUESTION = "Which clips show a goal?"
STORE = "ks_1"
URL = "https://api.twelvelabs.io/v1.3/responses"


@pytest.fixture
def vcr() -> VCR:
    made = VCR(record_mode="once")
    apply_cassette_rules(made)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cassette.yaml"


def interaction(sent: str, got: str | bytes, kind: str = "application/json", uri: str = URL, **headers: str) -> Any:
    answer_headers = {"content-type": [kind], "set-cookie": ["session=1"], "x-account": ["me"]}
    return {
        "request": {"method": "POST", "uri": uri, "body": sent, "headers": {"Content-Type": ["application/json"]}},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": answer_headers | {name.replace("_", "-"): [value] for name, value in headers.items()},
            "body": {"string": got},
        },
    }


def written(*interactions: Any) -> str:
    return CassetteSerializer().serialize({"version": 1, "interactions": list(interactions)})


def read(text: str) -> Any:
    return CassetteSerializer().deserialize(text)


def test_what_was_recorded_is_replayed_without_the_service(vcr: VCR, file: Path) -> None:
    with Emulator() as emulator:
        client = Client(api_key=KEY, base_url=emulator.base_url)
        with vcr.use_cassette(file), client.stream(QUESTION, knowledge_store_id=emulator.knowledge_store_id) as stream:
            recorded = list(stream)
        store = emulator.knowledge_store_id
    with vcr.use_cassette(file) as cassette, client.stream(QUESTION, knowledge_store_id=store) as stream:
        assert list(stream) == recorded
    assert cassette.all_played
    client.close()


def test_a_cassette_holds_no_key_and_reads_as_yaml(vcr: VCR, file: Path) -> None:
    with Emulator() as emulator, Client(api_key=KEY, base_url=emulator.base_url) as client:
        with vcr.use_cassette(file):
            client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
        server = emulator.base_url.removesuffix("/v1.3")
    text = file.read_text(encoding="utf-8")
    assert KEY not in text
    assert re.match(rf"# Recorded on \d{{4}}-\d\d-\d\d from {re.escape(server)}\n", text)
    [recorded] = yaml.safe_load(text)["interactions"]
    assert recorded["request"]["headers"] == {"content-type": ["application/json"], "accept": ["application/json"]}
    assert recorded["request"]["body"]["json"]["input"] == [{"type": "message", "role": "user", "content": QUESTION}]
    assert recorded["response"]["headers"] == {"content-type": ["application/json"]}
    assert recorded["response"]["body"]["json"]["status"] == "completed"


def test_a_stream_stands_in_the_file_line_by_line() -> None:
    stream = 'event: keepalive\ndata: {"a": "ü 🥅"}\n\ndata: [DONE]\n\n'
    text = written(interaction('{"knowledge_store_id": "ks_1"}', stream, "text/event-stream"))
    assert '        event: keepalive\n        data: {"a": "ü 🥅"}\n\n        data: [DONE]\n' in text
    assert read(text)["interactions"][0]["response"]["body"] == {"string": stream}


def test_a_question_that_was_not_recorded_is_refused(vcr: VCR, file: Path) -> None:
    with Emulator() as emulator:
        url, body = f"{emulator.base_url}/responses", {"knowledge_store_id": STORE, "input": "one"}
        with vcr.use_cassette(file):
            assert httpx.post(url, json=body).status_code == 401
    with vcr.use_cassette(file), pytest.raises(CannotOverwriteExistingCassetteException):
        httpx.post(url, json=body | {"input": "another"})


def test_a_project_keeps_its_own_configuration_and_the_rules(vcr: VCR, file: Path) -> None:
    with Emulator(fault="429-retry-after") as emulator:
        client = Client(api_key=KEY, base_url=emulator.base_url, retry=Retry(max_retries=0))
        with vcr.use_cassette(file, filter_headers=["accept"]), pytest.raises(RateLimitError):
            client.create(QUESTION, knowledge_store_id=emulator.knowledge_store_id)
    [recorded] = yaml.safe_load(file.read_text(encoding="utf-8"))["interactions"]
    assert recorded["request"]["headers"] == {"content-type": ["application/json"]}
    assert "retry-after" in recorded["response"]["headers"]
    client.close()


def test_cookies_and_account_headers_are_left_out() -> None:
    text = written(interaction("{}", "{}", x_request_id="req_1", X_Ratelimit_Limit="15"))
    [recorded] = yaml.safe_load(text)["interactions"]
    assert recorded["response"]["headers"] == {"content-type": ["application/json"], "x-request-id": ["req_1"]}


def test_a_compressed_answer_is_written_as_what_it_says() -> None:
    text = written(interaction("{}", gzip.compress(b'{"id": "resp_1"}'), content_encoding="gzip"))
    [recorded] = yaml.safe_load(text)["interactions"]
    assert recorded["response"]["body"] == {"json": {"id": "resp_1"}}


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": 1e400}', '{"a"', '"\\ud800"'],
    ids=["a name twice", "NaN", "a number too large", "no JSON", "half of a pair"],
)
def test_json_that_would_not_come_back_the_same_is_kept_as_it_came(text: str) -> None:
    [recorded] = read(written(interaction(text, text)))["interactions"]
    assert recorded["request"]["body"] == text
    assert recorded["response"]["body"] == {"string": text}


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\u0085", "\r\n", " \n", "\x00", "\ufeff", "\u200d"])
@pytest.mark.parametrize("kind", ["text/event-stream", "text/html"])
def test_text_comes_back_whatever_is_in_it(kind: str, end: str) -> None:
    text = f"data: 1{end}data: 2{end}"
    cassette = written(interaction("{}", text, kind))
    assert read(cassette)["interactions"][0]["response"]["body"] == {"string": text}


def test_json_comes_back_whatever_is_in_it() -> None:
    value = {
        "yes": "no",
        "on": "2025-06-14",
        "n": [1, 1.0, 1e22, None, True],
        "x": " a\u2028b\u0085c\nd: #\ufeff",
        "": {},
    }
    body = json.dumps(value)
    cassette = written(interaction(body, body))
    [recorded] = read(cassette)["interactions"]
    assert json.loads(recorded["request"]["body"]) == value
    assert json.loads(recorded["response"]["body"]["string"]) == value


def test_bytes_that_are_no_text_come_back() -> None:
    cassette = written(interaction("{}", b"\xff\xfe"))
    assert read(cassette)["interactions"][0]["response"]["body"] == {"string": b"\xff\xfe"}


# -- what is not ours ----------------------------------------------------------------------------------------------


def test_a_cassette_without_a_request_of_ours_is_what_vcrpy_writes() -> None:
    other = {
        "version": 1,
        "interactions": [interaction('{"model": "m"}', "{}", uri="https://example.com/v1/responses")],
    }
    assert CassetteSerializer().serialize(other) == yamlserializer.serialize(other)
    assert read(yamlserializer.serialize(other)) == other


def test_other_requests_beside_ours_stay_as_they_are() -> None:
    other = interaction("a=1", "{}", uri="https://example.com/v1/other")
    cassette = read(written(interaction("{}", "{}"), other))
    assert cassette["interactions"][1] == other


def test_other_requests_are_not_compared_by_their_body(vcr: VCR, file: Path) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}, headers={"x-secret": "theirs"}))
    with vcr.use_cassette(file), httpx.Client(transport=transport, headers={"x-mine": "1"}) as http:
        http.post("https://example.com/other", content=b"one")
    with vcr.use_cassette(file), httpx.Client() as http:
        assert http.post("https://example.com/other", content=b"two").headers["x-secret"] == "theirs"
    assert "x-mine" in file.read_text(encoding="utf-8")


def test_a_file_that_is_no_cassette_is_for_vcrpy_to_judge() -> None:
    assert read("[]") == []


@pytest.mark.parametrize(("body", "told"), [("{jsn: {}}", "jsn"), ("{jsn: {}, text: x}", "jsn, text"), ("{}", "none")])
def test_a_body_in_a_form_that_is_not_written_is_refused(body: str, told: str) -> None:
    edited = written(interaction("{}", "{}")).replace("body:\n      json: {}", f"body: {body}")
    with pytest.raises(ValueError, match=f"is `json`, `stream` or `string`; this one has {told}$"):
        read(edited)


def test_the_rules_can_be_built_on() -> None:
    rules = cassette_rules()
    assert set(rules) == {"match_on", "before_record_request"}
    assert rules["match_on"] == ("method", "scheme", "host", "port", "path", "query", "twelvelabs_body")
