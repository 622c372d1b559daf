"""The rules for each field of a request body, in the order they are looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twelvelabs_responses.emulator._wire import MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twelvelabs_responses.emulator._era import Era

LONGEST_CONTENT = 10_000
LONGEST_INSTRUCTIONS = 2_000
MOST_METADATA = 16

# More digits than these would be too many for int().
_SELECTION_TOKEN = re.compile(r"\{\{sel:([0-9]{1,4000})\}\}")
_PREFIXES = {"item": "ksi_", "collection": "ksic_"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    code: str
    message: str


def field_problems(body: Mapping[str, object], era: Era) -> Iterator[Refusal]:
    """Yield what is wrong with the fields, each by itself."""
    for name in body:
        if name in _RULES and (era.knows_selections or name != "selections"):
            continue
        yield Refusal(400, "parameter_unknown", f"{name} is not a parameter of this endpoint")
    for name in ("knowledge_store_id", "input", *(("model",) if era.names_model else ())):
        if name not in body:
            yield Refusal(400, "parameter_not_provided", f"{name} is required")
    for name, rule in _RULES.items():
        if name in body:
            yield from rule(body[name], name)
    # April's schema requires no role.
    if era.knows_selections:
        yield from _missing_roles(body.get("input"))


def _wrong(name: str, rule: str) -> Refusal:
    return Refusal(400, "parameter_invalid", f"{name} {rule}")


def _string(value: object, name: str) -> Iterator[Refusal]:
    if not isinstance(value, str) or not value:
        yield _wrong(name, "must be a string that is not empty")


def _boolean(value: object, name: str) -> Iterator[Refusal]:
    if not isinstance(value, bool):
        yield _wrong(name, "must be true or false")


def _one_of(*values: str) -> Callable[[object, str], Iterator[Refusal]]:
    def rule(value: object, name: str) -> Iterator[Refusal]:
        if value not in values:
            yield _wrong(name, f"must be {' or '.join(values)}")

    return rule


def _length(value: object, name: str, most: int, least: int = 0) -> Iterator[Refusal]:
    if not isinstance(value, str):
        yield _wrong(name, "must be a string")
    elif not least <= len(value) <= most:
        yield _wrong(name, f"has {len(value)} characters, and may have {least} to {most}")


def _instructions(value: object, name: str) -> Iterator[Refusal]:
    yield from _length(value, name, LONGEST_INSTRUCTIONS)


def _each(
    name: str, value: object, *, least: int, rule: Callable[[object, str], Iterator[Refusal]]
) -> Iterator[Refusal]:
    if not isinstance(value, list) or len(value) < least:
        yield _wrong(name, "must be an array" + (" that is not empty" if least else ""))
        return
    for index, entry in enumerate(value):
        yield from rule(entry, f"{name}[{index}]")


def _input(value: object, name: str) -> Iterator[Refusal]:
    yield from _each(name, value, least=1, rule=_input_item)


def _input_item(value: object, name: str) -> Iterator[Refusal]:
    if not isinstance(value, dict):
        yield _wrong(name, "must be an object")
        return
    yield from _one_of("message")(value.get("type"), f"{name}.type")
    yield from _one_of("user")(value.get("role", "user"), f"{name}.role")
    if "content" not in value:
        yield Refusal(400, "parameter_not_provided", f"{name}.content is required")
    else:
        yield from _length(value["content"], f"{name}.content", LONGEST_CONTENT, least=1)


def _missing_roles(value: object) -> Iterator[Refusal]:
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict) and "role" not in item:
            yield Refusal(400, "parameter_not_provided", f"input[{index}].role is required")


def _include(value: object, name: str) -> Iterator[Refusal]:
    yield from _each(name, value, least=0, rule=_one_of("intermediate_outputs"))


def _metadata(value: object, name: str) -> Iterator[Refusal]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        yield _wrong(name, "must be an object whose values are strings")
    elif len(value) > MOST_METADATA:
        yield _wrong(name, f"has {len(value)} pairs, and may have {MOST_METADATA}")


def _selections(value: object, name: str) -> Iterator[Refusal]:
    yield from _each(name, value, least=0, rule=_selection)


def _selection(value: object, name: str) -> Iterator[Refusal]:
    if not isinstance(value, dict) or not {"kind", "id"} <= value.keys():
        yield _wrong(name, "must be an object with kind and id")
        return
    prefix = _PREFIXES.get(str(value["kind"]))
    if prefix is None:
        yield _wrong(f"{name}.kind", "must be item or collection")
    elif not str(value["id"]).startswith(prefix):
        yield _wrong(f"{name}.id", f"must start with {prefix} for this kind")


def _text(value: object, name: str) -> Iterator[Refusal]:
    if not isinstance(value, dict):
        yield _wrong(name, "must be an object")
    elif "format" in value:
        yield from _text_format(value["format"], f"{name}.format")


def _text_format(value: object, name: str) -> Iterator[Refusal]:
    if isinstance(value, dict) and value.get("type") == "json_schema":
        yield from _json_schema(value, name)
    elif not isinstance(value, dict) or value.get("type") != "text":
        yield _wrong(name, "must be an object with type text or json_schema")


def _json_schema(value: Mapping[str, object], name: str) -> Iterator[Refusal]:
    for key in ("name", "schema"):
        if key not in value:
            yield Refusal(400, "parameter_not_provided", f"{name}.{key} is required")
            return
    yield from _string(value["name"], f"{name}.name")
    if not isinstance(value["schema"], dict):
        yield _wrong(f"{name}.schema", "must be an object")
    if not isinstance(value.get("description", ""), str):
        yield _wrong(f"{name}.description", "must be a string")
    yield from _boolean(value.get("strict", False), f"{name}.strict")


_RULES: dict[str, Callable[[object, str], Iterator[Refusal]]] = {
    "model": _one_of(MODEL),
    "knowledge_store_id": _string,
    "input": _input,
    "session_id": _string,
    "instructions": _instructions,
    "include": _include,
    "stream": _boolean,
    "text": _text,
    "metadata": _metadata,
    "selections": _selections,
}


def token_problems(body: Mapping[str, object]) -> Iterator[Refusal]:
    """Yield a refusal for each `{{sel:N}}` that names no selection of this request."""
    selections, items = body.get("selections"), body.get("input")
    count = len(selections) if isinstance(selections, list) else 0
    for index, item in enumerate(items if isinstance(items, list) else []):
        for token in _SELECTION_TOKEN.finditer(item["content"]):
            if int(token[1]) >= count:
                yield _wrong(f"input[{index}].content", f"refers to {token[0]}, and there are {count} selections")
