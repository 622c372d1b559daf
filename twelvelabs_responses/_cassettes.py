"""How cassettes of this endpoint are recorded: without secrets, readable, matched on what was asked.

The rules see to requests of TwelveLabs alone; whatever else a project records stays as vcrpy keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import yaml
from vcr import matchers
from vcr.filters import decode_response
from vcr.serializers import yamlserializer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vcr import VCR
    from vcr.request import Request

    Rule: TypeAlias = tuple[str, ...] | Callable[[Request], Request]

_JsonObject: TypeAlias = dict[str, object]

# All that a client or a replay goes by; what is not named, such as a key, a cookie or an account, is left out.
_REQUEST_HEADERS = frozenset({"accept", "content-type"})
_RESPONSE_HEADERS = frozenset(
    {"content-type", "location", "request-id", "retry-after", "retry-after-ms", "x-ratelimit-reset", "x-request-id"}
)
_BODY_MATCHER = "twelvelabs_body"
_MATCH_ON = ("method", "scheme", "host", "port", "path", "query", _BODY_MATCHER)


def cassette_rules() -> dict[str, Rule]:
    """Return what vcrpy is told: how requests are compared, and what is kept of them."""
    return {"match_on": _MATCH_ON, "before_record_request": _without_secrets}


def apply_cassette_rules(vcr: VCR) -> None:
    """Make a `vcr.VCR` record and replay by the rules.

    They become its defaults, so that a configuration which says nothing of them keeps them.
    """
    vcr.register_matcher(_BODY_MATCHER, _same_body)
    vcr.register_serializer("yaml", CassetteSerializer())
    for name, rule in cassette_rules().items():
        setattr(vcr, name, rule)


class CassetteSerializer:
    """Writes and reads cassettes: JSON as YAML, streams as they came over the wire, where and when in line 1."""

    def serialize(self, cassette: _JsonObject) -> str:
        """Return the file's text. Without a request of TwelveLabs it is what vcrpy itself writes."""
        interactions = list(_objects(cassette["interactions"]))
        if not any(_is_ours(_request_of(each)) for each in interactions):
            plain: str = yamlserializer.serialize(cassette)
            return plain
        shown = [_shown(each) if _is_ours(_request_of(each)) else each for each in interactions]
        return _origin(interactions) + _dumped({"version": cassette["version"], "interactions": shown})

    def deserialize(self, text: str) -> object:
        """Return what vcrpy makes a cassette of.

        Raises:
            ValueError: A body is in no form that is written, as somebody has edited the file.
        """
        cassette = yamlserializer.deserialize(text)
        if not isinstance(cassette, dict):
            # Vcrpy knows what to say of a file that is no cassette, or one of an old form.
            return cassette
        for interaction in _objects(cassette["interactions"]):
            request, response = _request_of(interaction), _response_of(interaction)
            if isinstance(shown := request["body"], dict):
                request["body"] = _sent_body(shown)
            if isinstance(shown := response["body"], dict) and "string" not in shown:
                response["body"] = {"string": _sent_body(shown)}
        return cassette


# -- which requests are ours ---------------------------------------------------------------------------------------


def _without_secrets(request: Request) -> Request:
    if _speaks_twelvelabs(request.uri, request.body):
        request.headers = {name: value for name, value in request.headers.items() if name.lower() in _REQUEST_HEADERS}
    return request


def _same_body(one: Request, other: Request) -> None:
    if _speaks_twelvelabs(one.uri, one.body):
        matchers.body(one, other)


def _is_ours(request: _JsonObject) -> bool:
    return _speaks_twelvelabs(str(request["uri"]), request["body"])


def _speaks_twelvelabs(uri: str, body: object) -> bool:
    """Return whether TwelveLabs is asked, or whoever stands in for it."""
    url = urlsplit(uri)
    if f".{url.hostname}".endswith(".twelvelabs.io"):
        return True
    # A body can be a file, too.
    sent = body if isinstance(body, (str, bytes)) else b""
    named = "knowledge_store_id" if isinstance(sent, str) else b"knowledge_store_id"
    return url.path.endswith("/responses") and named in sent  # type: ignore[operator] # both are text, or both bytes


# -- how an interaction is shown -----------------------------------------------------------------------------------


class _Block(str):
    """Text that stands in the file line by line."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def _represented_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML folds a string at line ends of any kind, U+2028 and U+0085 too, unless it is quoted with escapes.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


def _represented_block(dumper: _Dumper, text: _Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


_Dumper.add_representer(str, _represented_text)
_Dumper.add_representer(_Block, _represented_block)


def _dumped(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf"))


def _origin(interactions: Iterable[_JsonObject]) -> str:
    urls = [urlsplit(str(_request_of(each)["uri"])) for each in interactions]
    servers = ", ".join(dict.fromkeys(f"{url.scheme}://{url.netloc}" for url in urls))
    return f"# Recorded on {datetime.now(timezone.utc).date()} from {servers}\n"


def _shown(interaction: _JsonObject) -> _JsonObject:
    request = _request_of(interaction)
    response = decode_response(_response_of(interaction))
    headers, answer_headers = request["headers"], response["headers"]
    return {
        "request": {
            "method": request["method"],
            "uri": request["uri"],
            "headers": _allowed(headers, _REQUEST_HEADERS),
            "body": _shown_body(request["body"], headers),
        },
        "response": {
            "status": response["status"],
            "headers": _allowed(answer_headers, _RESPONSE_HEADERS),
            "body": _shown_body(response["body"]["string"], answer_headers),
        },
    }


def _allowed(headers: object, names: frozenset[str]) -> _JsonObject:
    return {name.lower(): value for name, value in _items(headers) if name.lower() in names}


def _shown_body(body: object, headers: object) -> object:
    """Return the body readable, or in vcrpy's own form where reading it would not give the same body back."""
    kind = str(next((value for name, value in _items(headers) if name.lower() == "content-type"), ""))
    shown = None
    if (text := _text(body)) is None:
        pass
    elif "application/json" in kind:
        shown = _parsed(text)
    elif "text/event-stream" in kind:
        shown = {"stream": _Block(text)}
    return shown if shown is not None and _comes_back(shown) else {"string": body}


def _text(body: object) -> str | None:
    if not isinstance(body, bytes):
        return body if isinstance(body, str) else None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _parsed(text: str) -> _JsonObject | None:
    try:
        value = json.loads(text, object_pairs_hook=_once_each)
        # What Python reads and JSON cannot say: NaN, or a number without end.
        json.dumps(value, allow_nan=False)
    except ValueError:
        return None
    return {"json": value}


def _once_each(pairs: list[tuple[str, object]]) -> _JsonObject:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return value


def _comes_back(shown: _JsonObject) -> bool:
    try:
        return bool(yamlserializer.deserialize(_dumped(shown)) == shown)
    except (yaml.YAMLError, UnicodeError):
        return False


def _sent_body(shown: _JsonObject) -> object:
    """Return a body of a cassette as vcrpy takes it: text, bytes or None."""
    if "json" in shown:
        # Escapes, as half of a surrogate pair can be sent in no other way.
        return json.dumps(shown["json"], separators=(",", ":"))
    if "stream" in shown:
        return shown["stream"]
    if "string" not in shown:
        raise ValueError(
            f"a body of a cassette is `json`, `stream` or `string`; this one has {', '.join(shown) or 'none'}"
        )
    return shown["string"]


# -- what vcrpy hands over -----------------------------------------------------------------------------------------


def _objects(value: object) -> Iterable[_JsonObject]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


def _items(headers: object) -> Iterable[tuple[str, object]]:
    return ((str(name), value) for name, value in headers.items()) if isinstance(headers, Mapping) else ()


def _request_of(interaction: _JsonObject) -> _JsonObject:
    request = interaction["request"]
    return request if isinstance(request, dict) else {}


def _response_of(interaction: _JsonObject) -> _JsonObject:
    response = interaction["response"]
    return response if isinstance(response, dict) else {}
